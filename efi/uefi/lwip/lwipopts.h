/* What is built of lwIP, and how large: lwip/opt.h says what each option means. Every option that is
 * off is code that no frame from the network can reach. */
#ifndef EFI_UEFI_LWIP_LWIPOPTS_H
#define EFI_UEFI_LWIP_LWIPOPTS_H

/* One thread, polled; the timers are called by us. */
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_TIMERS 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_STATS 0

/* All memory is one heap, in pages that are taken when the network is opened. What arrives lies in
 * frames of our own and not in there, so it is small: at most 40 connections with what they send,
 * and what is noted of segments that came too early. */
#define MEM_ALIGNMENT 16
#define MEM_SIZE (1024 * 1024)
#define LWIP_RAM_HEAP_POINTER lwip_heap
#define MEMP_MEM_MALLOC 1
#define LWIP_SUPPORT_CUSTOM_PBUF 1
#define LWIP_NETIF_TX_SINGLE_PBUF 1

/* IPv4. No fragments: nobody who boots machines sends any, and putting them together is where
 * stacks have their bugs. DHCP without asking round whether somebody has our address already, which
 * takes a second. */
#define LWIP_IPV4 1
#define IP_REASSEMBLY 0
#define IP_FRAG 0
#define IP_OPTIONS_ALLOWED 0
#define LWIP_RAW 0
#define LWIP_DHCP 1
#define DHCP_DOES_ARP_CHECK 0
#define LWIP_AUTOIP 0
#define ARP_TABLE_SIZE 32
#define ARP_QUEUEING 1 /* several connections begin at once: one frame in waiting is not enough */
#define ARP_QUEUE_LEN 32

/* IPv6, likewise without asking for duplicates. */
#define LWIP_IPV6 1
#define LWIP_IPV6_REASS 0
#define LWIP_IPV6_FRAG 0
#define LWIP_IPV6_DHCP6 0
#define LWIP_IPV6_DUP_DETECT_ATTEMPTS 0
#define LWIP_IPV6_NUM_ADDRESSES 4
#define LWIP_ND6_NUM_NEIGHBORS 32
#define LWIP_ND6_NUM_DESTINATIONS 32

/* A gateway for IPv6 that was configured, when no router has announced itself. */
struct netif;
struct ip6_addr;
const struct ip6_addr *lwip_gateway_six(struct netif *netif, const struct ip6_addr *to);
#define LWIP_HOOK_ND6_GET_GW(netif, to) lwip_gateway_six(netif, to)

/* Names are resolved elsewhere; DHCP and router advertisements tell us of resolvers by
 * dns_setserver. */
#define LWIP_DNS 1
#define DNS_MAX_SERVERS 4
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS 4

/* TCP. The window is ours to set (lwip_tcp.c): TCP_WND is only where a connection begins. Small
 * enough to need no scaling, and never the sum that is announced. */
#define TCP_MSS 1460
#define TCP_WND (4 * TCP_MSS)
#define LWIP_WND_SCALE 1
#define TCP_RCV_SCALE 3
#define TCP_SND_BUF (8 * TCP_MSS)
#define TCP_SND_QUEUELEN 32
#define LWIP_TCP_RTO_TIME 1000 /* RFC 6298; lwIP has 3 s */
#define TCP_QUEUE_OOSEQ 1
#define TCP_OOSEQ_MAX_BYTES (256 * 1024)
#define TCP_OOSEQ_MAX_PBUFS 192
#define LWIP_TCP_SACK_OUT 1
#define LWIP_TCP_MAX_SACK_NUM 3
struct ip_addr;
#define LWIP_HOOK_TCP_ISN(from, from_port, to, to_port) lwip_random()

#endif
