#include "host/chunk_keys.h"

#include <string.h>

#include "host/random.h"

void chunk_keys_begin(struct chunk_keys *keys, const uint8_t *secret)
{
	keys->fresh = secret == NULL;
	keys->made = 0;
	keys->err = OK;
	keys->kind = keccak_widest();
	if (secret != NULL)
		memcpy(keys->secret, secret, sizeof keys->secret);
}

static void make_fresh(struct chunk_keys *k, uint8_t *key, uint8_t *padding, size_t padding_n)
{
	int err = random_fill(key, REFERENCE_KEY_BYTES);
	if (err == OK)
		err = random_fill(padding, padding_n);
	if (err != OK)
		k->err = err;
}

static void hash_parts(struct bytes a, uint64_t number, struct bytes b, uint8_t out[static KECCAK256_BYTES])
{
	uint8_t bytes[8];
	struct keccak256 h;
	store_le64(bytes, number);
	keccak256_init(&h);
	keccak256_add(&h, a);
	keccak256_add(&h, bytes_of(bytes, sizeof bytes));
	keccak256_add(&h, b);
	keccak256_end(&h, out);
}

static void make(void *context, const uint8_t span[static CHUNK_SPAN_BYTES], struct bytes payload,
		 uint8_t key[static REFERENCE_KEY_BYTES], uint8_t *padding, size_t padding_n)
{
	struct chunk_keys *k = context;
	uint8_t address[REFERENCE_BYTES], block[KECCAK256_BYTES];
	if (k->fresh) {
		make_fresh(k, key, padding, padding_n);
		return;
	}
	bmt_address(k->kind, load_le64(span), payload, address, &k->scratch);
	hash_parts(bytes_of(k->secret, sizeof k->secret), k->made++, bytes_of(address, sizeof address), key);
	for (size_t at = 0; at < padding_n; at += sizeof block) {
		hash_parts(bytes_of(key, REFERENCE_KEY_BYTES), at, BYTES_LITERAL("padding"), block);
		memcpy(padding + at, block, padding_n - at < sizeof block ? padding_n - at : sizeof block);
	}
}

struct split_keys chunk_keys_split(struct chunk_keys *keys)
{
	return (struct split_keys){.make = make, .context = keys};
}
