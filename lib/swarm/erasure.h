/* Erasure coding of a Swarm intermediate chunk's children: of data_n shards and parity_n parity
 * shards, all of 4104 bytes (span and payload of a stored chunk, zero-padded), any data_n give
 * back all others. Nothing here knows a wrong shard: whoever takes a shard from others, or gets
 * one recovered, checks it against its address.
 *
 * The code is Reed and Solomon's over GF(2^8) with the polynomial 0x11d. Byte by byte, the data
 * shards are the values at 0, 1, … data_n - 1 of a polynomial of degree below data_n, the parity
 * shards its values at the numbers that follow. That is the systematic Vandermonde matrix of
 * klauspost/reedsolomon, which bee uses; checked against both.
 *
 * The kinds give the same results; which is fastest depends on the machine. */
#ifndef SWARM_ERASURE_H
#define SWARM_ERASURE_H

#include "swarm/bmt.h"

#define ERASURE_SHARD_BYTES CHUNK_BYTES_MAX
#define ERASURE_SHARDS_MAX 128                                                   /* data and parity */
#define ERASURE_ROWS_BYTES ((ERASURE_SHARDS_MAX / 2) * (ERASURE_SHARDS_MAX / 2)) /* data_n * parity_n at most */

enum erasure_kind { ERASURE_SCALAR, ERASURE_AVX2, ERASURE_GFNI };
#define ERASURE_KINDS 3

/* Products by each of the 256 constants, as the kinds want them. */
struct erasure_tables {
	uint8_t halves[256][32]; /* of 0x00 to 0x0f, then of 0x00, 0x10, … 0xf0 */
	uint64_t matrices[256];  /* multiplication as a matrix of bits */
};

struct erasure {
	enum erasure_kind kind;
	unsigned data_n, parity_n; /* whose parity the rows make; 0: something else's */
	uint8_t rows[ERASURE_ROWS_BYTES];
	uint8_t powers[2 * 255], logs[256]; /* of the generator, 2 */
	struct erasure_tables tables;
};

/* Whether this processor can run kind. Asks the processor each time: ask once and keep the kind. */
bool erasure_can(enum erasure_kind kind);
/* The fastest kind that erasure_can run. */
enum erasure_kind erasure_fastest(void);
const char *erasure_kind_name(enum erasure_kind kind);

/* kind must be one that erasure_can run. Takes some tens of microseconds: once, not per call. */
void erasure_init(struct erasure *e, enum erasure_kind kind);
/* Fills parity_n shards from data_n; no shard of the one may overlap any of the other. ERR_VALUE
 * for no data, ERR_LIMIT for more than ERASURE_SHARDS_MAX together. */
MUST_CHECK int erasure_encode(struct erasure *e, unsigned data_n, unsigned parity_n, const uint8_t *const *data,
			      uint8_t *const *parity);
/* Fills each shard i (data first, then parity) that has a want[i] from those that have a have[i];
 * NULL otherwise. Work is done for what is wanted only. ERR_MISSING for less than data_n to have;
 * ERR_VALUE also for a shard both had and wanted. */
MUST_CHECK int erasure_recover(struct erasure *e, unsigned data_n, unsigned parity_n, const uint8_t *const *have,
			       uint8_t *const *want);

#endif
