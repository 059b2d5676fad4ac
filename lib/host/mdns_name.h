/* What of a provider may be announced by mDNS, and under which name: no I/O here. */
#ifndef HOST_MDNS_NAME_H
#define HOST_MDNS_NAME_H

#include "core/bytes.h"

#define MDNS_NAME_BYTES 64         /* a label has 63 bytes at most (RFC 6763, 4.1.1); and a NUL */
#define MDNS_CHANNEL_BYTES_MAX 247 /* "channel=" and it are one TXT string of 255 bytes at most */

/* "phase-CHANNEL-ARCH on HOST". What is too long is cut between characters, the host at 24 bytes
 * and the channel where the label ends; what is not safe on a screen becomes '?'. arch: canonical. */
void mdns_instance_name(struct bytes channel, struct bytes arch, struct bytes host, char out[static MDNS_NAME_BYTES]);

/* Whether no other machine can reach what listens at this URL with a numeric host: it is this
 * machine's loopback address. */
bool mdns_url_is_local(const char *url);

#endif
