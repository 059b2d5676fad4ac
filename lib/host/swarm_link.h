/* Connections of a Swarm node over TCP, dialed or accepted: each carries a session (swarm/session.h) on a libuv
 * loop, and tells its user what the session tells.
 *
 * - All runs in the one thread of the loop. Events come from the loop only, never from inside a verb; in an event
 *   every verb may be called, of this link and of others. What a verb has to send leaves before the loop waits again:
 *   nobody has to flush. What an event shows is good until it returns.
 * - ended is the last that is heard of a link, once for every link, also for one that was never READY, and also when
 *   swarm_link_end was called. The link may not be touched afterwards.
 * - What a link takes is what its session takes (see there): what it reads goes through one buffer that all have
 *   together, and only of frames that have come in part a copy is kept. */
#ifndef HOST_SWARM_LINK_H
#define HOST_SWARM_LINK_H

#include <netinet/in.h>
#include <uv.h>

#include "crypto/ed25519.h"
#include "swarm/session.h"

#define SWARM_LINK_CONNECT_MS 10000  /* for TCP; the session has its own deadlines */
#define SWARM_LINK_CANDIDATES_MAX 16 /* addresses that a name leads to, of which one after the other is tried */

struct swarm_links;
struct swarm_link;

struct swarm_link_user {
	void (*event)(struct swarm_link *link, const struct session_event *event);
	/* err: why, never OK; ERR_IO with errno when it is the system's. */
	void (*ended)(struct swarm_link *link, int err);
};

/* What the links of a node share. config, which is copied, and seed, of its libp2p key, must outlive it in what they
 * refer to. A node that listens nowhere gives no addresses: identify tells those of its sockets then, and behind a
 * NAT what two others agree that they see, because bee lets who has no address that is everybody's wait for ten
 * seconds. name_servers: as of p2p_resolver_new. ERR_NO_MEMORY. */
MUST_CHECK int swarm_links_new(uv_loop_t *loop, const struct session_config *config,
			       const uint8_t seed[static ED25519_SEED_BYTES], const char *name_servers,
			       struct swarm_links **links);
/* Ends all of them with ERR_INTERRUPTED, and frees it when the loop has closed the last. */
void swarm_links_end(struct swarm_links *links);

/* Whether address is such as can be dialed: see there. */
bool swarm_link_knows(struct bytes address);
/* Begins a connection to "/ip4/.../tcp/...", "/ip6/...", or a name of "/dns4", "/dns6", "/dns", "/dnsaddr", with
 * "/p2p/..." behind it when it must be that peer. ERR_VALUE: no such address; ERR_NO_MEMORY; then there is no link.
 * What the system refuses is told by ended. */
MUST_CHECK int swarm_link_dial(struct swarm_links *links, struct bytes address, const struct swarm_link_user *user,
			       void *owner, struct swarm_link **link);
/* A connection that was accepted: fd, non-blocking, belongs to the link then, also on failure; remote: who it is.
 * Errors as above. */
MUST_CHECK int swarm_link_accept(struct swarm_links *links, int fd, const struct sockaddr_storage *remote,
				 const struct swarm_link_user *user, void *owner, struct swarm_link **link);
/* No more events but ended, soon, with this err. */
void swarm_link_end(struct swarm_link *link, int err);

void *swarm_link_owner(const struct swarm_link *link);
/* The other side's address, "/ip4/.../tcp/...": a view. Empty while a name is being resolved. */
struct bytes swarm_link_remote(const struct swarm_link *link);
/* For session_record, session_generation and session_full_node, once READY. */
const struct session *swarm_link_session(const struct swarm_link *link);

/* As session_NAME. */
MUST_CHECK int swarm_link_ask(struct swarm_link *link, const uint8_t address[static REFERENCE_BYTES], uint64_t tag);
MUST_CHECK int swarm_link_settle(struct swarm_link *link, uint64_t amount);
MUST_CHECK int swarm_link_announce(struct swarm_link *link, uint64_t threshold);
bool swarm_link_deliver(struct swarm_link *link, uint32_t stream, const struct retrieval_delivery *delivery);
bool swarm_link_acknowledge(struct swarm_link *link, uint32_t stream, const struct pseudosettle_ack *ack);

#endif
