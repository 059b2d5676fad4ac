#include "host/chunk_store_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "host/file.h"

#define PATH_BYTES_MAX 4096
#define INDEX_BYTES_MAX (1ULL << 38) /* of address space, not of memory or disk */
#define READERS_MAX 1000             /* at once, in all processes */

static const char header[CHUNK_STORE_HEADER_BYTES] = "swarm-chunks 1\n";

int chunk_store_err(int rc, const char *what, struct why *why)
{
	if (rc == ENOMEM)
		return ERR_NO_MEMORY;
	errno = rc > 0 ? rc : EIO;
	/* a literal, for the codes that are LMDB's own */
	return why_not(why, ERR_IO, rc > 0 ? what : mdb_strerror(rc), WHY_NOWHERE, BYTES_NONE);
}

bool chunk_place_of(MDB_val v, struct chunk_place *place)
{
	uint8_t raw[CHUNK_PLACE_BYTES];
	if (v.mv_size != sizeof raw)
		return false;
	memcpy(raw, v.mv_data, sizeof raw); /* LMDB aligns nothing */
	const uint64_t both = load_le64(raw);
	*place = (struct chunk_place){.offset = both >> 16, .n = both & 0xffff};
	return place->n <= CHUNK_STORED_BYTES_MAX;
}

/* The file of chunks: its header is written when it is new, and by a writer only. */
static int open_data(struct chunk_store *store, const char *path, struct why *why)
{
	char found[sizeof header];
	const bool writes = store->mode == CHUNK_STORE_WRITE;
	store->data = open(path, (writes ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC | O_NOCTTY, 0666);
	if (store->data < 0)
		return why_not(why, file_err(), "the file chunks", WHY_NOWHERE, BYTES_NONE);
	if (writes && flock(store->data, LOCK_EX | LOCK_NB) != 0) {
		errno = errno == EWOULDBLOCK ? EBUSY : errno;
		return why_not(why, ERR_IO, "another process writes to it", WHY_NOWHERE, BYTES_NONE);
	}
	const ssize_t n = pread(store->data, found, sizeof found, 0);
	if (n < 0)
		return why_not(why, ERR_IO, "the file chunks", WHY_NOWHERE, BYTES_NONE);
	/* the writer that made it may have been killed before it had a header */
	if (writes && n < (ssize_t)sizeof header && memcmp(found, header, (size_t)n) == 0)
		return file_write_at(store->data, bytes_of(header, sizeof header), 0);
	if (n != (ssize_t)sizeof header || memcmp(found, header, sizeof header) != 0)
		return why_not(why, ERR_VERSION, "the file chunks is not a chunk store's", WHY_NOWHERE, BYTES_NONE);
	return OK;
}

static int open_index(struct chunk_store *store, const char *path, struct why *why)
{
	static const char what[] = "the file index.mdb";
	const bool writes = store->mode == CHUNK_STORE_WRITE;
	MDB_txn *txn = NULL;
	int rc = mdb_env_create(&store->env), dead;
	if (rc == 0)
		rc = mdb_env_set_mapsize(store->env, INDEX_BYTES_MAX);
	if (rc == 0)
		rc = mdb_env_set_maxreaders(store->env, READERS_MAX);
	if (rc == 0) /* no read-ahead: addresses are hashes, what is asked next lies elsewhere */
		rc = mdb_env_open(store->env, path,
				  MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD | (writes ? 0 : MDB_RDONLY), 0666);
	if (rc == 0) /* readers that were killed would keep old pages for ever */
		rc = mdb_reader_check(store->env, &dead);
	if (rc == 0)
		rc = mdb_txn_begin(store->env, NULL, writes ? 0 : MDB_RDONLY, &txn);
	if (rc == 0)
		rc = mdb_dbi_open(txn, NULL, 0, &store->dbi);
	if (rc == 0)
		rc = mdb_txn_commit(txn);
	else if (txn != NULL)
		mdb_txn_abort(txn);
	if (rc == ENOENT)
		return why_not(why, ERR_NOT_FOUND, what, WHY_NOWHERE, BYTES_NONE);
	return rc == 0 ? OK : chunk_store_err(rc, what, why);
}

static int open_parts(struct chunk_store *store, const char *folder, struct why *why)
{
	char path[PATH_BYTES_MAX];
	if (strlen(folder) > sizeof path - sizeof "/index.mdb-lock") {
		errno = ENAMETOOLONG;
		return ERR_IO;
	}
	const bool writes = store->mode == CHUNK_STORE_WRITE;
	int err = writes ? file_make_folders(folder) : OK;
	(void)snprintf(path, sizeof path, "%s/chunks", folder);
	if (err == OK)
		err = open_data(store, path, why);
	(void)snprintf(path, sizeof path, "%s/index.mdb", folder);
	if (err == OK)
		err = open_index(store, path, why);
	if (err != OK || !writes)
		return err;
	err = file_sync_folder(path);
	return err == OK ? chunk_store_trim(store, why) : err;
}

int chunk_store_open(const char *folder, enum chunk_store_mode mode, struct chunk_store **store, struct why *why)
{
	struct chunk_store *s = calloc(1, sizeof *s);
	if (s == NULL)
		return ERR_NO_MEMORY;
	s->mode = mode;
	s->data = -1;
	s->kind = keccak_widest();
	int err = OK;
	if (mode == CHUNK_STORE_WRITE && (s->buffer = malloc(CHUNK_STORE_BUFFER_BYTES)) == NULL)
		err = ERR_NO_MEMORY;
	if (err == OK)
		err = open_parts(s, folder, why);
	if (err == OK) {
		*store = s;
		return OK;
	}
	const int kept = errno;
	chunk_store_close(s);
	errno = kept;
	return err;
}

void chunk_store_close(struct chunk_store *store)
{
	if (store == NULL)
		return;
	chunk_store_abort(store);
	if (store->env != NULL)
		mdb_env_close(store->env);
	if (store->data >= 0)
		(void)close(store->data); /* what counts was synced; the lock goes last */
	free(store->buffer);
	free(store);
}

int chunk_store_look_up(const struct chunk_store *store, MDB_txn *txn, const uint8_t address[static REFERENCE_BYTES],
			struct chunk_place *place, bool *spelled)
{
	uint8_t copy[REFERENCE_BYTES];
	memcpy(copy, address, sizeof copy);
	MDB_val key = {.mv_size = sizeof copy, .mv_data = copy}, value;
	const int rc = mdb_get(txn, store->dbi, &key, &value);
	*spelled = rc == 0 && chunk_place_of(value, place);
	return rc;
}

static int look_up(struct chunk_store *store, const uint8_t address[static REFERENCE_BYTES], struct chunk_place *place,
		   struct why *why)
{
	MDB_txn *txn;
	bool spelled = false;
	int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
	if (rc != 0)
		return chunk_store_err(rc, "the file index.mdb", why);
	rc = chunk_store_look_up(store, txn, address, place, &spelled);
	mdb_txn_abort(txn);
	if (rc == MDB_NOTFOUND)
		return ERR_NOT_FOUND;
	if (rc != 0)
		return chunk_store_err(rc, "the file index.mdb", why);
	return spelled ? OK
		       : why_not(why, ERR_HASH, "damaged in the index", WHY_NOWHERE,
				 bytes_of(address, REFERENCE_BYTES));
}

int chunk_store_get(struct chunk_store *store, const uint8_t address[static REFERENCE_BYTES],
		    uint8_t chunk[static CHUNK_STORED_BYTES_MAX], size_t *n, struct why *why)
{
	struct chunk_place place;
	int err = look_up(store, address, &place, why);
	return err == OK ? chunk_store_read_checked(store, place, address, chunk, n, why) : err;
}

uint64_t chunk_store_count(struct chunk_store *store)
{
	MDB_stat st = {0};
	MDB_txn *txn;
	if (mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn) != 0)
		return 0;
	const bool known = mdb_stat(txn, store->dbi, &st) == 0;
	mdb_txn_abort(txn);
	return known && st.ms_entries > 0 ? st.ms_entries - 1 : 0; /* one is where the next goes */
}
