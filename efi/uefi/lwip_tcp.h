/* TCP connections of the back "lwIP", numbered as efi/net.h has them: what they have received, and
 * how much more may come. All memory is the caller's; nothing here waits. */
#ifndef EFI_UEFI_LWIP_TCP_H
#define EFI_UEFI_LWIP_TCP_H

#include "efi/net.h"
#include "efi/receive_window.h"

struct netif;
struct pbuf;
struct tcp_pcb;

struct lwip_tcp {
	struct lwip_connection {
		struct lwip_tcp *tcp;
		struct tcp_pcb *pcb; /* NULL: lwIP has none any more */
		bool used;
		bool moves; /* data came lately: it has a share of the window */
		bool gap;   /* a segment is missing */
		bool asked; /* something was sent, and nothing has come since */
		enum net_state state;
		struct pbuf *first, *last; /* received and not taken; linked by next, each on its own */
		size_t held_bytes;
		uint64_t moved_ms;
	} c[NET_CONNECTIONS_MAX];
	struct receive_window window;
	unsigned used_n, moving_n;
	uint64_t now_ms;
};

void lwip_tcp_init(struct lwip_tcp *t);
/* After each round of frames. idle: none had arrived, so what was received is acknowledged now. */
void lwip_tcp_polled(struct lwip_tcp *t, uint64_t now_ms, bool idle);
void lwip_tcp_close(struct lwip_tcp *t);

uint32_t lwip_tcp_connect(struct lwip_tcp *t, struct netif *netif, const struct net_address *to, uint16_t port);
struct bytes lwip_tcp_received(const struct lwip_tcp *t, uint32_t c);
void lwip_tcp_took(struct lwip_tcp *t, uint32_t c, size_t n);
size_t lwip_tcp_send(struct lwip_tcp *t, uint32_t c, struct bytes data);
void lwip_tcp_end(struct lwip_tcp *t, uint32_t c);

#endif
