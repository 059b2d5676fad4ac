/* Bridges: peers of libp2p that look for content in Swarm for us, over /deboot/fetch/1.0.0 (swarm/bridge.h). A
 * connection to each that is asked, by TCP with Noise and Yamux, made when it is needed and again when it was lost; on
 * it a stream for each question. One more kind of source that nobody believes: what comes is checked like everything
 * else.
 *
 * Nothing is buffered but a frame: what has arrived for one stream is to be taken before the next is looked at, so all
 * questions of a bridge are to be stepped. What carries the streams only bridge.c knows: QUIC could. */
#ifndef EFI_BRIDGE_H
#define EFI_BRIDGE_H

#include "efi/report.h"
#include "efi/web.h"

#define BRIDGES_MAX 4          /* what is asked of further ones fails */
#define BRIDGE_STREAMS_MAX 32  /* at once, of each */
#define BRIDGE_CONNECT_MS 5000 /* for one address */

struct bridges;
struct bridge_link;

/* A stream; all of it the bridge's, and to stay where it is from bridge_open to bridge_end. */
struct bridge_stream {
	struct bridge_link *link; /* NULL: not open */
	uint32_t id;              /* 0: not yet */
	bool agreed, ended;       /* ended: the other side sends no more */
	int err;                  /* other than OK: nothing more comes of it */
	const char *where;        /* with err: at which step */
};

/* ERR_NO_MEMORY. All must outlive it; web's names and connections are used. */
MUST_CHECK int bridges_open(struct bridges **bridges, struct report *r, struct net *net, struct web *web);
/* Streams must have been ended. NULL: nothing. */
void bridges_close(struct bridges *b);

/* A stream to the bridge at a multiaddr, as text. It does not fail here: see err. */
void bridge_open(struct bridges *b, struct bridge_stream *s, struct bytes address, uint64_t now_ms);
/* What can be done now. */
void bridge_step(struct bridge_stream *s, uint64_t now_ms);
/* How many of these bytes were taken; none before the protocol is agreed. They leave with what follows, or the next
 * step: a segment of their own would wait for an answer to the one before. */
size_t bridge_send(struct bridge_stream *s, struct bytes data);
void bridge_send_no_more(struct bridge_stream *s);
/* What has arrived for this stream: a view until the next call with any stream of its bridge. Empty: nothing now. */
struct bytes bridge_received(struct bridge_stream *s);
void bridge_took(struct bridge_stream *s, size_t n);
/* Resets it unless both sides have ended it. One that is not open: nothing. */
void bridge_end(struct bridge_stream *s);
/* What a bridge says of itself, for who looks closely. */
void bridge_tell(const struct bridge_stream *s, struct bytes text);

#endif
