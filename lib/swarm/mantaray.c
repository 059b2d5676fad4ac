#include "swarm/mantaray.h"

#include <assert.h>
#include <string.h>

#include "core/json.h"

#define INDEX_BYTES 32
#define FORK_HEAD_BYTES (2 + MANTARAY_PREFIX_MAX)
#define METADATA_NODES (MANTARAY_PAIRS_MAX + 1) /* and the object */

const uint8_t mantaray_versions[2][MANTARAY_VERSION_BYTES] = {
	{0x02, 0x51, 0x84, 0x78, 0x9d, 0x63, 0x63, 0x57, 0x66, 0xd7, 0x8c, 0x41, 0x90, 0x01, 0x96, 0xb5,
	 0x7d, 0x74, 0x00, 0x87, 0x5e, 0xbe, 0x4d, 0x9b, 0x5d, 0x1e, 0x76, 0xbd, 0x96, 0x52, 0xa9},
	{0x57, 0x68, 0xb3, 0xb6, 0xa7, 0xdb, 0x56, 0xd2, 0x1d, 0x1a, 0xbf, 0xf4, 0x0d, 0x41, 0xce, 0xbf,
	 0xc8, 0x34, 0x48, 0xfe, 0xd8, 0xd7, 0xe9, 0xb0, 0x6e, 0xc0, 0xd3, 0xb0, 0x73, 0xf2, 0x8f},
};

static bool in_index(const uint8_t *index, unsigned byte)
{
	return (index[byte / 8] >> byte % 8 & 1) != 0;
}

static struct reference reference_at(const uint8_t *p, size_t n)
{
	struct reference r = {.encrypted = false};
	const bool read = n != 0 && reference_read(bytes_of(p, n), &r) == OK;
	assert(read == (n != 0)); /* n is one of the two lengths, or 0 for none */
	return r;
}

/* The JSON text without the line feeds that fill it up. */
static struct bytes unpadded(struct bytes metadata)
{
	while (metadata.n > 0 && metadata.p[metadata.n - 1] == '\n')
		metadata.n--;
	return metadata;
}

/* One fork off the front; the reader dies where it does not fit. */
static void read_fork(struct reader *r, const struct mantaray *m, struct mantaray_fork *fork)
{
	*fork = (struct mantaray_fork){.type = read_u8(r)};
	const uint8_t n = read_u8(r);
	const struct bytes prefix = read_bytes(r, MANTARAY_PREFIX_MAX), node = read_bytes(r, m->reference_bytes);
	if (n == 0 || n > MANTARAY_PREFIX_MAX)
		r->dead = true;
	if (!r->dead && m->version == 2 && (fork->type & MANTARAY_METADATA) != 0)
		fork->metadata = unpadded(read_bytes(r, read_be16(r)));
	if (r->dead)
		return;
	fork->prefix = bytes_of(prefix.p, n);
	fork->node = reference_at(node.p, node.n);
}

/* An object whose members are strings: anything else, bee would not read either. */
static int check_metadata(struct bytes metadata, uint64_t at, struct why *why)
{
	struct json_node nodes[METADATA_NODES];
	struct json j;
	if (metadata.n > MANTARAY_METADATA_MAX)
		return why_not(why, ERR_LIMIT, "metadata", at, BYTES_NONE);
	int err = json_parse(&j, metadata, nodes, METADATA_NODES, why);
	if (err != OK) {
		if (why != NULL && why->at != WHY_NOWHERE)
			why->at += at;
		return err;
	}
	if (json_root(&j)->type != JSON_OBJECT)
		return why_not(why, ERR_TYPE, "metadata", at, BYTES_NONE);
	for (const struct json_node *c = json_child(&j, json_root(&j)); c != NULL; c = json_next(&j, c))
		if (c->type != JSON_STRING)
			return why_not(why, ERR_TYPE, "metadata", at + c->at, BYTES_NONE);
	return OK;
}

static int check_forks(struct mantaray *m, size_t at, struct why *why)
{
	struct reader r = reader_of(m->forks);
	struct mantaray_fork fork;
	for (unsigned byte = 0; byte < 256; byte++) {
		if (!in_index(m->index, byte))
			continue;
		const uint64_t here = at + (m->forks.n - r.left.n);
		if (m->reference_bytes == 0)
			return why_not(why, ERR_VALUE, "forks without references", here, BYTES_NONE);
		read_fork(&r, m, &fork);
		if (r.dead)
			return why_not(why, ERR_TRUNCATED, "fork", here, BYTES_NONE);
		if (fork.prefix.p[0] != byte)
			return why_not(why, ERR_VALUE, "fork of another byte than its index says", here, BYTES_NONE);
		int err = fork.metadata.n == 0
				  ? OK
				  : check_metadata(fork.metadata, at + (size_t)(fork.metadata.p - m->forks.p), why);
		if (err != OK)
			return err;
		m->forks_n++;
	}
	return OK; /* what follows the last fork is ignored, as bee does */
}

bool mantaray_is_node(struct bytes begin)
{
	uint8_t version[MANTARAY_VERSION_BYTES];
	if (begin.n < MANTARAY_HEAD_BYTES)
		return false;
	for (size_t i = 0; i < sizeof version; i++)
		version[i] = begin.p[MANTARAY_KEY_BYTES + i] ^ begin.p[i];
	return memcmp(version, mantaray_versions[0], sizeof version) == 0 ||
	       memcmp(version, mantaray_versions[1], sizeof version) == 0;
}

int mantaray_open(uint8_t *node, size_t n, struct mantaray *m, struct why *why)
{
	struct mantaray found = {.version = 0};
	if (n > MANTARAY_NODE_BYTES_MAX)
		return why_not(why, ERR_LIMIT, "node", WHY_NOWHERE, BYTES_NONE);
	if (n < MANTARAY_HEAD_BYTES)
		return why_not(why, ERR_TRUNCATED, "node", n, BYTES_NONE);
	for (size_t i = MANTARAY_KEY_BYTES; i < n; i++)
		node[i] ^= node[i % MANTARAY_KEY_BYTES];
	for (unsigned i = 0; i < 2; i++)
		if (memcmp(node + MANTARAY_KEY_BYTES, mantaray_versions[i], MANTARAY_VERSION_BYTES) == 0)
			found.version = i + 1;
	if (found.version == 0)
		return why_not(why, ERR_VERSION, "not a node of a manifest", MANTARAY_KEY_BYTES, BYTES_NONE);
	const size_t size = node[MANTARAY_HEAD_BYTES - 1];
	if (size != 0 && size != REFERENCE_BYTES && size != REFERENCE_ENCRYPTED_BYTES)
		return why_not(why, ERR_VALUE, "length of references", MANTARAY_HEAD_BYTES - 1, BYTES_NONE);
	const size_t head = MANTARAY_HEAD_BYTES + size + INDEX_BYTES;
	if (n < head)
		return why_not(why, ERR_TRUNCATED, "node", n, BYTES_NONE);
	found.reference_bytes = size;
	found.entry = reference_at(node + MANTARAY_HEAD_BYTES, size);
	found.index = node + MANTARAY_HEAD_BYTES + size;
	found.forks = bytes_of(node + head, n - head);
	int err = check_forks(&found, head, why);
	if (err != OK)
		return err;
	*m = found;
	return OK;
}

struct mantaray_cursor mantaray_forks(const struct mantaray *m)
{
	return (struct mantaray_cursor){.left = reader_of(m->forks), .n = m->forks_n};
}

bool mantaray_next(const struct mantaray *m, struct mantaray_cursor *cursor, struct mantaray_fork *fork)
{
	if (cursor->n == 0)
		return false;
	cursor->n--;
	read_fork(&cursor->left, m, fork);
	return true;
}

bool mantaray_fork(const struct mantaray *m, uint8_t byte, struct mantaray_fork *fork)
{
	struct reader r = reader_of(m->forks);
	if (!in_index(m->index, byte))
		return false;
	for (unsigned i = 0; i <= byte; i++)
		if (in_index(m->index, i))
			read_fork(&r, m, fork);
	return !r.dead;
}

int mantaray_metadata(struct bytes metadata, const char *name, struct writer *w)
{
	struct json_node nodes[METADATA_NODES];
	struct json j;
	if (metadata.n == 0)
		return ERR_NOT_FOUND;
	int err = json_parse(&j, metadata, nodes, METADATA_NODES, NULL);
	if (err != OK)
		return err;
	const struct json_node *value = json_member(&j, json_root(&j), name);
	if (value == NULL || value->type != JSON_STRING)
		return ERR_NOT_FOUND;
	err = json_string(&j, value, w);
	return err == OK && w->full ? ERR_NO_SPACE : err;
}

int mantaray_walk_init(struct mantaray_walk *w, const struct reference *root, struct bytes path)
{
	if (path.n > MANTARAY_PATH_MAX)
		return ERR_LIMIT;
	w->path = path;
	w->next = *root;
	w->wants = true;
	w->value = w->found = w->is_prefix = false;
	w->metadata_n = 0;
	return OK;
}

bool mantaray_walk_wants(const struct mantaray_walk *w, struct reference *node)
{
	if (w->wants)
		*node = w->next;
	return w->wants;
}

/* The path ends in this node, or in the fork that led to it. */
static void arrive(struct mantaray_walk *w, const struct mantaray *m)
{
	w->wants = false;
	w->found = w->value;
	w->is_prefix = true;
	w->entry = m->entry;
}

static void follow(struct mantaray_walk *w, const struct mantaray_fork *fork)
{
	w->path = bytes_skip(w->path, fork->prefix.n);
	w->next = fork->node;
	w->value = (fork->type & MANTARAY_VALUE) != 0;
	w->metadata_n = w->path.n == 0 ? fork->metadata.n : 0;
	if (w->metadata_n > 0)
		memcpy(w->metadata, fork->metadata.p, w->metadata_n); /* mantaray_open has judged its length */
}

int mantaray_walk_node(struct mantaray_walk *w, uint8_t *node, size_t n, struct why *why)
{
	struct mantaray m;
	struct mantaray_fork fork = {.type = 0};
	int err = mantaray_open(node, n, &m, why);
	if (err != OK)
		return err;
	if (w->path.n == 0) {
		arrive(w, &m);
		return OK;
	}
	if (!mantaray_fork(&m, w->path.p[0], &fork)) {
		w->wants = false;
		return OK;
	}
	const size_t common = w->path.n < fork.prefix.n ? w->path.n : fork.prefix.n;
	if (!bytes_equal(bytes_of(w->path.p, common), bytes_of(fork.prefix.p, common))) {
		w->wants = false;
	} else if (common < fork.prefix.n) { /* it ends within the fork: others go on from there */
		w->wants = false;
		w->is_prefix = true;
	} else {
		follow(w, &fork);
	}
	return OK;
}
