/* UDP sockets of the back "lwIP", numbered as efi/net.h has them. */
#ifndef EFI_UEFI_LWIP_UDP_H
#define EFI_UEFI_LWIP_UDP_H

#include "efi/net.h"

#define LWIP_UDP_WAITING_MAX 16 /* datagrams of one socket; later ones are dropped */

struct netif;
struct pbuf;
struct udp_pcb;

struct lwip_udp {
	struct netif *netif;
	struct lwip_socket {
		struct udp_pcb *pcb; /* NULL: unused */
		struct lwip_datagram {
			struct pbuf *p;
			struct net_address from;
			uint16_t port;
		} waiting[LWIP_UDP_WAITING_MAX]; /* a ring */
		size_t first, n;
	} s[NET_SOCKETS_MAX];
};

void lwip_udp_init(struct lwip_udp *u, struct netif *netif);
void lwip_udp_close(struct lwip_udp *u);

uint32_t lwip_udp_socket(struct lwip_udp *u);
bool lwip_udp_send_to(struct lwip_udp *u, uint32_t socket, const struct net_address *to, uint16_t port,
		      struct bytes data);
bool lwip_udp_receive_from(struct lwip_udp *u, uint32_t socket, uint8_t *data, size_t *n, struct net_address *from,
			   uint16_t *port);
void lwip_udp_end(struct lwip_udp *u, uint32_t socket);

#endif
