/* A network device as the firmware's own IPv4 has it (UEFI 2.10, sections 28 and 30): its address,
 * and the children of its services by which TCP and UDP are used. */
#ifndef EFI_UEFI_TCP4_DEVICE_H
#define EFI_UEFI_TCP4_DEVICE_H

#include "efi/net.h"
#include "efi/uefi/ip4_config.h"
#include "efi/uefi/nic.h"

/* One instance of a service. */
struct tcp4_child {
	EFI_SERVICE_BINDING *binding;
	EFI_HANDLE handle; /* NULL: none */
};

struct tcp4_device {
	struct platform *p;
	struct nic nic;
	EFI_SERVICE_BINDING *tcp, *udp;
	bool has_static; /* the configuration's address, for our children only */
	EFI_IPv4_ADDRESS address, mask, gateway;
	struct tcp4_child child; /* of UDP, never used for datagrams: it tells what the device has */
	EFI_UDP4 *looking;
	enum ip4_policy before; /* as the firmware had it */
	bool asked, changed;    /* takes part; its policy is to be put back */
	EFI_IP4_MODE_DATA ip;   /* with SNP's mode: too large for a stack */
	EFI_SIMPLE_NETWORK_MODE snp;
};

/* False, with nothing taken: it has no TCP4 and UDP4, or no memory for a child. */
bool tcp4_device_open(struct tcp4_device *d, struct platform *p, const struct nic *nic, const struct net_options *o);
/* Puts the policy back. Every other child must be gone by now. */
void tcp4_device_close(struct tcp4_device *d);

/* Whether there is a carrier; true where the device cannot tell. */
bool tcp4_device_link(struct tcp4_device *d);
const uint8_t *tcp4_device_mac(struct tcp4_device *d); /* 6 bytes */
/* From now on it takes part: the firmware asks DHCP when it has no address from setup. False, with
 * platform_error: the firmware cannot be made to. */
bool tcp4_device_ask(struct tcp4_device *d);
/* DHCP from its beginning, where it is DHCP that has brought nothing. */
void tcp4_device_ask_again(struct tcp4_device *d);
bool tcp4_device_has_address(struct tcp4_device *d);
/* Whether the gateway of a fixed address is one that the firmware takes. With an address. */
bool tcp4_device_has_route(struct tcp4_device *d);
void tcp4_device_facts(struct tcp4_device *d, struct net_facts *f);
/* Lets frames in, and those out that wait. */
void tcp4_device_poll(struct tcp4_device *d);

/* An event that is only there because the firmware wants one for each token: nobody waits for it. */
bool tcp4_event(struct platform *p, EFI_EVENT *event);
/* Whether the firmware is done with a token, whose status was EFI_NOT_READY when it was given. */
bool tcp4_done(const EFI_STATUS *status);
/* False: there is none; nothing was taken. */
bool tcp4_child_open(struct tcp4_device *d, struct tcp4_child *child, EFI_SERVICE_BINDING *binding, EFI_GUID *guid,
		     void **interface);
/* False: the firmware does not let go of it, so it may still use the memory that it was given. */
bool tcp4_child_close(struct tcp4_child *child);
/* The address of this end, as the configuration of every child has it. */
void tcp4_device_station(const struct tcp4_device *d, BOOLEAN *is_default, EFI_IPv4_ADDRESS *address,
			 EFI_IPv4_ADDRESS *mask);
/* Gives a child whose address is fixed its gateway; add: its Routes. */
bool tcp4_device_route_tcp(const struct tcp4_device *d, EFI_TCP4 *tcp);
bool tcp4_device_route_udp(const struct tcp4_device *d, EFI_UDP4 *udp);

#endif
