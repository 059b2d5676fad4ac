#include "crypto/keccak.h"

#include <sys/mman.h>

#include "core/err.h"
#include "core/hex.h"
#include "crypto/keccak_lanes.h"
#include "test.h"

#define LONGEST 300
#define MESSAGES_MAX 19
#define MESSAGE_MAX 128
#define STRIDE_MAX 136

static bool hash_is(const uint8_t hash[static KECCAK256_BYTES], const char *hex)
{
	uint8_t want[KECCAK256_BYTES];
	return hex_decode(bytes_text(hex), want, sizeof want) == OK && memcmp(hash, want, sizeof want) == 0;
}

static void fill(uint8_t *p, size_t n, size_t seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 7 + seed);
}

TEST(known_answers)
{
	static const struct {
		const char *in, *hash;
	} rows[] = {
		{"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"},
		{"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"},
		{"The quick brown fox jumps over the lazy dog",
		 "4d741b6f1eb29cb2a9b9911c82f56fa8d73b04959d3d9d222895df6c0b28aa15"},
	};
	uint8_t hash[KECCAK256_BYTES];
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		keccak256_of(bytes_text(rows[i].in), hash);
		CHECK(hash_is(hash, rows[i].hash));
	}
	keccak256_of(BYTES_NONE, hash);
	CHECK(hash_is(hash, rows[0].hash));
}

/* The hash of the hashes of messages of 0 to 300 bytes; the value is from a plain Python
 * implementation of the specification. */
TEST(every_length)
{
	uint8_t in[LONGEST], hash[KECCAK256_BYTES];
	struct keccak256 all;
	keccak256_init(&all);
	for (size_t n = 0; n <= LONGEST; n++) {
		fill(in, n, n);
		keccak256_of(bytes_of(in, n), hash);
		keccak256_add(&all, bytes_of(hash, sizeof hash));
	}
	keccak256_end(&all, hash);
	CHECK(hash_is(hash, "1c239d59092031520cb4dbaef3b475b9e8a5cd5c2d72c95ba96ca3f60a26c0ad"));
}

TEST(cut_everywhere)
{
	uint8_t in[LONGEST], want[KECCAK256_BYTES], hash[KECCAK256_BYTES];
	fill(in, sizeof in, 3);
	keccak256_of(bytes_of(in, sizeof in), want);
	for (size_t cut = 0; cut <= sizeof in; cut++) {
		struct keccak256 h;
		keccak256_init(&h);
		keccak256_add(&h, bytes_of(in, cut));
		keccak256_add(&h, BYTES_NONE);
		keccak256_add(&h, bytes_of(in + cut, sizeof in - cut));
		keccak256_end(&h, hash);
		CHECK(memcmp(hash, want, sizeof hash) == 0);
	}
	for (size_t step = 1; step <= 150; step++) {
		struct keccak256 h;
		keccak256_init(&h);
		for (size_t at = 0; at < sizeof in; at += step)
			keccak256_add(&h, bytes_of(in + at, sizeof in - at < step ? sizeof in - at : step));
		keccak256_end(&h, hash);
		CHECK(memcmp(hash, want, sizeof hash) == 0);
	}
}

/* The compiler's own library knows the processor too. */
TEST(kinds_are_what_the_processor_can)
{
	CHECK(keccak_can(KECCAK_SCALAR));
#if defined(__x86_64__)
	CHECK(keccak_can(KECCAK_SSE2));
	CHECK(keccak_can(KECCAK_AVX2) == (__builtin_cpu_supports("avx2") != 0));
	CHECK(keccak_can(KECCAK_AVX512) ==
	      (__builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512vl") != 0));
#else
	CHECK(!keccak_can(KECCAK_SSE2) && !keccak_can(KECCAK_AVX2) && !keccak_can(KECCAK_AVX512));
#endif
	const enum keccak_kind widest = keccak_widest();
	CHECK(keccak_can(widest));
	for (int k = 0; k < KECCAK_KINDS; k++) {
		const enum keccak_kind kind = (enum keccak_kind)k;
		CHECK(!keccak_can(kind) || keccak_lanes(kind) <= keccak_lanes(widest));
		CHECK(keccak_lanes(kind) >= 1 && keccak_lanes(kind) <= KECCAK_LANES_MAX);
		printf("# %s: %s\n", keccak_kind_name(kind), keccak_can(kind) ? "tested" : "not on this processor");
	}
	CHECK(strcmp(keccak_kind_name(KECCAK_SCALAR), "scalar") == 0 && keccak_lanes(KECCAK_SCALAR) == 1);
}

/* Twice from the state of zeros, in every lane: the first lanes are the specification's. */
TEST(bare_permutation)
{
	static keccak_permute_fn *const permute[KECCAK_KINDS] = {
		keccak_permute_scalar,
#if defined(__x86_64__)
		keccak_permute_sse2,
		keccak_permute_avx2,
		keccak_permute_avx512,
#endif
	};
	for (int k = 0; k < KECCAK_KINDS; k++) {
		if (!keccak_can((enum keccak_kind)k))
			continue;
		_Alignas(64) uint64_t state[KECCAK_WORDS * KECCAK_LANES_MAX] = {0};
		const unsigned lanes = keccak_lanes((enum keccak_kind)k);
		permute[k](state);
		for (unsigned i = 0; i < lanes; i++) {
			CHECK(state[i] == 0xf1258f7940e1dde7 && state[lanes + i] == 0x84d5ccf933c0478a);
			CHECK(state[24 * lanes + i] == 0xeaf1ff7b5ceca249);
		}
		permute[k](state);
		for (unsigned i = 0; i < lanes; i++)
			CHECK(state[i] == 0x2d5c954df96ecb3c && state[24 * lanes + i] == 0x20d06cd26a8fbf5c);
	}
}

/* Memory whose end is the end of a page that may be touched: reading past a message is a crash. */
struct edge {
	uint8_t *all, *end;
	size_t all_n;
};

static struct edge edge_of(void)
{
	const size_t page = 1 << 16, n = page + 4096;
	struct edge e = {mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), NULL, n};
	if (e.all == MAP_FAILED || mprotect(e.all + page, 4096, PROT_NONE) != 0) {
		printf("Bail out! no memory\n");
		exit(1);
	}
	e.end = e.all + page;
	return e;
}

/* One call of keccak256_many against as many of keccak256_of, with a guard behind the input. */
static bool many_agrees(enum keccak_kind kind, const struct edge *e, size_t message, size_t stride, size_t out_stride,
			size_t n)
{
	uint8_t out[MESSAGES_MAX * STRIDE_MAX], want[MESSAGES_MAX * STRIDE_MAX];
	const size_t in_n = n == 0 ? 0 : (n - 1) * stride + message;
	uint8_t *in = e->end - in_n;
	fill(in, in_n, message + n);
	memset(out, 0x55, sizeof out);
	memset(want, 0x55, sizeof want);
	for (size_t i = 0; i < n; i++)
		keccak256_of(bytes_of(in + i * stride, message), want + i * out_stride);
	keccak256_many(kind, in, message, stride, out, out_stride, n);
	return memcmp(out, want, sizeof out) == 0;
}

TEST(lanes_agree_with_one_message_at_a_time)
{
	const struct edge e = edge_of();
	for (int k = 0; k < KECCAK_KINDS; k++) {
		if (!keccak_can((enum keccak_kind)k))
			continue;
		for (size_t message = 0; message <= MESSAGE_MAX; message += 8)
			for (size_t n = 0; n <= MESSAGES_MAX; n++) {
				CHECK(many_agrees((enum keccak_kind)k, &e, message, message, 32, n));
				CHECK(many_agrees((enum keccak_kind)k, &e, message, STRIDE_MAX, 40, n));
			}
	}
	munmap(e.all, e.all_n);
}

TEST(hashes_may_replace_their_messages)
{
	static const struct {
		size_t message, stride, out_stride;
	} rows[] = {{64, 64, 32}, {64, 64, 64}, {40, 40, 32}, {32, 32, 32}, {128, 128, 32}, {8, 64, 32}};
	for (int k = 0; k < KECCAK_KINDS; k++)
		for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
			if (!keccak_can((enum keccak_kind)k))
				continue;
			for (size_t n = 0; n <= MESSAGES_MAX; n++) {
				uint8_t buf[MESSAGES_MAX * STRIDE_MAX], want[MESSAGES_MAX * KECCAK256_BYTES];
				fill(buf, sizeof buf, r + n);
				for (size_t i = 0; i < n; i++)
					keccak256_of(bytes_of(buf + i * rows[r].stride, rows[r].message),
						     want + 32 * i);
				keccak256_many((enum keccak_kind)k, buf, rows[r].message, rows[r].stride, buf,
					       rows[r].out_stride, n);
				for (size_t i = 0; i < n; i++)
					CHECK(memcmp(buf + i * rows[r].out_stride, want + 32 * i, 32) == 0);
			}
		}
}

/* Each message goes to its own hash: one bit of one message changes that hash and no other. */
TEST(lanes_do_not_mix)
{
	for (int k = 0; k < KECCAK_KINDS; k++) {
		if (!keccak_can((enum keccak_kind)k))
			continue;
		uint8_t in[8 * 64], before[8 * 32], after[8 * 32];
		fill(in, sizeof in, 1);
		keccak256_many((enum keccak_kind)k, in, 64, 64, before, 32, 8);
		for (size_t bit = 0; bit < 8 * sizeof in; bit += 13) {
			in[bit / 8] ^= (uint8_t)(1U << bit % 8);
			keccak256_many((enum keccak_kind)k, in, 64, 64, after, 32, 8);
			in[bit / 8] ^= (uint8_t)(1U << bit % 8);
			for (size_t i = 0; i < 8; i++)
				CHECK((memcmp(before + 32 * i, after + 32 * i, 32) != 0) == (i == bit / 8 / 64));
		}
	}
}

/* keccak256(keccak256(key || LE32(number))), one at a time. */
static void number_alone(const uint8_t *key, uint32_t number, uint8_t *out)
{
	uint8_t message[KECCAK256_BYTES + 4];
	memcpy(message, key, KECCAK256_BYTES);
	for (unsigned i = 0; i < 4; i++)
		message[KECCAK256_BYTES + i] = (uint8_t)(number >> 8 * i);
	keccak256_of(bytes_of(message, sizeof message), out);
	keccak256_of(bytes_of(out, KECCAK256_BYTES), out);
}

TEST(numbered_hashes_are_those_of_key_and_number)
{
	static const uint32_t firsts[] = {0, 1, 7, 128, 0xff, 0xfffc, 0x12345678, UINT32_MAX - MESSAGES_MAX};
	const struct edge e = edge_of();
	uint8_t out[(MESSAGES_MAX + 1) * KECCAK256_BYTES], want[sizeof out];
	uint8_t *key = e.end - KECCAK256_BYTES;
	for (int k = 0; k < KECCAK_KINDS; k++)
		for (size_t f = 0; f < sizeof firsts / sizeof firsts[0]; f++) {
			if (!keccak_can((enum keccak_kind)k))
				continue;
			for (size_t n = 0; n <= MESSAGES_MAX; n++) {
				fill(key, KECCAK256_BYTES, f + n);
				memset(out, 0x55, sizeof out);
				memset(want, 0x55, sizeof want);
				for (size_t i = 0; i < n; i++)
					number_alone(key, firsts[f] + (uint32_t)i, want + i * KECCAK256_BYTES);
				keccak256_numbered((enum keccak_kind)k, key, firsts[f], out, n);
				CHECK(memcmp(out, want, sizeof out) == 0);
			}
		}
	munmap(e.all, e.all_n);
}

TEST(zero_subtrees_of_the_bmt)
{
	cJSON *file = test_vectors("swarm-bmt.json");
	const cJSON *hashes = cJSON_GetObjectItem(file, "zero_subtree_hashes_level0_to_7");
	CHECK(cJSON_GetArraySize(hashes) == 8);
	for (int k = 0; k < KECCAK_KINDS; k++) {
		if (!keccak_can((enum keccak_kind)k))
			continue;
		uint8_t nodes[128 * 32] = {0};
		for (int level = 0; level < 8; level++) {
			const size_t n = (size_t)128 >> level;
			if (level != 0)
				keccak256_many((enum keccak_kind)k, nodes, 64, 64, nodes, 32, n);
			for (size_t i = 0; i < n; i++)
				CHECK(hash_is(nodes + 32 * i, cJSON_GetArrayItem(hashes, level)->valuestring));
		}
	}
	cJSON_Delete(file);
}

int main(void)
{
	RUN(known_answers);
	RUN(every_length);
	RUN(cut_everywhere);
	RUN(kinds_are_what_the_processor_can);
	RUN(bare_permutation);
	RUN(lanes_agree_with_one_message_at_a_time);
	RUN(hashes_may_replace_their_messages);
	RUN(lanes_do_not_mix);
	RUN(numbered_hashes_are_those_of_key_and_number);
	RUN(zero_subtrees_of_the_bmt);
	return test_end();
}
