/* Ping (specs/ping), "/ipfs/ping/1.0.0": who opens a stream sends 32 bytes and gets them back, as often as it
 * likes. The one who was asked echoes; it takes what it has room to give back and no more. */
#ifndef P2P_PING_H
#define P2P_PING_H

#include "core/bytes.h"

#define PING_PROTOCOL "/ipfs/ping/1.0.0"
#define PING_BYTES 32
#define PING_ECHO_BYTES_MAX (8 * PING_BYTES) /* that wait to be sent; peers ask one by one */

/* The side that answers. */
struct ping_echo {
	size_t n, sent;
	uint8_t out[PING_ECHO_BYTES_MAX];
};

/* Takes what arrived, as much as there is room for: how many bytes. */
size_t ping_echo_take(struct ping_echo *p, struct bytes in);
/* What is to be sent: a view into p, of which n bytes went out. */
struct bytes ping_echo_out(const struct ping_echo *p);
void ping_echo_sent(struct ping_echo *p, size_t n);

/* The side that asks: one round at a time. */
struct ping {
	uint8_t asked[PING_BYTES];
	size_t sent, taken;
	uint64_t asked_ms;
};

/* Begins a round with random bytes. */
void ping_ask(struct ping *p, const uint8_t random[static PING_BYTES], uint64_t now_ms);
struct bytes ping_out(const struct ping *p);
void ping_sent(struct ping *p, size_t n);
/* Takes what came back. OK: not yet all of it, or, when *done, all, *rtt_ms after it was asked. ERR_PROTOCOL: other
 * bytes than were sent, or more. */
MUST_CHECK int ping_take(struct ping *p, struct bytes in, uint64_t now_ms, bool *done, uint64_t *rtt_ms);

#endif
