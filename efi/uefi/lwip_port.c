#include "efi/uefi/lwip_port.h"

#include <lwip/dns.h>
#include <lwip/init.h>
#include <lwip/mem.h>
#include <lwip/sys.h>
#include <lwip/timeouts.h>
#include <string.h>

#define HEAP_BYTES (MEM_SIZE + 4096) /* and lwIP's own marks at both ends */
#define TIMERS_MAX 16
#define IP_AT 2 /* so that what follows an Ethernet header of 14 bytes is aligned */

struct frame {
	struct pbuf_custom pbuf; /* first: lwIP gives a pointer to it back */
	struct frame *next;
	uint8_t data[IP_AT + FRAME_BYTES];
};

static struct {
	struct platform *p;
	struct frame *frames, *unused;
	size_t unused_n;
	uint64_t timers_ms[TIMERS_MAX];
	ip_addr_t four[DNS_MAX_SERVERS], six[DNS_MAX_SERVERS];
	bool has_gateway_six;
	ip6_addr_t gateway_six;
	bool failed;
} port;

unsigned char *lwip_heap;

int lwip_port_open(struct platform *p)
{
	uint8_t *frames;
	if (port.failed)
		return ERR_IO;
	if (platform_pages(p, FRAMES * sizeof(struct frame), &frames) != OK)
		return ERR_NO_MEMORY;
	if (platform_pages(p, HEAP_BYTES, &lwip_heap) != OK) {
		platform_give_pages(p, frames, FRAMES * sizeof(struct frame));
		return ERR_NO_MEMORY;
	}
	memset(&port, 0, sizeof port);
	memset(lwip_heap, 0, HEAP_BYTES);
	port.p = p;
	port.frames = (struct frame *)(void *)frames;
	for (size_t i = FRAMES; i-- > 0;) {
		port.frames[i].next = port.unused;
		port.unused = &port.frames[i];
	}
	port.unused_n = FRAMES;
	lwip_init();
	return OK;
}

void lwip_port_close(void)
{
	platform_give_pages(port.p, lwip_heap, HEAP_BYTES);
	platform_give_pages(port.p, (uint8_t *)port.frames, FRAMES * sizeof(struct frame));
	port.frames = port.unused = NULL;
	lwip_heap = NULL;
}

bool lwip_port_failed(void)
{
	return port.failed;
}

void lwip_assertion(const char *what)
{
	if (!port.failed) {
		platform_print(port.p, BYTES_LITERAL("lwIP: a check of its own state has failed: "));
		platform_print(port.p, bytes_text(what));
		platform_print(port.p, BYTES_LITERAL("\n"));
	}
	port.failed = true;
}

void lwip_port_tick(void)
{
	const uint64_t now_ms = platform_now_ms(port.p);
	for (int i = 0; i < lwip_num_cyclic_timers && i < TIMERS_MAX; i++) {
		const struct lwip_cyclic_timer *timer = &lwip_cyclic_timers[i];
		if (now_ms - port.timers_ms[i] < timer->interval_ms)
			continue;
		/* Where nobody has polled for long, what was missed is not made up for in a burst. */
		const bool late = now_ms - port.timers_ms[i] >= 4 * (uint64_t)timer->interval_ms;
		port.timers_ms[i] = late ? now_ms : port.timers_ms[i] + timer->interval_ms;
		timer->handler();
	}
}

/* --- frames ------------------------------------------------------------------------------------- */

uint8_t *lwip_port_frame(void)
{
	return port.unused == NULL ? NULL : port.unused->data + IP_AT;
}

static void give(struct pbuf *p)
{
	struct frame *f = (struct frame *)(void *)p;
	f->next = port.unused;
	port.unused = f;
	port.unused_n++;
}

struct pbuf *lwip_port_frame_full(size_t n)
{
	struct frame *f = port.unused;
	port.unused = f->next;
	port.unused_n--;
	f->pbuf.custom_free_function = give;
	/* PBUF_POOL: what lwIP may keep as it is, without a copy. */
	return pbuf_alloced_custom(PBUF_RAW, (u16_t)n, PBUF_POOL, &f->pbuf, f->data + IP_AT, FRAME_BYTES);
}

size_t lwip_port_frames_left(void)
{
	return port.unused_n;
}

size_t lwip_port_frame_room(const struct pbuf *p)
{
	const struct frame *f = (const struct frame *)(const void *)p;
	return (size_t)(f->data + sizeof f->data - ((const uint8_t *)p->payload + p->len));
}

/* --- what lwIP calls ----------------------------------------------------------------------------- */

u32_t sys_now(void)
{
	return (u32_t)platform_now_ms(port.p);
}

unsigned lwip_random(void)
{
	uint8_t random[4];
	(void)platform_random(port.p, random, sizeof random);
	return load_be32(random);
}

size_t lwip_strlen(const char *s);
size_t lwip_strlen(const char *s)
{
	return bytes_text(s).n;
}

/* Names of interfaces as text: nobody asks for them. */
int lwip_atoi(const char *s);
int lwip_atoi(const char *s)
{
	(void)s;
	return 0;
}

void lwip_itoa(char *result, size_t room, int number)
{
	(void)number;
	if (room > 0)
		result[0] = 0;
}

void dns_init(void)
{
}

void dns_tmr(void)
{
}

/* DHCP and router advertisements both count from 0: they are kept apart by their kind. */
void dns_setserver(u8_t i, const ip_addr_t *server)
{
	if (i >= DNS_MAX_SERVERS)
		return;
	if (server == NULL)
		port.six[i] = ip6_addr_any; /* only router advertisements take one back */
	else if (IP_IS_V6(server))
		port.six[i] = *server;
	else
		port.four[i] = *server;
}

const ip_addr_t *dns_getserver(u8_t i)
{
	return i < DNS_MAX_SERVERS ? &port.six[i] : &ip6_addr_any; /* asked by router advertisements */
}

const struct ip6_addr *lwip_gateway_six(struct netif *netif, const struct ip6_addr *to)
{
	(void)netif, (void)to;
	return port.has_gateway_six ? &port.gateway_six : NULL;
}

/* --- addresses ----------------------------------------------------------------------------------- */

void lwip_port_gateway_six(const ip6_addr_t *gateway)
{
	port.has_gateway_six = gateway != NULL;
	if (gateway != NULL)
		port.gateway_six = *gateway;
}

size_t lwip_port_resolvers(struct net_address out[static NET_RESOLVERS_MAX])
{
	const ip_addr_t *const lists[] = {port.four, port.six};
	size_t n = 0;
	for (size_t l = 0; l < 2; l++) {
		for (size_t i = 0; i < DNS_MAX_SERVERS && n < NET_RESOLVERS_MAX; i++) {
			if (!ip_addr_isany(&lists[l][i]))
				out[n++] = lwip_port_from(&lists[l][i]);
		}
	}
	return n;
}

struct net_address lwip_port_from(const ip_addr_t *a)
{
	struct net_address out = {.six = IP_IS_V6(a)};
	if (out.six)
		memcpy(out.ip, ip_2_ip6(a)->addr, 16);
	else
		memcpy(out.ip, &ip_2_ip4(a)->addr, 4);
	return out;
}

ip_addr_t lwip_port_to(const struct net_address *a)
{
	ip_addr_t out = {0};
	if (a->six) {
		memcpy(ip_2_ip6(&out)->addr, a->ip, 16);
		IP_SET_TYPE_VAL(out, IPADDR_TYPE_V6);
	} else {
		memcpy(&ip_2_ip4(&out)->addr, a->ip, 4);
		IP_SET_TYPE_VAL(out, IPADDR_TYPE_V4);
	}
	return out;
}
