/* Recovery: what is not to be had comes back from its siblings and parities. */
#include <string.h>

#include "swarm/join_parts.h"

static unsigned shards_n(const struct join_slot *parent)
{
	return parent->shape.children_n + parent->shape.parities_n;
}

static bool under_way(uint8_t state)
{
	return state == JOIN_WANTED || state == JOIN_ASKED;
}

static void bind(struct join *j, uint32_t group, uint32_t parent)
{
	struct join_group *g = &j->memory.groups[group];
	g->parent = parent;
	g->recovering = false;
	for (unsigned i = 0; i < ERASURE_SHARDS_MAX; i++) {
		join_ask_end(j, join_shard(j, group, i), JOIN_IDLE);
		g->slots[i] = JOIN_NONE;
	}
	join_slot_at(j, parent)->group = group;
	for (uint32_t i = 0; i < join_slots_end(j); i++) { /* children that are under way already */
		const struct join_slot *s = join_slot_at(j, i);
		if (s->parent == parent && s->ask.state != JOIN_IDLE && s->ask.state != JOIN_HELD)
			g->slots[s->child] = i;
	}
}

static void unbind(struct join *j, uint32_t group)
{
	struct join_group *g = &j->memory.groups[group];
	join_slot_at(j, g->parent)->group = JOIN_NONE;
	for (unsigned i = 0; i < ERASURE_SHARDS_MAX; i++)
		join_ask_end(j, join_shard(j, group, i), JOIN_IDLE);
	g->parent = JOIN_NONE;
	g->recovering = false;
}

/* A group that is nobody's, or else one that only keeps what nobody misses yet. */
static uint32_t available(const struct join *j, bool any)
{
	uint32_t found = JOIN_NONE;
	for (uint32_t i = 0; i < j->memory.groups_n; i++) {
		const struct join_group *g = &j->memory.groups[i];
		if (g->parent == JOIN_NONE)
			return i;
		if (any && !g->recovering)
			found = i;
	}
	return found;
}

static int help_stranded(struct join *j)
{
	for (uint32_t i = 0; i < join_slots_end(j) && j->stranded_n > 0; i++) {
		if (join_slot_at(j, i)->ask.state != JOIN_STRANDED)
			continue;
		if (available(j, true) == JOIN_NONE)
			break;
		j->stranded_n--;
		(void)join_group_failed(j, i);
	}
	return j->err;
}

void join_group_release(struct join *j, uint32_t group)
{
	unbind(j, group);
	(void)help_stranded(j);
}

int join_group_child(struct join *j, uint32_t slot)
{
	struct join_slot *s = join_slot_at(j, slot), *parent = join_slot_at(j, s->parent);
	if (parent->group == JOIN_NONE && j->level > 0 && parent->shape.child_size == CHUNK_PAYLOAD_MAX) {
		const uint32_t group = available(j, false);
		if (group != JOIN_NONE)
			bind(j, group, s->parent);
	}
	if (parent->group == JOIN_NONE)
		return OK;
	struct join_group *g = &j->memory.groups[parent->group];
	g->slots[s->child] = slot;
	const uint8_t state = g->asks[s->child].state;
	if (state == JOIN_HELD)
		return join_arrived(j, slot, bytes_of(g->shards[s->child], ERASURE_SHARD_BYTES));
	if (g->recovering && state != JOIN_IDLE) {
		join_remove_ask(j, slot);
		s->ask.state = JOIN_WAITING;
		s->ask.err = g->asks[s->child].err;
	}
	return OK;
}

/* The shard is what arrived: a chunk as it is stored, with the zeros that may be missing at its end. */
static void keep(struct join *j, uint32_t group, unsigned shard, struct bytes data)
{
	struct join_group *g = &j->memory.groups[group];
	if (g->asks[shard].state == JOIN_HELD)
		return;
	if (data.p != g->shards[shard])
		memcpy(g->shards[shard], data.p, data.n);
	memset(g->shards[shard] + data.n, 0, ERASURE_SHARD_BYTES - data.n);
	join_ask_end(j, join_shard(j, group, shard), JOIN_HELD);
}

void join_group_keep(struct join *j, uint32_t slot, struct bytes data)
{
	const struct join_slot *s = join_slot_at(j, slot);
	const uint32_t group = join_slot_at(j, s->parent)->group;
	if (group == JOIN_NONE)
		return;
	keep(j, group, s->child, data);
	j->memory.groups[group].slots[s->child] = JOIN_NONE;
}

/* The child's slot takes what its shard has. */
static int deliver(struct join *j, uint32_t group, unsigned child)
{
	const struct join_group *g = &j->memory.groups[group];
	if (g->slots[child] == JOIN_NONE)
		return OK;
	return join_arrived(j, g->slots[child], bytes_of(g->shards[child], ERASURE_SHARD_BYTES));
}

int join_group_shard(struct join *j, uint32_t ask, struct bytes data)
{
	const uint32_t group = (ask - join_slots_end(j)) / ERASURE_SHARDS_MAX;
	const unsigned shard = (ask - join_slots_end(j)) % ERASURE_SHARDS_MAX;
	keep(j, group, shard, data);
	const int err = deliver(j, group, shard);
	return err == OK ? join_group_step(j, group) : err;
}

/* Gives back the data shards that are missing; those that hash to their addresses are held then. */
static int give_back(struct join *j, uint32_t group)
{
	struct join_group *g = &j->memory.groups[group];
	const struct join_slot *parent = join_slot_at(j, g->parent);
	const uint8_t *have[ERASURE_SHARDS_MAX] = {NULL};
	uint8_t *want[ERASURE_SHARDS_MAX] = {NULL}, address[REFERENCE_BYTES];
	for (unsigned i = 0; i < shards_n(parent); i++) {
		if (g->asks[i].state == JOIN_HELD)
			have[i] = g->shards[i];
		else if (i < parent->shape.children_n)
			want[i] = g->shards[i];
	}
	const int err =
		erasure_recover(j->memory.erasure, parent->shape.children_n, parent->shape.parities_n, have, want);
	if (err != OK)
		return err;
	for (unsigned i = 0; i < parent->shape.children_n; i++) {
		if (want[i] == NULL)
			continue;
		bmt_address(j->memory.kind, load_le64(want[i]), bytes_of(want[i] + CHUNK_SPAN_BYTES, CHUNK_PAYLOAD_MAX),
			    address, &j->scratch);
		const bool good = memcmp(address, join_reference(j, parent, i), REFERENCE_BYTES) == 0;
		join_ask_end(j, join_shard(j, group, i), good ? JOIN_HELD : JOIN_LOST);
	}
	return OK;
}

static int recover(struct join *j, uint32_t group)
{
	struct join_group *g = &j->memory.groups[group];
	const uint32_t parent = g->parent;
	const unsigned children = join_slot_at(j, parent)->shape.children_n;
	const int err = give_back(j, group);
	if (err != OK)
		return join_end(j, (enum err)err, "recovery", parent);
	g->recovering = false;
	for (unsigned i = 0; i < ERASURE_SHARDS_MAX; i++) /* no more are needed */
		if (g->asks[i].state != JOIN_HELD && g->asks[i].state != JOIN_LOST)
			join_ask_end(j, join_shard(j, group, i), JOIN_IDLE);
	for (unsigned i = 0; i < children && j->err == OK && g->parent == parent; i++) {
		if (g->asks[i].state == JOIN_HELD)
			(void)deliver(j, group, i);
		else if (g->slots[i] != JOIN_NONE && join_slot_at(j, g->slots[i])->ask.state == JOIN_WAITING)
			return join_end(j, ERR_TREE, "parities, which give back something else", g->slots[i]);
	}
	return j->err == OK ? help_stranded(j) : j->err;
}

/* The child's or parity's chunk is on its way to its shard or to a slot. */
static bool comes(struct join *j, const struct join_group *g, unsigned shard)
{
	return under_way(g->asks[shard].state) ||
	       (g->slots[shard] != JOIN_NONE && under_way(join_slot_at(j, g->slots[shard])->ask.state));
}

/* The first child that a slot waits for; JOIN_NONE: all have come. */
static uint32_t waiting(struct join *j, const struct join_group *g)
{
	for (unsigned i = 0; i < ERASURE_SHARDS_MAX; i++)
		if (g->slots[i] != JOIN_NONE && join_slot_at(j, g->slots[i])->ask.state == JOIN_WAITING)
			return g->slots[i];
	return JOIN_NONE;
}

int join_group_step(struct join *j, uint32_t group)
{
	struct join_group *g = &j->memory.groups[group];
	if (g->parent == JOIN_NONE || !g->recovering || j->err != OK)
		return j->err;
	const uint32_t slot = waiting(j, g);
	if (slot == JOIN_NONE) { /* what was missing came after all */
		unbind(j, group);
		return help_stranded(j);
	}
	const struct join_slot *parent = join_slot_at(j, g->parent);
	const unsigned enough = parent->shape.children_n;
	unsigned held = 0, coming = 0;
	for (unsigned i = 0; i < shards_n(parent); i++) {
		held += g->asks[i].state == JOIN_HELD;
		coming += g->asks[i].state != JOIN_HELD && comes(j, g, i);
	}
	if (held >= enough)
		return recover(j, group);
	for (unsigned i = 0; i < shards_n(parent) && held + coming < enough; i++) {
		if (g->asks[i].state != JOIN_IDLE || comes(j, g, i))
			continue;
		join_ask_for(j, join_shard(j, group, i), JOIN_URGENT);
		coming++;
	}
	if (held + coming < enough)
		return join_end_lost(j, "chunk, and too many of its siblings and parities", slot);
	return OK;
}

int join_group_failed(struct join *j, uint32_t slot)
{
	struct join_slot *s = join_slot_at(j, slot);
	struct join_slot *parent = join_slot_at(j, s->parent);
	if (j->level == 0 || j->memory.groups_n == 0)
		return join_end_lost(j, "chunk", slot);
	join_remove_ask(j, slot);
	if (parent->group == JOIN_NONE) {
		const uint32_t group = available(j, true);
		if (group == JOIN_NONE) {
			s->ask.state = JOIN_STRANDED;
			j->stranded_n++;
			return OK;
		}
		if (j->memory.groups[group].parent != JOIN_NONE)
			unbind(j, group);
		bind(j, group, s->parent);
	}
	struct join_group *g = &j->memory.groups[parent->group];
	s->ask.state = JOIN_WAITING;
	if (g->asks[s->child].state != JOIN_HELD)
		g->asks[s->child].state = JOIN_LOST;
	g->recovering = true;
	return join_group_step(j, parent->group);
}

int join_group_lost(struct join *j, uint32_t ask)
{
	join_remove_ask(j, ask);
	join_ask_at(j, ask)->state = JOIN_LOST;
	return join_group_step(j, (ask - join_slots_end(j)) / ERASURE_SHARDS_MAX);
}
