#include "swarm/split.h"

#include <assert.h>
#include <string.h>

#include "core/err.h"

void split_init(struct split *s, enum keccak_kind kind)
{
	s->kind = kind;
	s->size = 0;
	s->ended = s->given = false;
	s->full = 0;
	s->pending_n = 0;
	for (size_t i = 0; i <= SPLIT_LEVELS; i++)
		s->levels[i].span = s->levels[i].index = s->levels[i].n = 0;
}

static void push(struct split *s, unsigned level, const uint8_t *address, uint64_t span)
{
	assert(level >= 1 && level <= SPLIT_LEVELS);
	struct split_level *l = &s->levels[level];
	memcpy(l->references + l->n * REFERENCE_BYTES, address, REFERENCE_BYTES);
	l->n++;
	l->span += span;
}

/* The level's references become a chunk, which then waits to be taken out. */
static void complete(struct split *s, unsigned level)
{
	const struct split_level *l = &s->levels[level];
	bmt_address(s->kind, l->span, bytes_of(l->references, l->n * REFERENCE_BYTES), s->address, &s->scratch);
	s->full = level;
	s->given = false;
}

static void empty(struct split_level *l)
{
	l->index++;
	l->n = 0;
	l->span = 0;
}

/* Hashes up to a batch of leaves and pushes their references. */
static void take_leaves(struct split *s, struct bytes in)
{
	struct bmt_chunk leaves[BMT_BATCH];
	uint8_t addresses[BMT_BATCH][REFERENCE_BYTES];
	size_t n = 0;
	do {
		size_t size = in.n < CHUNK_PAYLOAD_MAX ? in.n : CHUNK_PAYLOAD_MAX;
		leaves[n++] = (struct bmt_chunk){.span = size, .payload = bytes_of(in.p, size)};
		in = bytes_skip(in, size);
	} while (in.n > 0);
	bmt_addresses(s->kind, leaves, n, addresses, &s->scratch);
	for (size_t i = 0; i < n; i++)
		push(s, 1, addresses[i], leaves[i].span);
	if (s->levels[1].n == SPLIT_BRANCHES)
		complete(s, 1);
}

int split_take(struct split *s, struct bytes in, size_t *used)
{
	size_t taken = 0;
	assert(!s->ended);
	if (in.n > SPLIT_SIZE_MAX - s->size)
		return ERR_LIMIT;
	while (s->full == 0 && taken < in.n) {
		struct bytes rest = bytes_skip(in, taken);
		if (s->pending_n == 0 && rest.n >= sizeof s->pending) {
			take_leaves(s, bytes_of(rest.p, sizeof s->pending));
			taken += sizeof s->pending;
			continue;
		}
		size_t room = sizeof s->pending - s->pending_n, n = rest.n < room ? rest.n : room;
		memcpy(s->pending + s->pending_n, rest.p, n);
		s->pending_n += n;
		taken += n;
		if (s->pending_n == sizeof s->pending) {
			take_leaves(s, bytes_of(s->pending, s->pending_n));
			s->pending_n = 0;
		}
	}
	s->size += taken;
	*used = taken;
	return OK;
}

/* The lowest level that holds references, and whether any level above does. */
static unsigned lowest(const struct split *s, bool *more)
{
	unsigned level = 0;
	*more = false;
	for (unsigned i = SPLIT_LEVELS; i >= 1; i--) {
		if (s->levels[i].n == 0)
			continue;
		*more = level != 0;
		level = i;
	}
	return level;
}

/* After the end: wraps or carries up what is left, until a chunk completes or one reference stays. */
static void wind_up(struct split *s)
{
	bool more;
	for (;;) {
		unsigned level = lowest(s, &more);
		struct split_level *l = &s->levels[level];
		if (l->n > 1) {
			complete(s, level);
			return;
		}
		if (!more)
			return; /* the root */
		push(s, level + 1, l->references, l->span);
		empty(l);
	}
}

/* The chunk that was given out goes up as a reference. */
static void raise_given(struct split *s)
{
	unsigned level = s->full;
	struct split_level *l = &s->levels[level];
	push(s, level + 1, s->address, l->span);
	empty(l);
	s->full = 0;
	s->given = false;
	if (s->levels[level + 1].n == SPLIT_BRANCHES)
		complete(s, level + 1);
	else if (s->ended)
		wind_up(s);
}

void split_end(struct split *s)
{
	s->ended = true;
	if (s->pending_n > 0 || s->size == 0)
		take_leaves(s, bytes_of(s->pending, s->pending_n)); /* an empty file is one empty leaf */
	s->pending_n = 0;
	if (s->full == 0)
		wind_up(s);
}

bool split_chunk(struct split *s, struct split_chunk *chunk)
{
	if (s->full != 0 && s->given)
		raise_given(s);
	if (s->full == 0)
		return false;
	const struct split_level *l = &s->levels[s->full];
	*chunk = (struct split_chunk){.level = s->full,
				      .index = l->index,
				      .span = l->span,
				      .payload = bytes_of(l->references, l->n * REFERENCE_BYTES),
				      .address = s->address};
	s->given = true;
	return true;
}

void split_reference(const struct split *s, uint8_t reference[static REFERENCE_BYTES])
{
	bool more;
	unsigned level = lowest(s, &more);
	assert(s->ended && s->full == 0 && !more && s->levels[level].n == 1);
	memcpy(reference, s->levels[level].references, REFERENCE_BYTES);
}
