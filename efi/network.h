/* Getting onto the network as the configuration says, and telling what was found there. */
#ifndef EFI_NETWORK_H
#define EFI_NETWORK_H

#include "efi/net.h"
#include "efi/report.h"
#include "fetch/boot_config.h"

/* What the configuration's words about the network mean; ERR_VALUE, and told, when one means nothing. */
MUST_CHECK int network_options(const struct report *r, const struct boot_config *c, struct net_options *o);
/* Opens the network; each step and every failure is told. *net is the caller's to close. */
MUST_CHECK int network_open(struct report *r, const struct net_options *o, struct net **net);

#endif
