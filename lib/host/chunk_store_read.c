#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/chunk_store_parts.h"

#define CHECK_AT_ONCE 16384 /* entries that are read in the order of the file */

int chunk_store_read(const struct chunk_store *store, struct chunk_place place,
		     uint8_t chunk[static CHUNK_STORED_BYTES_MAX], size_t *n, struct why *why)
{
	size_t done = 0;
	while (done < place.n) {
		const ssize_t got = pread(store->data, chunk + done, place.n - done, (off_t)(place.offset + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno != EINVAL) /* EINVAL: an offset that no file has, so damage */
			return why_not(why, ERR_IO, "the file chunks", place.offset, BYTES_NONE);
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	*n = done;
	return OK;
}

int chunk_store_read_checked(const struct chunk_store *store, struct chunk_place place,
			     const uint8_t address[static REFERENCE_BYTES],
			     uint8_t chunk[static CHUNK_STORED_BYTES_MAX], size_t *n, struct why *why)
{
	struct chunk parts;
	struct bmt_scratch scratch;
	size_t done = 0;
	int err = chunk_store_read(store, place, chunk, &done, why);
	if (err != OK)
		return err;
	if (done < place.n || chunk_check(address, bytes_of(chunk, done), store->kind, &scratch, &parts) != OK)
		return why_not(why, ERR_HASH, "a chunk of the store is damaged", place.offset,
			       bytes_of(address, REFERENCE_BYTES));
	*n = done;
	return OK;
}

/* An entry of the index, taken out of it. */
struct entry {
	uint8_t address[REFERENCE_BYTES];
	struct chunk_place place;
};

/* The next entries behind *after (all of them when *began is false) in their own short transaction:
 * a long one would keep a writer from using old pages of the index again. */
static int next_entries(struct chunk_store *store, uint8_t after[static REFERENCE_BYTES], bool *began,
			struct entry *entries, size_t *entries_n, struct why *why)
{
	MDB_txn *txn;
	MDB_cursor *cursor;
	MDB_val key = {.mv_size = REFERENCE_BYTES, .mv_data = after}, value;
	size_t n = 0;
	int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
	if (rc != 0)
		return chunk_store_err(rc, "the file index.mdb", why);
	rc = mdb_cursor_open(txn, store->dbi, &cursor);
	if (rc == 0) {
		rc = mdb_cursor_get(cursor, &key, &value, *began ? MDB_SET_RANGE : MDB_FIRST);
		for (; rc == 0 && n < CHECK_AT_ONCE; rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
			struct entry *e = &entries[n];
			if (key.mv_size != REFERENCE_BYTES ||
			    (*began && memcmp(key.mv_data, after, REFERENCE_BYTES) == 0))
				continue;
			memcpy(e->address, key.mv_data, REFERENCE_BYTES);
			if (!chunk_place_of(value, &e->place)) /* reading it fails then, as it must */
				e->place = (struct chunk_place){.offset = 0, .n = 0};
			n++;
		}
		mdb_cursor_close(cursor);
	}
	mdb_txn_abort(txn);
	if (rc != 0 && rc != MDB_NOTFOUND)
		return chunk_store_err(rc, "the file index.mdb", why);
	if (n != 0)
		memcpy(after, entries[n - 1].address, REFERENCE_BYTES);
	*began = true;
	*entries_n = n;
	return OK;
}

static int by_offset(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	return (x->place.offset > y->place.offset) - (x->place.offset < y->place.offset);
}

int chunk_store_check(struct chunk_store *store,
		      void (*bad)(void *context, const uint8_t address[static REFERENCE_BYTES], int err), void *context,
		      uint64_t *n, struct why *why)
{
	uint8_t after[REFERENCE_BYTES] = {0}, chunk[CHUNK_STORED_BYTES_MAX];
	bool began = false;
	size_t entries_n = 0, chunk_n;
	uint64_t checked = 0;
	struct entry *entries = malloc(CHECK_AT_ONCE * sizeof *entries);
	if (entries == NULL)
		return ERR_NO_MEMORY;
	int err;
	while ((err = next_entries(store, after, &began, entries, &entries_n, why)) == OK && entries_n != 0) {
		qsort(entries, entries_n, sizeof *entries, by_offset);
		for (size_t i = 0; i < entries_n; i++, checked++) {
			int found = chunk_store_read_checked(store, entries[i].place, entries[i].address, chunk,
							     &chunk_n, NULL);
			if (found != OK)
				bad(context, entries[i].address, found);
		}
	}
	free(entries);
	if (err == OK)
		*n = checked;
	return err;
}
