/* Encoding and recovering the shards of one intermediate chunk, on one core, as MB/s of data
 * shards: for each kind of vectors, one JSON line a figure. The best of several short spells,
 * because what else runs on the machine only ever slows it down.
 *
 *	erasure_bench [KIND...]		all that the processor can run, or these */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "swarm/erasure.h"

#define SPELLS 60
#define ROUNDS 40 /* in one spell */

static const unsigned counts[][2] = {{119, 9}, {97, 31}, {39, 89}};
static uint8_t shards[ERASURE_SHARDS_MAX][ERASURE_SHARD_BYTES], out[ERASURE_SHARDS_MAX][ERASURE_SHARD_BYTES];
static struct erasure erasure;

static double seconds(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int encode(unsigned data_n, unsigned parity_n)
{
	const uint8_t *data[ERASURE_SHARDS_MAX];
	uint8_t *parity[ERASURE_SHARDS_MAX];
	for (unsigned i = 0; i < data_n; i++)
		data[i] = shards[i];
	for (unsigned i = 0; i < parity_n; i++)
		parity[i] = shards[data_n + i];
	return erasure_encode(&erasure, data_n, parity_n, data, parity);
}

/* As many data shards lost as the code stands, at most all of them. */
static int recover(unsigned data_n, unsigned parity_n)
{
	const uint8_t *have[ERASURE_SHARDS_MAX];
	uint8_t *want[ERASURE_SHARDS_MAX];
	const unsigned lost = data_n < parity_n ? data_n : parity_n;
	for (unsigned i = 0; i < data_n + parity_n; i++) {
		have[i] = i < lost ? NULL : shards[i];
		want[i] = i < lost ? out[i] : NULL;
	}
	return erasure_recover(&erasure, data_n, parity_n, have, want);
}

static void measure(const char *what, int (*run)(unsigned, unsigned), unsigned data_n, unsigned parity_n)
{
	double best = 0;
	for (unsigned i = 0; i <= SPELLS; i++) {
		const double start = seconds();
		for (unsigned r = 0; r < ROUNDS; r++)
			if (run(data_n, parity_n) != 0)
				abort();
		const double took = seconds() - start;
		if (i != 0 && (best == 0 || took < best)) /* the first one warms up */
			best = took;
	}
	printf("{\"bench\":\"%s\",\"data\":%u,\"parity\":%u,\"kind\":\"%s\",\"mb_s\":%.0f}\n", what, data_n, parity_n,
	       erasure_kind_name(erasure.kind), (double)data_n * ERASURE_SHARD_BYTES * ROUNDS / best / 1e6);
}

static bool wanted(enum erasure_kind kind, int n, char **names)
{
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], erasure_kind_name(kind)) == 0)
			return true;
	return n == 0;
}

int main(int argc, char **argv)
{
	unsigned measured = 0;
	for (size_t i = 0; i < ERASURE_SHARDS_MAX; i++)
		for (size_t b = 0; b < ERASURE_SHARD_BYTES; b++)
			shards[i][b] = (uint8_t)(b * 31 + i * 7);
	for (int k = 0; k < ERASURE_KINDS; k++) {
		if (!erasure_can((enum erasure_kind)k) || !wanted((enum erasure_kind)k, argc - 1, argv + 1))
			continue;
		erasure_init(&erasure, (enum erasure_kind)k);
		for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
			measure("erasure-encode", encode, counts[c][0], counts[c][1]);
			measure("erasure-recover", recover, counts[c][0], counts[c][1]);
		}
		measured++;
	}
	if (measured == 0)
		fprintf(stderr, "erasure_bench: this processor runs none of these kinds\n");
	return fflush(stdout) != 0 || measured == 0;
}
