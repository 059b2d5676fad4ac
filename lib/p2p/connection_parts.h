/* What connection.c and connection_streams.c share; nobody else's. */
#ifndef P2P_CONNECTION_PARTS_H
#define P2P_CONNECTION_PARTS_H

#include "p2p/connection.h"

/* Where text for the next frame is written; its n is to be put into plain_n afterwards. */
struct writer connection_plain(struct connection *c);
/* Has all parts write what they have to say. */
MUST_CHECK int connection_pump(struct connection *c);

/* Lines of negotiations, and slots of streams that are over. */
void connection_streams_pump(struct connection *c, struct writer *w);
uint64_t connection_streams_deadline(const struct connection *c);
/* Ends negotiations that take too long. */
void connection_streams_tick(struct connection *c);
/* A stream of ours that was refused and of which that was not yet told. */
bool connection_streams_tell(struct connection *c, struct connection_event *event);
/* Data of a stream that is to be told: to its negotiation first, and what is behind that to the caller. */
void connection_streams_data(struct connection *c, const uint8_t *frame, struct connection_event *event);
/* A Yamux event as one of ours, or none when it is for the negotiation. */
void connection_streams_event(struct connection *c, const struct yamux_event *from, struct connection_event *event);

#endif
