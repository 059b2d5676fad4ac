#include "efi/uefi/tcp4_udp.h"

#include <string.h>

#define OUT_MAX 8      /* datagrams that wait for the address of who is next on the way */
#define TTL 64         /* RFC 1700 */
#define PORT_TRIES 8   /* until one is free */
#define PORTS_AT 49152 /* those for any use: RFC 6335, section 6 */

static EFI_GUID udp_child_guid = EFI_UDP4_PROTOCOL;

struct datagram {
	EFI_EVENT event;
	bool sending;
	EFI_UDP4_COMPLETION_TOKEN token;
	EFI_UDP4_SESSION_DATA to;
	EFI_UDP4_TRANSMIT_DATA data;
	uint8_t bytes[NET_DATAGRAM_BYTES_MAX];
};

struct tcp4_socket {
	struct tcp4_child child;
	EFI_UDP4 *udp;
	EFI_EVENT event;
	bool receiving; /* a token is with the firmware, or what it has brought is not given back yet */
	EFI_UDP4_COMPLETION_TOKEN token;
	struct datagram out[OUT_MAX];
};

void tcp4_udp_init(struct tcp4_udp *u, struct tcp4_device *device)
{
	memset(u, 0, sizeof *u);
	u->device = device;
}

/* --- beginning and ending ------------------------------------------------------------------------ */

/* The firmware queues what comes later. */
static void receive(struct tcp4_socket *s)
{
	if (s->receiving)
		return;
	s->token = (EFI_UDP4_COMPLETION_TOKEN){.Event = s->event, .Status = EFI_NOT_READY};
	s->receiving = !EFI_ERROR(s->udp->Receive(s->udp, &s->token)); /* not: it is tried again */
}

static void recycle(const struct tcp4_udp *u, struct tcp4_socket *s)
{
	if (!EFI_ERROR(s->token.Status) && s->token.Packet.RxData != NULL)
		(void)u->device->p->boot->SignalEvent(s->token.Packet.RxData->RecycleSignal);
	s->receiving = false;
}

static void give_back(const struct tcp4_udp *u, struct tcp4_socket *s)
{
	EFI_BOOT_SERVICES *boot = u->device->p->boot;
	if (s->child.handle != NULL) {
		(void)s->udp->Cancel(s->udp, NULL); /* EFI_NOT_FOUND: no token is with it */
		if (s->receiving && tcp4_done(&s->token.Status))
			recycle(u, s);
		(void)s->udp->Configure(s->udp, NULL);
	}
	if (!tcp4_child_close(&s->child))
		return; /* these pages are the firmware's for good */
	if (s->event != NULL)
		(void)boot->CloseEvent(s->event);
	for (size_t i = 0; i < OUT_MAX; i++)
		if (s->out[i].event != NULL)
			(void)boot->CloseEvent(s->out[i].event);
	platform_give_pages(u->device->p, (uint8_t *)s, sizeof *s);
}

static bool prepare(struct tcp4_udp *u, struct tcp4_socket *s)
{
	struct platform *p = u->device->p;
	if (!tcp4_event(p, &s->event))
		return false;
	for (size_t i = 0; i < OUT_MAX; i++)
		if (!tcp4_event(p, &s->out[i].event))
			return false;
	return tcp4_child_open(u->device, &s->child, u->device->udp, &udp_child_guid, (void **)&s->udp);
}

/* A port that nobody guesses: the firmware counts them up. */
static uint16_t any_port(struct platform *p)
{
	uint8_t random[2];
	(void)platform_random(p, random, sizeof random);
	return (uint16_t)(PORTS_AT + ((random[0] << 8 | random[1]) & 0x3fff));
}

static bool bind(struct tcp4_udp *u, struct tcp4_socket *s)
{
	EFI_UDP4_CONFIG_DATA config = {.TimeToLive = TTL};
	tcp4_device_station(u->device, &config.UseDefaultAddress, &config.StationAddress, &config.SubnetMask);
	for (unsigned i = 0; i < PORT_TRIES; i++) {
		config.StationPort = any_port(u->device->p);
		if (uefi_good(u->device->p, s->udp->Configure(s->udp, &config)))
			return tcp4_device_route_udp(u->device, s->udp);
	}
	return false;
}

uint32_t tcp4_udp_socket(struct tcp4_udp *u)
{
	uint32_t number = 0;
	uint8_t *pages;
	while (number < NET_SOCKETS_MAX && u->s[number] != NULL)
		number++;
	if (number == NET_SOCKETS_MAX)
		return NET_NONE;
	if (platform_pages(u->device->p, sizeof(struct tcp4_socket), &pages) != OK)
		return NET_NONE;
	struct tcp4_socket *s = (struct tcp4_socket *)(void *)pages;
	memset(s, 0, sizeof *s);
	if (!prepare(u, s) || !bind(u, s)) {
		give_back(u, s);
		return NET_NONE;
	}
	u->s[number] = s;
	receive(s);
	return number;
}

void tcp4_udp_end(struct tcp4_udp *u, uint32_t socket)
{
	if (u->s[socket] != NULL)
		give_back(u, u->s[socket]);
	u->s[socket] = NULL;
}

void tcp4_udp_close(struct tcp4_udp *u)
{
	for (uint32_t i = 0; i < NET_SOCKETS_MAX; i++)
		tcp4_udp_end(u, i);
}

/* --- datagrams ------------------------------------------------------------------------------------- */

static struct datagram *unused(struct tcp4_socket *s)
{
	for (size_t i = 0; i < OUT_MAX; i++)
		if (!s->out[i].sending || tcp4_done(&s->out[i].token.Status))
			return &s->out[i];
	return NULL;
}

bool tcp4_udp_send_to(struct tcp4_udp *u, uint32_t socket, const struct net_address *to, uint16_t port,
		      struct bytes data)
{
	struct tcp4_socket *s = u->s[socket];
	struct datagram *d = unused(s);
	if (d == NULL || to->six || data.n > NET_DATAGRAM_BYTES_MAX)
		return false;
	memcpy(d->bytes, data.p, data.n);
	d->to = (EFI_UDP4_SESSION_DATA){.DestinationPort = port};
	memcpy(d->to.DestinationAddress.Addr, to->ip, 4);
	d->data = (EFI_UDP4_TRANSMIT_DATA){
		.UdpSessionData = &d->to,
		.DataLength = (UINT32)data.n,
		.FragmentCount = 1,
		.FragmentTable = {{.FragmentLength = (UINT32)data.n, .FragmentBuffer = d->bytes}},
	};
	d->token = (EFI_UDP4_COMPLETION_TOKEN){.Event = d->event, .Status = EFI_NOT_READY, .Packet.TxData = &d->data};
	d->sending = uefi_good(u->device->p, s->udp->Transmit(s->udp, &d->token));
	return d->sending;
}

/* Fills out with what the token has brought; false: it does not fit. */
static bool copy(const EFI_UDP4_RECEIVE_DATA *in, uint8_t *data, size_t *n)
{
	struct writer w = writer_of(data, NET_DATAGRAM_BYTES_MAX);
	for (UINT32 i = 0; i < in->FragmentCount; i++)
		write_bytes(&w, bytes_of(in->FragmentTable[i].FragmentBuffer, in->FragmentTable[i].FragmentLength));
	*n = w.n;
	return !w.full;
}

bool tcp4_udp_receive_from(struct tcp4_udp *u, uint32_t socket, uint8_t *data, size_t *n, struct net_address *from,
			   uint16_t *port)
{
	struct tcp4_socket *s = u->s[socket];
	receive(s);
	while (s->receiving && tcp4_done(&s->token.Status)) {
		const EFI_UDP4_RECEIVE_DATA *in = EFI_ERROR(s->token.Status) ? NULL : s->token.Packet.RxData;
		const bool fits = in != NULL && copy(in, data, n);
		if (fits) {
			*from = (struct net_address){0};
			memcpy(from->ip, in->UdpSession.SourceAddress.Addr, 4);
			*port = in->UdpSession.SourcePort;
		}
		recycle(u, s);
		receive(s);
		if (fits)
			return true;
	}
	return false;
}
