/* Identify (specs/identify): what a peer says about itself, on "/ipfs/id/1.0.0" to who asks by opening a
 * stream, on "/ipfs/id/push/1.0.0" when something has changed. One message, with its length before it. */
#ifndef P2P_IDENTIFY_H
#define P2P_IDENTIFY_H

#include "core/bytes.h"

#define IDENTIFY_PROTOCOL "/ipfs/id/1.0.0"
#define IDENTIFY_PUSH_PROTOCOL "/ipfs/id/push/1.0.0"
#define IDENTIFY_BYTES_MAX 8192      /* that are read, without the length */
#define IDENTIFY_SENT_BYTES_MAX 4096 /* that rust-libp2p would read */
#define IDENTIFY_ADDRESSES_MAX 32    /* what is more is left out, as are addresses that are none */
#define IDENTIFY_PROTOCOLS_MAX 128
#define IDENTIFY_TEXT_BYTES_MAX 128 /* of versions; what is longer is left out */

/* Views into a message that was read, or of what is to be said. Empty: not there. */
struct identify {
	struct bytes key; /* as peer_key_read takes it */
	struct bytes protocol_version, agent_version;
	struct bytes observed;      /* the address that the other side has, as the sender sees it */
	struct bytes signed_record; /* an envelope */
	struct bytes addresses[IDENTIFY_ADDRESSES_MAX];
	struct bytes protocols[IDENTIFY_PROTOCOLS_MAX];
	size_t addresses_n, protocols_n;
};

/* Reads a message, without its length. ERR_PROTOCOL: it is none; id is untouched then. Whether key is the
 * peer's own is the caller's to ask. */
MUST_CHECK int identify_read(struct identify *id, struct bytes message);
/* Writes a message with its length before it. ERR_NO_SPACE. */
MUST_CHECK int identify_write(struct writer *w, const struct identify *id);

#endif
