/* The network back "TCP4": the firmware's own TCP and UDP, for IPv4. Several times slower than lwIP,
 * but it is there where the firmware does not give its network card away. */
#ifndef EFI_UEFI_NET_TCP4_H
#define EFI_UEFI_NET_TCP4_H

#include "efi/net.h"

extern const struct net_back net_tcp4;

#endif
