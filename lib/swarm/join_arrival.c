/* What arrives is checked and goes into its place. */
#include <assert.h>
#include <string.h>

#include "swarm/chunk.h"
#include "swarm/cipher.h"
#include "swarm/join_parts.h"

int join_end(struct join *j, enum err err, const char *what, uint32_t slot)
{
	const struct join_slot *s = join_slot_at(j, slot);
	j->err = why_not(&j->why, err, what, s->offset, bytes_of(s->reference.address, REFERENCE_BYTES));
	return j->err;
}

int join_end_lost(struct join *j, const char *what, uint32_t slot)
{
	const int err = join_ask_at(j, slot)->err;
	return join_end(j, err == OK ? ERR_NOT_FOUND : (enum err)err, what, slot);
}

/* The number that an id tells; JOIN_NONE when no answer to it is expected any more. What failed is
 * still welcome. */
static uint32_t expected(struct join *j, uint64_t id)
{
	const uint32_t ask = (uint32_t)id;
	if (ask >= join_asks_end(j))
		return JOIN_NONE;
	const struct join_ask *a = join_ask_at(j, ask);
	if (a->generation != (uint32_t)(id >> 32) || a->state == JOIN_IDLE || a->state == JOIN_HELD)
		return JOIN_NONE;
	return ask;
}

bool join_wanted(struct join *j, uint64_t id)
{
	return j->err == OK && expected(j, id) != JOIN_NONE;
}

/* The chunk in the clear, with zeros where its span or its references have bytes and it had none. */
static int open_chunk(struct join *j, struct join_slot *s, struct bytes data, struct redundancy_span *span)
{
	struct cipher_opened opened;
	uint8_t *payload = s->chunk + CHUNK_SPAN_BYTES;
	if (data.p != s->chunk)
		memcpy(s->chunk, data.p, data.n);
	if (data.n < sizeof s->chunk)
		memset(s->chunk + data.n, 0, sizeof s->chunk - data.n);
	if (!j->encrypted)
		return redundancy_span_read(s->chunk, span);
	const int err =
		cipher_open(s->reference.key, j->memory.kind, bytes_of(s->chunk, sizeof s->chunk), payload, &opened);
	if (err == OK)
		*span = opened.span;
	return err;
}

static bool zeros(const uint8_t *p, size_t n)
{
	uint8_t any = 0;
	for (size_t i = 0; i < n; i++)
		any |= p[i];
	return any == 0;
}

/* An intermediate chunk must have exactly the references that its span asks for. No chunk has an
 * address of zeros. */
static const char *judge_references(const struct join *j, const struct join_slot *s)
{
	const struct redundancy_shape *shape = &s->shape;
	const uint8_t *payload = s->chunk + CHUNK_SPAN_BYTES;
	for (unsigned i = 0; i < shape->children_n + shape->parities_n; i++)
		if (zeros(join_reference(j, s, i), REFERENCE_BYTES))
			return "references, fewer than for its span";
	/* Behind them an encrypted chunk has anything. */
	if (!j->encrypted && !zeros(payload + shape->payload_bytes, CHUNK_PAYLOAD_MAX - shape->payload_bytes))
		return "references, more than for its span";
	return NULL;
}

/* What the root says of the file. */
static int take_root(struct join *j, const struct redundancy_span *span)
{
	struct join_slot *s = &j->path[0];
	s->size = span->size;
	if (join_is_leaf(s) && span->level != 0)
		return join_end(j, ERR_TREE, "level of a leaf", join_root(j));
	j->level = span->level;
	return OK;
}

static int judge(struct join *j, uint32_t slot, const struct redundancy_span *span)
{
	struct join_slot *s = join_slot_at(j, slot);
	if (slot == join_root(j)) {
		const int err = take_root(j, span);
		if (err != OK)
			return err;
	}
	if (span->size != s->size)
		return join_end(j, ERR_TREE, "span, another than for its place", slot);
	if (span->level != (join_is_leaf(s) ? 0 : j->level))
		return join_end(j, ERR_TREE, "level, another than for its place", slot);
	if (join_is_leaf(s))
		return OK;
	redundancy_shape(s->size, j->level, j->encrypted, &s->shape);
	const char *wrong = judge_references(j, s);
	return wrong == NULL ? OK : join_end(j, ERR_TREE, wrong, slot);
}

int join_arrived(struct join *j, uint32_t slot, struct bytes data)
{
	struct join_slot *s = join_slot_at(j, slot);
	struct redundancy_span span;
	if (s->ask.state == JOIN_STRANDED)
		j->stranded_n--;
	const uint32_t parent = s->parent;
	if (parent != JOIN_NONE)
		join_group_keep(j, slot, data);
	int err = open_chunk(j, s, data, &span);
	if (err != OK)
		return join_end(j, (enum err)err, "span", slot);
	err = judge(j, slot, &span);
	if (err != OK)
		return err;
	join_ask_end(j, slot, JOIN_HELD);
	s->parent = JOIN_NONE;
	if (slot == join_root(j)) {
		for (unsigned i = 0; i < j->replicas_n; i++)
			join_ask_end(j, join_replica(j, i), JOIN_IDLE);
		join_begin(j);
		return OK;
	}
	if (!join_is_leaf(s))
		join_opened(j, slot);
	else if (j->memory.order == JOIN_AS_THEY_COME)
		join_append(j, JOIN_LINE, slot);
	join_slot_at(j, parent)->pending_n--;
	join_parent_done(j, parent);
	return OK;
}

/* Whose bytes hash to their address goes into its place; the other stays wanted. */
static int settle(struct join *j, struct join_arrival *arrival, bool good, struct bytes data)
{
	const uint32_t ask = expected(j, arrival->id); /* what came before may have led to it */
	if (ask == JOIN_NONE)
		return OK;
	if (!good) {
		arrival->err = ERR_HASH;
		if (join_ask_at(j, ask)->state == JOIN_ASKED)
			join_ask_for(j, ask, JOIN_URGENT);
		return OK;
	}
	if (ask >= join_replica(j, 0))
		return join_arrived(j, join_root(j), data);
	if (ask >= join_slots_end(j))
		return join_group_shard(j, ask, data);
	const uint32_t parent = join_slot_at(j, ask)->parent;
	const uint32_t group = parent == JOIN_NONE ? JOIN_NONE : join_slot_at(j, parent)->group;
	const int err = join_arrived(j, ask, data);
	return err != OK || group == JOIN_NONE ? err : join_group_step(j, group);
}

static int settle_replica(struct join *j, struct join_arrival *arrival)
{
	struct chunk chunk;
	const uint32_t ask = (uint32_t)arrival->id;
	const bool good = chunk_check(join_address(j, ask), arrival->data, j->memory.kind, &j->scratch, &chunk) == OK &&
			  replica_holds(&chunk, j->path[0].reference.address);
	return settle(j, arrival, good, good ? chunk.content : BYTES_NONE);
}

/* Content-addressed chunks, hashed side by side. */
struct batch {
	struct join_arrival *arrivals[BMT_BATCH];
	struct bmt_chunk chunks[BMT_BATCH];
	size_t n;
};

static int settle_batch(struct join *j, struct batch *b)
{
	uint8_t addresses[BMT_BATCH][REFERENCE_BYTES];
	bmt_addresses(j->memory.kind, b->chunks, b->n, addresses, &j->scratch);
	for (size_t i = 0; i < b->n && j->err == OK; i++) {
		const uint32_t ask = expected(j, b->arrivals[i]->id);
		const bool good = ask != JOIN_NONE && memcmp(addresses[i], join_address(j, ask), REFERENCE_BYTES) == 0;
		(void)settle(j, b->arrivals[i], good, b->arrivals[i]->data);
	}
	b->n = 0;
	return j->err;
}

int join_chunks(struct join *j, struct join_arrival *arrivals, size_t n, struct why *why)
{
	struct batch b = {.n = 0};
	for (size_t i = 0; i < n; i++)
		arrivals[i].err = OK;
	for (size_t i = 0; i < n && j->err == OK; i++) {
		struct join_arrival *a = &arrivals[i];
		const uint32_t ask = expected(j, a->id);
		if (ask == JOIN_NONE)
			continue;
		if (ask >= join_replica(j, 0)) {
			(void)settle_replica(j, a);
			continue;
		}
		if (a->data.n < CHUNK_SPAN_BYTES || a->data.n > CHUNK_BYTES_MAX) {
			(void)settle(j, a, false, BYTES_NONE);
			continue;
		}
		b.arrivals[b.n] = a;
		b.chunks[b.n++] = (struct bmt_chunk){.span = load_le64(a->data.p),
						     .payload = bytes_skip(a->data, CHUNK_SPAN_BYTES)};
		if (b.n == BMT_BATCH)
			(void)settle_batch(j, &b);
	}
	if (b.n > 0 && j->err == OK)
		(void)settle_batch(j, &b);
	return join_error(j, why);
}

int join_chunk(struct join *j, uint64_t id, struct bytes data, struct why *why)
{
	struct join_arrival arrival = {.id = id, .data = data};
	const int err = join_chunks(j, &arrival, 1, why);
	if (err != OK || arrival.err == OK)
		return err;
	const uint32_t ask = expected(j, id);
	return why_not(why, ERR_HASH, "chunk", WHY_NOWHERE, bytes_of(join_address(j, ask), REFERENCE_BYTES));
}

int join_root_chunk(struct join *j, struct bytes data, struct why *why)
{
	return join_chunk(j, join_id(j, join_root(j)), data, why);
}

void join_asked(struct join *j, uint64_t id)
{
	const uint32_t ask = expected(j, id);
	if (ask == JOIN_NONE || join_ask_at(j, ask)->state != JOIN_WANTED)
		return;
	join_remove_ask(j, ask);
	join_ask_at(j, ask)->state = JOIN_ASKED;
}

/* The root's replicas are asked for; none but the first time. */
static int ask_replicas(struct join *j)
{
	const uint32_t root = join_root(j);
	if (j->memory.replicas_level == 0)
		return join_end_lost(j, "root", root);
	join_remove_ask(j, root);
	join_ask_at(j, root)->state = JOIN_WAITING;
	if (j->replicas_n != 0)
		return OK;
	j->replicas_n = replica_list(j->path[0].reference.address, j->memory.replicas_level, j->replicas);
	for (unsigned i = 0; i < j->replicas_n; i++)
		join_ask_for(j, join_replica(j, i), JOIN_QUEUE);
	return OK;
}

static int lose_replica(struct join *j, uint32_t ask)
{
	unsigned lost = 0;
	join_remove_ask(j, ask);
	join_ask_at(j, ask)->state = JOIN_LOST;
	for (unsigned i = 0; i < j->replicas_n; i++)
		lost += j->replica_asks[i].state == JOIN_LOST;
	return lost < j->replicas_n ? OK : join_end_lost(j, "root, and its replicas", join_root(j));
}

static int fail(struct join *j, uint32_t ask)
{
	if (ask >= join_replica(j, 0))
		return lose_replica(j, ask);
	if (ask >= join_slots_end(j))
		return join_group_lost(j, ask);
	if (ask == join_root(j))
		return ask_replicas(j);
	return join_group_failed(j, ask);
}

int join_failed(struct join *j, uint64_t id, int err, struct why *why)
{
	const uint32_t ask = expected(j, id);
	assert(err != OK && err >= INT16_MIN);
	if (j->err == OK && ask != JOIN_NONE) {
		struct join_ask *a = join_ask_at(j, ask);
		if (a->state == JOIN_WANTED || a->state == JOIN_ASKED) {
			a->err = (int16_t)err;
			(void)fail(j, ask);
		}
	}
	return join_error(j, why);
}

int join_error(const struct join *j, struct why *why)
{
	if (j->err != OK && why != NULL)
		*why = j->why;
	return j->err;
}
