/* A program's place in the DHT: its identity, its node, and the peers that it enters the network by. What phase-node,
 * phase-announce and phase-discover share; all of it runs on one libuv loop. */
#ifndef HOST_DHT_H
#define HOST_DHT_H

#include "host/cli.h"
#include "host/p2p_dht.h"

#define DHT_LISTEN_MAX 8                          /* as many as a node takes */
#define DHT_BOOTSTRAP_FILE "/etc/phase/bootstrap" /* read when there is no --bootstrap: a multiaddr a line */
#define DHT_BOOTSTRAP_VARIABLE "PHASE_BOOTSTRAP"  /* of the environment: another file in its place, unless empty */

struct dht_options {
	struct cli_texts listen;    /* multiaddrs; none: nobody can dial us */
	struct cli_texts advertise; /* multiaddrs that others are told beside those, as of a NAT in front of us */
	struct cli_texts bootstrap; /* multiaddrs with "/p2p/ID" at their end; none: those of the file */
	struct cli_texts protocols; /* the best first; none: KAD_PROTOCOL */
	const char *identity;       /* file of the key, made when it is not there; NULL: a fresh one for this run */
	bool server;                /* answers others */
	bool says_ready;            /* dht_run prints a line of JSON on stdout, as servers do */
	bool alone;                 /* a node without the DHT, for programs that serve something else */
	bool listen_if_present; /* an address of a kind that this machine has not (IPv4, IPv6) is left out of listen */
	struct p2p_limits limits;
	const struct kad_rules *rules; /* of values; NULL: kad_record_rules */
};

/* Ends the program (status 2) when an address is none, or there are too many. */
void dht_check_usage(struct cli *cli, const struct dht_options *o);

struct dht;

/* The loop, the node and the DHT on it; nothing listens or dials yet, so that protocols can be served (p2p_serve).
 * Errors are printed. o, cli and what o points to must outlive it. */
MUST_CHECK int dht_open(struct cli *cli, const struct dht_options *o, struct dht **dht);
/* Listens, and enters the network: by the peers of the options or of the file, *peers_n in all. A file that is not
 * there names none, unless the environment has named it; lines of it that are wrong are warnings; who is alone needs
 * none. Errors are printed. */
MUST_CHECK int dht_begin(struct dht *d, size_t *peers_n);
/* After dht_begin: the narrowest scope of the peers that the network is entered by. What leads to machines of a
 * narrower one, nobody in the network believes. */
enum kad_scope dht_scope(const struct dht *d);
/* The file that is read when there is no --bootstrap. */
const char *dht_bootstrap_file(void);
/* The first of the peers to enter by that could not be, and why; NULL: there is none. */
const char *dht_silent(const struct dht *d, const char **why);
uv_loop_t *dht_loop(struct dht *d);
struct p2p_node *dht_node(struct dht *d);
struct p2p_dht *dht_table(struct dht *d);
/* Runs the loop until dht_stop, or SIGTERM or SIGINT; says_ready: prints
 *
 *	{"listening":["/ip4/192.0.2.1/tcp/4001/p2p/12D3...",...],"peer":"12D3...","pid":4711}
 *
 * when signals are waited for: who has read the line may send one. ERR_IO, printed; ERR_NO_MEMORY. */
MUST_CHECK int dht_run(struct dht *d);
/* dht_run returns when the loop comes back to it. */
void dht_stop(struct dht *d);
/* Ends the node and everything on the loop that is its own. What else its user has put there must be closed or closing
 * already; callbacks of searches and requests come from in here, with ERR_INTERRUPTED. d may be NULL. */
void dht_close(struct dht *d);

/* The addresses others reach us at, with "/p2p/ID", as text: the i-th; false at the end. */
bool dht_address(struct dht *d, size_t i, char text[static MULTIADDR_TEXT_MAX + 1]);
/* A peer's id as text. */
void dht_peer_text(const struct peer_id *id, char text[static PEER_ID_TEXT_MAX + 1]);

#endif
