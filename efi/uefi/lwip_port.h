/* What lwIP stands on: memory, frames for what arrives, time, chance, and what becomes of a failed
 * assertion. lwIP keeps its state in static variables, so there is one of it, and this is the one
 * place that knows: between lwip_port_open and lwip_port_close it may be called. */
#ifndef EFI_UEFI_LWIP_PORT_H
#define EFI_UEFI_LWIP_PORT_H

#include "efi/net.h"

/* Both houses have an ERR_TIMEOUT: include this header before any of lwIP's. */
#define ERR_TIMEOUT LWIP_ERR_TIMEOUT
#include <lwip/err.h>
#undef ERR_TIMEOUT

#include <lwip/ip_addr.h>
#include <lwip/pbuf.h>

#define FRAME_BYTES 1520 /* at least SNP_FRAME_BYTES: a device may fill that much */
#define FRAMES 1024

/* ERR_NO_MEMORY; ERR_IO: lwIP has failed an assertion since this program began, and its state cannot
 * be trusted. */
MUST_CHECK int lwip_port_open(struct platform *p);
/* Every connection, socket and interface must be gone by now. */
void lwip_port_close(void);
/* Since an assertion has failed nothing of lwIP may be called. */
bool lwip_port_failed(void);
/* Calls those of lwIP's timers that are due. */
void lwip_port_tick(void);

/* Where the next frame may be received; NULL: every frame is in use. Stays the next one until
 * lwip_port_frame_full makes it a pbuf of n bytes, which gives it back when it is freed. */
uint8_t *lwip_port_frame(void);
struct pbuf *lwip_port_frame_full(size_t n);
size_t lwip_port_frames_left(void);
/* How many bytes can be added behind the end of that pbuf, which is one of these frames. */
size_t lwip_port_frame_room(const struct pbuf *p);

/* Resolvers that DHCP and routers have told, fills out and gives how many. */
size_t lwip_port_resolvers(struct net_address out[static NET_RESOLVERS_MAX]);
/* The gateway for IPv6 where no router announces itself; NULL: none. */
void lwip_port_gateway_six(const ip6_addr_t *gateway);

struct net_address lwip_port_from(const ip_addr_t *a);
ip_addr_t lwip_port_to(const struct net_address *a);

#endif
