/* The network as swfetch sees it: one interface, several backs.
 *
 * A back is lwIP on the firmware's SNP (taken for ourselves and given back), the firmware's own
 * TCP4 where that cannot be had, or POSIX sockets in the host twin. Everything is polled: net_poll
 * lets frames in and out, and what a connection has received is looked at afterwards. One thread. */
#ifndef EFI_NET_H
#define EFI_NET_H

#include "efi/platform.h"
#include "fetch/boot_config.h"

#define NET_CONNECTIONS_MAX 40 /* 24 to nodes of Swarm, the others for HTTP */
#define NET_SOCKETS_MAX 4      /* for datagrams */
#define NET_DATAGRAM_BYTES_MAX 1472
#define NET_RESOLVERS_MAX 4
#define NET_WAIT_MS 10000
#define NET_NONE UINT32_MAX /* no connection, no socket */

struct net_address {
	bool six;
	uint8_t ip[16]; /* network order; IPv4 in the first four */
};

/* How to get onto the network; all zero: DHCP by the first back that has a device, any device. */
struct net_options {
	enum boot_stack stack;
	bool has_static;
	struct net_address address, gateway; /* with has_static; gateway.ip zero: none */
	unsigned prefix_bits;
	struct net_address resolvers[NET_RESOLVERS_MAX];
	size_t resolvers_n;
	uint8_t mac[6]; /* take this device; all zero: the first one with link */
};

/* What was found; for the screen, and for resolving names. Texts are literals or live with net. */
struct net_facts {
	const char *back;                         /* "lwIP", "TCP4", "sockets" */
	char device[64];                          /* as the machine names it */
	struct net_address address, gateway, six; /* six.six false: no IPv6 address (yet) */
	unsigned prefix_bits;
	struct net_address resolvers[NET_RESOLVERS_MAX];
	size_t resolvers_n;
	bool from_dhcp;
};

enum net_state {
	NET_CONNECTING,
	NET_OPEN,
	NET_ENDED,  /* the other side sends no more; what has arrived can be read */
	NET_FAILED, /* refused, reset or unreachable: nothing more comes of it */
};

struct net;

/* Who is told each step as one line of text; say NULL: nobody. */
struct net_say {
	void (*say)(void *context, const char *text);
	void *context;
};

/* Brings the network up, waiting at most NET_WAIT_MS for a link and again for an address (TCP4 asks
 * DHCP a second time, for as long). On failure why->what is a sentence that says at which step and
 * what to do, and everything taken was given back. ERR_NOT_FOUND: no device; ERR_TIMEOUT; ERR_IO;
 * ERR_NO_MEMORY; ERR_VALUE: a gateway that the firmware does not take. Blocks (and watches for
 * Escape). */
MUST_CHECK int net_open(struct platform *p, const struct net_options *o, const struct net_say *say, struct net **net,
			struct why *why);
/* Cuts every connection, gives back what was taken and reconnects the firmware's drivers, so that
 * the next boot entry has a network. */
void net_close(struct net *net);
const struct net_facts *net_facts(const struct net *net);
/* Lets the network do what it can now: to be called over and over, with little else in between. */
void net_poll(struct net *net);

/* Begins a TCP connection. NET_NONE: no room, or no such address family. */
uint32_t net_connect(struct net *net, const struct net_address *to, uint16_t port);
enum net_state net_state(const struct net *net, uint32_t c);
/* What has arrived and was not taken yet: a view of its first part, valid until the next call
 * with this net but net_state. Empty: nothing now. */
struct bytes net_received(struct net *net, uint32_t c);
/* The first n of these bytes are done with: makes room for more. */
void net_took(struct net *net, uint32_t c, size_t n);
/* Queues bytes to send, gives how many were taken. */
size_t net_send(struct net *net, uint32_t c, struct bytes data);
/* Ends a connection at once (what was sent may get lost) and frees its number. */
void net_end(struct net *net, uint32_t c);

/* A socket for datagrams on a port that nobody guesses. NET_NONE: not possible here. */
uint32_t net_socket(struct net *net);
bool net_send_to(struct net *net, uint32_t socket, const struct net_address *to, uint16_t port, struct bytes data);
/* The next datagram that has arrived; false: none. data has room for NET_DATAGRAM_BYTES_MAX. */
bool net_receive_from(struct net *net, uint32_t socket, uint8_t *data, size_t *n, struct net_address *from,
		      uint16_t *port);
void net_socket_end(struct net *net, uint32_t socket);

/* --- for the backs ---------------------------------------------------------------------------- */

/* Tells it, if there is somebody to tell. */
void net_tell(const struct net_say *say, const char *text);

/* Each back fills one of these; the functions above call it. open: as net_open, giving its state. */
struct net_back {
	enum boot_stack stack; /* by which the configuration can ask for it; BOOT_STACK_ANY: it cannot */
	int (*open)(struct platform *p, const struct net_options *o, const struct net_say *say, struct net **net,
		    struct why *why);
	void (*close)(struct net *net);
	void (*poll)(struct net *net);
	uint32_t (*connect)(struct net *net, const struct net_address *to, uint16_t port);
	enum net_state (*state)(const struct net *net, uint32_t c);
	struct bytes (*received)(struct net *net, uint32_t c);
	void (*took)(struct net *net, uint32_t c, size_t n);
	size_t (*send)(struct net *net, uint32_t c, struct bytes data);
	void (*end)(struct net *net, uint32_t c);
	uint32_t (*socket)(struct net *net);
	bool (*send_to)(struct net *net, uint32_t socket, const struct net_address *to, uint16_t port,
			struct bytes data);
	bool (*receive_from)(struct net *net, uint32_t socket, uint8_t *data, size_t *n, struct net_address *from,
			     uint16_t *port);
	void (*socket_end)(struct net *net, uint32_t socket);
};

/* The first member of every back's state. */
struct net {
	const struct net_back *back;
	struct net_facts facts;
};

/* The backs of this machine, best first; NULL ends the list. Defined beside struct platform. */
extern const struct net_back *const net_backs[];

#endif
