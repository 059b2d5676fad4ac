#include "swarm/mantaray_write.h"

#include <assert.h>
#include <string.h>

#include "core/utf8.h"

#define PADDING_BYTES 32 /* metadata is filled up to a multiple of it */
#define INDEX_BYTES 32

/* A node of the trie, and the fork that leads to it. */
struct mantaray_made {
	struct mantaray_made *parent, *first, *next; /* children in the order of their first bytes */
	struct bytes metadata;                       /* as JSON; in the arena */
	uint8_t type;
	uint8_t width; /* bee's refBytesSize */
	uint8_t prefix_n;
	uint8_t prefix[MANTARAY_PREFIX_MAX];
	uint8_t reference[REFERENCE_ENCRYPTED_BYTES]; /* of the entry; of the node itself once that is stored */
};

_Static_assert(2 * (sizeof(struct mantaray_made) + 15) + 15 <= MANTARAY_WRITE_ENTRY_BYTES,
	       "a leaf, and a node split off");

static struct mantaray_made *make(struct mantaray_write *w, struct mantaray_made *parent, struct bytes prefix)
{
	struct mantaray_made *m = arena_take(w->arena, sizeof *m);
	assert(m != NULL && prefix.n <= MANTARAY_PREFIX_MAX); /* there_is_room has seen to it */
	memset(m, 0, sizeof *m);
	m->parent = parent;
	m->width = parent == NULL ? 0 : parent->width;
	m->prefix_n = (uint8_t)prefix.n;
	if (prefix.n > 0)
		memcpy(m->prefix, prefix.p, prefix.n);
	return m;
}

int mantaray_write_init(struct mantaray_write *w, struct arena *arena)
{
	if (arena->room - arena->n < MANTARAY_WRITE_ENTRY_BYTES)
		return ERR_NO_SPACE;
	*w = (struct mantaray_write){.arena = arena};
	w->root = make(w, NULL, BYTES_NONE);
	return OK;
}

/* Where the child that begins with byte hangs, or would. */
static struct mantaray_made **place_of(struct mantaray_made *m, uint8_t byte)
{
	struct mantaray_made **at = &m->first;
	while (*at != NULL && (*at)->prefix[0] < byte)
		at = &(*at)->next;
	return at;
}

static void mark_slash(struct mantaray_made *m, struct bytes path)
{
	size_t i = 0;
	while (i < path.n && path.p[i] != '/')
		i++;
	m->type &= (uint8_t)~MANTARAY_SLASH;
	if (i > 0 && i < path.n)
		m->type |= MANTARAY_SLASH; /* as bee: unless it begins with one */
}

static void put_entry(struct mantaray_made *m, struct bytes entry, struct bytes metadata)
{
	m->type |= MANTARAY_VALUE;
	memset(m->reference, 0, sizeof m->reference);
	if (entry.n > 0)
		memcpy(m->reference, entry.p, entry.n);
	if (metadata.n > 0) { /* bee keeps what was there when nothing new is said */
		m->type |= MANTARAY_METADATA;
		m->metadata = metadata;
	}
}

static struct mantaray_made *add_child(struct mantaray_write *w, struct mantaray_made *m, struct bytes path)
{
	struct mantaray_made **at = place_of(m, path.p[0]);
	struct bytes prefix = path;
	if (prefix.n > MANTARAY_PREFIX_MAX)
		prefix.n = MANTARAY_PREFIX_MAX;
	struct mantaray_made *child = make(w, m, prefix);
	child->next = *at;
	*at = child;
	mark_slash(child, prefix);
	m->type |= MANTARAY_EDGE;
	return child;
}

/* A node between m and *at, which keeps the first n bytes of its prefix. */
static struct mantaray_made *split(struct mantaray_write *w, struct mantaray_made *m, struct mantaray_made **at,
				   size_t n)
{
	struct mantaray_made *lower = *at, *between = make(w, m, bytes_of(lower->prefix, n));
	between->next = lower->next;
	between->first = lower;
	between->type = MANTARAY_EDGE;
	*at = between;
	lower->next = NULL;
	lower->parent = between;
	lower->prefix_n = (uint8_t)(lower->prefix_n - n);
	memmove(lower->prefix, lower->prefix + n, lower->prefix_n);
	mark_slash(lower, bytes_of(lower->prefix, lower->prefix_n));
	return between;
}

static void insert(struct mantaray_write *w, struct bytes path, struct bytes entry, struct bytes metadata)
{
	struct mantaray_made *m = w->root;
	for (;;) {
		if (m->width == 0)
			m->width = (uint8_t)entry.n;
		if (path.n == 0)
			break;
		struct mantaray_made **at = place_of(m, path.p[0]);
		size_t common = 0;
		if (*at == NULL || (*at)->prefix[0] != path.p[0]) {
			m = add_child(w, m, path);
			path = bytes_skip(path, m->prefix_n);
			continue;
		}
		while (common < path.n && common < (*at)->prefix_n && (*at)->prefix[common] == path.p[common])
			common++;
		m = common < (*at)->prefix_n ? split(w, m, at, common) : *at;
		mark_slash(m, path); /* by all that is left of it: so does bee */
		path = bytes_skip(path, common);
	}
	put_entry(m, entry, metadata);
}

/* What encoding/json of Go escapes, which is more than JSON asks for. */
static void write_escaped(struct writer *w, uint32_t code)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	static const char digits[] = "0123456789abcdef";
	size_t i = 0;
	while (i < sizeof to - 1 && code != (uint8_t)from[i])
		i++;
	if (i < sizeof to - 1) {
		write_u8(w, '\\');
		write_u8(w, (uint8_t)to[i]);
	} else if (code < 0x20 || code == '<' || code == '>' || code == '&' || code == 0x2028 || code == 0x2029) {
		write_text(w, "\\u");
		for (unsigned shift = 16; shift > 0; shift -= 4)
			write_u8(w, (uint8_t)digits[code >> (shift - 4) & 15]);
	} else {
		utf8_write(w, code);
	}
}

static bool write_string(struct writer *w, struct bytes text)
{
	uint32_t code;
	write_u8(w, '"');
	while (text.n > 0) {
		if (!utf8_take(&text, &code))
			return false;
		write_escaped(w, code);
	}
	write_u8(w, '"');
	return true;
}

/* The member that comes after a name (NULL: the first) in the order of bytes; NULL: none. */
static const struct mantaray_pair *pair_after(const struct mantaray_pair *pairs, size_t n, const struct bytes *name)
{
	const struct mantaray_pair *best = NULL;
	for (size_t i = 0; i < n; i++)
		if ((name == NULL || bytes_compare(pairs[i].name, *name) > 0) &&
		    (best == NULL || bytes_compare(pairs[i].name, best->name) < 0))
			best = &pairs[i];
	return best;
}

static int write_metadata(struct writer *w, const struct mantaray_pair *pairs, size_t n, struct why *why)
{
	const struct mantaray_pair *p = NULL;
	size_t written = 0;
	if (n == 0)
		return OK;
	if (n > MANTARAY_PAIRS_MAX)
		return why_not(why, ERR_LIMIT, "members of metadata", WHY_NOWHERE, BYTES_NONE);
	write_u8(w, '{');
	while ((p = pair_after(pairs, n, p == NULL ? NULL : &p->name)) != NULL) {
		if (written++ > 0)
			write_u8(w, ',');
		if (!write_string(w, p->name))
			return why_not(why, ERR_UTF8, "metadata", WHY_NOWHERE, p->name);
		write_u8(w, ':');
		if (!write_string(w, p->value))
			return why_not(why, ERR_UTF8, "metadata", WHY_NOWHERE, p->name);
	}
	write_u8(w, '}');
	if (written != n)
		return why_not(why, ERR_DUPLICATE, "metadata", WHY_NOWHERE, BYTES_NONE);
	return w->full ? why_not(why, ERR_LIMIT, "metadata", WHY_NOWHERE, BYTES_NONE) : OK;
}

/* The nodes that a path may need at most, and its metadata; 15: to align each. */
static bool there_is_room(const struct arena *a, size_t path_n, size_t metadata_n)
{
	const size_t nodes = 2 + (path_n - 1) / MANTARAY_PREFIX_MAX;
	return nodes * (sizeof(struct mantaray_made) + 15) + metadata_n + 15 <= a->room - a->n;
}

int mantaray_write_add(struct mantaray_write *w, struct bytes path, const struct reference *entry,
		       const struct mantaray_pair *metadata, size_t metadata_n, struct why *why)
{
	uint8_t reference[REFERENCE_ENCRYPTED_BYTES], json[MANTARAY_METADATA_MAX];
	const size_t width = entry == NULL ? 0 : reference_write(entry, reference);
	struct writer text = writer_of(json, sizeof json);
	assert(!w->ended);
	if (path.n == 0)
		return why_not(why, ERR_VALUE, "empty path", WHY_NOWHERE, BYTES_NONE);
	if (path.n > MANTARAY_PATH_MAX)
		return why_not(why, ERR_LIMIT, "path", WHY_NOWHERE, path);
	if (width != 0 && w->width != 0 && width != w->width)
		return why_not(why, ERR_VALUE, "encrypted and plain references in one manifest", WHY_NOWHERE, path);
	int err = write_metadata(&text, metadata, metadata_n, why);
	if (err != OK)
		return err;
	if (!there_is_room(w->arena, path.n, text.n))
		return why_not(why, ERR_NO_SPACE, "manifest", WHY_NOWHERE, path);
	uint8_t *kept = text.n == 0 ? NULL : arena_take(w->arena, text.n);
	if (kept != NULL)
		memcpy(kept, json, text.n);
	if (w->width == 0)
		w->width = width;
	insert(w, path, bytes_of(reference, width), bytes_of(kept, text.n));
	return OK;
}

static struct mantaray_made *leftmost(struct mantaray_made *m)
{
	while (m->first != NULL)
		m = m->first;
	return m;
}

/* Line feeds that follow metadata: none only where two bytes and n happen to be exactly one unit. */
static size_t padding_of(size_t n)
{
	return 2 + n == PADDING_BYTES ? 0 : PADDING_BYTES - (2 + n) % PADDING_BYTES;
}

static size_t size_of(const struct mantaray_made *m)
{
	size_t n = MANTARAY_HEAD_BYTES + m->width + INDEX_BYTES;
	for (const struct mantaray_made *c = m->first; c != NULL; c = c->next) {
		n += 2 + MANTARAY_PREFIX_MAX + m->width;
		if ((c->type & MANTARAY_METADATA) != 0)
			n += 2 + c->metadata.n + padding_of(c->metadata.n);
	}
	return n;
}

bool mantaray_write_wants(struct mantaray_write *w, size_t *size)
{
	if (!w->ended)
		w->stage = leftmost(w->root);
	w->ended = true;
	if (w->stage == NULL)
		return false;
	*size = size_of(w->stage);
	return true;
}

static void write_fork(struct writer *w, const struct mantaray_made *c, size_t width)
{
	static const uint8_t zeros[MANTARAY_PREFIX_MAX];
	write_u8(w, c->type);
	write_u8(w, c->prefix_n);
	write_bytes(w, bytes_of(c->prefix, c->prefix_n));
	write_bytes(w, bytes_of(zeros, MANTARAY_PREFIX_MAX - (size_t)c->prefix_n));
	write_bytes(w, bytes_of(c->reference, width));
	if ((c->type & MANTARAY_METADATA) == 0)
		return;
	const size_t padding = padding_of(c->metadata.n);
	write_be16(w, (uint16_t)(c->metadata.n + padding)); /* MANTARAY_METADATA_MAX fits */
	write_bytes(w, c->metadata);
	for (size_t i = 0; i < padding; i++)
		write_u8(w, '\n');
}

int mantaray_write_node(struct mantaray_write *w, const uint8_t *key, uint8_t *out, size_t room, size_t *n)
{
	static const uint8_t clear[MANTARAY_KEY_BYTES];
	uint8_t index[INDEX_BYTES] = {0};
	struct writer o = writer_of(out, room);
	const struct mantaray_made *m = w->stage;
	assert(m != NULL);
	if (size_of(m) > MANTARAY_NODE_BYTES_MAX)
		return ERR_LIMIT;
	for (const struct mantaray_made *c = m->first; c != NULL; c = c->next)
		index[c->prefix[0] / 8] |= (uint8_t)(1U << c->prefix[0] % 8);
	write_bytes(&o, bytes_of(key == NULL ? clear : key, MANTARAY_KEY_BYTES));
	write_bytes(&o, bytes_of(mantaray_versions[1], MANTARAY_VERSION_BYTES));
	write_u8(&o, m->width);
	write_bytes(&o, bytes_of(m->reference, m->width)); /* zeros where there is no entry */
	write_bytes(&o, bytes_of(index, sizeof index));
	for (const struct mantaray_made *c = m->first; c != NULL; c = c->next)
		write_fork(&o, c, m->width);
	if (o.full)
		return ERR_NO_SPACE;
	for (size_t i = MANTARAY_KEY_BYTES; key != NULL && i < o.n; i++)
		out[i] ^= key[i % MANTARAY_KEY_BYTES];
	*n = o.n;
	return OK;
}

int mantaray_write_stored(struct mantaray_write *w, const struct reference *reference)
{
	struct mantaray_made *m = w->stage, *up = m == NULL ? NULL : m->parent;
	uint8_t bytes[REFERENCE_ENCRYPTED_BYTES] = {0};
	const size_t width = reference_write(reference, bytes);
	assert(m != NULL);
	if (up != NULL && up->width != 0 && up->width != width)
		return ERR_VALUE;
	memcpy(m->reference, bytes, sizeof m->reference);
	if (up != NULL && up->width == 0) /* only metadata there and below: the nodes' own references tell */
		up->width = (uint8_t)width;
	w->stage = m->next != NULL ? leftmost(m->next) : up;
	return OK;
}
