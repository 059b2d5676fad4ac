#include "efi/uefi/lwip_tcp.h"
#include "efi/uefi/lwip_port.h"

#include <lwip/priv/tcp_priv.h>
#include <string.h>

#define IDLE_MS 500     /* after that it has no share of the window */
#define SILENCE_MS 200  /* the least that a sender waits before it sends again what was lost */
#define FRAMES_SPARE 64 /* below that many free frames, what came too early is given up */
/* Half of the frames may hold data that nobody has taken yet. */
#define HELD_BYTES_MAX ((size_t)FRAMES / 2 * TCP_MSS)

void lwip_tcp_init(struct lwip_tcp *t)
{
	memset(t, 0, sizeof *t);
	receive_window_init(&t->window);
}

/* --- the window ----------------------------------------------------------------------------------
 * lwIP announces rcv_wnd and takes what was received from it; tcp_recved would add as much as was
 * taken by us. Here instead it is made what the connection's share is, whenever there is less of it:
 * what was announced is never taken back, a share that shrinks is reached by receiving. */

static uint32_t wanted(const struct lwip_tcp *t, const struct lwip_connection *c)
{
	const size_t most = HELD_BYTES_MAX / (t->used_n == 0 ? 1 : t->used_n);
	const size_t room = c->held_bytes < most ? most - c->held_bytes : 0;
	size_t want = c->moves ? receive_window_share(&t->window, t->moving_n) : TCP_WND;
	if (want > room)
		want = room;
	if ((c->pcb->flags & TF_WND_SCALE) == 0 && want > UINT16_MAX)
		want = UINT16_MAX;
	return (uint32_t)want;
}

/* Gives how much more than last time could be announced. */
static uint32_t widen(const struct lwip_tcp *t, const struct lwip_connection *c)
{
	const uint32_t want = wanted(t, c);
	if (want > c->pcb->rcv_wnd)
		c->pcb->rcv_wnd = want;
	return tcp_update_rcv_ann_wnd(c->pcb);
}

/* To the sender, if it makes a difference: it has little left to send, or may send much more. */
static void announce(const struct lwip_tcp *t, const struct lwip_connection *c)
{
	const uint32_t left = c->pcb->rcv_ann_right_edge - c->pcb->rcv_nxt, more = widen(t, c);
	if (more == 0 || (left >= 2 * TCP_MSS && more < 4 * TCP_MSS))
		return;
	tcp_ack_now(c->pcb);
	(void)tcp_output(c->pcb); /* if it cannot be sent now, lwIP's timer tries again */
}

static void set_moves(struct lwip_tcp *t, struct lwip_connection *c, bool moves)
{
	if (c->moves != moves)
		t->moving_n += moves ? 1 : UINT32_MAX;
	c->moves = moves;
}

/* --- what lwIP calls ----------------------------------------------------------------------------- */

/* What fits behind the end of the last frame is copied there: otherwise a sender of single bytes
 * would use up all frames. */
static void keep(struct lwip_connection *c, struct pbuf *p)
{
	c->held_bytes += p->len;
	if (c->last != NULL && p->len <= lwip_port_frame_room(c->last)) {
		memcpy((uint8_t *)c->last->payload + c->last->len, p->payload, p->len);
		c->last->len = (u16_t)(c->last->len + p->len);
		pbuf_free(p);
		return;
	}
	if (c->last == NULL)
		c->first = p;
	else
		c->last->next = p;
	c->last = p;
}

static err_t on_received(void *context, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
	struct lwip_connection *c = context;
	(void)pcb, (void)err;
	if (p == NULL) {
		c->state = NET_ENDED;
		return ERR_OK;
	}
	/* The end of a burst that was lost leaves no gap: it is sent again after a silence. */
	if (!c->asked && c->tcp->now_ms - c->moved_ms >= SILENCE_MS)
		receive_window_lost(&c->tcp->window);
	c->asked = false;
	while (p != NULL) {
		struct pbuf *next = p->next;
		p->next = NULL;
		receive_window_arrived(&c->tcp->window, p->len, c->tcp->now_ms);
		keep(c, p);
		p = next;
	}
	c->moved_ms = c->tcp->now_ms;
	set_moves(c->tcp, c, true);
	(void)widen(c->tcp, c); /* the acknowledgement that follows announces it */
	return ERR_OK;
}

static err_t on_connected(void *context, struct tcp_pcb *pcb, err_t err)
{
	struct lwip_connection *c = context;
	(void)pcb, (void)err; /* always ERR_OK */
	c->state = NET_OPEN;
	return ERR_OK;
}

static void on_error(void *context, err_t err)
{
	struct lwip_connection *c = context;
	(void)err;
	c->pcb = NULL; /* freed by lwIP */
	c->state = NET_FAILED;
	set_moves(c->tcp, c, false);
}

/* --- in every round ------------------------------------------------------------------------------- */

static void look_after(struct lwip_tcp *t, struct lwip_connection *c, bool idle)
{
	const bool gap = c->pcb->ooseq != NULL;
	if (gap && !c->gap)
		receive_window_lost(&t->window);
	c->gap = gap;
	if (c->moves && t->now_ms - c->moved_ms >= IDLE_MS)
		set_moves(t, c, false);
	if (gap && lwip_port_frames_left() < FRAMES_SPARE)
		tcp_free_ooseq(c->pcb);
	if (idle && (c->pcb->flags & TF_ACK_DELAY) != 0) {
		tcp_ack_now(c->pcb);
		(void)tcp_output(c->pcb); /* it is tried again by lwIP's timer */
	}
}

void lwip_tcp_polled(struct lwip_tcp *t, uint64_t now_ms, bool idle)
{
	t->now_ms = now_ms;
	for (size_t i = 0; i < NET_CONNECTIONS_MAX; i++) {
		if (t->c[i].pcb != NULL)
			look_after(t, &t->c[i], idle);
	}
	if (t->moving_n == 0)
		receive_window_idle(&t->window);
}

/* --- for net_lwip.c ------------------------------------------------------------------------------ */

static struct lwip_connection *unused(struct lwip_tcp *t)
{
	for (size_t i = 0; i < NET_CONNECTIONS_MAX; i++) {
		if (!t->c[i].used)
			return &t->c[i];
	}
	return NULL;
}

uint32_t lwip_tcp_connect(struct lwip_tcp *t, struct netif *netif, const struct net_address *to, uint16_t port)
{
	struct lwip_connection *c = unused(t);
	ip_addr_t ip = lwip_port_to(to);
	struct tcp_pcb *pcb = c == NULL ? NULL : tcp_new_ip_type(to->six ? IPADDR_TYPE_V6 : IPADDR_TYPE_V4);
	if (pcb == NULL)
		return NET_NONE;
	if (to->six && ip6_addr_lacks_zone(ip_2_ip6(&ip), IP6_UNKNOWN))
		ip6_addr_assign_zone(ip_2_ip6(&ip), IP6_UNKNOWN, netif);
	*c = (struct lwip_connection){.tcp = t, .pcb = pcb, .used = true, .state = NET_CONNECTING};
	t->used_n++;
	tcp_arg(pcb, c);
	tcp_recv(pcb, on_received);
	tcp_err(pcb, on_error);
	tcp_nagle_disable(pcb); /* a request is one piece, and waits for nothing */
	const uint32_t number = (uint32_t)(c - t->c);
	if (tcp_connect(pcb, &ip, port, on_connected) == ERR_OK)
		return number;
	lwip_tcp_end(t, number);
	return NET_NONE;
}

struct bytes lwip_tcp_received(const struct lwip_tcp *t, uint32_t c)
{
	const struct pbuf *p = t->c[c].first;
	return p == NULL ? BYTES_NONE : bytes_of(p->payload, p->len);
}

void lwip_tcp_took(struct lwip_tcp *t, uint32_t number, size_t n)
{
	struct lwip_connection *c = &t->c[number];
	c->held_bytes -= n;
	while (c->first != NULL && n >= c->first->len) {
		struct pbuf *p = c->first;
		n -= p->len;
		c->first = p->next;
		p->next = NULL;
		pbuf_free(p);
	}
	if (c->first == NULL)
		c->last = NULL;
	else if (n > 0)
		(void)pbuf_remove_header(c->first, n); /* less than it has */
	if (c->pcb != NULL && c->state == NET_OPEN)
		announce(t, c);
}

size_t lwip_tcp_send(struct lwip_tcp *t, uint32_t number, struct bytes data)
{
	struct lwip_connection *c = &t->c[number];
	if (c->pcb == NULL)
		return 0;
	const size_t room = tcp_sndbuf(c->pcb), n = data.n < room ? data.n : room;
	if (n == 0 || tcp_write(c->pcb, data.p, (u16_t)n, TCP_WRITE_FLAG_COPY) != ERR_OK)
		return 0;
	(void)tcp_output(c->pcb); /* what cannot be sent now is sent by lwIP's timer */
	c->asked = true;
	return n;
}

void lwip_tcp_end(struct lwip_tcp *t, uint32_t number)
{
	struct lwip_connection *c = &t->c[number];
	if (!c->used)
		return;
	if (c->pcb != NULL) {
		tcp_arg(c->pcb, NULL);
		tcp_recv(c->pcb, NULL);
		tcp_err(c->pcb, NULL);
		tcp_abort(c->pcb);
	}
	while (c->first != NULL) {
		struct pbuf *p = c->first;
		c->first = p->next;
		p->next = NULL;
		pbuf_free(p);
	}
	set_moves(t, c, false);
	c->used = false;
	c->pcb = NULL;
	t->used_n--;
}

void lwip_tcp_close(struct lwip_tcp *t)
{
	for (uint32_t i = 0; i < NET_CONNECTIONS_MAX; i++)
		lwip_tcp_end(t, i);
}
