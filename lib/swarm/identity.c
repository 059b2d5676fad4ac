#include "swarm/identity.h"

#include <string.h>

#include "core/err.h"

int identity_init(struct identity *id, const uint8_t owner[static SECP256K1_ADDRESS_BYTES], uint64_t network_id,
		  const uint8_t nonce[static OVERLAY_NONCE_BYTES], const struct bytes *addresses, size_t addresses_n,
		  struct bytes welcome, struct wall now)
{
	size_t n;
	struct writer w = writer_of(id->underlay, sizeof id->underlay);
	underlay_write(&w, addresses, addresses_n);
	if (underlay_check(writer_view(&w), &n) != OK || n == 0 || welcome.n > IDENTITY_WELCOME_BYTES_MAX)
		return ERR_VALUE;
	id->underlay_n = w.n;
	id->network_id = network_id;
	id->full_node = false;
	id->welcome = welcome;
	id->timestamp = now.s;
	memcpy(id->nonce, nonce, sizeof id->nonce);
	overlay_address(owner, network_id, nonce, id->overlay);
	memset(id->signatures, 0, sizeof id->signatures);
	return OK;
}

struct bzz_record identity_record(const struct identity *id, enum bzz_generation generation)
{
	return (struct bzz_record){.underlay = bytes_of(id->underlay, id->underlay_n),
				   .signature = bytes_of(id->signatures[generation], SECP256K1_RECOVERABLE_BYTES),
				   .overlay = bytes_of(id->overlay, OVERLAY_BYTES),
				   .nonce = bytes_of(id->nonce, OVERLAY_NONCE_BYTES),
				   .timestamp = id->timestamp};
}

void identity_digest(const struct identity *id, enum bzz_generation generation,
		     uint8_t digest[static SECP256K1_DIGEST_BYTES])
{
	const struct bzz_record record = identity_record(id, generation);
	bzz_record_digest(&record, generation, id->network_id, digest);
}
