#include "host/bzz_manifest.h"

#include <stdlib.h>
#include <string.h>

#include "core/hex.h"
#include "host/random.h"
#include "host/secret_free.h"
#include "http/media_type.h"
#include "swarm/mantaray_write.h"

#define METADATA_BYTES 256 /* of an entry, without its name */

int bzz_entries_add(struct bzz_entries *list, const char *path, const struct reference *reference)
{
	if (list->n == list->room) {
		const size_t room = list->room == 0 ? 64 : 2 * list->room;
		struct bzz_entry *v = calloc(room, sizeof *v);
		if (v == NULL)
			return ERR_NO_MEMORY;
		if (list->n > 0)
			memcpy(v, list->v, list->n * sizeof *v);
		secret_free(list->v, list->n * sizeof *v); /* realloc would leave the keys */
		list->v = v;
		list->room = room;
	}
	char *copy = strdup(path);
	if (copy == NULL)
		return ERR_NO_MEMORY;
	list->v[list->n++] = (struct bzz_entry){.path = copy, .reference = *reference};
	return OK;
}

void bzz_entries_free(struct bzz_entries *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].path);
	secret_free(list->v, list->n * sizeof *list->v); /* references with keys */
	*list = (struct bzz_entries){.n = 0};
}

/* Room for the trie: the writer's promise, and the metadata with every byte of a name escaped. */
static size_t arena_bytes(const struct bzz_entries *list)
{
	size_t n = 4 * MANTARAY_WRITE_ENTRY_BYTES + 2 * MANTARAY_METADATA_MAX; /* the root, and the site's documents */
	for (size_t i = 0; i < list->n; i++) {
		const size_t path = strlen(list->v[i].path);
		n += (path / MANTARAY_PREFIX_MAX + 1) * MANTARAY_WRITE_ENTRY_BYTES + 6 * path + METADATA_BYTES;
	}
	return n;
}

static int add_documents(struct bzz_write *w, struct mantaray_write *m, const struct bzz_site_documents *d)
{
	struct mantaray_pair pairs[2];
	struct why why = {.what = NULL};
	size_t n = 0;
	if (d->error != NULL)
		pairs[n++] = (struct mantaray_pair){BYTES_LITERAL("website-error-document"), bytes_text(d->error)};
	if (d->index != NULL)
		pairs[n++] = (struct mantaray_pair){BYTES_LITERAL("website-index-document"), bytes_text(d->index)};
	int err = n == 0 ? OK : mantaray_write_add(m, BYTES_LITERAL("/"), NULL, pairs, n, &why);
	if (err != OK)
		cli_fail(w->cli, err, "--index, --error", &why);
	return err;
}

static int add_file(struct mantaray_write *m, const struct bzz_entry *e, struct why *why)
{
	const char *slash = strrchr(e->path, '/');
	const struct mantaray_pair pairs[] = {
		{BYTES_LITERAL("Content-Type"), bytes_text(media_type_of_name(bytes_text(e->path)))},
		{BYTES_LITERAL("Filename"), bytes_text(slash == NULL ? e->path : slash + 1)},
	};
	return mantaray_write_add(m, bytes_text(e->path), &e->reference, pairs, sizeof pairs / sizeof pairs[0], why);
}

/* Nodes from the bottom up, each a file. */
static int store_nodes(struct bzz_write *w, struct mantaray_write *m, struct reference *root)
{
	uint8_t key[REFERENCE_KEY_BYTES];
	size_t size, n = 0;
	int err = OK;
	while (err == OK && mantaray_write_wants(m, &size)) {
		uint8_t *node = malloc(size);
		if (node == NULL)
			return ERR_NO_MEMORY;
		if (w->encrypt)
			err = random_fill(key, sizeof key);
		if (err == OK)
			err = mantaray_write_node(m, w->encrypt ? key : NULL, node, size, &n);
		if (err == OK)
			err = bzz_write_bytes(w, bytes_of(node, n), root);
		if (err == OK)
			err = mantaray_write_stored(m, root);
		secret_free(node, size); /* of encrypted files there are keys in it */
	}
	return err;
}

static int by_path(const void *a, const void *b)
{
	const struct bzz_entry *x = a, *y = b;
	return strcmp(x->path, y->path);
}

static int add_all(struct bzz_write *w, struct mantaray_write *m, const struct bzz_entries *list,
		   const struct bzz_site_documents *documents)
{
	struct why why = {.what = NULL};
	int err = documents->first ? add_documents(w, m, documents) : OK;
	for (size_t i = 0; err == OK && i < list->n; i++) {
		err = add_file(m, &list->v[i], &why);
		if (err != OK)
			cli_fail(w->cli, err, list->v[i].path, &why);
	}
	return err == OK && !documents->first ? add_documents(w, m, documents) : err;
}

int bzz_manifest_write(struct bzz_write *w, const struct bzz_entries *list, const struct bzz_site_documents *documents,
		       struct reference *root)
{
	struct mantaray_write m;
	const size_t room = arena_bytes(list);
	uint8_t *memory = malloc(room);
	if (memory == NULL)
		return ERR_NO_MEMORY;
	struct arena arena = arena_of(memory, room);
	if (list->n > 1) /* their order leaves traces in the nodes: the same files, the same root */
		qsort(list->v, list->n, sizeof *list->v, by_path);
	int err = mantaray_write_init(&m, &arena);
	if (err == OK)
		err = add_all(w, &m, list, documents);
	if (err == OK)
		err = store_nodes(w, &m, root);
	secret_free(memory, arena.n);
	return err;
}

int bzz_manifest_write_feed(struct bzz_write *w, const uint8_t owner[static SECP256K1_ADDRESS_BYTES],
			    const uint8_t topic[static 32], struct reference *root)
{
	static const struct reference none; /* as bee has it: a reference of zeros */
	char owner_hex[2 * SECP256K1_ADDRESS_BYTES], topic_hex[64];
	_Alignas(16) uint8_t memory[8 * MANTARAY_WRITE_ENTRY_BYTES];
	struct arena arena = arena_of(memory, sizeof memory);
	struct mantaray_write m;
	hex_encode(bytes_of(owner, SECP256K1_ADDRESS_BYTES), owner_hex);
	hex_encode(bytes_of(topic, 32), topic_hex);
	const struct mantaray_pair pairs[] = {
		{BYTES_LITERAL("swarm-feed-owner"), bytes_of(owner_hex, sizeof owner_hex)},
		{BYTES_LITERAL("swarm-feed-topic"), bytes_of(topic_hex, sizeof topic_hex)},
		{BYTES_LITERAL("swarm-feed-type"), BYTES_LITERAL("Sequence")},
	};
	int err = mantaray_write_init(&m, &arena);
	if (err == OK)
		err = mantaray_write_add(&m, BYTES_LITERAL("/"), &none, pairs, sizeof pairs / sizeof pairs[0], NULL);
	return err == OK ? store_nodes(w, &m, root) : err;
}
