/* Announces a provider on the local network: DNS-SD over mDNS by the machine's avahi-daemon,
 * RFC 6762 and 6763. Service _phase-image._tcp, one instance per channel and architecture that
 * has a release, TXT channel, arch, version, http_port. */
#ifndef HOST_MDNS_PUBLISH_H
#define HOST_MDNS_PUBLISH_H

#include "host/catalogue.h"
#include "host/cli.h"

struct mdns_publisher;

/* Publishes in a thread of its own. The daemon may be absent, come later, or restart: a warning
 * once, and publishing when it is there. NULL (with a warning) when not even that can start.
 * ipv6: whether the provider listens on IPv6 too; else only its IPv4 addresses are announced. */
struct mdns_publisher *mdns_publish(struct cli *cli, struct catalogue *c, uint16_t port, bool ipv6);
/* Publishes anew when the catalogue has changed. */
void mdns_refresh(struct mdns_publisher *p);
/* Says goodbye to the network and frees. */
void mdns_withdraw(struct mdns_publisher *p);

#endif
