/* Signed envelopes (libp2p RFC 0002) and the peer records in them (RFC 0003, as deployed): addresses that a
 * peer itself has signed. */
#ifndef P2P_ENVELOPE_H
#define P2P_ENVELOPE_H

#include "core/bytes.h"
#include "crypto/ed25519.h"
#include "p2p/peer_id.h"

#define ENVELOPE_BYTES_MAX 8192
#define ENVELOPE_ADDRESSES_MAX 32 /* of a record; what is more is left out, as are addresses that are none */

/* What an envelope of a peer record says; views into it. */
struct peer_record {
	struct peer_id peer; /* who signed it, and whom it is about */
	uint64_t sequence;   /* the higher one is the newer one */
	struct bytes addresses[ENVELOPE_ADDRESSES_MAX];
	size_t addresses_n;
};

/* Reads an envelope with a peer record. ERR_PROTOCOL: it is none; ERR_KEY, ERR_SIGNATURE: as peer_key_verify, and
 * ERR_KEY when it is about somebody else than who signed it. record is untouched then. */
MUST_CHECK int envelope_read(struct peer_record *record, struct bytes envelope);
/* Writes the envelope of a record about the holder of seed (Ed25519). record->peer is not looked at. ERR_NO_SPACE;
 * ERR_LIMIT: more than ENVELOPE_BYTES_MAX. */
MUST_CHECK int envelope_write(struct writer *w, const struct peer_record *record,
			      const uint8_t seed[static ED25519_SEED_BYTES]);

#endif
