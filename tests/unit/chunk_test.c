/* Chunks of both kinds against bee's, and what is neither. */
#include "swarm/chunk.h"

#include "core/hex.h"
#include "swarm/replica.h"
#include "test.h"

static uint8_t data[CHUNK_STORED_BYTES_MAX + 8];
static struct bmt_scratch scratch;

static size_t decode(const cJSON *json, const char *name, uint8_t *out, size_t room)
{
	const char *text = test_text(json, name);
	const size_t n = strlen(text) / 2;
	CHECK(n <= room && hex_decode(bytes_text(text), out, n) == OK);
	return n;
}

TEST(single_owner_chunks_are_taken_apart)
{
	cJSON *file = test_vectors("swarm-soc.json");
	const cJSON *json;
	unsigned good = 0, bad = 0;
	cJSON_ArrayForEach(json, file)
	{
		struct chunk c;
		uint8_t address[32], owner[20], id[32], wrapped[32];
		const size_t n = decode(json, "chunk_hex", data, sizeof data);
		decode(json, "address", address, 32);
		decode(json, "owner", owner, 20);
		decode(json, "id", id, 32);
		decode(json, "wrapped_address", wrapped, 32);
		if (cJSON_IsFalse(cJSON_GetObjectItem(json, "valid"))) {
			CHECK(chunk_check(address, bytes_of(data, n), KECCAK_SCALAR, &scratch, &c) == ERR_HASH);
			CHECK(soc_open(bytes_of(data, n), KECCAK_SCALAR, &scratch, &c) == ERR_SIGNATURE);
			bad++;
			continue;
		}
		CHECK(chunk_check(address, bytes_of(data, n), keccak_widest(), &scratch, &c) == OK);
		CHECK(c.kind == CHUNK_SINGLE_OWNER && memcmp(c.owner, owner, 20) == 0 && memcmp(c.id, id, 32) == 0);
		CHECK(memcmp(c.address, wrapped, 32) == 0 && c.content.n == n - SOC_HEAD_BYTES);
		/* what it wraps is a chunk by itself */
		CHECK(chunk_check(wrapped, c.content, KECCAK_SCALAR, &scratch, &c) == OK && c.kind == CHUNK_CONTENT);
		good++;
	}
	CHECK(good == 3 && bad == 1);
	cJSON_Delete(file);
}

TEST(the_signed_digest_is_bees)
{
	cJSON *file = test_vectors("swarm-soc.json");
	const cJSON *json = cJSON_GetArrayItem(file, 0);
	uint8_t id[32], wrapped[32], digest[32], wanted[32];
	decode(json, "id", id, 32);
	decode(json, "wrapped_address", wrapped, 32);
	decode(json, "eth_message_hash", wanted, 32);
	soc_digest(id, wrapped, digest);
	CHECK(memcmp(digest, wanted, 32) == 0);
	cJSON_Delete(file);
}

TEST(every_changed_bit_and_every_cut_is_noticed)
{
	cJSON *file = test_vectors("swarm-soc.json");
	struct chunk c = {.kind = CHUNK_SINGLE_OWNER, .address = {0x5a}, .owner = {0x5a}};
	uint8_t address[32] = {0};
	const size_t n = decode(cJSON_GetArrayItem(file, 0), "chunk_hex", data, sizeof data);
	decode(cJSON_GetArrayItem(file, 0), "address", address, 32);
	for (size_t i = 0; i < 8 * n; i++) {
		data[i / 8] ^= (uint8_t)(1U << i % 8);
		if (i / 8 != 96 || (data[96] != 31 && data[96] != 32)) /* v has two spellings */
			CHECK(chunk_check(address, bytes_of(data, n), KECCAK_SCALAR, &scratch, &c) == ERR_HASH);
		data[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	for (size_t cut = 0; cut < n; cut++)
		CHECK(chunk_check(address, bytes_of(data, cut), KECCAK_SCALAR, &scratch, &c) ==
		      (cut < CHUNK_SPAN_BYTES ? ERR_SIZE : ERR_HASH));
	for (size_t i = 0; i < 256; i++) {
		address[i / 8] ^= (uint8_t)(1U << i % 8);
		CHECK(chunk_check(address, bytes_of(data, n), KECCAK_SCALAR, &scratch, &c) == ERR_HASH);
		address[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	CHECK(c.kind == CHUNK_SINGLE_OWNER && c.address[0] == 0x5a && c.owner[0] == 0x5a); /* untouched */
	CHECK(c.content.n == 0 && c.id == NULL && c.signature == NULL);
	CHECK(chunk_check(address, bytes_of(data, n), KECCAK_SCALAR, &scratch, &c) == OK);
	cJSON_Delete(file);
}

/* Zeros behind a payload change nothing of its address: bee takes such chunks, and so must we. */
TEST(content_with_more_zeros_is_the_same_content)
{
	struct chunk c;
	uint8_t address[32];
	memset(data, 0, sizeof data);
	data[0] = 3;
	data[8] = 'f', data[9] = data[10] = 'o';
	bmt_address(KECCAK_SCALAR, 3, bytes_of("foo", 3), address, &scratch);
	for (size_t n = 11; n <= CHUNK_BYTES_MAX; n++)
		CHECK(chunk_check(address, bytes_of(data, n), keccak_widest(), &scratch, &c) == OK && c.content.n == n);
	for (size_t n = CHUNK_BYTES_MAX + 1; n <= sizeof data; n++)
		CHECK(chunk_check(address, bytes_of(data, n), keccak_widest(), &scratch, &c) ==
		      (n > CHUNK_STORED_BYTES_MAX ? ERR_SIZE : ERR_HASH));
	for (size_t n = 8; n < 11; n++)
		CHECK(chunk_check(address, bytes_of(data, n), keccak_widest(), &scratch, &c) == ERR_HASH);
	memset(data, 0, 8); /* nothing at all is a chunk, too */
	bmt_address(KECCAK_SCALAR, 0, BYTES_NONE, address, &scratch);
	CHECK(chunk_check(address, bytes_of(data, 8), KECCAK_SCALAR, &scratch, &c) == OK && c.content.n == 8);
}

TEST(replicas_are_bees_in_bees_order)
{
	cJSON *json = test_vectors("swarm-redundancy.json");
	const cJSON *v, *r;
	unsigned n = 0;
	cJSON_ArrayForEach(v, cJSON_GetObjectItem(json, "cases"))
	{
		struct replica found[REPLICAS_MAX];
		uint8_t root[32], id[32], address[32];
		unsigned i = 0;
		const int level = (int)cJSON_GetNumberValue(cJSON_GetObjectItem(v, "level"));
		if (cJSON_GetObjectItem(v, "replicas") == NULL) /* not derived for this one */
			continue;
		decode(v, "root", root, 32);
		const unsigned count = replica_list(root, (unsigned)level, found);
		cJSON_ArrayForEach(r, cJSON_GetObjectItem(v, "replicas"))
		{
			decode(r, "id", id, 32);
			decode(r, "address", address, 32);
			CHECK(i < count && memcmp(found[i].id, id, 32) == 0);
			CHECK(i < count && memcmp(found[i].address, address, 32) == 0);
			i++;
			n++;
		}
		CHECK(i == count);
	}
	CHECK(n == 15 * 2 + 5 * (4 + 8 + 16));
	cJSON_Delete(json);
}

/* The 255 ids of this root leave one of 16 parts empty; a search over some 350000 roots found it. */
TEST(a_root_may_have_a_replica_too_few)
{
	uint8_t root[32] = {[29] = 0x05, [30] = 0x63, [31] = 0xa8};
	struct replica found[REPLICAS_MAX];
	bool taken[16] = {false};
	CHECK(replica_list(root, 4, found) == 15);
	for (unsigned i = 0; i < 15; i++) {
		uint8_t address[32];
		soc_address(found[i].id, replica_owner, address);
		CHECK(memcmp(address, found[i].address, 32) == 0 && memcmp(found[i].id + 1, root + 1, 31) == 0);
		CHECK(!taken[address[0] >> 4]);
		taken[address[0] >> 4] = true;
	}
	CHECK(replica_list(root, 3, found) == 8); /* the part's neighbour makes up for it */
}

TEST(a_replica_holds_its_root_and_no_other)
{
	cJSON *file = test_vectors("swarm-soc.json");
	const cJSON *json = cJSON_GetArrayItem(file, 2);
	struct chunk c;
	uint8_t address[32] = {0}, root[32] = {0};
	const size_t n = decode(json, "chunk_hex", data, sizeof data);
	decode(json, "address", address, 32);
	decode(json, "wrapped_address", root, 32);
	CHECK(chunk_check(address, bytes_of(data, n), KECCAK_SCALAR, &scratch, &c) == OK);
	CHECK(replica_holds(&c, root));
	root[31] ^= 1;
	CHECK(!replica_holds(&c, root));
	cJSON_Delete(file);
}

int main(void)
{
	RUN(single_owner_chunks_are_taken_apart);
	RUN(the_signed_digest_is_bees);
	RUN(every_changed_bit_and_every_cut_is_noticed);
	RUN(content_with_more_zeros_is_the_same_content);
	RUN(replicas_are_bees_in_bees_order);
	RUN(a_root_may_have_a_replica_too_few);
	RUN(a_replica_holds_its_root_and_no_other);
	return test_end();
}
