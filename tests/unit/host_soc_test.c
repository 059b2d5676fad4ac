/* Single-owner chunks made here: byte for byte those that bee makes, and taken where bee takes them. */
#include "core/hex.h"
#include "swarm/chunk.h"
#include "swarm/replica.h"
#include "test.h"

static struct bmt_scratch scratch;

/* id || signature || content; gives the length. */
static size_t soc_make(const uint8_t *secret, const uint8_t *id, struct bytes content, uint8_t *out)
{
	uint8_t address[32], digest[32];
	bmt_address(KECCAK_SCALAR, load_le64(content.p), bytes_skip(content, CHUNK_SPAN_BYTES), address, &scratch);
	soc_digest(id, address, digest);
	memcpy(out, id, SOC_ID_BYTES);
	CHECK(secp256k1_sign(secret, digest, out + SOC_ID_BYTES) == OK);
	memcpy(out + SOC_HEAD_BYTES, content.p, content.n);
	return SOC_HEAD_BYTES + content.n;
}

TEST(chunks_are_bees_byte_for_byte)
{
	cJSON *file = test_vectors("swarm-soc.json");
	const cJSON *json;
	unsigned n = 0;
	cJSON_ArrayForEach(json, file)
	{
		uint8_t secret[32], id[32], wanted[CHUNK_STORED_BYTES_MAX], made[CHUNK_STORED_BYTES_MAX];
		const char *text = test_text(json, "chunk_hex");
		const size_t wanted_n = strlen(text) / 2;
		if (cJSON_GetObjectItem(json, "signature") == NULL)
			continue; /* its key is not known */
		if (cJSON_GetObjectItem(json, "private_key") != NULL)
			CHECK(hex_decode(bytes_text(test_text(json, "private_key")), secret, 32) == OK);
		else
			memcpy(secret, replica_key, 32);
		CHECK(hex_decode(bytes_text(test_text(json, "id")), id, 32) == OK);
		CHECK(wanted_n <= sizeof wanted && hex_decode(bytes_text(text), wanted, wanted_n) == OK);
		CHECK(soc_make(secret, id, bytes_of(wanted + SOC_HEAD_BYTES, wanted_n - SOC_HEAD_BYTES), made) ==
		      wanted_n);
		CHECK(memcmp(made, wanted, wanted_n) == 0);
		n++;
	}
	CHECK(n == 3);
	cJSON_Delete(file);
}

TEST(the_owner_of_replicas_is_who_has_their_key)
{
	uint8_t key[SECP256K1_KEY_BYTES], address[SECP256K1_ADDRESS_BYTES];
	CHECK(secp256k1_public(replica_key, key) == OK);
	secp256k1_address(key, address);
	CHECK(memcmp(address, replica_owner, sizeof address) == 0);
}

TEST(replicas_made_here_are_found_at_their_addresses)
{
	static uint8_t content[CHUNK_BYTES_MAX], made[CHUNK_STORED_BYTES_MAX];
	struct replica replicas[REPLICAS_MAX];
	struct chunk c;
	uint8_t root[32];
	memset(content, 0x77, sizeof content);
	bmt_address(KECCAK_SCALAR, load_le64(content), bytes_of(content + 8, CHUNK_PAYLOAD_MAX), root, &scratch);
	const unsigned replicas_n = replica_list(root, 4, replicas);
	CHECK(replicas_n == REPLICAS_MAX);
	for (unsigned i = 0; i < replicas_n; i++) {
		const size_t n = soc_make(replica_key, replicas[i].id, bytes_of(content, sizeof content), made);
		CHECK(chunk_check(replicas[i].address, bytes_of(made, n), keccak_widest(), &scratch, &c) == OK);
		CHECK(c.kind == CHUNK_SINGLE_OWNER && replica_holds(&c, root));
		CHECK(chunk_check(replicas[(i + 1) % replicas_n].address, bytes_of(made, n), keccak_widest(), &scratch,
				  &c) == ERR_HASH);
	}
}

/* Anybody has the key of replicas: they could be made for what is none. */
TEST(the_key_of_replicas_signs_nothing_else)
{
	static const uint8_t content[9] = {1, [8] = 'x'};
	uint8_t made[SOC_HEAD_BYTES + sizeof content], root[32], id[32], address[32];
	const uint8_t other_key[32] = {2};
	struct chunk c;
	bmt_address(KECCAK_SCALAR, 1, bytes_of("x", 1), root, &scratch);
	for (unsigned bit = 0; bit < 256; bit++) {
		memcpy(id, root, 32);
		id[bit / 8] ^= (uint8_t)(1U << bit % 8);
		const size_t n = soc_make(replica_key, id, bytes_of(content, sizeof content), made);
		soc_address(id, replica_owner, address);
		const bool good = bit < 8; /* the first byte says which replica it is */
		CHECK(soc_open(bytes_of(made, n), KECCAK_SCALAR, &scratch, &c) == (good ? OK : ERR_SIGNATURE));
		CHECK(chunk_check(address, bytes_of(made, n), KECCAK_SCALAR, &scratch, &c) == (good ? OK : ERR_HASH));
		/* no rule for any other owner */
		(void)soc_make(other_key, id, bytes_of(content, sizeof content), made);
		CHECK(soc_open(bytes_of(made, n), KECCAK_SCALAR, &scratch, &c) == OK);
		CHECK(memcmp(c.owner, replica_owner, sizeof c.owner) != 0);
	}
}

/* An owner may say something else at the same place, and nobody else may. */
TEST(one_address_many_contents_one_owner)
{
	const uint8_t mine[32] = {[31] = 5}, theirs[32] = {[31] = 6}, id[32] = {9};
	uint8_t content[9] = {1}, made[SOC_HEAD_BYTES + sizeof content];
	uint8_t key[64], owner[20], address[32];
	struct chunk c;
	CHECK(secp256k1_public(mine, key) == OK);
	secp256k1_address(key, owner);
	soc_address(id, owner, address);
	for (unsigned i = 0; i < 16; i++) {
		content[8] = (uint8_t)i;
		size_t n = soc_make(mine, id, bytes_of(content, sizeof content), made);
		CHECK(chunk_check(address, bytes_of(made, n), KECCAK_SCALAR, &scratch, &c) == OK);
		CHECK(c.content.n == sizeof content && c.content.p[8] == i);
		n = soc_make(theirs, id, bytes_of(content, sizeof content), made);
		CHECK(chunk_check(address, bytes_of(made, n), KECCAK_SCALAR, &scratch, &c) == ERR_HASH);
	}
}

int main(void)
{
	RUN(chunks_are_bees_byte_for_byte);
	RUN(the_owner_of_replicas_is_who_has_their_key);
	RUN(replicas_made_here_are_found_at_their_addresses);
	RUN(the_key_of_replicas_signs_nothing_else);
	RUN(one_address_many_contents_one_owner);
	return test_end();
}
