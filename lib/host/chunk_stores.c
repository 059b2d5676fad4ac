#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/hex.h"
#include "host/chunk_source.h"

/* Whether a store named before is the same folder: a process may open one only once. */
static bool is_double(const char *const *names, size_t i)
{
	struct stat a, b;
	for (size_t k = 0; k < i; k++)
		if (stat(names[i], &a) == 0 && stat(names[k], &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
			return true;
	return false;
}

static const char *what_is_missing(const char *name)
{
	struct stat st;
	if (stat(name, &st) != 0)
		return errno == ENOENT ? "not found" : strerror(errno);
	return S_ISDIR(st.st_mode) ? "bzz-put makes one with --store" : "it is no folder";
}

int chunk_stores_open(struct cli *cli, const char *const *names, size_t n, struct chunk_stores *stores)
{
	*stores = (struct chunk_stores){.cli = cli, .v = calloc(n, sizeof(struct chunk_store *)), .names = names};
	if (stores->v == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < n; i++) {
		struct why why = {.what = NULL};
		int err;
		if (is_double(names, i)) {
			cli_error(cli, err = ERR_USAGE, "%s: named twice", names[i]);
		} else {
			err = chunk_store_open(names[i], CHUNK_STORE_READ, &stores->v[i], &why);
			if (err == ERR_NOT_FOUND)
				cli_error(cli, err, "%s: no chunk store: %s", names[i], what_is_missing(names[i]));
			else if (err != OK)
				cli_fail(cli, err, names[i], &why);
		}
		if (err != OK) {
			chunk_stores_close(stores);
			return err;
		}
		stores->n++;
	}
	return OK;
}

static void get_instead(const struct chunk_source *s, struct chunk_peek *p)
{
	uint8_t chunk[CHUNK_STORED_BYTES_MAX];
	size_t n = 0;
	p->err = s->get(s->context, p->address, chunk, &n);
	if (p->err == OK && n > p->max) /* it is another kind of chunk */
		p->err = ERR_HASH;
	if (p->err != OK)
		return;
	memcpy(p->chunk, chunk, n);
	p->n = n;
}

void chunk_source_peek(const struct chunk_source *s, struct chunk_peek *peeks, size_t n)
{
	if (s->peek != NULL)
		s->peek(s->context, peeks, n);
	for (size_t i = 0; i < n; i++)
		if (peeks[i].err != OK && (s->peek == NULL || peeks[i].err != ERR_NOT_FOUND))
			get_instead(s, &peeks[i]);
}

static int get(void *context, const uint8_t address[static REFERENCE_BYTES],
	       uint8_t chunk[static CHUNK_STORED_BYTES_MAX], size_t *n)
{
	struct chunk_stores *stores = context;
	int worst = ERR_NOT_FOUND;
	for (size_t i = 0; i < stores->n; i++) {
		struct why why = {.what = NULL};
		int err = chunk_store_get(stores->v[i], address, chunk, n, &why);
		if (err == OK)
			return OK;
		if (err == ERR_NOT_FOUND)
			continue;
		char hex[2 * REFERENCE_BYTES + 1] = "";
		hex_encode(bytes_of(address, REFERENCE_BYTES), hex);
		cli_warn_rarely(stores->cli, "%s: chunk %s: %s", stores->names[i], hex,
				err == ERR_HASH ? "damaged" : err_text(err));
		worst = err;
	}
	return worst;
}

static void peek(void *context, struct chunk_peek *peeks, size_t n)
{
	struct chunk_stores *stores = context;
	for (size_t i = 0; i < stores->n; i++)
		chunk_store_peek(stores->v[i], peeks, n);
}

struct chunk_source chunk_stores_source(struct chunk_stores *stores)
{
	return (struct chunk_source){.get = get, .peek = peek, .context = stores};
}

void chunk_stores_close(struct chunk_stores *stores)
{
	for (size_t i = 0; i < stores->n; i++)
		chunk_store_close(stores->v[i]);
	free(stores->v);
	stores->v = NULL;
	stores->n = 0;
}
