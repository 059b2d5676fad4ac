/* The messages of the Kademlia DHT (libp2p specs/kad-dht, "RPC messages"): one request or answer, as protobuf,
 * with its length before it on the stream (core/varint.h, the driver's to write and to take off).
 *
 * Reading copies nothing: all views are into the message. Peers are read one by one,
 *
 *	struct kad_peers peers = kad_message_peers(&message, KAD_CLOSER);
 *	while (kad_peers_next(&peers, least, &contact)) ...
 *
 * and those that have no id, or no address that can be used, are passed over: what one peer of many is
 * described by must not cost the others. */
#ifndef KAD_MESSAGE_H
#define KAD_MESSAGE_H

#include "core/bytes.h"
#include "kad/contact.h"

#define KAD_PROTOCOL "/phase/kad/1.0.0"     /* networks of ours */
#define KAD_PROTOCOL_IPFS "/ipfs/kad/1.0.0" /* the public one, and what other programs use by default */

#define KAD_K 20
#define KAD_MESSAGE_BYTES_MAX (4U << 20) /* of an answer that others may send: go and js-libp2p's limit */
#define KAD_REQUEST_BYTES_MAX 65536      /* of a request to us: a value and a few peers */
#define KAD_SENT_BYTES_MAX 16384         /* what we write: more is not read by rust-libp2p */
#define KAD_PEERS_MAX 40                 /* of one answer, as go; what is more is left out */
#define KAD_PEER_ADDRESSES_MAX 64        /* of one peer that are looked at */
#define KAD_RECORD_KEY_BYTES_MAX 256
#define KAD_VALUE_BYTES_MAX 8192 /* fits KAD_SENT_BYTES_MAX beside twenty peers */

enum kad_type {
	KAD_PUT_VALUE,
	KAD_GET_VALUE,
	KAD_ADD_PROVIDER,
	KAD_GET_PROVIDERS,
	KAD_FIND_NODE,
	KAD_PING,
};

enum kad_field { KAD_CLOSER = 8, KAD_PROVIDERS = 9 };

struct kad_message {
	enum kad_type type;
	struct bytes key; /* empty: none */
	bool has_record;
	struct bytes record_key, value;
	struct bytes time_received; /* RFC 3339; only the receiver's own clock is to be believed */
	uint64_t ttl_s;             /* rust-libp2p; 0: none */
	struct bytes whole;
};

struct kad_peers {
	struct reader r;
	enum kad_field field;
	unsigned left;
};

/* ERR_PROTOCOL: no message of a known type; m is untouched then. */
MUST_CHECK int kad_message_read(struct kad_message *m, struct bytes message);
struct kad_peers kad_message_peers(const struct kad_message *m, enum kad_field field);
/* The next peer with an id and at least one address of this scope or wider; false: no more. */
bool kad_peers_next(struct kad_peers *p, enum kad_scope least, struct kad_contact *c);

/* A message is what is written by begin and then by any of the others; ask the writer at the end. */
void kad_message_begin(struct writer *w, enum kad_type type, struct bytes key);
/* time: when it was received, RFC 3339; empty: not said. */
void kad_message_write_record(struct writer *w, struct bytes key, struct bytes value, struct bytes time);
void kad_message_write_peer(struct writer *w, enum kad_field field, const struct kad_contact *c);

#endif
