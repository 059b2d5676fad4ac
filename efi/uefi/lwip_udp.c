#include "efi/uefi/lwip_udp.h"
#include "efi/uefi/lwip_port.h"

#include <lwip/udp.h>
#include <string.h>

void lwip_udp_init(struct lwip_udp *u, struct netif *netif)
{
	memset(u, 0, sizeof *u);
	u->netif = netif;
}

static void on_received(void *context, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from, u16_t port)
{
	struct lwip_socket *s = context;
	(void)pcb;
	if (s->n == LWIP_UDP_WAITING_MAX) {
		pbuf_free(p);
		return;
	}
	s->waiting[(s->first + s->n++) % LWIP_UDP_WAITING_MAX] =
		(struct lwip_datagram){.p = p, .from = lwip_port_from(from), .port = port};
}

static ip_addr_t with_zone(const struct lwip_udp *u, const struct net_address *a)
{
	ip_addr_t ip = lwip_port_to(a);
	if (a->six && ip6_addr_lacks_zone(ip_2_ip6(&ip), IP6_UNKNOWN))
		ip6_addr_assign_zone(ip_2_ip6(&ip), IP6_UNKNOWN, u->netif);
	return ip;
}

uint32_t lwip_udp_socket(struct lwip_udp *u)
{
	uint32_t number = 0;
	while (number < NET_SOCKETS_MAX && u->s[number].pcb != NULL)
		number++;
	if (number == NET_SOCKETS_MAX)
		return NET_NONE;
	struct udp_pcb *pcb = udp_new_ip_type(IPADDR_TYPE_ANY);
	if (pcb == NULL)
		return NET_NONE;
	if (udp_bind(pcb, IP_ANY_TYPE, 0) != ERR_OK) {
		udp_remove(pcb);
		return NET_NONE;
	}
	u->s[number] = (struct lwip_socket){.pcb = pcb};
	udp_recv(pcb, on_received, &u->s[number]);
	return number;
}

bool lwip_udp_send_to(struct lwip_udp *u, uint32_t socket, const struct net_address *to, uint16_t port,
		      struct bytes data)
{
	const ip_addr_t ip = with_zone(u, to);
	if (data.n > NET_DATAGRAM_BYTES_MAX)
		return false;
	struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)data.n, PBUF_RAM);
	if (p == NULL)
		return false;
	memcpy(p->payload, data.p, data.n);
	/* By this interface whatever the route: a group has none. */
	const err_t err = udp_sendto_if(u->s[socket].pcb, p, &ip, port, u->netif);
	pbuf_free(p);
	return err == ERR_OK;
}

bool lwip_udp_receive_from(struct lwip_udp *u, uint32_t socket, uint8_t *data, size_t *n, struct net_address *from,
			   uint16_t *port)
{
	struct lwip_socket *s = &u->s[socket];
	if (s->n == 0)
		return false;
	const struct lwip_datagram *d = &s->waiting[s->first];
	*n = pbuf_copy_partial(d->p, data, NET_DATAGRAM_BYTES_MAX, 0);
	*from = d->from;
	*port = d->port;
	pbuf_free(d->p);
	s->first = (s->first + 1) % LWIP_UDP_WAITING_MAX;
	s->n--;
	return true;
}

void lwip_udp_end(struct lwip_udp *u, uint32_t socket)
{
	struct lwip_socket *s = &u->s[socket];
	if (s->pcb == NULL)
		return;
	for (; s->n > 0; s->n--, s->first = (s->first + 1) % LWIP_UDP_WAITING_MAX)
		pbuf_free(s->waiting[s->first].p);
	udp_remove(s->pcb);
	s->pcb = NULL;
}

void lwip_udp_close(struct lwip_udp *u)
{
	for (uint32_t i = 0; i < NET_SOCKETS_MAX; i++)
		lwip_udp_end(u, i);
}
