/* What this processor's Keccak lanes can do at most: for each kind the rate of the bare
 * permutation, and that of keccak256_many on 64-byte messages, the nodes of a BMT. Both as MB/s of
 * BMT input: a chunk of 4096 bytes costs 128 permutations. One JSON line a figure, the best of
 * several short spells, because what else runs on the machine only ever slows it down.
 *
 *	keccak_bench [KIND...]		all that the processor can run, or these */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "crypto/keccak.h"
#include "crypto/keccak_lanes.h"

#define CHUNK_BYTES 4096.0
#define CHUNK_PERMUTATIONS 128.0
#define SPELLS 40
#define PERMUTATIONS 2048 /* in one spell; below a millisecond each */
#define NODE_BYTES 64

static keccak_permute_fn *const permute[KECCAK_KINDS] = {
	keccak_permute_scalar,
#if defined(__x86_64__)
	keccak_permute_sse2,
	keccak_permute_avx2,
	keccak_permute_avx512,
#endif
};

static double seconds(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void spell_bare(enum keccak_kind kind)
{
	static _Alignas(64) uint64_t state[KECCAK_WORDS * KECCAK_LANES_MAX];
	for (unsigned i = 0; i < PERMUTATIONS; i += keccak_lanes(kind))
		permute[kind](state);
}

static void spell_nodes(enum keccak_kind kind)
{
	static _Alignas(64) uint8_t in[PERMUTATIONS / 4 * NODE_BYTES], out[PERMUTATIONS / 4 * KECCAK256_BYTES];
	for (unsigned i = 0; i < 4; i++)
		keccak256_many(kind, in, NODE_BYTES, NODE_BYTES, out, KECCAK256_BYTES, PERMUTATIONS / 4);
}

static void measure(const char *what, enum keccak_kind kind, void (*spell)(enum keccak_kind))
{
	double best = 0;
	for (unsigned i = 0; i <= SPELLS; i++) {
		const double start = seconds();
		spell(kind);
		const double took = seconds() - start;
		if (i != 0 && (best == 0 || took < best)) /* the first one warms up */
			best = took;
	}
	const double each = best / PERMUTATIONS;
	printf("{\"bench\":\"%s\",\"kind\":\"%s\",\"lanes\":%u,\"ns\":%.1f,\"mb_s\":%.0f}\n", what,
	       keccak_kind_name(kind), keccak_lanes(kind), each * 1e9, CHUNK_BYTES / CHUNK_PERMUTATIONS / each / 1e6);
}

static bool wanted(enum keccak_kind kind, int n, char **names)
{
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], keccak_kind_name(kind)) == 0)
			return true;
	return n == 0;
}

int main(int argc, char **argv)
{
	unsigned measured = 0;
	for (int k = 0; k < KECCAK_KINDS; k++) {
		const enum keccak_kind kind = (enum keccak_kind)k;
		if (!keccak_can(kind) || !wanted(kind, argc - 1, argv + 1))
			continue;
		measure("keccak-permutation", kind, spell_bare);
		measure("keccak-nodes", kind, spell_nodes);
		measured++;
	}
	if (measured == 0)
		fprintf(stderr, "keccak_bench: this processor runs none of these kinds\n");
	return fflush(stdout) != 0 || measured == 0;
}
