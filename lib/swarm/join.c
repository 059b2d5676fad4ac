#include "swarm/join.h"

#include <assert.h>
#include <string.h>

#include "swarm/join_parts.h"

/* One intermediate chunk in so many slots may be under way ahead of its leaves. */
#define AHEAD_PART 16

static void reset_ask(struct join_ask *a)
{
	*a = (struct join_ask){.generation = a->generation + 1, .state = JOIN_IDLE, .list = JOIN_NOWHERE};
}

/* All but held intermediate chunks is let go of; nothing that was asked for is expected any more. */
static void reset(struct join *j)
{
	join_list_clear(j);
	for (uint32_t i = 0; i < join_slots_end(j); i++) {
		struct join_slot *s = join_slot_at(j, i);
		const bool held = s->ask.state == JOIN_HELD, kept = held && (i == join_root(j) || !join_is_leaf(s));
		reset_ask(&s->ask);
		s->list = JOIN_NOWHERE;
		s->group = s->parent = JOIN_NONE;
		s->pending_n = 0;
		if (kept)
			s->ask.state = JOIN_HELD;
		if (i == join_root(j))
			continue;
		if (kept)
			join_append(j, JOIN_KEPT, i);
		else if (i < j->memory.slots_n)
			join_append(j, JOIN_FREE, i);
	}
	for (uint32_t g = 0; g < j->memory.groups_n; g++) {
		j->memory.groups[g].parent = JOIN_NONE;
		j->memory.groups[g].recovering = false;
		for (unsigned i = 0; i < ERASURE_SHARDS_MAX; i++)
			reset_ask(&j->memory.groups[g].asks[i]);
	}
	for (unsigned i = 0; i < REPLICAS_MAX; i++)
		reset_ask(&j->replica_asks[i]);
	j->replicas_n = j->stranded_n = 0;
	j->given = JOIN_NONE;
	j->err = OK;
}

static void begin_groups(struct join *j)
{
	for (uint32_t g = 0; g < j->memory.groups_n; g++)
		for (unsigned i = 0; i < ERASURE_SHARDS_MAX; i++)
			j->memory.groups[g].asks[i].generation = 0;
}

void join_init(struct join *j, const struct reference *root, const struct join_memory *memory)
{
	assert(memory->slots_n < 1U << 20 && memory->groups_n < 1U << 10); /* their numbers fit */
	assert(memory->replicas_level <= REDUNDANCY_LEVEL_MAX);
	j->memory = *memory;
	j->encrypted = root->encrypted;
	j->rooted = j->dirty = false;
	j->level = 0;
	j->begin = j->end = j->left = 0;
	for (uint32_t i = 0; i < join_slots_end(j); i++) {
		join_slot_at(j, i)->ask.generation = 0;
		join_slot_at(j, i)->ask.state = JOIN_IDLE;
	}
	begin_groups(j);
	for (unsigned i = 0; i < REPLICAS_MAX; i++)
		j->replica_asks[i].generation = 0;
	j->path[0].reference = *root;
	j->path[0].offset = j->path[0].size = 0;
	j->path[0].depth = 0;
	join_read(j, 0, 0);
}

void join_lend(struct join *j, struct join_group *groups, uint32_t groups_n, struct erasure *erasure)
{
	assert(j->memory.groups_n == 0 && groups_n < 1U << 10);
	j->memory.groups = groups;
	j->memory.groups_n = groups_n;
	j->memory.erasure = erasure;
	begin_groups(j);
}

bool join_size(const struct join *j, uint64_t *size)
{
	if (j->rooted)
		*size = j->path[0].size;
	return j->rooted;
}

void join_read(struct join *j, uint64_t offset, uint64_t length)
{
	reset(j);
	j->begin = offset;
	j->end = length > UINT64_MAX - offset ? UINT64_MAX : offset + length;
	if (j->rooted)
		join_begin(j);
	else
		join_ask_for(j, join_root(j), JOIN_QUEUE);
}

/* The range is cut to what the file has, and the root opened. */
void join_begin(struct join *j)
{
	const uint32_t root = join_root(j);
	const uint64_t size = j->path[0].size;
	j->rooted = true;
	j->end = j->end < size ? j->end : size;
	j->begin = j->begin < j->end ? j->begin : j->end;
	j->left = j->end - j->begin;
	if (j->left == 0)
		return;
	if (join_is_leaf(&j->path[0])) {
		join_append(j, JOIN_LINE, root);
		return;
	}
	join_append(j, JOIN_OPEN, root);
	join_opened(j, root);
}

void join_opened(struct join *j, uint32_t slot)
{
	struct join_slot *s = join_slot_at(j, slot);
	const uint64_t from = j->begin > s->offset ? j->begin - s->offset : 0;
	const uint64_t end = j->end - s->offset < s->size ? j->end - s->offset : s->size;
	s->next_child = (unsigned)(from / s->shape.child_size);
	s->end_child = (unsigned)((end - 1) / s->shape.child_size) + 1;
	s->pending_n = 0;
	j->dirty = true;
}

/* Where in the range the first byte below a slot is that has none itself. */
static uint64_t position(const struct join *j, const struct join_slot *s)
{
	uint64_t at = s->offset;
	if (s->ask.state == JOIN_HELD)
		at += s->next_child * s->shape.child_size;
	return at > j->begin ? at : j->begin;
}

/* How far the range has slots. */
struct frontier {
	uint64_t first; /* the first byte without one, or whose references have not arrived */
	uint64_t known; /* the first byte without one whose reference is here */
	unsigned ahead; /* intermediate chunks under way */
};

static struct frontier frontier(struct join *j)
{
	struct frontier f = {.first = UINT64_MAX, .known = UINT64_MAX, .ahead = 0};
	for (uint32_t i = j->lists[JOIN_OPEN].head; i != JOIN_NONE; i = join_slot_at(j, i)->link.next) {
		const struct join_slot *s = join_slot_at(j, i);
		const uint64_t at = position(j, s);
		f.first = at < f.first ? at : f.first;
		if (s->ask.state != JOIN_HELD)
			f.ahead++;
		else
			f.known = at < f.known ? at : f.known;
	}
	return f;
}

/* Whether the next child of an intermediate chunk may have a slot now. Leaves given out in order get
 * theirs in order; intermediate chunks get theirs ahead, as far as the slots reach. */
static bool may_have_slot(const struct join *j, const struct frontier *f, uint64_t at, bool leaf)
{
	if (at == f->first)
		return true;
	if (leaf)
		return j->memory.order == JOIN_AS_THEY_COME;
	const uint64_t from = j->memory.order == JOIN_IN_ORDER ? f->first : f->known;
	return f->ahead <= j->memory.slots_n / AHEAD_PART &&
	       at - from <= (uint64_t)j->memory.slots_n * CHUNK_PAYLOAD_MAX;
}

/* An intermediate chunk that stayed from an earlier range. */
static uint32_t kept(struct join *j, uint64_t offset, uint64_t size)
{
	for (uint32_t i = j->lists[JOIN_KEPT].head; i != JOIN_NONE; i = join_slot_at(j, i)->link.next) {
		const struct join_slot *s = join_slot_at(j, i);
		if (s->offset == offset && s->size == size)
			return i;
	}
	return JOIN_NONE;
}

static void reference_child(const struct join *j, const struct join_slot *parent, unsigned child, struct reference *r)
{
	const uint8_t *from = join_reference(j, parent, child);
	memcpy(r->address, from, REFERENCE_BYTES);
	if (j->encrypted)
		memcpy(r->key, from + REFERENCE_BYTES, REFERENCE_KEY_BYTES);
	r->encrypted = j->encrypted;
}

/* One child more of an intermediate chunk has a slot. */
static void count_child(struct join *j, uint32_t parent)
{
	struct join_slot *p = join_slot_at(j, parent);
	if (++p->next_child == p->end_child)
		join_remove_slot(j, parent);
}

/* The next child of an intermediate chunk gets a slot; false: none is free, or the read has ended. */
static bool take_child(struct join *j, uint32_t parent, bool first)
{
	struct join_slot *p = join_slot_at(j, parent);
	const unsigned child = p->next_child;
	const uint64_t offset = p->offset + child * p->shape.child_size;
	const uint64_t size = child + 1 == p->shape.children_n ? p->shape.last_size : p->shape.child_size;
	const bool leaf = size <= CHUNK_PAYLOAD_MAX;
	uint32_t slot = leaf ? JOIN_NONE : kept(j, offset, size);
	if (slot != JOIN_NONE) {
		join_remove_slot(j, slot);
		join_insert_open(j, slot);
		join_opened(j, slot);
		count_child(j, parent);
		return true;
	}
	slot = join_slot_take(j, p->depth + 1, first);
	if (slot == JOIN_NONE)
		return false;
	struct join_slot *s = join_slot_at(j, slot);
	reference_child(j, p, child, &s->reference);
	s->offset = offset;
	s->size = size;
	s->depth = p->depth + 1;
	s->parent = parent;
	s->child = child;
	s->group = JOIN_NONE;
	p->pending_n++;
	count_child(j, parent);
	if (!leaf)
		join_insert_open(j, slot);
	else if (j->memory.order == JOIN_IN_ORDER)
		join_append(j, JOIN_LINE, slot);
	join_ask_for(j, slot, JOIN_QUEUE);
	return join_group_child(j, slot) == OK;
}

/* Slots for the children of one intermediate chunk, as many as may have one. False: slots are out. */
static bool fill_from(struct join *j, uint32_t parent, bool *progress)
{
	struct join_slot *p = join_slot_at(j, parent);
	while (p->next_child < p->end_child) {
		const struct frontier f = frontier(j);
		const uint64_t at = position(j, p), left = p->size - p->next_child * p->shape.child_size;
		const bool leaf = left <= CHUNK_PAYLOAD_MAX || p->shape.child_size <= CHUNK_PAYLOAD_MAX;
		if (!may_have_slot(j, &f, at, leaf))
			return true;
		if (!take_child(j, parent, at == f.first)) /* another may be first, and the path's slot free for it */
			return j->err == OK && at != f.first;
		*progress = true;
	}
	join_parent_done(j, parent);
	return true;
}

static void fill(struct join *j)
{
	bool progress = j->dirty;
	j->dirty = false;
	while (progress) {
		progress = false;
		for (uint32_t next, i = j->lists[JOIN_OPEN].head; i != JOIN_NONE; i = next) {
			const struct join_slot *s = join_slot_at(j, i);
			next = s->link.next;
			if (s->ask.state == JOIN_HELD && !fill_from(j, i, &progress))
				return;
		}
	}
}

bool join_want(struct join *j, struct join_want *want)
{
	if (j->err == OK && j->dirty)
		fill(j);
	if (j->err != OK)
		return false;
	uint32_t ask = j->lists[JOIN_URGENT].head;
	if (ask == JOIN_NONE)
		ask = j->lists[JOIN_QUEUE].head;
	if (ask == JOIN_NONE)
		return false;
	struct join_ask *a = join_ask_at(j, ask);
	join_remove_ask(j, ask);
	a->state = JOIN_ASKED;
	*want = (struct join_want){.id = join_id(j, ask), .address = join_address(j, ask), .room = join_room(j, ask)};
	if (ask < join_slots_end(j) && j->rooted) {
		want->offset = join_slot_at(j, ask)->offset;
		want->size = join_slot_at(j, ask)->size;
	}
	return true;
}

/* What was looked at last is not looked at any more. */
static void take_back(struct join *j)
{
	if (j->given != JOIN_NONE && j->given != join_root(j))
		join_slot_free(j, j->given);
	j->given = JOIN_NONE;
}

bool join_data(struct join *j, struct join_data *data)
{
	take_back(j);
	const uint32_t slot = j->lists[JOIN_LINE].head;
	if (slot == JOIN_NONE)
		return false;
	const struct join_slot *s = join_slot_at(j, slot);
	if (s->ask.state != JOIN_HELD)
		return false;
	join_remove_slot(j, slot);
	j->given = slot;
	const uint64_t from = s->offset > j->begin ? s->offset : j->begin;
	const uint64_t end = s->offset + s->size < j->end ? s->offset + s->size : j->end;
	const uint8_t *bytes = s->chunk + CHUNK_SPAN_BYTES + (from - s->offset);
	*data = (struct join_data){.offset = from, .bytes = bytes_of(bytes, (size_t)(end - from))};
	j->left -= end - from;
	return true;
}

bool join_done(const struct join *j)
{
	return j->rooted && j->left == 0 && j->err == OK;
}
