#include "efi/uefi/tcp4_device.h"

#include <string.h>

static EFI_GUID tcp_guid = EFI_TCP4_SERVICE_BINDING_PROTOCOL;
static EFI_GUID udp_guid = EFI_UDP4_SERVICE_BINDING_PROTOCOL;
static EFI_GUID udp_child_guid = EFI_UDP4_PROTOCOL;

bool tcp4_event(struct platform *p, EFI_EVENT *event)
{
	return uefi_good(p, p->boot->CreateEvent(0, 0, NULL, NULL, event));
}

/* Drivers write it from their timers. */
bool tcp4_done(const EFI_STATUS *status)
{
	return *(const volatile EFI_STATUS *)status != EFI_NOT_READY;
}

bool tcp4_child_open(struct tcp4_device *d, struct tcp4_child *child, EFI_SERVICE_BINDING *binding, EFI_GUID *guid,
		     void **interface)
{
	EFI_HANDLE handle = NULL;
	if (!uefi_good(d->p, binding->CreateChild(binding, &handle)))
		return false;
	if (!uefi_good(d->p, d->p->boot->HandleProtocol(handle, guid, interface))) {
		(void)binding->DestroyChild(binding, handle); /* it was given nothing */
		return false;
	}
	*child = (struct tcp4_child){binding, handle};
	return true;
}

bool tcp4_child_close(struct tcp4_child *child)
{
	const bool gone =
		child->handle == NULL || !EFI_ERROR(child->binding->DestroyChild(child->binding, child->handle));
	child->handle = NULL;
	return gone;
}

static void set_static(struct tcp4_device *d, const struct net_options *o)
{
	d->has_static = true;
	memcpy(d->address.Addr, o->address.ip, 4);
	memcpy(d->gateway.Addr, o->gateway.ip, 4);
	for (unsigned i = 0; i < o->prefix_bits && i < 32; i++)
		d->mask.Addr[i / 8] |= (UINT8)(0x80 >> i % 8);
}

bool tcp4_device_open(struct tcp4_device *d, struct platform *p, const struct nic *nic, const struct net_options *o)
{
	memset(d, 0, sizeof *d);
	d->p = p;
	d->nic = *nic;
	if (!uefi_good(p, p->boot->HandleProtocol(nic->handle, &tcp_guid, (void **)&d->tcp)) ||
	    !uefi_good(p, p->boot->HandleProtocol(nic->handle, &udp_guid, (void **)&d->udp)))
		return false;
	if (o->has_static)
		set_static(d, o);
	d->before = ip4_config_policy(p, nic->handle);
	return tcp4_child_open(d, &d->child, d->udp, &udp_child_guid, (void **)&d->looking);
}

void tcp4_device_close(struct tcp4_device *d)
{
	if (d->child.handle == NULL)
		return;
	(void)d->looking->Configure(d->looking, NULL);
	(void)tcp4_child_close(&d->child); /* it has no memory of ours */
	if (d->changed)
		(void)ip4_config_set_policy(d->p, d->nic.handle, d->before); /* there is nobody to tell */
	d->changed = false;
}

/* The firmware brings the state of the link up to date when it is asked. */
static void look(struct tcp4_device *d)
{
	memset(&d->ip, 0, sizeof d->ip);
	memset(&d->snp, 0, sizeof d->snp);
	(void)d->looking->GetModeData(d->looking, NULL, &d->ip, NULL, &d->snp); /* zeros: nothing is known */
}

bool tcp4_device_link(struct tcp4_device *d)
{
	look(d);
	return !d->snp.MediaPresentSupported || d->snp.MediaPresent;
}

const uint8_t *tcp4_device_mac(struct tcp4_device *d)
{
	look(d);
	return d->snp.CurrentAddress.Addr;
}

bool tcp4_device_ask(struct tcp4_device *d)
{
	struct net_options set = {0};
	d->asked = true;
	if (d->has_static || d->before != IP4_POLICY_STATIC || ip4_config_static(d->p, d->nic.handle, &set))
		return true;
	d->changed = ip4_config_set_policy(d->p, d->nic.handle, IP4_POLICY_DHCP);
	return d->changed;
}

void tcp4_device_ask_again(struct tcp4_device *d)
{
	if (!d->asked || d->has_static || ip4_config_policy(d->p, d->nic.handle) != IP4_POLICY_DHCP)
		return;
	(void)ip4_config_set_policy(d->p, d->nic.handle, IP4_POLICY_STATIC);
	(void)ip4_config_set_policy(d->p, d->nic.handle, IP4_POLICY_DHCP);
	d->changed = d->before != IP4_POLICY_DHCP;
}

void tcp4_device_station(const struct tcp4_device *d, BOOLEAN *is_default, EFI_IPv4_ADDRESS *address,
			 EFI_IPv4_ADDRESS *mask)
{
	*is_default = !d->has_static;
	*address = d->address;
	*mask = d->mask;
}

bool tcp4_device_has_address(struct tcp4_device *d)
{
	EFI_UDP4_CONFIG_DATA config = {.TimeToLive = 64, .AllowDuplicatePort = TRUE};
	look(d);
	if (d->ip.IsConfigured)
		return true;
	/* The firmware may begin to ask DHCP only when somebody wants an address. */
	tcp4_device_station(d, &config.UseDefaultAddress, &config.StationAddress, &config.SubnetMask);
	if (!uefi_good(d->p, d->looking->Configure(d->looking, &config)))
		return false;
	look(d);
	return true;
}

static bool has_gateway(const struct tcp4_device *d)
{
	static const EFI_IPv4_ADDRESS none;
	return d->has_static && memcmp(&d->gateway, &none, sizeof none) != 0;
}

/* EFI_ACCESS_DENIED: it has that route. */
static bool is_routed(struct platform *p, EFI_STATUS status)
{
	return status == EFI_ACCESS_DENIED || uefi_good(p, status);
}

bool tcp4_device_route_tcp(const struct tcp4_device *d, EFI_TCP4 *tcp)
{
	EFI_IPv4_ADDRESS any = {0}, gateway = d->gateway;
	return !has_gateway(d) || is_routed(d->p, tcp->Routes(tcp, FALSE, &any, &any, &gateway));
}

bool tcp4_device_route_udp(const struct tcp4_device *d, EFI_UDP4 *udp)
{
	EFI_IPv4_ADDRESS any = {0}, gateway = d->gateway;
	return !has_gateway(d) || is_routed(d->p, udp->Routes(udp, FALSE, &any, &any, &gateway));
}

bool tcp4_device_has_route(struct tcp4_device *d)
{
	return tcp4_device_route_udp(d, d->looking);
}

static bool is_any(const EFI_IPv4_ADDRESS *a)
{
	return (a->Addr[0] | a->Addr[1] | a->Addr[2] | a->Addr[3]) == 0;
}

void tcp4_device_facts(struct tcp4_device *d, struct net_facts *f)
{
	look(d);
	memcpy(f->address.ip, d->ip.ConfigData.StationAddress.Addr, 4);
	f->gateway = (struct net_address){0};
	for (UINT32 i = 0; i < d->ip.RouteCount; i++) {
		const EFI_IP4_ROUTE_TABLE *route = &d->ip.RouteTable[i];
		if (is_any(&route->SubnetMask) && !is_any(&route->GatewayAddress))
			memcpy(f->gateway.ip, route->GatewayAddress.Addr, 4);
	}
	f->prefix_bits = 0;
	for (unsigned i = 0; i < 32; i++)
		f->prefix_bits += d->ip.ConfigData.SubnetMask.Addr[i / 8] >> (7 - i % 8) & 1U;
	f->from_dhcp = !d->has_static && ip4_config_policy(d->p, d->nic.handle) == IP4_POLICY_DHCP;
}

void tcp4_device_poll(struct tcp4_device *d)
{
	(void)d->looking->Poll(d->looking); /* EFI_NOT_READY: there was nothing to do */
}
