/* Multiaddrs: self-describing network addresses of peers, "/ip4/192.0.2.1/tcp/4001/p2p/12D3...", as
 * bytes and as text (github.com/multiformats/multiaddr).
 *
 * An address with a protocol that is not in the table cannot be read beyond it, because nothing says
 * how long its value is: such an address is dropped, the message that has it is not. */
#ifndef P2P_MULTIADDR_H
#define P2P_MULTIADDR_H

#include "core/bytes.h"

#define MULTIADDR_BYTES_MAX 1024 /* two names of hosts, ids of a relay and a peer, certificates */
#define MULTIADDR_PARTS_MAX 24
#define MULTIADDR_TEXT_MAX 2048

enum multiaddr_code {
	MULTIADDR_IP4 = 4,
	MULTIADDR_TCP = 6,
	MULTIADDR_IP6 = 41,
	MULTIADDR_IP6ZONE = 42,
	MULTIADDR_DNS = 53,
	MULTIADDR_DNS4 = 54,
	MULTIADDR_DNS6 = 55,
	MULTIADDR_DNSADDR = 56,
	MULTIADDR_UDP = 273,
	MULTIADDR_P2P_CIRCUIT = 290,
	MULTIADDR_P2P = 421,
	MULTIADDR_TLS = 448,
	MULTIADDR_SNI = 449,
	MULTIADDR_NOISE = 454,
	MULTIADDR_QUIC = 460,
	MULTIADDR_QUIC_V1 = 461,
	MULTIADDR_WEBTRANSPORT = 465,
	MULTIADDR_CERTHASH = 466,
	MULTIADDR_WS = 477,
	MULTIADDR_WSS = 478,
};

struct multiaddr_part {
	enum multiaddr_code code;
	struct bytes value; /* without its length: 4 or 16 bytes, a big-endian port, a name, a multihash */
};

/* The next part; false at the end, and when the address is none: r->dead says which. */
bool multiaddr_next(struct reader *r, struct multiaddr_part *part);
/* OK; ERR_VALUE: not an address in every part, empty, or beyond the limits. */
MUST_CHECK int multiaddr_check(struct bytes address);
/* Writes the bytes of an address in text. ERR_VALUE: none; ERR_NO_SPACE. What was written is then to
 * be ignored. "ipfs" is read as "p2p"; a '/' at the end or doubled is an error. */
MUST_CHECK int multiaddr_parse(struct writer *w, struct bytes text);
/* Writes the one text of an address. ERR_VALUE: none; ERR_NO_SPACE. */
MUST_CHECK int multiaddr_write_text(struct writer *w, struct bytes address);
/* Appends a part; values as multiaddr_next gives them. */
void multiaddr_write_part(struct writer *w, enum multiaddr_code code, struct bytes value);

#endif
