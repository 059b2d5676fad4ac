#include "efi/uefi/net_lwip.h"
#include "efi/uefi/lwip_port.h"

#include <lwip/dhcp.h>
#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/mld6.h>
#include <lwip/nd6.h>
#include <lwip/netif.h>
#include <netif/ethernet.h>
#include <string.h>

#include "efi/uefi/ip4_config.h"
#include "efi/uefi/lwip_tcp.h"
#include "efi/uefi/lwip_udp.h"
#include "efi/uefi/nic.h"
#include "efi/uefi/snp.h"

#define LINK_EVERY_MS 20   /* asking for the link may be slow */
#define SIX_ALONE_MS 3000  /* a network with IPv6 only: for so long DHCP may answer */
#define FRAMES_AT_ONCE 16  /* then the timers have their turn */
#define FACTS_EVERY_MS 250 /* an IPv6 address may come late */

struct device {
	struct nic nic;
	struct snp snp;
	struct net_options set; /* what holds for this device: the caller's, or from setup */
	struct netif netif;
	bool added;       /* netif is known to lwIP */
	bool mute;        /* nothing is sent any more */
	uint64_t link_ms; /* since when it has link; with added */
};

struct net_lwip {
	struct net net; /* first */
	struct platform *p;
	struct device devices[NICS_MAX], *device; /* the one that was chosen */
	size_t devices_n;
	uint64_t facts_ms;
	struct lwip_tcp tcp;
	struct lwip_udp udp;
};

static struct net_lwip *mine(struct net *net)
{
	return (struct net_lwip *)(void *)net;
}

/* --- one device as an interface of lwIP ------------------------------------------------------------ */

static err_t on_output(struct netif *netif, struct pbuf *p)
{
	struct device *d = netif->state;
	uint8_t *buffer = d->mute || p->tot_len > SNP_FRAME_BYTES ? NULL : snp_buffer(&d->snp);
	if (buffer == NULL)
		return ERR_MEM;
	(void)pbuf_copy_partial(p, buffer, p->tot_len, 0);
	return snp_transmit(&d->snp, buffer, p->tot_len) ? ERR_OK : ERR_IF;
}

/* RFC 2464, section 7. */
static err_t on_filter_six(struct netif *netif, const ip6_addr_t *group, enum netif_mac_filter_action action)
{
	struct device *d = netif->state;
	uint8_t mac[6] = {0x33, 0x33};
	memcpy(mac + 2, &group->addr[3], 4);
	if (action == NETIF_DEL_MAC_FILTER)
		snp_leave(&d->snp, mac);
	else if (!snp_join(&d->snp, mac))
		return ERR_IF;
	return ERR_OK;
}

static err_t on_init(struct netif *netif)
{
	struct device *d = netif->state;
	netif->name[0] = 'e';
	netif->name[1] = 'n';
	netif->mtu = 1500;
	netif->hwaddr_len = 6;
	memcpy(netif->hwaddr, snp_mac(&d->snp), 6);
	netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_MLD6;
	netif->output = etharp_output;
	netif->output_ip6 = ethip6_output;
	netif->linkoutput = on_output;
	netif_set_mld_mac_filter(netif, on_filter_six);
	return ERR_OK;
}

static void set_address(struct device *d)
{
	const ip_addr_t address = lwip_port_to(&d->set.address), gateway = lwip_port_to(&d->set.gateway);
	if (d->set.address.six) {
		s8_t i = 0;
		if (netif_add_ip6_address(&d->netif, ip_2_ip6(&address), &i) != ERR_OK)
			return; /* a fresh interface has room */
		netif_ip6_addr_set_state(&d->netif, i, IP6_ADDR_PREFERRED);
		if (!ip_addr_isany(&gateway))
			lwip_port_gateway_six(ip_2_ip6(&gateway));
		return;
	}
	const unsigned bits = d->set.prefix_bits;
	const ip4_addr_t mask = {lwip_htonl(bits == 0 ? 0 : UINT32_MAX << (32 - bits))};
	netif_set_addr(&d->netif, ip_2_ip4(&address), &mask, ip_2_ip4(&gateway));
}

/* The link is there: from now on it takes part. */
static bool add(struct device *d, uint64_t now_ms)
{
	memset(&d->netif, 0, sizeof d->netif);
	if (netif_add(&d->netif, NULL, NULL, NULL, d, on_init, ethernet_input) == NULL)
		return false;
	d->added = true;
	d->link_ms = now_ms;
	netif_set_default(&d->netif);
	netif_create_ip6_linklocal_address(&d->netif, 1);
	netif_set_ip6_autoconfig_enabled(&d->netif, 1);
	netif_set_up(&d->netif);
	netif_set_link_up(&d->netif);
	if (d->set.has_static)
		set_address(d);
	else if (dhcp_start(&d->netif) != ERR_OK)
		return false;
	nd6_tmr(); /* it solicits a router now instead of within a second */
	return true;
}

static void remove_it(struct device *d)
{
	if (!d->added || lwip_port_failed())
		return;
	d->mute = true; /* the lease is not given back: who boots from here has the same address again */
	dhcp_stop(&d->netif);
	dhcp_cleanup(&d->netif);
	netif_remove(&d->netif);
	nd6_clear_destination_cache();
	d->added = false;
}

/* Gives how many frames came in. */
static unsigned poll_device(struct device *d)
{
	unsigned n = 0;
	for (; n < FRAMES_AT_ONCE && !lwip_port_failed(); n++) {
		uint8_t *frame = lwip_port_frame();
		const size_t bytes = frame == NULL ? 0 : snp_receive(&d->snp, frame);
		if (bytes == 0)
			break;
		struct pbuf *p = lwip_port_frame_full(bytes);
		if (d->netif.input(p, &d->netif) != ERR_OK)
			pbuf_free(p);
	}
	return n;
}

/* A global IPv6 address that may be used; -1: none. */
static int six_of(const struct device *d)
{
	for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
		if (ip6_addr_ispreferred(netif_ip6_addr_state(&d->netif, i)) &&
		    !ip6_addr_islinklocal(netif_ip6_addr(&d->netif, i)))
			return i;
	}
	return -1;
}

static bool has_address(const struct device *d, uint64_t now_ms)
{
	if (d->set.has_static || dhcp_supplied_address(&d->netif))
		return true;
	return six_of(d) >= 0 && now_ms - d->link_ms >= SIX_ALONE_MS;
}

/* --- facts ------------------------------------------------------------------------------------------ */

static void note_facts(struct net_lwip *n, uint64_t now_ms)
{
	const struct device *d = n->device;
	struct net_facts *f = &n->net.facts;
	const int six = six_of(d);
	f->address = lwip_port_from(&d->netif.ip_addr);
	f->gateway = lwip_port_from(&d->netif.gw);
	f->prefix_bits = 0;
	for (uint32_t mask = lwip_ntohl(netif_ip4_netmask(&d->netif)->addr); mask != 0; mask <<= 1)
		f->prefix_bits++;
	f->from_dhcp = dhcp_supplied_address(&d->netif) != 0;
	f->six = (struct net_address){0};
	if (six >= 0)
		f->six = lwip_port_from(netif_ip_addr6(&d->netif, six));
	f->resolvers_n = d->set.resolvers_n;
	memcpy(f->resolvers, d->set.resolvers, sizeof f->resolvers);
	if (f->resolvers_n == 0)
		f->resolvers_n = lwip_port_resolvers(f->resolvers);
	n->facts_ms = now_ms;
}

/* --- opening ------------------------------------------------------------------------------------------ */

/* Takes every device that may be the one. */
static int take_all(struct net_lwip *n, const struct net_options *o, const struct net_say *say, struct why *why)
{
	struct nic nics[NICS_MAX];
	const size_t nics_n = nic_find(n->p, say, nics);
	bool refused = false;
	for (size_t i = 0; i < nics_n; i++) {
		struct device *d = &n->devices[n->devices_n];
		*d = (struct device){.nic = nics[i], .set = *o};
		if (!o->has_static)
			(void)ip4_config_static(n->p, nics[i].handle, &d->set); /* none: DHCP */
		if (snp_take(&d->snp, n->p, nics[i].handle) != OK)
			refused = true;
		else if (!nic_is_wanted(o, snp_mac(&d->snp)))
			snp_give_back(&d->snp);
		else
			n->devices_n++;
	}
	if (n->devices_n != 0)
		return OK;
	return nic_none(
		n->p, nics_n,
		"no network card that this firmware has a driver for: is the network stack switched on in setup?",
		refused, "the firmware does not give its network card away", why);
}

/* Lets every device with a link take part, and gives the first one that has an address. */
static struct device *look(struct net_lwip *n, uint64_t now_ms, bool ask_links)
{
	for (size_t i = 0; i < n->devices_n; i++) {
		struct device *d = &n->devices[i];
		if (!d->added && (!ask_links || !snp_link(&d->snp) || !add(d, now_ms)))
			continue;
		(void)poll_device(d);
		if (has_address(d, now_ms))
			return d;
	}
	return NULL;
}

static bool any_link(const struct net_lwip *n)
{
	bool any = false;
	for (size_t i = 0; i < n->devices_n; i++)
		any |= n->devices[i].added;
	return any;
}

static int wait_for_address(struct net_lwip *n, const struct net_say *say, struct why *why)
{
	uint64_t began_ms = platform_now_ms(n->p), asked_ms = 0;
	bool linked = false;
	while (!platform_interrupted(n->p) && !lwip_port_failed()) {
		const uint64_t now_ms = platform_now_ms(n->p);
		const bool ask_links = asked_ms == 0 || now_ms - asked_ms >= LINK_EVERY_MS;
		if (ask_links)
			asked_ms = now_ms;
		lwip_port_tick();
		if ((n->device = look(n, now_ms, ask_links)) != NULL)
			return OK;
		if (!linked && any_link(n)) {
			linked = true;
			began_ms = now_ms;
			net_tell(say, "link is up, asking for an address");
		}
		if (!linked && now_ms - began_ms > NET_WAIT_MS)
			return why_not(why, ERR_TIMEOUT, "no network card has a link: is the cable plugged in?",
				       WHY_NOWHERE, BYTES_NONE);
		if (linked && now_ms - began_ms > NET_WAIT_MS)
			return why_not(why, ERR_TIMEOUT,
				       "no DHCP server and no IPv6 router answers: is this the right network, or is a "
				       "static address needed?",
				       WHY_NOWHERE, BYTES_NONE);
	}
	if (lwip_port_failed())
		return why_not(why, ERR_IO, "lwIP has failed on a mistake of its own", WHY_NOWHERE, BYTES_NONE);
	return why_not(why, ERR_INTERRUPTED, "stopped while waiting for the network", WHY_NOWHERE, BYTES_NONE);
}

static void close_all(struct net_lwip *n)
{
	struct platform *p = n->p;
	if (!lwip_port_failed()) {
		lwip_tcp_close(&n->tcp);
		lwip_udp_close(&n->udp);
	}
	for (size_t i = 0; i < n->devices_n; i++) {
		remove_it(&n->devices[i]);
		snp_give_back(&n->devices[i].snp);
	}
	lwip_port_close();
	platform_give_pages(p, (uint8_t *)n, sizeof *n);
}

static void give_others_back(struct net_lwip *n)
{
	for (size_t i = 0; i < n->devices_n; i++) {
		if (&n->devices[i] == n->device)
			continue;
		remove_it(&n->devices[i]);
		snp_give_back(&n->devices[i].snp);
	}
	netif_set_default(&n->device->netif);
}

static int open_lwip(struct platform *p, const struct net_options *o, const struct net_say *say, struct net **net,
		     struct why *why)
{
	uint8_t *pages;
	if (platform_pages(p, sizeof(struct net_lwip), &pages) != OK)
		return why_not(why, ERR_NO_MEMORY, "no memory for the network", WHY_NOWHERE, BYTES_NONE);
	struct net_lwip *n = (struct net_lwip *)(void *)pages;
	memset(n, 0, sizeof *n);
	n->net.back = &net_lwip;
	n->net.facts.back = "lwIP";
	n->p = p;
	int err = lwip_port_open(p);
	if (err != OK) {
		platform_give_pages(p, pages, sizeof *n);
		return why_not(why, (enum err)err, "no memory for the network, or lwIP has failed before", WHY_NOWHERE,
			       BYTES_NONE);
	}
	lwip_tcp_init(&n->tcp);
	err = take_all(n, o, say, why);
	if (err == OK)
		err = wait_for_address(n, say, why);
	if (err != OK) {
		close_all(n);
		return err;
	}
	give_others_back(n);
	lwip_udp_init(&n->udp, &n->device->netif);
	memcpy(n->net.facts.device, n->device->nic.name, sizeof n->device->nic.name);
	note_facts(n, platform_now_ms(p));
	*net = &n->net;
	return OK;
}

/* --- the back ----------------------------------------------------------------------------------------- */

static void close_lwip(struct net *net)
{
	close_all(mine(net));
}

static void poll_lwip(struct net *net)
{
	struct net_lwip *n = mine(net);
	if (lwip_port_failed())
		return;
	const uint64_t now_ms = platform_now_ms(n->p);
	const unsigned frames_n = poll_device(n->device);
	lwip_port_tick();
	if (!lwip_port_failed())
		lwip_tcp_polled(&n->tcp, now_ms, frames_n == 0);
	if (now_ms - n->facts_ms >= FACTS_EVERY_MS)
		note_facts(n, now_ms);
}

static uint32_t connect_lwip(struct net *net, const struct net_address *to, uint16_t port)
{
	struct net_lwip *n = mine(net);
	return lwip_port_failed() ? NET_NONE : lwip_tcp_connect(&n->tcp, &n->device->netif, to, port);
}

static enum net_state state_lwip(const struct net *net, uint32_t c)
{
	const struct net_lwip *n = (const struct net_lwip *)(const void *)net;
	return lwip_port_failed() ? NET_FAILED : n->tcp.c[c].state;
}

static struct bytes received_lwip(struct net *net, uint32_t c)
{
	return lwip_tcp_received(&mine(net)->tcp, c);
}

static void took_lwip(struct net *net, uint32_t c, size_t n)
{
	if (!lwip_port_failed())
		lwip_tcp_took(&mine(net)->tcp, c, n);
}

static size_t send_lwip(struct net *net, uint32_t c, struct bytes data)
{
	return lwip_port_failed() ? 0 : lwip_tcp_send(&mine(net)->tcp, c, data);
}

static void end_lwip(struct net *net, uint32_t c)
{
	if (!lwip_port_failed())
		lwip_tcp_end(&mine(net)->tcp, c);
}

static uint32_t socket_lwip(struct net *net)
{
	return lwip_port_failed() ? NET_NONE : lwip_udp_socket(&mine(net)->udp);
}

static bool send_to_lwip(struct net *net, uint32_t socket, const struct net_address *to, uint16_t port,
			 struct bytes data)
{
	return !lwip_port_failed() && lwip_udp_send_to(&mine(net)->udp, socket, to, port, data);
}

static bool receive_from_lwip(struct net *net, uint32_t socket, uint8_t *data, size_t *n, struct net_address *from,
			      uint16_t *port)
{
	return !lwip_port_failed() && lwip_udp_receive_from(&mine(net)->udp, socket, data, n, from, port);
}

static void socket_end_lwip(struct net *net, uint32_t socket)
{
	if (!lwip_port_failed())
		lwip_udp_end(&mine(net)->udp, socket);
}

const struct net_back net_lwip = {
	.stack = BOOT_STACK_LWIP,
	.open = open_lwip,
	.close = close_lwip,
	.poll = poll_lwip,
	.connect = connect_lwip,
	.state = state_lwip,
	.received = received_lwip,
	.took = took_lwip,
	.send = send_lwip,
	.end = end_lwip,
	.socket = socket_lwip,
	.send_to = send_to_lwip,
	.receive_from = receive_from_lwip,
	.socket_end = socket_end_lwip,
};
