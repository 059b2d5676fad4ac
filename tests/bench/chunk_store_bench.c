/* Chunks put and got per second, by lib/host/chunk_store and by LMDB with the chunks as its values:
 * the same chunks, the same commits (each on the disk), every chunk that is read checked against its
 * address. One JSON line a figure. What was just written lies in the page cache, so reading shows
 * what the processor does, not the disk.
 *
 *	chunk_store_bench FOLDER CHUNKS		both stores stay in FOLDER */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/decimal.h"
#include "host/chunk_store.h"

static uint8_t chunk[CHUNK_BYTES_MAX], (*addresses)[REFERENCE_BYTES];
static uint32_t *order;
static size_t chunks_n;
static enum keccak_kind kind;
static struct bmt_scratch scratch;
static char path[4096];

static void need(bool good, const char *what)
{
	if (!good) {
		(void)fprintf(stderr, "chunk_store_bench: %s failed\n", what);
		exit(3);
	}
}

static double seconds(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double disk_bytes(const char *folder, const char *name)
{
	struct stat st;
	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	return stat(path, &st) == 0 ? (double)st.st_blocks * 512 : 0;
}

static void show(const char *what, const char *who, double took, double disk)
{
	printf("{\"bench\":\"chunk store: %s\",\"by\":\"%s\",\"chunks\":%zu,\"chunks_s\":%.0f,\"mb_s\":%.0f", what, who,
	       chunks_n, (double)chunks_n / took, (double)chunks_n * sizeof chunk / took / 1e6);
	if (disk > 0)
		printf(",\"disk_bytes_each\":%.0f", disk / (double)chunks_n);
	printf("}\n");
	(void)fflush(stdout);
}

/* One payload for all: what differs is the span. */
static void make_chunks(void)
{
	for (size_t i = CHUNK_SPAN_BYTES; i < sizeof chunk; i++)
		chunk[i] = (uint8_t)(i * 167 >> 3);
	for (size_t i = 0; i < chunks_n; i++) {
		bmt_address(kind, i, bytes_of(chunk + CHUNK_SPAN_BYTES, CHUNK_PAYLOAD_MAX), addresses[i], &scratch);
		order[i] = (uint32_t)i;
	}
	uint64_t x = 88172645463325252;
	for (size_t i = chunks_n; i > 1; i--) { /* Fisher and Yates */
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		const size_t k = (size_t)(x % i);
		const uint32_t kept = order[i - 1];
		order[i - 1] = order[k];
		order[k] = kept;
	}
}

static void store_puts(struct chunk_store *store)
{
	for (size_t i = 0; i < chunks_n; i++) {
		store_le64(chunk, i);
		need(chunk_store_put(store, addresses[i], bytes_of(chunk, sizeof chunk), CHUNK_KEEP, NULL) == OK,
		     "put");
	}
	need(chunk_store_commit(store, NULL) == OK, "commit");
}

static void store_gets(struct chunk_store *store, bool mixed)
{
	uint8_t found[CHUNK_STORED_BYTES_MAX];
	size_t n;
	for (size_t i = 0; i < chunks_n; i++)
		need(chunk_store_get(store, addresses[mixed ? order[i] : i], found, &n, NULL) == OK, "get");
}

static void measure_store(const char *folder)
{
	struct chunk_store *store;
	(void)snprintf(path, sizeof path, "%s/store", folder);
	need(chunk_store_open(path, CHUNK_STORE_WRITE, &store, NULL) == OK, "open");
	double start = seconds();
	store_puts(store);
	show("put", "chunk_store", seconds() - start,
	     disk_bytes(folder, "store/chunks") + disk_bytes(folder, "store/index.mdb"));
	start = seconds();
	store_gets(store, false);
	show("get in the order of putting", "chunk_store", seconds() - start, 0);
	start = seconds();
	store_gets(store, true);
	show("get in random order", "chunk_store", seconds() - start, 0);
	chunk_store_close(store);
}

static void lmdb_puts(MDB_env *env, MDB_dbi dbi)
{
	MDB_txn *txn;
	for (size_t i = 0; i < chunks_n;) {
		need(mdb_txn_begin(env, NULL, 0, &txn) == 0, "LMDB's begin");
		for (size_t end = i + CHUNK_STORE_BATCH; i < end && i < chunks_n; i++) {
			store_le64(chunk, i);
			MDB_val key = {.mv_size = REFERENCE_BYTES, .mv_data = addresses[i]};
			MDB_val value = {.mv_size = sizeof chunk, .mv_data = chunk};
			need(mdb_put(txn, dbi, &key, &value, MDB_NOOVERWRITE) == 0, "LMDB's put");
		}
		need(mdb_txn_commit(txn) == 0, "LMDB's commit");
	}
}

static void lmdb_gets(MDB_env *env, MDB_dbi dbi, bool mixed)
{
	uint8_t found[REFERENCE_BYTES];
	MDB_txn *txn;
	for (size_t i = 0; i < chunks_n; i++) {
		MDB_val key = {.mv_size = REFERENCE_BYTES, .mv_data = addresses[mixed ? order[i] : i]}, value;
		need(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) == 0, "LMDB's begin");
		need(mdb_get(txn, dbi, &key, &value) == 0, "LMDB's get");
		const struct bytes v = bytes_of(value.mv_data, value.mv_size);
		bmt_address(kind, load_le64(v.p), bytes_skip(v, CHUNK_SPAN_BYTES), found, &scratch);
		need(memcmp(found, key.mv_data, sizeof found) == 0, "check");
		mdb_txn_abort(txn);
	}
}

static void measure_lmdb(const char *folder)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	(void)snprintf(path, sizeof path, "%s/lmdb", folder);
	need(mdb_env_create(&env) == 0 && mdb_env_set_mapsize(env, 1ULL << 38) == 0, "LMDB's environment");
	need(mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD, 0666) == 0, "LMDB's open");
	need(mdb_txn_begin(env, NULL, 0, &txn) == 0 && mdb_dbi_open(txn, NULL, 0, &dbi) == 0 &&
		     mdb_txn_commit(txn) == 0,
	     "LMDB's table");
	double start = seconds();
	lmdb_puts(env, dbi);
	show("put", "LMDB", seconds() - start, disk_bytes(folder, "lmdb"));
	start = seconds();
	lmdb_gets(env, dbi, false);
	show("get in the order of putting", "LMDB", seconds() - start, 0);
	start = seconds();
	lmdb_gets(env, dbi, true);
	show("get in random order", "LMDB", seconds() - start, 0);
	mdb_env_close(env);
}

int main(int argc, char **argv)
{
	uint64_t n = 0;
	if (argc != 3 || decimal_read(bytes_text(argv[2]), &n) != OK || n == 0 || n > UINT32_MAX) {
		(void)fprintf(stderr, "usage: chunk_store_bench FOLDER CHUNKS\n");
		return 2;
	}
	chunks_n = (size_t)n;
	kind = keccak_widest();
	addresses = malloc(chunks_n * sizeof *addresses);
	order = malloc(chunks_n * sizeof *order);
	need(addresses != NULL && order != NULL, "malloc");
	make_chunks();
	measure_store(argv[1]);
	measure_lmdb(argv[1]);
	free(addresses);
	free(order);
	return 0;
}
