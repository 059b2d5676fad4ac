/* What reading a file out of its tree costs beside hashing its leaves: both in turn, from memory, in the
 * processor's time, the best of several spells each. One JSON line a figure; ratio is to the hash alone
 * in batches of BMT_BATCH. */
#include <stdio.h>
#include <time.h>

#include "../unit/file_tree.h"
#include "swarm/join.h"

#define FILE_BYTES (2048U * 4096)
#define SPELLS 20
#define SLOTS_N 256U

static struct store store;
static struct erasure erasure;
static struct file_tree tree;
static struct join join;
static struct join_slot slots[SLOTS_N];
static struct join_group groups[2];
static uint8_t content[FILE_BYTES];
static uint64_t sum;
static enum keccak_kind kind; /* asking the processor for it takes as long as hashing */

static double seconds(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The same chunks where they lie. */
static double hash_leaves(void)
{
	struct bmt_chunk chunks[BMT_BATCH];
	uint8_t addresses[BMT_BATCH][REFERENCE_BYTES];
	const double start = seconds();
	for (size_t at = 0; at + BMT_BATCH <= store.n; at += BMT_BATCH) {
		for (size_t i = 0; i < BMT_BATCH; i++) {
			const struct bytes chunk = bytes_of(store.chunks[at + i].bytes, store.chunks[at + i].n);
			chunks[i] = (struct bmt_chunk){.span = load_le64(chunk.p),
						       .payload = bytes_skip(chunk, CHUNK_SPAN_BYTES)};
		}
		bmt_addresses(kind, chunks, BMT_BATCH, addresses, &join.scratch);
		sum += addresses[0][0];
	}
	return (seconds() - start) * FILE_BYTES / ((double)store.n * CHUNK_PAYLOAD_MAX); /* parities, too */
}

/* 0: it did not come to its end. */
static double read_all(const struct reference *root, enum join_order order, size_t at_once)
{
	const struct join_memory memory = {.slots = slots,
					   .slots_n = SLOTS_N,
					   .groups = groups,
					   .groups_n = tree.level > 0 ? 2 : 0,
					   .erasure = &erasure,
					   .kind = kind,
					   .order = order};
	struct join_arrival arrivals[BMT_BATCH];
	struct join_want want;
	struct join_data data;
	uint64_t bytes = 0;
	const double start = seconds();
	join_init(&join, root, &memory);
	join_read(&join, 0, UINT64_MAX);
	while (!join_done(&join)) {
		size_t n = 0;
		for (; n < at_once && join_want(&join, &want); n++) {
			const struct stored *c = store_get(&store, want.address);
			arrivals[n] = (struct join_arrival){.id = want.id, .data = bytes_of(c->bytes, c->n)};
		}
		if (join_chunks(&join, arrivals, n, NULL) != OK)
			return 0;
		while (join_data(&join, &data)) {
			bytes += data.bytes.n;
			sum += data.bytes.p[0];
		}
	}
	return bytes == FILE_BYTES ? seconds() - start : 0;
}

static int measure(const char *name, unsigned level, bool encrypted, enum join_order order, size_t at_once)
{
	double hash = 0, read = 0;
	store_clear(&store);
	file_tree_init(&tree, &store, &erasure, level, encrypted);
	const struct reference root = file_tree_of(&tree, bytes_of(content, sizeof content));
	for (unsigned i = 0; i < SPELLS; i++) {
		const double h = hash_leaves(), r = read_all(&root, order, at_once);
		if (r <= 0)
			return 1;
		hash = i == 0 || h < hash ? h : hash;
		read = i == 0 || r < read ? r : read;
	}
	printf("{\"bench\":\"join\",\"what\":\"%s\",\"mb_s\":%.0f,\"hash_mb_s\":%.0f,\"ratio\":%.2f}\n", name,
	       FILE_BYTES / read / 1e6, FILE_BYTES / hash / 1e6, hash / read);
	return 0;
}

int main(void)
{
	int bad = 0;
	uint64_t chance = 1;
	for (size_t i = 0; i < FILE_BYTES; i++) {
		chance = chance * 6364136223846793005U + 1442695040888963407U;
		content[i] = (uint8_t)(chance >> 56);
	}
	kind = keccak_widest();
	erasure_init(&erasure, erasure_fastest());
	bad |= measure("plain, 8 at once", 0, false, JOIN_AS_THEY_COME, BMT_BATCH);
	bad |= measure("plain, in order, 8 at once", 0, false, JOIN_IN_ORDER, BMT_BATCH);
	bad |= measure("plain, 1 at once", 0, false, JOIN_AS_THEY_COME, 1);
	bad |= measure("level 1, kept for recovery", 1, false, JOIN_AS_THEY_COME, BMT_BATCH);
	bad |= measure("encrypted", 0, true, JOIN_AS_THEY_COME, BMT_BATCH);
	if (bad != 0)
		fprintf(stderr, "join_bench: a file did not come to its end\n");
	free(store.chunks);
	return fflush(stdout) != 0 || bad != 0 || sum == 0;
}
