/* UDP sockets of the back "TCP4", numbered as efi/net.h has them. */
#ifndef EFI_UEFI_TCP4_UDP_H
#define EFI_UEFI_TCP4_UDP_H

#include "efi/uefi/tcp4_device.h"

struct tcp4_socket;

struct tcp4_udp {
	struct tcp4_device *device;
	struct tcp4_socket *s[NET_SOCKETS_MAX]; /* NULL: unused */
};

void tcp4_udp_init(struct tcp4_udp *u, struct tcp4_device *device);
void tcp4_udp_close(struct tcp4_udp *u);

uint32_t tcp4_udp_socket(struct tcp4_udp *u);
bool tcp4_udp_send_to(struct tcp4_udp *u, uint32_t socket, const struct net_address *to, uint16_t port,
		      struct bytes data);
bool tcp4_udp_receive_from(struct tcp4_udp *u, uint32_t socket, uint8_t *data, size_t *n, struct net_address *from,
			   uint16_t *port);
void tcp4_udp_end(struct tcp4_udp *u, uint32_t socket);

#endif
