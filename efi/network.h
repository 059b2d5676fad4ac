/* Getting onto the network as the configuration says, and telling what was found there. */
#ifndef EFI_NETWORK_H
#define EFI_NETWORK_H

#include "efi/net.h"
#include "efi/report.h"
#include "fetch/boot_config.h"

/* Whether the configuration's words about the network mean something; what does not is told. */
MUST_CHECK int network_check(struct report *r, const struct boot_config *c);
/* Opens the network; each step and every failure is told. *net is the caller's to close. */
MUST_CHECK int network_open(struct report *r, const struct boot_config *c, struct net **net);
#endif
