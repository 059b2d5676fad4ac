/* One peer of the server: who it is, what it asks for, what it owes. */
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/hex.h"
#include "host/bzz_listen_parts.h"
#include "host/clock.h"

#define UNTAKEN_MS 30000 /* then a peer that takes nothing of what it is sent is cut off */
/* What a peer may owe it may ask for at once, so that nearly all of its streams are taken: those of a chunk cost this
 * and more, but where it is near. */
#define THRESHOLD_MAX (SESSION_TAKEN_MAX * (uint64_t)(PRICE_MAX * 4 / 5))
#define SEND_BYTES (128 * 1024) /* that the system may hold of it, which it doubles */

/* --- coming and going --- */

static const struct swarm_link_user user;

/* The system watches over what was sent and is not taken, also by a peer that is no more. */
static void set_socket(int fd)
{
	const unsigned untaken_ms = UNTAKEN_MS;
	const int bytes = SEND_BYTES;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &untaken_ms, sizeof untaken_ms);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

static void add(struct bzz_peer *p)
{
	struct bzz_listen *l = p->listen;
	p->next = l->peers;
	l->peers = p;
	l->peers_n++;
}

void bzz_peer_new(struct bzz_listen *l, int fd, const struct sockaddr_storage *from)
{
	struct bzz_peer *p = calloc(1, sizeof *p);
	struct p2p_address address;
	if (p == NULL) {
		(void)close(fd);
		return;
	}
	set_socket(fd);
	p2p_address_of(&address, from, MULTIADDR_TCP);
	p->listen = l;
	p->group = p2p_rate_group(p2p_address_bytes(&address));
	p->begun_ms = p->given_ms = p->asked_ms = clock_now_ms();
	if (swarm_link_accept(l->links, fd, from, &user, p, &p->link) != OK) {
		free(p);
		return;
	}
	add(p);
}

struct bzz_peer *bzz_peer_dial(struct bzz_listen *l, struct bzz_dial *dial, struct bytes address)
{
	struct bzz_peer *p = calloc(1, sizeof *p);
	if (p == NULL)
		return NULL;
	p->listen = l;
	p->dial = dial;
	p->begun_ms = p->given_ms = p->asked_ms = clock_now_ms();
	if (swarm_link_dial(l->links, address, &user, p, &p->link) != OK) {
		free(p);
		return NULL;
	}
	add(p);
	return p;
}

void bzz_peer_end(struct bzz_peer *p, int err)
{
	if (p->ending)
		return;
	p->ending = true;
	p->listen->peers_n--;
	if (p->ready)
		accounts_leave(&p->listen->accounts, &p->id, &p->credit, p->over, clock_now_ms());
	bzz_reads_forget(p);
	if (p->link != NULL)
		swarm_link_end(p->link, err);
}

void bzz_peer_free_if_over(struct bzz_peer *p)
{
	struct bzz_peer **at = &p->listen->peers;
	if (p->link != NULL || p->reads_n > 0)
		return;
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	free(p);
}

static void say(const struct bzz_peer *p, const char *what, const char *why)
{
	char at[MULTIADDR_TEXT_MAX + 1] = "", overlay[2 * OVERLAY_BYTES + 1] = "";
	struct writer w = writer_of(at, sizeof at - 1);
	if (!p->listen->cli->verbose)
		return;
	at[multiaddr_write_text(&w, swarm_link_remote(p->link)) == OK ? w.n : 0] = '\0';
	if (p->ready)
		hex_encode(session_record(swarm_link_session(p->link))->overlay, overlay);
	cli_debug(p->listen->cli, "%s %s%s%s: %s", at, overlay, p->ready ? " " : "", what, why);
}

static void on_ended(struct swarm_link *link, int err)
{
	struct bzz_peer *p = swarm_link_owner(link);
	struct bzz_listen *l = p->listen;
	cli_debug(l->cli, "a peer has gone: %s%s", err_text(err), p->over ? "; it asked for more than it may owe" : "");
	bzz_peer_end(p, err);
	if (p->dial != NULL) {
		if (!l->stopping)
			cli_warn_rarely(l->cli, "no connection with %s, which is to know us: %s",
					l->o->announce.v[p->dial - l->dials], err_text(err));
		bzz_dials_ended(p->dial, p->ready ? clock_now_ms() - p->begun_ms : 0, clock_now_ms());
	}
	p->link = NULL;
	bzz_peer_free_if_over(p);
	bzz_listen_free_if_over(l);
}

/* --- events --- */

/* It is let in unless it went too far before. Of two connections of one peer the new one is meant: the old one
 * may be dead without anybody having noticed. */
static void on_ready(struct bzz_peer *p)
{
	struct bzz_listen *l = p->listen;
	const struct session *s = swarm_link_session(p->link);
	const uint64_t now = clock_now_ms();
	int64_t settled_s;
	p->id = *connection_peer(&s->connection);
	for (struct bzz_peer *other = l->peers, *next; other != NULL; other = next) {
		next = other->next;
		if (other != p && other->ready && !other->ending && peer_id_equal(&other->id, &p->id))
			bzz_peer_end(other, ERR_CLOSED);
	}
	if (!accounts_admit(&l->accounts, &p->id, now, &settled_s) || peer_id_equal(&p->id, &l->self.peer)) {
		say(p, "is not let in", "it owes too much");
		bzz_peer_end(p, ERR_LIMIT);
		return;
	}
	p->ready = true;
	p->given_ms = p->asked_ms = now;
	credit_init(&p->credit, session_full_node(s), settled_s);
	credit_extend(&p->credit, l->o->credit, THRESHOLD_MAX);
	say(p, "has come", session_full_node(s) ? "a full node" : "a light node");
	if (swarm_link_announce(p->link, p->credit.threshold) != OK)
		bzz_peer_end(p, ERR_LIMIT);
}

static void refuse(struct bzz_peer *p, uint32_t stream, const char *why)
{
	const struct retrieval_delivery d = {.error = bytes_text(why)};
	(void)swarm_link_deliver(p->link, stream, &d); /* false: it is not waited for any more */
}

static void on_wanted(struct bzz_peer *p, const struct session_event *e)
{
	struct bzz_want want = {.stream = e->stream};
	memcpy(want.address, e->address, sizeof want.address);
	p->asked_ms = clock_now_ms();
	if (!bzz_reads_want(p, &want))
		refuse(p, e->stream, "too many requests at once");
}

/* What bee's nodes say; a chunk that is none costs nothing. */
static const char *why_none(int err)
{
	return err == ERR_NOT_FOUND ? "retrieve chunk: storage: not found" : "get from store: storage: read failed";
}

void bzz_peer_give(struct bzz_peer *p, const struct bzz_want *want, int err, struct bytes chunk)
{
	const uint64_t price = price_of(p->listen->self.identity.overlay, want->address);
	const struct retrieval_delivery d = {.data = chunk};
	if (p->ending)
		return;
	if (err != OK) {
		refuse(p, want->stream, why_none(err));
		return;
	}
	if (p->dial == NULL &&
	    !shares_take(&p->listen->shares, p->group, price, p->listen->o->credit, clock_now_ms())) {
		say(p, "is refused a chunk", "all of its address together owe too much");
		refuse(p, want->stream, "too many requests at once");
		return;
	}
	credit_prepare(&p->credit, price);
	if (swarm_link_deliver(p->link, want->stream, &d)) {
		p->given_ms = clock_now_ms();
		err = credit_deliver(&p->credit, price, (struct wall){clock_wall_s()});
	} else {
		err = credit_abort(&p->credit, price);
	}
	if (err == OK)
		return;
	p->over = true;
	say(p, "is cut off", "it asked for more than it may owe");
	bzz_peer_end(p, ERR_LIMIT);
}

static void on_payment(struct bzz_peer *p, const struct session_event *e)
{
	struct pseudosettle_ack ack = {.at_s = clock_wall_s()};
	bool grown = false;
	const int err = credit_settle(&p->credit, e->amount, (struct wall){ack.at_s}, &ack.amount, &grown);
	(void)swarm_link_acknowledge(p->link, e->stream, err == OK ? &ack : NULL); /* false: as above */
	/* Without the announcement it only goes on with less. */
	if (grown)
		(void)!swarm_link_announce(p->link, p->credit.threshold);
}

static void on_event(struct swarm_link *link, const struct session_event *e)
{
	struct bzz_peer *p = swarm_link_owner(link);
	if (p->ending)
		return;
	switch (e->type) {
	case SESSION_READY:
		on_ready(p);
		break;
	case SESSION_WANTED:
		on_wanted(p, e);
		break;
	case SESSION_PAYMENT:
		on_payment(p, e);
		break;
	case SESSION_ANNOUNCED: /* we ask for nothing, and owe nothing */
	case SESSION_RECORD:
	case SESSION_DELIVERED:
	case SESSION_FAILED:
	case SESSION_SETTLED:
	case SESSION_UNSETTLED:
	case SESSION_NOTHING:
	default:
		break;
	}
}

static const struct swarm_link_user user = {.event = on_event, .ended = on_ended};
