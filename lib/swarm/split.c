#include "swarm/split.h"

#include <assert.h>
#include <string.h>

#include "crypto/secret.h"
#include "swarm/cipher.h"

#define ALIGNED(n) (((n) + 15) / 16 * 16)

/* Levels of intermediate chunks that the largest file has. */
static size_t levels_max(unsigned children_max)
{
	size_t n = 0;
	for (uint64_t full = CHUNK_PAYLOAD_MAX; full < SPLIT_SIZE_MAX; full *= children_max)
		n++;
	return n;
}

/* Of chunks kept as they are stored. For parities: the children of one chunk on each level, and
 * the root. Else, of encrypted ones, a batch of leaves and what completes with it. */
static size_t slots_n(unsigned level, bool encrypted)
{
	const unsigned children_max = redundancy_children_max(level, encrypted);
	if (level > 0)
		return levels_max(children_max) * children_max + 1;
	return encrypted ? BMT_BATCH + 1 : 0;
}

size_t split_memory_bytes(unsigned level, bool encrypted)
{
	const unsigned children_max = redundancy_children_max(level, encrypted);
	const size_t parities = redundancy_parities(level, encrypted, children_max);
	return (level > 0 ? ALIGNED(sizeof(struct erasure)) : 0) +
	       (slots_n(level, encrypted) + parities) * CHUNK_BYTES_MAX;
}

void split_init(struct split *s, const struct split_how *how, void *memory)
{
	const bool encrypted = how->keys.make != NULL;
	s->how = *how;
	s->children_max = redundancy_children_max(how->level, encrypted);
	s->reference_bytes = encrypted ? REFERENCE_ENCRYPTED_BYTES : REFERENCE_BYTES;
	s->size = 0;
	s->ended = s->given = false;
	s->leaves_n = s->leaves_given = 0;
	s->full = 0;
	s->pending_n = 0;
	for (size_t i = 0; i <= SPLIT_LEVELS; i++)
		s->levels[i].span = s->levels[i].index = s->levels[i].n = s->levels[i].parities_n = 0;
	s->erasure = NULL;
	s->slots = s->parities = split_memory_bytes(how->level, encrypted) == 0 ? NULL : memory;
	if (how->level > 0) {
		s->erasure = memory;
		s->slots += ALIGNED(sizeof *s->erasure);
		s->parities = s->slots + slots_n(how->level, encrypted) * CHUNK_BYTES_MAX;
		erasure_init(s->erasure, how->erasure);
	}
}

/* Where child n of the chunk in the making on a level lies, when such are kept. */
static uint8_t *slot(const struct split *s, unsigned level, size_t n)
{
	size_t i = level == 1 ? n % BMT_BATCH : BMT_BATCH;
	if (s->how.level > 0)
		i = (level - 1) * s->children_max + n;
	return s->slots + i * CHUNK_BYTES_MAX;
}

/* A chunk as it is to be stored, in a slot where such are kept; key: its own, when encrypted. */
static struct bmt_chunk stored(struct split *s, unsigned level, size_t n, const uint8_t span[static CHUNK_SPAN_BYTES],
			       struct bytes payload, uint8_t key[static REFERENCE_KEY_BYTES])
{
	struct bmt_chunk chunk = {.span = load_le64(span), .payload = payload};
	if (s->slots == NULL)
		return chunk;
	uint8_t *p = slot(s, level, n), *rest = p + CHUNK_SPAN_BYTES + payload.n;
	if (s->how.keys.make == NULL) {
		memcpy(p, span, CHUNK_SPAN_BYTES);
		if (payload.n > 0)
			memcpy(p + CHUNK_SPAN_BYTES, payload.p, payload.n);
		memset(rest, 0, CHUNK_PAYLOAD_MAX - payload.n);
		return chunk;
	}
	s->how.keys.make(s->how.keys.context, span, payload, key, rest, CHUNK_PAYLOAD_MAX - payload.n);
	cipher_seal(key, s->how.kind, span, payload.p, payload.n, p);
	return (struct bmt_chunk){.span = load_le64(p), .payload = bytes_of(p + CHUNK_SPAN_BYTES, CHUNK_PAYLOAD_MAX)};
}

static void push(struct split *s, unsigned level, const uint8_t *address, const uint8_t *key, uint64_t span)
{
	assert(level >= 1 && level <= SPLIT_LEVELS);
	struct split_level *l = &s->levels[level];
	uint8_t *to = l->references + l->n * s->reference_bytes;
	memcpy(to, address, REFERENCE_BYTES);
	if (s->reference_bytes > REFERENCE_BYTES)
		memcpy(to + REFERENCE_BYTES, key, REFERENCE_KEY_BYTES);
	l->n++;
	l->span += span;
}

/* The parities of a level's children, their references behind those of the children. */
static void add_parities(struct split *s, unsigned level)
{
	struct split_level *l = &s->levels[level];
	const unsigned n = (unsigned)l->n, parities_n = redundancy_parities(s->how.level, s->how.keys.make != NULL, n);
	const uint8_t *children[REDUNDANCY_REFERENCES_MAX] = {NULL};
	uint8_t *parities[REDUNDANCY_REFERENCES_MAX] = {NULL};
	uint8_t addresses[REDUNDANCY_REFERENCES_MAX][REFERENCE_BYTES];
	struct bmt_chunk chunks[REDUNDANCY_REFERENCES_MAX];
	for (unsigned i = 0; i < n; i++)
		children[i] = slot(s, level, i);
	for (unsigned i = 0; i < parities_n; i++)
		parities[i] = s->parities + i * CHUNK_BYTES_MAX;
	const int err = erasure_encode(s->erasure, n, parities_n, children, parities);
	assert(err == OK);
	(void)err; /* the table has no counts that cannot be */
	for (unsigned i = 0; i < parities_n; i++)
		chunks[i] = (struct bmt_chunk){.span = load_le64(parities[i]),
					       .payload = bytes_of(parities[i] + CHUNK_SPAN_BYTES, CHUNK_PAYLOAD_MAX)};
	bmt_addresses(s->how.kind, chunks, parities_n, addresses, &s->scratch);
	memcpy(l->references + n * s->reference_bytes, addresses, (size_t)parities_n * REFERENCE_BYTES);
	l->parities_n = parities_n;
}

static struct bytes payload_of(const struct split *s, const struct split_level *l)
{
	return bytes_of(l->references, l->n * s->reference_bytes + l->parities_n * REFERENCE_BYTES);
}

/* The level's references become a chunk, which then waits to be taken out. */
static void complete(struct split *s, unsigned level)
{
	const struct split_level *l = &s->levels[level];
	uint8_t span[CHUNK_SPAN_BYTES];
	if (s->how.level > 0)
		add_parities(s, level);
	redundancy_span_write(l->span, s->how.level, span);
	struct bmt_chunk chunk = stored(s, level + 1, s->levels[level + 1].n, span, payload_of(s, l), s->key);
	bmt_address(s->how.kind, chunk.span, chunk.payload, s->address, &s->scratch);
	s->full = level;
	s->parities_given = s->how.all ? 0 : l->parities_n;
	s->given = false;
}

static void empty(struct split_level *l)
{
	l->index++;
	l->n = l->parities_n = 0;
	l->span = 0;
}

/* Hashes up to a batch of leaves and pushes their references. */
static void take_leaves(struct split *s, struct bytes in)
{
	struct bmt_chunk leaves[BMT_BATCH];
	uint8_t addresses[BMT_BATCH][REFERENCE_BYTES], keys[BMT_BATCH][REFERENCE_KEY_BYTES];
	size_t spans[BMT_BATCH], n = 0;
	struct split_level *l = &s->levels[1];
	s->leaves = in;
	s->leaves_first = l->n;
	s->leaves_index = l->index * s->children_max + l->n;
	do {
		uint8_t span[CHUNK_SPAN_BYTES];
		spans[n] = in.n < CHUNK_PAYLOAD_MAX ? in.n : CHUNK_PAYLOAD_MAX;
		store_le64(span, spans[n]);
		leaves[n] = stored(s, 1, l->n + n, span, bytes_of(in.p, spans[n]), keys[n]);
		in = bytes_skip(in, spans[n++]);
	} while (in.n > 0);
	bmt_addresses(s->how.kind, leaves, n, addresses, &s->scratch);
	for (size_t i = 0; i < n; i++)
		push(s, 1, addresses[i], keys[i], spans[i]);
	if (s->how.keys.make != NULL)
		secret_wipe(keys, sizeof keys);
	s->leaves_given = 0;
	s->leaves_n = s->how.all ? n : 0;
	if (l->n == s->children_max)
		complete(s, 1);
}

/* What is hashed at once: a batch, or what is missing to a chunk. */
static size_t batch_bytes(const struct split *s)
{
	const size_t room = s->children_max - s->levels[1].n;
	return (room < BMT_BATCH ? room : BMT_BATCH) * CHUNK_PAYLOAD_MAX;
}

int split_take(struct split *s, struct bytes in, size_t *used)
{
	size_t taken = 0;
	assert(!s->ended);
	if (in.n > SPLIT_SIZE_MAX - s->size)
		return ERR_LIMIT;
	while (s->full == 0 && s->leaves_given == s->leaves_n && taken < in.n) {
		const struct bytes rest = bytes_skip(in, taken);
		const size_t batch = batch_bytes(s);
		if (s->pending_n == 0 && rest.n >= batch) {
			take_leaves(s, bytes_of(rest.p, batch));
			taken += batch;
			continue;
		}
		const size_t room = batch - s->pending_n, n = rest.n < room ? rest.n : room;
		memcpy(s->pending + s->pending_n, rest.p, n);
		s->pending_n += n;
		taken += n;
		if (s->pending_n == batch) {
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
		const unsigned level = lowest(s, &more);
		struct split_level *l = &s->levels[level];
		if (l->n > 1) {
			complete(s, level);
			return;
		}
		if (!more)
			return; /* the root */
		if (s->how.level > 0)
			memcpy(slot(s, level + 1, s->levels[level + 1].n), slot(s, level, 0), CHUNK_BYTES_MAX);
		push(s, level + 1, l->references, l->references + REFERENCE_BYTES, l->span);
		empty(l);
	}
}

/* The chunk that was given out goes up as a reference. */
static void raise_given(struct split *s)
{
	const unsigned level = s->full;
	struct split_level *l = &s->levels[level];
	push(s, level + 1, s->address, s->key, l->span);
	empty(l);
	s->full = 0;
	s->given = false;
	if (s->levels[level + 1].n == s->children_max)
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

/* A chunk of a slot or of the parities. */
static void give_whole(struct split_chunk *chunk, const uint8_t *p, size_t payload_n)
{
	memcpy(chunk->span, p, CHUNK_SPAN_BYTES);
	chunk->payload = bytes_of(p + CHUNK_SPAN_BYTES, payload_n);
}

static void give_leaf(struct split *s, struct split_chunk *chunk)
{
	const size_t i = s->leaves_given++, n = s->leaves_first + i;
	const struct bytes rest = bytes_skip(s->leaves, i * CHUNK_PAYLOAD_MAX);
	const struct bytes clear = bytes_of(rest.p, rest.n < CHUNK_PAYLOAD_MAX ? rest.n : CHUNK_PAYLOAD_MAX);
	*chunk = (struct split_chunk){.kind = SPLIT_LEAF,
				      .index = s->leaves_index + i,
				      .payload = clear,
				      .address = s->levels[1].references + n * s->reference_bytes};
	store_le64(chunk->span, clear.n);
	if (s->how.keys.make != NULL)
		give_whole(chunk, slot(s, 1, n), CHUNK_PAYLOAD_MAX);
}

static void give_parity(struct split *s, struct split_chunk *chunk)
{
	const struct split_level *l = &s->levels[s->full];
	const size_t i = s->parities_given++;
	*chunk = (struct split_chunk){.kind = SPLIT_PARITY,
				      .level = s->full - 1,
				      .index = i,
				      .address = l->references + l->n * s->reference_bytes + i * REFERENCE_BYTES};
	give_whole(chunk, s->parities + i * CHUNK_BYTES_MAX, CHUNK_PAYLOAD_MAX);
}

static void give_intermediate(struct split *s, struct split_chunk *chunk)
{
	const struct split_level *l = &s->levels[s->full];
	*chunk = (struct split_chunk){.kind = SPLIT_INTERMEDIATE,
				      .level = s->full,
				      .index = l->index,
				      .payload = payload_of(s, l),
				      .address = s->address};
	redundancy_span_write(l->span, s->how.level, chunk->span);
	if (s->how.keys.make != NULL)
		give_whole(chunk, slot(s, s->full + 1, s->levels[s->full + 1].n), CHUNK_PAYLOAD_MAX);
	s->given = true;
}

bool split_chunk(struct split *s, struct split_chunk *chunk)
{
	if (s->leaves_given < s->leaves_n) {
		give_leaf(s, chunk);
		return true;
	}
	if (s->full != 0 && s->given)
		raise_given(s);
	if (s->full == 0)
		return false;
	if (s->parities_given < s->levels[s->full].parities_n)
		give_parity(s, chunk);
	else
		give_intermediate(s, chunk);
	return true;
}

void split_reference(const struct split *s, struct reference *reference)
{
	bool more;
	const struct split_level *l = &s->levels[lowest(s, &more)];
	assert(s->ended && s->full == 0 && !more && l->n == 1);
	const int err = reference_read(bytes_of(l->references, s->reference_bytes), reference);
	assert(err == OK);
	(void)err; /* of 32 or 64 bytes */
}
