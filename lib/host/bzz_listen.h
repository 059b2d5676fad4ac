/* A full node of Swarm that gives the chunks of a source to whoever asks: bee nodes, and our own clients. It
 * listens, shakes hands, answers retrieval on credit by bee's rules (swarm/credit.h), and forwards nothing. Only nodes
 * that it is told to dial hear of it by itself; they tell others.
 *
 * All runs in the one thread of the loop but the reading of chunks, which is the loop's workers'. What others can
 * cost is bounded: connections in all, of an address, in their handshake, and how fast an address comes; what a peer
 * may ask at once; how long a peer may take nothing of what it is sent. When all places are taken, the
 * peer that was given nothing for the longest time gives way. */
#ifndef HOST_BZZ_LISTEN_H
#define HOST_BZZ_LISTEN_H

#include <uv.h>

#include "host/chunk_source.h"

struct bzz_listen_options {
	struct cli_texts listen;    /* "/ip4/.../tcp/PORT", "/ip6/.../tcp/PORT"; port 0: any free one */
	struct cli_texts advertise; /* what others are told beside those, as of a NAT in front of us */
	struct cli_texts announce;  /* nodes that we dial, and so are known to; with "/p2p/ID" or without */
	const char *identity;       /* file of the key, made when it is not there; NULL: a fresh one for this run */
	uint64_t network_id;
	uint64_t peers_max, per_client_max; /* at once; of them from one IPv4 address or IPv6 /56 */
	uint64_t idle_ms;                   /* until a peer that asks for nothing is let go */
	uint64_t credit;                    /* how many times what bee gives a peer may owe, and is forgiven */
	uint64_t chunks_n;                  /* that others are told we have */
};

/* Ends the program (status 2) when an address is none, there are too many, or a limit makes no sense. */
void bzz_listen_check_usage(struct cli *cli, const struct bzz_listen_options *o);

struct bzz_listen;

/* Listens. Errors are printed. All of the arguments, and the loop, are borrowed until it is freed. */
MUST_CHECK int bzz_listen_start(struct cli *cli, uv_loop_t *loop, const struct bzz_listen_options *o,
				const struct chunk_source *source, struct bzz_listen **listen);
/* Where others reach us, with "/p2p/ID", as text: the i-th; NULL behind the last. Valid until the stop. */
const char *bzz_listen_address(const struct bzz_listen *l, size_t i);
/* Our overlay. */
struct bytes bzz_listen_overlay(const struct bzz_listen *l);
/* Closes everything, and frees it when the loop has come to that: the loop is to be run until nothing is left on it. */
void bzz_listen_stop(struct bzz_listen *l);

#endif
