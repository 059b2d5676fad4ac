#include "swarm/chunk.h"

#include <string.h>

#include "swarm/replica.h"

static void hash_two(struct bytes a, struct bytes b, uint8_t *out)
{
	struct keccak256 h;
	keccak256_init(&h);
	keccak256_add(&h, a);
	keccak256_add(&h, b);
	keccak256_end(&h, out);
}

static bool is_content(struct bytes data)
{
	return data.n >= CHUNK_SPAN_BYTES && data.n <= CHUNK_BYTES_MAX;
}

static void content_address(struct bytes content, enum keccak_kind kind, struct bmt_scratch *scratch, uint8_t *address)
{
	bmt_address(kind, load_le64(content.p), bytes_skip(content, CHUNK_SPAN_BYTES), address, scratch);
}

void soc_address(const uint8_t id[static SOC_ID_BYTES], const uint8_t owner[static SECP256K1_ADDRESS_BYTES],
		 uint8_t address[static REFERENCE_BYTES])
{
	hash_two(bytes_of(id, SOC_ID_BYTES), bytes_of(owner, SECP256K1_ADDRESS_BYTES), address);
}

void soc_digest(const uint8_t id[static SOC_ID_BYTES], const uint8_t content[static REFERENCE_BYTES],
		uint8_t digest[static SECP256K1_DIGEST_BYTES])
{
	uint8_t message[KECCAK256_BYTES];
	hash_two(bytes_of(id, SOC_ID_BYTES), bytes_of(content, REFERENCE_BYTES), message);
	hash_two(BYTES_LITERAL("\x19"
			       "Ethereum Signed Message:\n32"),
		 bytes_of(message, sizeof message), digest);
}

int soc_open(struct bytes data, enum keccak_kind kind, struct bmt_scratch *scratch, struct chunk *chunk)
{
	struct chunk c = {.kind = CHUNK_SINGLE_OWNER, .content = bytes_skip(data, SOC_HEAD_BYTES)};
	uint8_t digest[SECP256K1_DIGEST_BYTES], key[SECP256K1_KEY_BYTES];
	if (!is_content(c.content))
		return ERR_SIZE;
	c.id = data.p;
	c.signature = data.p + SOC_ID_BYTES;
	content_address(c.content, kind, scratch, c.address);
	soc_digest(c.id, c.address, digest);
	if (secp256k1_recover(digest, c.signature, key) != OK)
		return ERR_SIGNATURE;
	secp256k1_address(key, c.owner);
	/* Anybody can sign as the owner of replicas: only what is one may. */
	if (memcmp(c.owner, replica_owner, sizeof c.owner) == 0 &&
	    memcmp(c.id + 1, c.address + 1, SOC_ID_BYTES - 1) != 0)
		return ERR_SIGNATURE;
	*chunk = c;
	return OK;
}

int chunk_check(const uint8_t address[static REFERENCE_BYTES], struct bytes data, enum keccak_kind kind,
		struct bmt_scratch *scratch, struct chunk *chunk)
{
	struct chunk c = {.kind = CHUNK_CONTENT, .content = data};
	uint8_t found[REFERENCE_BYTES];
	if (data.n < CHUNK_SPAN_BYTES || data.n > CHUNK_STORED_BYTES_MAX)
		return ERR_SIZE;
	if (is_content(data)) {
		content_address(data, kind, scratch, c.address);
		if (memcmp(c.address, address, REFERENCE_BYTES) == 0) {
			*chunk = c;
			return OK;
		}
	}
	if (soc_open(data, kind, scratch, &c) != OK)
		return ERR_HASH;
	soc_address(c.id, c.owner, found);
	if (memcmp(found, address, REFERENCE_BYTES) != 0)
		return ERR_HASH;
	*chunk = c;
	return OK;
}
