/* The network back "lwIP": our own TCP/IP on the firmware's frames. Several times as fast as the
 * firmware's, and it has an address in milliseconds. */
#ifndef EFI_UEFI_NET_LWIP_H
#define EFI_UEFI_NET_LWIP_H

#include "efi/net.h"

extern const struct net_back net_lwip;

#endif
