#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/chunk_store_parts.h"
#include "host/file.h"

/* The entry of the index that is no chunk's: where the next one goes, LE64. */
static char end_key[] = "end";
#define END_KEY ((MDB_val){.mv_size = sizeof end_key - 1, .mv_data = end_key})

static int read_end(const struct chunk_store *store, MDB_txn *txn, uint64_t *end, struct why *why)
{
	uint8_t raw[8];
	MDB_val key = END_KEY, value;
	int rc = mdb_get(txn, store->dbi, &key, &value);
	*end = CHUNK_STORE_HEADER_BYTES;
	if (rc == MDB_NOTFOUND) /* a store that never had a commit */
		return OK;
	if (rc != 0)
		return chunk_store_err(rc, "the file index.mdb", why);
	if (value.mv_size == sizeof raw) {
		memcpy(raw, value.mv_data, sizeof raw);
		*end = load_le64(raw);
	}
	if (value.mv_size != sizeof raw || *end < CHUNK_STORE_HEADER_BYTES || *end >= CHUNK_STORE_END_MAX) {
		errno = EIO;
		return why_not(why, ERR_IO, "the file index.mdb is damaged", WHY_NOWHERE, BYTES_NONE);
	}
	return OK;
}

static int begin(struct chunk_store *store, struct why *why)
{
	if (store->batch != NULL)
		return OK;
	int rc = mdb_txn_begin(store->env, NULL, 0, &store->batch);
	if (rc != 0) {
		store->batch = NULL;
		return chunk_store_err(rc, "the file index.mdb", why);
	}
	store->batch_n = store->buffered_n = 0;
	int err = read_end(store, store->batch, &store->end, why);
	if (err != OK)
		chunk_store_abort(store);
	return err;
}

void chunk_store_abort(struct chunk_store *store)
{
	const int kept = errno;
	if (store->batch != NULL)
		mdb_txn_abort(store->batch);
	store->batch = NULL;
	errno = kept;
}

static int fail(struct chunk_store *store, int err)
{
	chunk_store_abort(store);
	return err;
}

int chunk_store_trim(struct chunk_store *store, struct why *why)
{
	struct stat st;
	int err = begin(store, why);
	if (err != OK)
		return err;
	const uint64_t end = store->end;
	chunk_store_abort(store);
	/* shorter than the index says: somebody cut it, which costs the chunks that were there */
	if (fstat(store->data, &st) != 0 || ((uint64_t)st.st_size > end && ftruncate(store->data, (off_t)end) != 0))
		return why_not(why, ERR_IO, "the file chunks", WHY_NOWHERE, BYTES_NONE);
	return OK;
}

static int flush(struct chunk_store *store, struct why *why)
{
	int err =
		file_write_at(store->data, bytes_of(store->buffer, store->buffered_n), store->end - store->buffered_n);
	if (err != OK)
		return why_not(why, err, "the file chunks", WHY_NOWHERE, BYTES_NONE);
	store->buffered_n = 0;
	return OK;
}

int chunk_store_put(struct chunk_store *store, const uint8_t address[static REFERENCE_BYTES], struct bytes chunk,
		    enum chunk_put how, struct why *why)
{
	assert(store->mode == CHUNK_STORE_WRITE);
	if (chunk.n < CHUNK_SPAN_BYTES || chunk.n > CHUNK_STORED_BYTES_MAX)
		return ERR_LIMIT;
	int err = begin(store, why);
	if (err != OK)
		return err;
	uint8_t copy[REFERENCE_BYTES], raw[CHUNK_PLACE_BYTES];
	memcpy(copy, address, sizeof copy);
	store_le64(raw, store->end << 16 | chunk.n);
	MDB_val key = {.mv_size = sizeof copy, .mv_data = copy}, value = {.mv_size = sizeof raw, .mv_data = raw};
	int rc = mdb_put(store->batch, store->dbi, &key, &value, how == CHUNK_KEEP ? MDB_NOOVERWRITE : 0);
	if (rc == MDB_KEYEXIST)
		return OK;
	if (rc != 0)
		return fail(store, chunk_store_err(rc, "the file index.mdb", why));
	if (chunk.n > CHUNK_STORE_BUFFER_BYTES - store->buffered_n && (err = flush(store, why)) != OK)
		return fail(store, err);
	memcpy(store->buffer + store->buffered_n, chunk.p, chunk.n);
	store->buffered_n += chunk.n;
	store->end += chunk.n;
	if (store->end >= CHUNK_STORE_END_MAX) {
		errno = EFBIG;
		return fail(store, ERR_IO);
	}
	return ++store->batch_n < CHUNK_STORE_BATCH ? OK : chunk_store_commit(store, why);
}

int chunk_store_commit(struct chunk_store *store, struct why *why)
{
	uint8_t raw[8];
	MDB_val key = END_KEY, value = {.mv_size = sizeof raw, .mv_data = raw};
	if (store->batch == NULL)
		return OK;
	int err = flush(store, why);
	if (err != OK)
		return fail(store, err);
	if (fdatasync(store->data) != 0)
		return fail(store, why_not(why, ERR_IO, "the file chunks", WHY_NOWHERE, BYTES_NONE));
	store_le64(raw, store->end);
	int rc = mdb_put(store->batch, store->dbi, &key, &value, 0);
	if (rc != 0)
		return fail(store, chunk_store_err(rc, "the file index.mdb", why));
	rc = mdb_txn_commit(store->batch); /* frees it in any case */
	store->batch = NULL;
	return rc == 0 ? OK : chunk_store_err(rc, "the file index.mdb", why);
}
