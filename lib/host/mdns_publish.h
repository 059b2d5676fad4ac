/* Announces a provider on the local network: DNS-SD over mDNS by the machine's avahi-daemon,
 * RFC 6762 and 6763. Service _phase-image._tcp, one instance per channel and architecture that
 * has a release, TXT channel, arch, version, http_port. */
#ifndef HOST_MDNS_PUBLISH_H
#define HOST_MDNS_PUBLISH_H

#include "host/serve.h"

struct mdns_publisher;

/* Publishes in a thread of its own. The daemon may be absent, come later, or restart: a warning
 * once, and publishing when it is there. NULL (with a warning) when not even that can start, and
 * (told once) when only this machine can reach the provider: to others it would be a dead end.
 * A provider that listens on IPv4 only is announced by its IPv4 addresses only. */
struct mdns_publisher *mdns_publish(struct cli *cli, struct serve *serve);
/* Publishes anew when what is offered has changed. Once a second or so. */
void mdns_refresh(struct mdns_publisher *p);
/* Says goodbye to the network and frees. */
void mdns_withdraw(struct mdns_publisher *p);

#endif
