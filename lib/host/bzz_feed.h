/* Updates of a feed of our own: what was put becomes what is newest there. */
#ifndef HOST_BZZ_FEED_H
#define HOST_BZZ_FEED_H

#include "host/bzz_write.h"
#include "host/chunk_store.h"
#include "swarm/chunk.h"

#define BZZ_FEED_TOPIC_BYTES 32

struct bzz_feed {
	uint8_t secret[SECP256K1_SECRET_BYTES];
	uint8_t owner[SECP256K1_ADDRESS_BYTES];
	uint8_t topic[BZZ_FEED_TOPIC_BYTES];
};

/* What an update was. */
struct bzz_feed_result {
	uint64_t number;
	struct reference manifest; /* leads to whatever is newest */
};

/* key: a file with the owner's secret, a line of 64 hex digits, for nobody else to read. topic: 64 hex
 * digits, or a text, whose hash it is then. Messages are printed. */
MUST_CHECK int bzz_feed_open(struct cli *cli, const char *key, const char *topic, struct bzz_feed *feed);
/* Wipes the secret. */
void bzz_feed_close(struct bzz_feed *feed);

/* Signs the update that follows the newest one that the store and the node know (NULL: not asked), and
 * puts it and the feed's manifest through w. Messages are printed. */
MUST_CHECK int bzz_feed_update(struct bzz_write *w, const struct bzz_feed *feed, struct chunk_store *store,
			       const char *gateway, const struct reference *content, struct bzz_feed_result *result);

#endif
