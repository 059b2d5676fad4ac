/* "/phase/record/1.0.0": a provider's own record, from itself. Where servers of the DHT keep no values under "/phase/"
 * (the public ones of go-libp2p do not) or only the last one of a key, providers are found by provider records
 * (kad_record_provided), and then asked: the request is the key as in the DHT, "/phase/CHANNEL/ARCH/manifest", the
 * answer the record's JSON, each with its length before it; a key of which there is none has the stream reset. */
#ifndef HOST_RECORD_EXCHANGE_H
#define HOST_RECORD_EXCHANGE_H

#include "host/p2p_request.h"
#include "kad/message.h"
#include "kad/record.h"

#define RECORD_EXCHANGE_PROTOCOL "/phase/record/1.0.0"
#define RECORD_EXCHANGE_MS 10000 /* for an answer, with the connection that is made for it */

/* Asks a provider for its record of key, both of which may go when this returns. What done is given is whatever the
 * provider says, of KAD_RECORD_BYTES_MAX at most: to be read by kad_record_read, with the scope of where the provider
 * was reached. Errors of done: as of p2p_request; ERR_CLOSED: it has none; ERR_NOT_FOUND: it does not speak this.
 * ERR_LIMIT, ERR_NO_MEMORY, ERR_INTERRUPTED: done is never called then. */
MUST_CHECK int record_exchange_ask(struct p2p_node *node, const struct kad_contact *provider, struct bytes key,
				   p2p_answered *done, void *context);

/* The record of a key, a view until the loop runs again; BYTES_NONE: there is none. */
typedef struct bytes record_exchange_find(void *context, struct bytes key);

/* The side that answers; it must outlive the node. */
struct record_exchange {
	record_exchange_find *find;
	void *context;
	struct p2p_server server; /* set by record_exchange_serve */
};

/* With find and context set; before the node listens. ERR_LIMIT. */
MUST_CHECK int record_exchange_serve(struct record_exchange *x, struct p2p_node *node);

#endif
