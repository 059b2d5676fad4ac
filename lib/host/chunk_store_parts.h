/* What the files of the chunk store share with each other, and nobody else. */
#ifndef HOST_CHUNK_STORE_PARTS_H
#define HOST_CHUNK_STORE_PARTS_H

#include <lmdb.h>

#include "host/chunk_store.h"

#define CHUNK_STORE_HEADER_BYTES 16
#define CHUNK_STORE_BUFFER_BYTES (1U << 20)
#define CHUNK_STORE_END_MAX (1ULL << 48) /* of the file, as the index can say it */
#define CHUNK_PLACE_BYTES 8              /* in the index: LE64 of offset << 16 | length */

/* Where the bytes of a chunk lie. */
struct chunk_place {
	uint64_t offset;
	size_t n;
};

struct chunk_store {
	enum chunk_store_mode mode;
	int data; /* the file of chunks; a writer has locked it */
	MDB_env *env;
	MDB_dbi dbi;
	enum keccak_kind kind;

	/* Of the writer, while puts are under way. */
	MDB_txn *batch;    /* NULL: none */
	uint64_t end;      /* where the next chunk goes */
	size_t batch_n;    /* chunks */
	size_t buffered_n; /* the last bytes before end, not written yet */
	uint8_t *buffer;   /* owned, CHUNK_STORE_BUFFER_BYTES; NULL: a reader */
};

/* An error of LMDB's as one of ours; errno is set when the system gave one. */
int chunk_store_err(int rc, const char *what, struct why *why);
/* Where the index says that it lies: 0 or an error of LMDB's; *spelled: whether that could be read. */
int chunk_store_look_up(const struct chunk_store *store, MDB_txn *txn, const uint8_t address[static REFERENCE_BYTES],
			struct chunk_place *place, bool *spelled);
/* The bytes that lie there, fewer at the end of the file; checked against address, or not. */
MUST_CHECK int chunk_store_read(const struct chunk_store *store, struct chunk_place place,
				uint8_t chunk[static CHUNK_STORED_BYTES_MAX], size_t *n, struct why *why);
MUST_CHECK int chunk_store_read_checked(const struct chunk_store *store, struct chunk_place place,
					const uint8_t address[static REFERENCE_BYTES],
					uint8_t chunk[static CHUNK_STORED_BYTES_MAX], size_t *n, struct why *why);
/* An entry of the index; false: it is not the store's spelling. */
bool chunk_place_of(MDB_val v, struct chunk_place *place);
/* Cuts off what an earlier writer left behind the last indexed chunk. */
MUST_CHECK int chunk_store_trim(struct chunk_store *store, struct why *why);
/* Forgets what was put since the last commit. */
void chunk_store_abort(struct chunk_store *store);

#endif
