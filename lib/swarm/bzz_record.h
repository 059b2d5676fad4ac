/* A node's record, bee's BzzAddress: its underlays, bound by a signature to its overlay address. It goes
 * through the handshake, and from node to node through hive. Two generations are in use, which sign, and send,
 * not the same: 14 is that of the handshake 14.0.0 and hive 1.1.0, 15 that of 15.0.0 and 2.0.0.
 *
 * Signatures are malleable: never tell records apart by them. Nothing binds the libp2p peer to the
 * overlay but that an address in the record names it. */
#ifndef SWARM_BZZ_RECORD_H
#define SWARM_BZZ_RECORD_H

#include "core/wall.h"
#include "swarm/overlay.h"
#include "swarm/underlay.h"

enum bzz_generation { BZZ_15, BZZ_14, BZZ_GENERATIONS };

#define BZZ_CHEQUEBOOK_BYTES 20
#define BZZ_RECORD_AHEAD_S 60 /* a record may be so much ahead of the clock; it may be of any age */
#define BZZ_RECORD_BYTES_MAX (3 + UNDERLAY_BYTES_MAX + 67 + 34 + 34 + 11 + 22)

/* Views into what was read, or of what is to be sent. Empty: not there. */
struct bzz_record {
	struct bytes underlay; /* as it is sent and signed */
	struct bytes signature, overlay, nonce;
	struct bytes chequebook; /* not there and 20 zeros mean the same */
	int64_t timestamp;       /* seconds of wall time */
};

/* Reads a message, without its length. ERR_PROTOCOL: none. */
MUST_CHECK int bzz_record_read(struct bzz_record *record, struct bytes message);
/* What the owner signs. The views but signature must be there. */
void bzz_record_digest(const struct bzz_record *record, enum bzz_generation generation, uint64_t network_id,
		       uint8_t digest[static SECP256K1_DIGEST_BYTES]);
/* Whether the record is one of this network. ERR_VALUE: a length, the timestamp or the underlays cannot be, or there is
 * no underlay; ERR_NOT_YET: it is of the future; ERR_SIGNATURE: not signed by the owner of that overlay. */
MUST_CHECK int bzz_record_check(const struct bzz_record *record, enum bzz_generation generation, uint64_t network_id,
				struct wall now);
/* Writes the record as a field of another message. */
void bzz_record_write(struct writer *w, uint32_t number, const struct bzz_record *record,
		      enum bzz_generation generation);

#endif
