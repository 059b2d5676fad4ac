#include "host/chunk_keys.h"

#include "core/hex.h"
#include "swarm/cipher.h"
#include "test.h"

#define ROOM (CHUNK_PAYLOAD_MAX + 2)

static const uint8_t secret[CHUNK_KEYS_SECRET_BYTES] = {1, 2, 3};
static struct chunk_keys keys;
static uint8_t memory[1U << 20];

struct made {
	uint8_t key[REFERENCE_KEY_BYTES], padding[ROOM];
};

/* A key for text, and padding behind it with a byte before and after that is not its own. */
static struct made make(const char *text, size_t padding_n)
{
	const struct split_keys split = chunk_keys_split(&keys);
	uint8_t span[CHUNK_SPAN_BYTES];
	struct made m;
	memset(&m, 0x5e, sizeof m);
	store_le64(span, strlen(text));
	split.make(split.context, span, bytes_text(text), m.key, m.padding + 1, padding_n);
	CHECK(keys.err == OK && m.padding[0] == 0x5e);
	for (size_t i = padding_n + 1; i < ROOM; i++)
		CHECK(m.padding[i] == 0x5e);
	return m;
}

static bool same(const struct made *a, const struct made *b)
{
	return memcmp(a->key, b->key, sizeof a->key) == 0;
}

TEST(keys_of_a_secret_come_again)
{
	for (size_t n = 0; n <= CHUNK_PAYLOAD_MAX; n += n < 70 ? 1 : 61) {
		struct made first, again;
		chunk_keys_begin(&keys, secret);
		(void)make("before", 5);
		first = make("content", n);
		chunk_keys_begin(&keys, secret);
		(void)make("before", 5);
		again = make("content", n);
		CHECK(memcmp(&first, &again, sizeof first) == 0);
	}
}

/* Computed by other means from what the header says: a file that was put before must have its reference again.
 * The padding is hashed into it, too. */
TEST(keys_of_a_secret_are_these)
{
	static const char *const wanted[][2] = {
		{"d23367953996ef1001b7042c118edb160067b216ad3a529630640e32d61c5994",
		 "b9c8db3191c6ab301ca56f9d033e36cf326ca60dab70e5bc29a8a9b2dd20b23603c6a16e1105725a"},
		{"a58ae11db9740282553446a452a0043090b64cf1d3c31df8b925fc6ff34202a4",
		 "e9c9e497f9a36eaf819209eb217790f9b18e8580341cf95e368fb811abc49dda8286e773c2597018"},
	};
	chunk_keys_begin(&keys, secret);
	for (size_t i = 0; i < 2; i++) {
		uint8_t key[REFERENCE_KEY_BYTES], padding[40];
		const struct made m = make("content", sizeof padding);
		CHECK(hex_decode(bytes_text(wanted[i][0]), key, sizeof key) == OK);
		CHECK(hex_decode(bytes_text(wanted[i][1]), padding, sizeof padding) == OK);
		CHECK(memcmp(m.key, key, sizeof key) == 0 && memcmp(m.padding + 1, padding, sizeof padding) == 0);
	}
}

TEST(no_two_chunks_have_one_key)
{
	uint8_t other[CHUNK_KEYS_SECRET_BYTES] = {1, 2, 4};
	chunk_keys_begin(&keys, secret);
	const struct made a = make("content", 64), b = make("content", 64); /* the second chunk of a file */
	chunk_keys_begin(&keys, secret);
	const struct made c = make("contend", 64); /* the first of another file */
	chunk_keys_begin(&keys, other);
	const struct made d = make("content", 64);
	CHECK(!same(&a, &b) && !same(&a, &c) && !same(&a, &d) && !same(&b, &c) && !same(&b, &d) && !same(&c, &d));
	CHECK(memcmp(a.padding, b.padding, 66) != 0 && memcmp(a.padding + 1, a.padding + 33, 32) != 0);
	CHECK(memcmp(a.padding + 1, a.key, 32) != 0); /* which the padding must not give away */
}

TEST(fresh_keys_never_come_again)
{
	struct made m[8];
	for (size_t i = 0; i < 8; i++) {
		chunk_keys_begin(&keys, NULL);
		m[i] = make("content", 64);
		for (size_t k = 0; k < i; k++)
			CHECK(!same(&m[i], &m[k]) && memcmp(m[i].padding + 1, m[k].padding + 1, 64) != 0);
	}
}

/* Two leaves and their parent, opened from the reference down. */
TEST(what_was_encrypted_opens_again)
{
	static struct split split;
	static uint8_t stored[3][CHUNK_BYTES_MAX], payload[CHUNK_PAYLOAD_MAX];
	const struct bytes text = BYTES_LITERAL("the second leaf of a file");
	uint8_t data[CHUNK_PAYLOAD_MAX + 25] = {0};
	struct split_how how = {.kind = keccak_widest(), .all = true};
	struct split_chunk chunk;
	struct reference root, leaf;
	struct cipher_opened o;
	size_t used, n = 0;
	memcpy(data + CHUNK_PAYLOAD_MAX, text.p, text.n);
	chunk_keys_begin(&keys, secret);
	how.keys = chunk_keys_split(&keys);
	CHECK(split_memory_bytes(0, true) <= sizeof memory);
	split_init(&split, &how, memory);
	CHECK(split_take(&split, bytes_of(data, sizeof data), &used) == OK && used == sizeof data);
	split_end(&split);
	for (; split_chunk(&split, &chunk) && n < 3; n++) {
		CHECK(chunk.payload.n == CHUNK_PAYLOAD_MAX);
		memcpy(stored[n], chunk.span, CHUNK_SPAN_BYTES);
		memcpy(stored[n] + CHUNK_SPAN_BYTES, chunk.payload.p, chunk.payload.n);
	}
	split_reference(&split, &root);
	CHECK(n == 3 && root.encrypted);
	CHECK(cipher_open(root.key, keccak_widest(), bytes_of(stored[2], CHUNK_BYTES_MAX), payload, &o) == OK);
	CHECK(o.span.size == sizeof data && o.payload_n == 2 * REFERENCE_ENCRYPTED_BYTES);
	CHECK(reference_read(bytes_of(payload + 64, 64), &leaf) == OK);
	CHECK(cipher_open(leaf.key, keccak_widest(), bytes_of(stored[1], CHUNK_BYTES_MAX), payload, &o) == OK);
	CHECK(o.span.size == text.n && bytes_equal(bytes_of(payload, o.payload_n), text));
}

int main(void)
{
	RUN(keys_of_a_secret_come_again);
	RUN(keys_of_a_secret_are_these);
	RUN(no_two_chunks_have_one_key);
	RUN(fresh_keys_never_come_again);
	RUN(what_was_encrypted_opens_again);
	return test_end();
}
