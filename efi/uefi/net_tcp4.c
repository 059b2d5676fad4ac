#include "efi/uefi/net_tcp4.h"

#include <string.h>

#include "efi/uefi/tcp4_tcp.h"
#include "efi/uefi/tcp4_udp.h"

#define LOOK_EVERY_MS 20   /* while waiting: the firmware works in its timers */
#define FACTS_EVERY_MS 250 /* a lease may bring another address */
#define POLLS 32           /* when there is no connection; each lets one frame in */

struct net_tcp4 {
	struct net net; /* first */
	struct platform *p;
	struct tcp4_device devices[NICS_MAX], *device; /* the one that was chosen */
	size_t devices_n;
	uint64_t facts_ms;
	struct tcp4_tcp tcp;
	struct tcp4_udp udp;
};

static struct net_tcp4 *mine(struct net *net)
{
	return (struct net_tcp4 *)(void *)net;
}

static const struct net_tcp4 *mine_const(const struct net *net)
{
	return (const struct net_tcp4 *)(const void *)net;
}

/* --- opening ------------------------------------------------------------------------------------- */

/* Opens every device that may be the one. */
static int take_all(struct net_tcp4 *n, const struct net_options *o, const struct net_say *say, struct why *why)
{
	struct nic nics[NICS_MAX];
	const size_t nics_n = nic_find_tcp4(n->p, say, nics);
	bool refused = false;
	if (o->has_static && o->address.six)
		return why_not(why, ERR_NOT_FOUND, "the firmware's TCP4 has no IPv6: give it an IPv4 address",
			       WHY_NOWHERE, BYTES_NONE);
	for (size_t i = 0; i < nics_n; i++) {
		struct tcp4_device *d = &n->devices[n->devices_n];
		if (!tcp4_device_open(d, n->p, &nics[i], o))
			refused = true;
		else if (!nic_is_wanted(o, tcp4_device_mac(d)))
			tcp4_device_close(d);
		else
			n->devices_n++;
	}
	if (n->devices_n != 0)
		return OK;
	return nic_none(n->p, nics_n,
			"no network card on which this firmware runs TCP: is the network stack switched on in setup?",
			refused, "the firmware's TCP cannot be used", why);
}

/* Lets every device with a link take part, and gives the first one that has an address. */
static struct tcp4_device *look(struct net_tcp4 *n, const struct net_say *say)
{
	for (size_t i = 0; i < n->devices_n; i++) {
		struct tcp4_device *d = &n->devices[i];
		if (!d->asked && !tcp4_device_link(d))
			continue;
		if (!d->asked && !tcp4_device_ask(d))
			net_tell(say, "the firmware cannot be made to ask for an address");
		if (tcp4_device_has_address(d))
			return d;
	}
	return NULL;
}

static bool any_link(const struct net_tcp4 *n)
{
	bool any = false;
	for (size_t i = 0; i < n->devices_n; i++)
		any |= n->devices[i].asked;
	return any;
}

static int wait_for_link(struct net_tcp4 *n, const struct net_say *say, struct why *why)
{
	const uint64_t end_ms = platform_now_ms(n->p) + NET_WAIT_MS;
	while ((n->device = look(n, say)) == NULL && !any_link(n)) {
		if (platform_interrupted(n->p))
			break;
		if (platform_now_ms(n->p) > end_ms)
			return why_not(why, ERR_TIMEOUT, "no network card has a link: is the cable plugged in?",
				       WHY_NOWHERE, BYTES_NONE);
		platform_wait(n->p, LOOK_EVERY_MS);
	}
	return OK;
}

static void wait_for_address(struct net_tcp4 *n, const struct net_say *say)
{
	const uint64_t end_ms = platform_now_ms(n->p) + NET_WAIT_MS;
	while (n->device == NULL && platform_now_ms(n->p) < end_ms && !platform_interrupted(n->p)) {
		platform_wait(n->p, LOOK_EVERY_MS);
		n->device = look(n, say);
	}
}

static int find_device(struct net_tcp4 *n, const struct net_say *say, struct why *why)
{
	const int err = wait_for_link(n, say, why);
	if (err != OK)
		return err;
	if (n->device == NULL) {
		net_tell(say, "link is up, the firmware asks for an address");
		wait_for_address(n, say);
	}
	if (n->device == NULL && !platform_interrupted(n->p)) {
		net_tell(say, "no address yet, the firmware asks once more");
		for (size_t i = 0; i < n->devices_n; i++)
			tcp4_device_ask_again(&n->devices[i]);
		wait_for_address(n, say);
	}
	if (n->device == NULL && platform_interrupted(n->p))
		return why_not(why, ERR_INTERRUPTED, "stopped while waiting for the network", WHY_NOWHERE, BYTES_NONE);
	if (n->device == NULL)
		return why_not(why, ERR_TIMEOUT,
			       "no DHCP server answers: is this the right network, or is a static address needed?",
			       WHY_NOWHERE, BYTES_NONE);
	if (!tcp4_device_has_route(n->device))
		return why_not(why, ERR_VALUE, "the firmware does not take the gateway: is it in the address's net?",
			       WHY_NOWHERE, BYTES_NONE);
	return OK;
}

static void note_facts(struct net_tcp4 *n, uint64_t now_ms)
{
	tcp4_device_facts(n->device, &n->net.facts);
	n->facts_ms = now_ms;
}

static void close_devices(struct net_tcp4 *n, const struct tcp4_device *but)
{
	for (size_t i = 0; i < n->devices_n; i++)
		if (&n->devices[i] != but)
			tcp4_device_close(&n->devices[i]);
}

static int open_tcp4(struct platform *p, const struct net_options *o, const struct net_say *say, struct net **net,
		     struct why *why)
{
	uint8_t *pages;
	if (platform_pages(p, sizeof(struct net_tcp4), &pages) != OK)
		return why_not(why, ERR_NO_MEMORY, "no memory for the network", WHY_NOWHERE, BYTES_NONE);
	struct net_tcp4 *n = (struct net_tcp4 *)(void *)pages;
	memset(n, 0, sizeof *n);
	n->net.back = &net_tcp4;
	n->net.facts.back = "TCP4";
	n->p = p;
	int err = take_all(n, o, say, why);
	if (err == OK)
		err = find_device(n, say, why);
	if (err != OK) {
		close_devices(n, NULL);
		platform_give_pages(p, pages, sizeof *n);
		return err;
	}
	close_devices(n, n->device);
	tcp4_tcp_init(&n->tcp, n->device);
	tcp4_udp_init(&n->udp, n->device);
	struct net_facts *f = &n->net.facts;
	memcpy(f->device, n->device->nic.name, sizeof n->device->nic.name);
	f->resolvers_n = o->resolvers_n;
	memcpy(f->resolvers, o->resolvers, sizeof f->resolvers);
	if (f->resolvers_n == 0 && !o->has_static)
		f->resolvers_n = ip4_config_resolvers(p, n->device->nic.handle, f->resolvers);
	note_facts(n, platform_now_ms(p));
	*net = &n->net;
	return OK;
}

/* --- the back --------------------------------------------------------------------------------------- */

static void close_tcp4(struct net *net)
{
	struct net_tcp4 *n = mine(net);
	struct platform *p = n->p;
	tcp4_tcp_close(&n->tcp);
	tcp4_udp_close(&n->udp);
	tcp4_device_close(n->device);
	platform_give_pages(p, (uint8_t *)n, sizeof *n);
}

static void poll_tcp4(struct net *net)
{
	struct net_tcp4 *n = mine(net);
	const uint64_t now_ms = platform_now_ms(n->p);
	if (!tcp4_tcp_poll(&n->tcp))
		for (unsigned i = 0; i < POLLS; i++)
			tcp4_device_poll(n->device);
	if (now_ms - n->facts_ms >= FACTS_EVERY_MS)
		note_facts(n, now_ms);
}

static uint32_t connect_tcp4(struct net *net, const struct net_address *to, uint16_t port)
{
	return tcp4_tcp_connect(&mine(net)->tcp, to, port);
}

static enum net_state state_tcp4(const struct net *net, uint32_t c)
{
	return tcp4_tcp_state(&mine_const(net)->tcp, c);
}

static struct bytes received_tcp4(struct net *net, uint32_t c)
{
	return tcp4_tcp_received(&mine(net)->tcp, c);
}

static void took_tcp4(struct net *net, uint32_t c, size_t n)
{
	tcp4_tcp_took(&mine(net)->tcp, c, n);
}

static size_t send_tcp4(struct net *net, uint32_t c, struct bytes data)
{
	return tcp4_tcp_send(&mine(net)->tcp, c, data);
}

static void end_tcp4(struct net *net, uint32_t c)
{
	tcp4_tcp_end(&mine(net)->tcp, c);
}

static uint32_t socket_tcp4(struct net *net)
{
	return tcp4_udp_socket(&mine(net)->udp);
}

static bool send_to_tcp4(struct net *net, uint32_t socket, const struct net_address *to, uint16_t port,
			 struct bytes data)
{
	return tcp4_udp_send_to(&mine(net)->udp, socket, to, port, data);
}

static bool receive_from_tcp4(struct net *net, uint32_t socket, uint8_t *data, size_t *n, struct net_address *from,
			      uint16_t *port)
{
	return tcp4_udp_receive_from(&mine(net)->udp, socket, data, n, from, port);
}

static void socket_end_tcp4(struct net *net, uint32_t socket)
{
	tcp4_udp_end(&mine(net)->udp, socket);
}

const struct net_back net_tcp4 = {
	.stack = BOOT_STACK_TCP4,
	.open = open_tcp4,
	.close = close_tcp4,
	.poll = poll_tcp4,
	.connect = connect_tcp4,
	.state = state_tcp4,
	.received = received_tcp4,
	.took = took_tcp4,
	.send = send_tcp4,
	.end = end_tcp4,
	.socket = socket_tcp4,
	.send_to = send_to_tcp4,
	.receive_from = receive_from_tcp4,
	.socket_end = socket_end_tcp4,
};
