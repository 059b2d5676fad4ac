/* What the files of native share with each other, and nobody else. */
#ifndef EFI_NATIVE_PARTS_H
#define EFI_NATIVE_PARTS_H

#include "efi/native.h"
#include "efi/target.h"
#include "p2p/multiaddr.h"
#include "p2p/peer_key.h"
#include "swarm/peers.h"
#include "swarm/session.h"

#define NATIVE_ADDRESSES_MAX 2 /* that we say are ours */
#define NATIVE_ADDRESS_BYTES 24
#define NATIVE_NAMES_MAX 32    /* "/dnsaddr" that are looked up for one configuration */
#define NATIVE_RECORDS_MAX 100 /* of each, that are looked at */
#define NATIVE_DEPTH_MAX 4     /* of those that lead to others */
#define NATIVE_CONNECT_MS 5000
#define NATIVE_RESOLVING_MAX 4 /* nodes whose names are looked for at once */

enum native_stage { NATIVE_NAMED, NATIVE_CONNECTING, NATIVE_SPEAKING };

struct native_link {
	bool used;
	enum native_stage stage;
	unsigned node;
	struct target target; /* of address */
	struct resolved to;
	size_t to_at; /* the address that is tried */
	uint64_t began_ms;
	uint32_t c;
	uint8_t address[PEERS_ADDRESS_BYTES_MAX];
	size_t in_n;
	uint8_t in[NOISE_FRAME_BYTES_MAX];
	struct session session; /* the last: not all of it is there */
};

#define NATIVE_LINK_BYTES (offsetof(struct native_link, session) + SESSION_CLIENT_BYTES)

/* A name whose TXT records are asked for. */
struct native_name {
	bool active;
	enum peers_kind kind;
	unsigned depth, tries;
	uint16_t id;
	uint64_t try_ms;
	bool has_peer; /* only addresses of this one count */
	struct peer_id peer;
	struct net_address asked;
	size_t name_n;
	uint8_t name[256]; /* with "_dnsaddr." */
};

struct native_names {
	uint32_t socket; /* NET_NONE: none yet */
	size_t n;        /* ever looked up */
	unsigned active_n;
	struct native_name v[NATIVE_NAMES_MAX];
};

struct native {
	struct native_with with;
	native_answer *answer;
	void *context;
	bool hopeless; /* nobody was there in time */
	bool news;     /* something has changed: decide anew */
	uint64_t wake_ms;
	int last;          /* why the last connection ended */
	unsigned dialed_n; /* times */
	uint64_t chunks_n;
	uint64_t wrong_n;
	struct identity identity;
	struct session_config config;
	uint8_t key[PEER_KEY_ED25519_BYTES];
	uint8_t seed[ED25519_SEED_BYTES];
	struct bytes addresses[NATIVE_ADDRESSES_MAX];
	uint8_t address_bytes[NATIVE_ADDRESSES_MAX][NATIVE_ADDRESS_BYTES];
	struct native_names names;
	struct bmt_scratch scratch;
	struct native_link *links[NATIVE_CONNECTIONS_MAX]; /* owned: pages, once they were needed */
	struct peers peers;
};

/* Fresh keys, and what we say of ourselves. */
MUST_CHECK int native_make_identity(struct native *n);

/* An address out of the configuration, or out of TXT records: known to peers, or its names looked up. False: it is no
 * address of use here. */
bool native_add(struct native *n, enum peers_kind kind, struct bytes address);
void native_names_step(struct native *n, uint64_t now_ms);
void native_names_close(struct native *n);

/* A connection for a node that peers wants. False: there is none. */
bool native_link_dial(struct native *n, unsigned node, struct bytes address, uint64_t now_ms);
/* What can be done now. An error: it is over, and native_link_end is to be called. Events go to native_event. */
MUST_CHECK int native_link_step(struct native *n, struct native_link *l, uint64_t now_ms);
void native_link_end(struct native *n, struct native_link *l);
/* May end the link. */
void native_event(struct native *n, struct native_link *l, const struct session_event *e, uint64_t now_ms);

#endif
