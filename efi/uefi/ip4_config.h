/* The address that was set for a network device in the firmware's setup (UEFI 2.10, section 28.5). */
#ifndef EFI_UEFI_IP4_CONFIG_H
#define EFI_UEFI_IP4_CONFIG_H

#include "efi/net.h"
#include "efi/uefi/uefi.h"

/* Fills the static address, gateway and resolvers of o from the device's setting. False, and o is as
 * it was: there is none, or it says DHCP. To be asked before the device is taken. */
bool ip4_config_static(struct platform *p, EFI_HANDLE device, struct net_options *o);

#endif
