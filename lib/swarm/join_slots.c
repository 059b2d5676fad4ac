#include <assert.h>
#include <string.h>

#include "swarm/join_parts.h"

static_assert(JOIN_LISTS == JOIN_NOWHERE, "one for each name");

uint32_t join_root(const struct join *j)
{
	return j->memory.slots_n;
}

uint32_t join_slots_end(const struct join *j)
{
	return j->memory.slots_n + JOIN_PATH_SLOTS;
}

uint32_t join_shard(const struct join *j, uint32_t group, unsigned shard)
{
	return join_slots_end(j) + group * ERASURE_SHARDS_MAX + shard;
}

uint32_t join_replica(const struct join *j, unsigned replica)
{
	return join_shard(j, j->memory.groups_n, replica);
}

uint32_t join_asks_end(const struct join *j)
{
	return join_replica(j, REPLICAS_MAX);
}

struct join_slot *join_slot_at(struct join *j, uint32_t slot)
{
	return slot < j->memory.slots_n ? &j->memory.slots[slot] : &j->path[slot - j->memory.slots_n];
}

struct join_ask *join_ask_at(struct join *j, uint32_t ask)
{
	if (ask < join_slots_end(j))
		return &join_slot_at(j, ask)->ask;
	if (ask >= join_replica(j, 0))
		return &j->replica_asks[ask - join_replica(j, 0)];
	const uint32_t shard = ask - join_slots_end(j);
	return &j->memory.groups[shard / ERASURE_SHARDS_MAX].asks[shard % ERASURE_SHARDS_MAX];
}

uint64_t join_id(struct join *j, uint32_t ask)
{
	return (uint64_t)join_ask_at(j, ask)->generation << 32 | ask;
}

const uint8_t *join_reference(const struct join *j, const struct join_slot *parent, unsigned shard)
{
	const size_t each = (size_t)REFERENCE_BYTES << j->encrypted; /* of a child; a parity's is plain */
	const uint8_t *payload = parent->chunk + CHUNK_SPAN_BYTES;
	const unsigned children = parent->shape.children_n;
	return shard < children ? payload + shard * each
				: payload + children * each + (size_t)(shard - children) * REFERENCE_BYTES;
}

const uint8_t *join_address(struct join *j, uint32_t ask)
{
	if (ask < join_slots_end(j))
		return join_slot_at(j, ask)->reference.address;
	if (ask >= join_replica(j, 0))
		return j->replicas[ask - join_replica(j, 0)].address;
	const uint32_t shard = ask - join_slots_end(j);
	const struct join_group *group = &j->memory.groups[shard / ERASURE_SHARDS_MAX];
	return join_reference(j, join_slot_at(j, group->parent), shard % ERASURE_SHARDS_MAX);
}

uint8_t *join_room(struct join *j, uint32_t ask)
{
	if (ask < join_slots_end(j))
		return join_slot_at(j, ask)->chunk;
	if (ask >= join_replica(j, 0))
		return NULL;
	const uint32_t shard = ask - join_slots_end(j);
	return j->memory.groups[shard / ERASURE_SHARDS_MAX].shards[shard % ERASURE_SHARDS_MAX];
}

static struct join_link *link_at(struct join *j, enum join_list_name list, uint32_t n)
{
	return list < JOIN_QUEUE ? &join_slot_at(j, n)->link : &join_ask_at(j, n)->link;
}

static void note_list(struct join *j, enum join_list_name list, uint32_t n)
{
	uint8_t *noted = list < JOIN_QUEUE ? &join_slot_at(j, n)->list : &join_ask_at(j, n)->list;
	assert(*noted == JOIN_NOWHERE);
	*noted = (uint8_t)list;
}

void join_list_clear(struct join *j)
{
	for (unsigned i = 0; i < JOIN_LISTS; i++)
		j->lists[i] = (struct join_list){.head = JOIN_NONE, .tail = JOIN_NONE};
}

static void insert_after(struct join *j, enum join_list_name name, uint32_t before, uint32_t n)
{
	struct join_list *list = &j->lists[name];
	const uint32_t next = before == JOIN_NONE ? list->head : link_at(j, name, before)->next;
	note_list(j, name, n);
	*link_at(j, name, n) = (struct join_link){.next = next, .prev = before};
	if (before == JOIN_NONE)
		list->head = n;
	else
		link_at(j, name, before)->next = n;
	if (next == JOIN_NONE)
		list->tail = n;
	else
		link_at(j, name, next)->prev = n;
}

void join_append(struct join *j, enum join_list_name list, uint32_t n)
{
	insert_after(j, list, j->lists[list].tail, n);
}

static void prepend(struct join *j, enum join_list_name list, uint32_t n)
{
	insert_after(j, list, JOIN_NONE, n);
}

void join_insert_open(struct join *j, uint32_t slot)
{
	const struct join_slot *s = join_slot_at(j, slot);
	uint32_t before = j->lists[JOIN_OPEN].tail;
	while (before != JOIN_NONE) {
		const struct join_slot *b = join_slot_at(j, before);
		if (b->offset < s->offset || (b->offset == s->offset && b->size > s->size))
			break;
		before = b->link.prev;
	}
	insert_after(j, JOIN_OPEN, before, slot);
}

static void unlink_from(struct join *j, enum join_list_name name, uint32_t n)
{
	const struct join_link link = *link_at(j, name, n);
	if (link.prev == JOIN_NONE)
		j->lists[name].head = link.next;
	else
		link_at(j, name, link.prev)->next = link.next;
	if (link.next == JOIN_NONE)
		j->lists[name].tail = link.prev;
	else
		link_at(j, name, link.next)->prev = link.prev;
}

void join_remove_slot(struct join *j, uint32_t slot)
{
	struct join_slot *s = join_slot_at(j, slot);
	if (s->list != JOIN_NOWHERE)
		unlink_from(j, (enum join_list_name)s->list, slot);
	s->list = JOIN_NOWHERE;
}

void join_remove_ask(struct join *j, uint32_t ask)
{
	struct join_ask *a = join_ask_at(j, ask);
	if (a->list != JOIN_NOWHERE)
		unlink_from(j, (enum join_list_name)a->list, ask);
	a->list = JOIN_NOWHERE;
}

bool join_is_leaf(const struct join_slot *s)
{
	return s->size <= CHUNK_PAYLOAD_MAX;
}

void join_ask_for(struct join *j, uint32_t ask, enum join_list_name list)
{
	join_remove_ask(j, ask);
	join_append(j, list, ask);
	join_ask_at(j, ask)->state = JOIN_WANTED;
	join_ask_at(j, ask)->err = OK;
}

void join_ask_end(struct join *j, uint32_t ask, enum join_state state)
{
	struct join_ask *a = join_ask_at(j, ask);
	join_remove_ask(j, ask);
	a->generation++;
	a->state = (uint8_t)state;
}

/* Lets go of an intermediate chunk that was only kept. */
static uint32_t evict(struct join *j, uint32_t slot)
{
	join_remove_slot(j, slot);
	join_ask_at(j, slot)->state = JOIN_IDLE;
	return slot;
}

uint32_t join_slot_take(struct join *j, unsigned depth, bool first)
{
	assert(depth < JOIN_PATH_SLOTS); /* by the limit of a size and the least fan-out */
	uint32_t slot = j->lists[JOIN_FREE].head;
	if (slot != JOIN_NONE) {
		join_remove_slot(j, slot);
		return slot;
	}
	for (slot = j->lists[JOIN_KEPT].head; slot != JOIN_NONE; slot = join_slot_at(j, slot)->link.next)
		if (slot < j->memory.slots_n)
			return evict(j, slot);
	slot = join_root(j) + depth;
	const struct join_slot *s = join_slot_at(j, slot);
	if (!first || (s->ask.state != JOIN_IDLE && s->list != JOIN_KEPT))
		return JOIN_NONE;
	return evict(j, slot);
}

void join_slot_free(struct join *j, uint32_t slot)
{
	join_remove_slot(j, slot);
	join_ask_end(j, slot, JOIN_IDLE);
	if (slot < j->memory.slots_n)
		prepend(j, JOIN_FREE, slot);
	j->dirty = true;
}

void join_parent_done(struct join *j, uint32_t parent)
{
	struct join_slot *s = join_slot_at(j, parent);
	if (s->list != JOIN_NOWHERE || s->pending_n > 0)
		return;
	if (s->group != JOIN_NONE)
		join_group_release(j, s->group);
	if (parent != join_root(j))
		join_append(j, JOIN_KEPT, parent);
	j->dirty = true; /* it may be evicted for another */
}
