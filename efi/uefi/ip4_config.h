/* What the firmware's setup has for a network device: a fixed address, or DHCP (UEFI 2.10, section
 * 28.5). The firmware keeps it in its non-volatile store. */
#ifndef EFI_UEFI_IP4_CONFIG_H
#define EFI_UEFI_IP4_CONFIG_H

#include "efi/net.h"
#include "efi/uefi/uefi.h"

/* Fills the static address, gateway and resolvers of o from the device's setting. False, and o is as
 * it was: there is none, or it says DHCP. To be asked before the device is taken. */
bool ip4_config_static(struct platform *p, EFI_HANDLE device, struct net_options *o);

enum ip4_policy { IP4_POLICY_STATIC, IP4_POLICY_DHCP, IP4_POLICY_UNKNOWN };

/* Where the firmware's own network gets its address from; IP4_POLICY_UNKNOWN: it does not tell. */
enum ip4_policy ip4_config_policy(struct platform *p, EFI_HANDLE device);
/* Static or DHCP; with DHCP the firmware begins to ask. Costs a write of the store. False, with
 * platform_error: refused. */
bool ip4_config_set_policy(struct platform *p, EFI_HANDLE device, enum ip4_policy policy);
/* The resolvers that were set, or that DHCP has told: fills out and gives how many. */
size_t ip4_config_resolvers(struct platform *p, EFI_HANDLE device, struct net_address out[static NET_RESOLVERS_MAX]);

#endif
