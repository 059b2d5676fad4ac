/* Chunk addresses: bee's vectors, with every kind of lanes that this processor can run. */
#include "swarm/bmt.h"

#include "core/hex.h"
#include "test.h"

static struct bmt_scratch scratch;

static uint8_t pattern_byte(const char *name, size_t i)
{
	return strcmp(name, "zero") == 0 ? 0 : (uint8_t)(i % 256);
}

/* The payload of a vector: by its text, its digits, or its pattern and length. */
static struct bytes payload_of(const cJSON *c, uint8_t buf[static CHUNK_PAYLOAD_MAX])
{
	const char *ascii = test_text(c, "ascii"), *digits = test_text(c, "payload_hex");
	size_t n = (size_t)cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(c, "len"));
	if (ascii[0] != 0 && cJSON_HasObjectItem(c, "span_hex"))
		ascii += CHUNK_SPAN_BYTES; /* what stands before is the span */
	if (digits[0] != 0) {
		n = strlen(digits) / 2;
		CHECK(hex_decode(bytes_text(digits), buf, n) == 0);
	} else if (ascii[0] != 0) {
		n = strlen(ascii);
		memcpy(buf, ascii, n);
	} else {
		for (size_t i = 0; i < n; i++)
			buf[i] = pattern_byte(test_text(c, "pattern"), i);
	}
	return bytes_of(buf, n);
}

static uint64_t span_of(const cJSON *c, struct bytes payload)
{
	uint8_t span[CHUNK_SPAN_BYTES];
	const char *digits = test_text(c, "span_hex");
	const cJSON *number = cJSON_GetObjectItemCaseSensitive(c, "span");
	if (digits[0] != 0) {
		CHECK(hex_decode(bytes_text(digits), span, sizeof span) == 0);
		return load_le64(span);
	}
	return number != NULL ? (uint64_t)cJSON_GetNumberValue(number) : payload.n;
}

TEST(vectors_of_bee)
{
	cJSON *vectors = test_vectors("swarm-bmt.json");
	const cJSON *c;
	unsigned n = 0;
	cJSON_ArrayForEach(c, cJSON_GetObjectItemCaseSensitive(vectors, "cases"))
	{
		uint8_t buf[CHUNK_PAYLOAD_MAX], want[REFERENCE_BYTES], got[REFERENCE_BYTES];
		struct bytes payload = payload_of(c, buf);
		CHECK(hex_decode(bytes_text(test_text(c, "address")), want, sizeof want) == 0);
		for (int k = 0; k < KECCAK_KINDS; k++) {
			if (!keccak_can((enum keccak_kind)k))
				continue;
			bmt_address((enum keccak_kind)k, span_of(c, payload), payload, got, &scratch);
			if (!CHECK(memcmp(got, want, sizeof want) == 0))
				printf("# %s, lanes %d\n", test_text(c, "address"), k);
		}
		n++;
	}
	CHECK(n >= 25);
	cJSON_Delete(vectors);
}

/* The definition, node by node: 128 segments, pairs hashed up to the root, then span || root. */
static void plain_address(uint64_t span, struct bytes payload, uint8_t address[static REFERENCE_BYTES])
{
	uint8_t nodes[CHUNK_PAYLOAD_MAX] = {0}, last[CHUNK_SPAN_BYTES + 32];
	memcpy(nodes, payload.p, payload.n);
	for (size_t n = sizeof nodes; n > 32; n /= 2)
		for (size_t i = 0; i < n; i += 64)
			keccak256_of(bytes_of(nodes + i, 64), nodes + i / 2);
	store_le64(last, span);
	memcpy(last + CHUNK_SPAN_BYTES, nodes, 32);
	keccak256_of(bytes_of(last, sizeof last), address);
}

TEST(every_kind_of_lanes_by_the_definition)
{
	static uint8_t data[CHUNK_PAYLOAD_MAX * 3];
	uint8_t want[REFERENCE_BYTES], got[REFERENCE_BYTES];
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i * 31 + i / 251);
	for (size_t n = 0; n <= CHUNK_PAYLOAD_MAX; n += n < 200 ? 1 : 61) {
		struct bytes payload = bytes_of(data + n, n); /* at every alignment */
		plain_address(n << 20 | 1, payload, want);
		for (int k = 0; k < KECCAK_KINDS; k++) {
			if (!keccak_can((enum keccak_kind)k))
				continue;
			memset(&scratch, 0xa5, sizeof scratch); /* what was there before means nothing */
			bmt_address((enum keccak_kind)k, n << 20 | 1, payload, got, &scratch);
			CHECK(memcmp(got, want, sizeof want) == 0);
		}
	}
}

/* Batches of every length, full and short chunks mixed, each beside each. */
TEST(batches)
{
	static uint8_t data[20 * CHUNK_PAYLOAD_MAX], addresses[20][REFERENCE_BYTES];
	struct bmt_chunk chunks[20];
	uint8_t want[REFERENCE_BYTES];
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i ^ i >> 9);
	for (size_t i = 0; i < 20; i++)
		chunks[i] = (struct bmt_chunk){.span = i * 1000003,
					       .payload = bytes_of(data + i * CHUNK_PAYLOAD_MAX,
								   i % 3 == 1 ? i * 7 : CHUNK_PAYLOAD_MAX)};
	for (int k = 0; k < KECCAK_KINDS; k++) {
		if (!keccak_can((enum keccak_kind)k))
			continue;
		for (size_t n = 0; n <= 20; n++) {
			memset(addresses, 0, sizeof addresses);
			bmt_addresses((enum keccak_kind)k, chunks, n, addresses, &scratch);
			for (size_t i = 0; i < n; i++) {
				plain_address(chunks[i].span, chunks[i].payload, want);
				CHECK(memcmp(addresses[i], want, sizeof want) == 0);
			}
			static const uint8_t none[REFERENCE_BYTES];
			CHECK(n == 20 || memcmp(addresses[n], none, sizeof none) == 0); /* and no more */
		}
	}
}

/* The hashes of subtrees of zeros, level by level, end in the address of the empty chunk. */
TEST(subtrees_of_zeros)
{
	cJSON *vectors = test_vectors("swarm-bmt.json");
	const cJSON *levels = cJSON_GetObjectItemCaseSensitive(vectors, "zero_subtree_hashes_level0_to_7"), *level;
	uint8_t node[64] = {0}, want[32], address[REFERENCE_BYTES], last[CHUNK_SPAN_BYTES + 32] = {0};
	unsigned n = 0;
	cJSON_ArrayForEach(level, levels)
	{
		CHECK(hex_decode(bytes_text(cJSON_GetStringValue(level)), want, sizeof want) == 0);
		if (n > 0)
			keccak256_of(bytes_of(node, sizeof node), node);
		CHECK(memcmp(node, want, sizeof want) == 0);
		memcpy(node + 32, node, 32);
		n++;
	}
	CHECK(n == 8);
	memcpy(last + CHUNK_SPAN_BYTES, node, 32);
	keccak256_of(bytes_of(last, sizeof last), want);
	bmt_address(keccak_widest(), 0, BYTES_NONE, address, &scratch);
	CHECK(memcmp(address, want, sizeof want) == 0);
	cJSON_Delete(vectors);
}

TEST(padding_is_no_content)
{
	uint8_t zeros[CHUNK_PAYLOAD_MAX] = {0}, a[REFERENCE_BYTES], b[REFERENCE_BYTES];
	bmt_address(keccak_widest(), 10, bytes_of(zeros, 10), a, &scratch);
	bmt_address(keccak_widest(), 10, bytes_of(zeros, sizeof zeros), b, &scratch);
	CHECK(memcmp(a, b, sizeof a) == 0);
	bmt_address(keccak_widest(), 11, bytes_of(zeros, 11), b, &scratch);
	CHECK(memcmp(a, b, sizeof a) != 0); /* the span is what tells lengths apart */
}

int main(void)
{
	RUN(vectors_of_bee);
	RUN(every_kind_of_lanes_by_the_definition);
	RUN(batches);
	RUN(subtrees_of_zeros);
	RUN(padding_is_no_content);
	return test_end();
}
