/* Addresses as text: IPv4 dotted, IPv6 as RFC 4291 2.2 has it, out as RFC 5952 recommends. */
#ifndef EFI_NET_ADDRESS_H
#define EFI_NET_ADDRESS_H

#include "efi/net.h"

struct net_address_text {
	char text[48];
};

/* "10.0.2.2", "fe80::2", or in brackets as URLs have it. ERR_VALUE: it is none (a name, perhaps). */
MUST_CHECK int net_address_read(struct bytes text, struct net_address *out);
/* As text with a NUL, in the caller's buffer. */
const char *net_address_text(struct net_address_text *text, const struct net_address *a);

#endif
