/* What a user names to have it fetched: REFERENCE, REFERENCE/PATH, or feeds/OWNER/TOPIC[/PATH]; bzz:// or
 * /bzz/ may stand in front, as browsers and bee's API write it, and a CID in the reference's place. */
#ifndef SWARM_BZZ_ADDRESS_H
#define SWARM_BZZ_ADDRESS_H

#include "crypto/secp256k1.h"
#include "swarm/reference.h"

struct bzz_address {
	bool is_feed;
	struct reference reference; /* unless it is a feed */
	uint8_t owner[SECP256K1_ADDRESS_BYTES], topic[KECCAK256_BYTES];
	size_t topic_n;
	bool has_path; /* a slash follows: it is a manifest, and this is where in it */
	struct bytes path;
};

/* text: address->path leads into it. ERR_VALUE; *what: which part is wrong. */
MUST_CHECK int bzz_address_parse(struct bytes text, struct bzz_address *address, const char **what);

/* text for people and logs: of an encrypted reference in it without the half that is the key. */
const char *bzz_address_shown(struct bytes text, char *buf, size_t room);

#endif
