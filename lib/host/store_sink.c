#include "host/store_sink.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static int fail(const struct store_sink *s, int err, const struct why *why)
{
	const int number = errno;
	if (err == ERR_IO && why->what != NULL)
		cli_error(s->cli, err, "%s: %s: %s", s->folder, why->what, strerror(number));
	else
		cli_fail(s->cli, err, s->folder, why);
	return err;
}

int store_sink_open(struct cli *cli, const char *folder, struct store_sink *s)
{
	struct why why = {.what = NULL};
	*s = (struct store_sink){.cli = cli, .folder = folder};
	struct stat st;
	if (stat(folder, &st) == 0 && !S_ISDIR(st.st_mode)) {
		cli_error(cli, ERR_IO, "%s: is no folder; a store is one, and made when it is not there", folder);
		return ERR_IO;
	}
	int err = chunk_store_open(folder, CHUNK_STORE_WRITE, &s->store, &why);
	return err == OK ? OK : fail(s, err, &why);
}

static int put(void *context, const uint8_t address[static REFERENCE_BYTES], struct bytes chunk)
{
	struct store_sink *s = context;
	struct why why = {.what = NULL};
	uint8_t found[CHUNK_STORED_BYTES_MAX];
	size_t n;
	const bool damaged = chunk_store_get(s->store, address, found, &n, NULL) == ERR_HASH;
	int err = chunk_store_put(s->store, address, chunk, damaged ? CHUNK_REPLACE : CHUNK_KEEP, &why);
	return err == OK ? OK : fail(s, err, &why);
}

static int end(void *context)
{
	struct store_sink *s = context;
	struct why why = {.what = NULL};
	int err = chunk_store_commit(s->store, &why);
	return err == OK ? OK : fail(s, err, &why);
}

struct chunk_sink store_sink(struct store_sink *s)
{
	return (struct chunk_sink){.put = put, .end = end, .context = s};
}

void store_sink_close(struct store_sink *s)
{
	chunk_store_close(s->store);
	s->store = NULL;
}
