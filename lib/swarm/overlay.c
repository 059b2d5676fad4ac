#include "swarm/overlay.h"

#include "crypto/keccak.h"

void overlay_address(const uint8_t owner[static SECP256K1_ADDRESS_BYTES], uint64_t network_id,
		     const uint8_t nonce[static OVERLAY_NONCE_BYTES], uint8_t overlay[static OVERLAY_BYTES])
{
	struct keccak256 h;
	uint8_t network[8];
	/* Little-endian here; big-endian in what is signed. */
	store_le64(network, network_id);
	keccak256_init(&h);
	keccak256_add(&h, bytes_of(owner, SECP256K1_ADDRESS_BYTES));
	keccak256_add(&h, bytes_of(network, sizeof network));
	keccak256_add(&h, bytes_of(nonce, OVERLAY_NONCE_BYTES));
	keccak256_end(&h, overlay);
}

unsigned overlay_order(const uint8_t a[static OVERLAY_BYTES], const uint8_t b[static OVERLAY_BYTES])
{
	return overlay_order_of(load_be32(a), load_be32(b));
}

int overlay_compare(const uint8_t target[static OVERLAY_BYTES], const uint8_t a[static OVERLAY_BYTES],
		    const uint8_t b[static OVERLAY_BYTES])
{
	for (unsigned i = 0; i < OVERLAY_BYTES; i++)
		if (a[i] != b[i])
			return (a[i] ^ target[i]) < (b[i] ^ target[i]) ? -1 : 1;
	return 0;
}
