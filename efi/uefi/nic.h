/* The network devices of this machine: their drivers are connected, and they are listed and named. */
#ifndef EFI_UEFI_NIC_H
#define EFI_UEFI_NIC_H

#include "efi/net.h"
#include "efi/uefi/uefi.h"

#define NICS_MAX 8

struct nic {
	EFI_HANDLE handle; /* has the protocol that was looked for, and what is stacked upon it */
	char name[40];     /* "00:03.0 (1af4:1000)", as lspci names it; "network device" when it is not on PCI */
};

/* Fills out with at most NICS_MAX devices and gives how many. The firmware connects drivers only to
 * what it boots from when it is told to be quick: those of network cards are connected here, and say
 * is told before each, because a driver may take its time and nothing can interrupt it. After
 * NET_WAIT_MS no further one is begun. */
size_t nic_find(struct platform *p, const struct net_say *say, struct nic out[static NICS_MAX]);
/* The same for those on which the firmware's own TCP runs, whether or not they have the simple
 * network protocol; a VLAN that was made in setup is one of its own. */
size_t nic_find_tcp4(struct platform *p, const struct net_say *say, struct nic out[static NICS_MAX]);

/* Whether the options ask for the device with that MAC address, or for any. */
bool nic_is_wanted(const struct net_options *o, const uint8_t mac[static 6]);
/* None of the n that were found was taken: why->what is missing, for n == 0; refusal, where the firmware
 * did not give one; or that none has the MAC address. ERR_IO for a refusal, otherwise ERR_NOT_FOUND. */
MUST_CHECK int nic_none(struct platform *p, size_t n, const char *missing, bool refused, const char *refusal,
			struct why *why);

#endif
