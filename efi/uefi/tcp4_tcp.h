/* TCP connections of the back "TCP4", numbered as efi/net.h has them. Each has one token of each kind
 * and pages of its own, which the firmware uses while a token is with it. */
#ifndef EFI_UEFI_TCP4_TCP_H
#define EFI_UEFI_TCP4_TCP_H

#include "efi/uefi/tcp4_device.h"

struct tcp4_connection;

struct tcp4_tcp {
	struct tcp4_device *device;
	struct tcp4_connection *c[NET_CONNECTIONS_MAX]; /* NULL: unused */
	uint32_t used_n, next;                          /* next: to be polled */
};

void tcp4_tcp_init(struct tcp4_tcp *t, struct tcp4_device *device);
void tcp4_tcp_close(struct tcp4_tcp *t);
/* Lets some frames in. False: there is no connection by which that could be done. */
bool tcp4_tcp_poll(struct tcp4_tcp *t);

uint32_t tcp4_tcp_connect(struct tcp4_tcp *t, const struct net_address *to, uint16_t port);
enum net_state tcp4_tcp_state(const struct tcp4_tcp *t, uint32_t c);
struct bytes tcp4_tcp_received(const struct tcp4_tcp *t, uint32_t c);
void tcp4_tcp_took(struct tcp4_tcp *t, uint32_t c, size_t n);
size_t tcp4_tcp_send(struct tcp4_tcp *t, uint32_t c, struct bytes data);
void tcp4_tcp_end(struct tcp4_tcp *t, uint32_t c);

#endif
