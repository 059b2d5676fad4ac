/* Inside of erasure.c: one file for each kind of vectors. For erasure.c alone; everybody else
 * includes swarm/erasure.h.
 *
 * The vector kinds exist on x86-64 only. */
#ifndef SWARM_ERASURE_KINDS_H
#define SWARM_ERASURE_KINDS_H

#include "swarm/erasure.h"

/* out[r] = sum of rows[r * in_n + i] * in[i], for each r < out_n; shards of ERASURE_SHARD_BYTES. */
typedef void erasure_multiply_fn(const struct erasure_tables *t, const uint8_t *rows, const uint8_t *const *in,
				 size_t in_n, uint8_t *const *out, size_t out_n);

/* Before a loop whose turns the compiler is to write out, because registers have no index. */
#if defined(__clang__)
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 8")
#endif

#if defined(__x86_64__)
erasure_multiply_fn erasure_multiply_avx2, erasure_multiply_gfni;
#endif

#endif
