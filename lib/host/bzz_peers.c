#include "host/bzz_peers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "host/bzz_peers_parts.h"
#include "host/clock.h"

#define CONNECTIONS_LEAST 16 /* for who wants little */
#define WANTS_PER_MORE 4     /* chunks that are worth one more connection */
#define ROOM_LEAST 8
#define ROOM_PER_NODE 6 /* what a node gives on credit */
#define TURNS_MAX 64    /* of the loop, before the caller has its turn */

/* --- what is told by links --- */

static void on_delivered(struct bzz_peers *p, struct swarm_link *link, const struct session_event *e)
{
	struct bzz_peers_connection *c = swarm_link_owner(link);
	const unsigned request = (unsigned)e->tag;
	const uint8_t *address = peers_address(&p->peers, request);
	struct chunk chunk;
	uint64_t id;
	const bool good = address == NULL || chunk_check(address, e->data, p->kind, &p->scratch, &chunk) == OK;
	if (good && address != NULL) { /* late bytes are neither: nobody has looked at them */
		c->named->bytes += e->data.n;
		c->named->chunks++;
	} else if (!good) {
		c->named->bad_bytes += e->data.n;
		bzz_peers_tell_wrong(c, swarm_link_remote(link));
	}
	if (peers_delivered(&p->peers, request, good, clock_now_ms(), &id))
		p->answered(p->context, id, OK, e->data);
}

/* Machines of a private network are believed only from within one. */
static void on_record(struct bzz_peers *p, const struct swarm_link *link, const struct bzz_record *record)
{
	const enum bzz_generation generation = session_generation(swarm_link_session(link));
	struct bytes address;
	if (bzz_record_check(record, generation, p->self.identity.network_id, (struct wall){clock_wall_s()}) == OK &&
	    underlay_choose(record->underlay, p2p_scope_of(swarm_link_remote(link)), &address))
		(void)peers_add(&p->peers, PEERS_GOSSIPED, record->overlay.p, address);
}

/* Over for peers.h, which is not told of it again. */
static void drop(struct bzz_peers *p, unsigned node)
{
	struct swarm_link *link = p->link_of[node];
	struct bzz_peers_connection *c = swarm_link_owner(link);
	c->dropped = true;
	p->link_of[node] = NULL;
	swarm_link_end(link, ERR_INTERRUPTED);
}

static void on_ready(struct bzz_peers *p, struct swarm_link *link)
{
	struct bzz_peers_connection *c = swarm_link_owner(link);
	const struct session *s = swarm_link_session(link);
	if (!peers_ready(&p->peers, c->node, session_record(s)->overlay.p, session_full_node(s), clock_now_ms())) {
		drop(p, c->node);
		return;
	}
	c->ready = true;
	c->named->connected_n++;
	c->named->connected_now_n++;
}

static void on_event(struct swarm_link *link, const struct session_event *e)
{
	const struct bzz_peers_connection *c = swarm_link_owner(link);
	struct bzz_peers *p = c->p;
	const uint64_t now = clock_now_ms();
	switch (e->type) {
	case SESSION_READY:
		on_ready(p, link);
		break;
	case SESSION_ANNOUNCED:
		peers_announced(&p->peers, c->node, e->amount);
		break;
	case SESSION_RECORD:
		on_record(p, link, &e->record);
		break;
	case SESSION_DELIVERED:
		on_delivered(p, link, e);
		break;
	case SESSION_FAILED:
		peers_refused(&p->peers, (unsigned)e->tag, e->data.n == 0, now);
		break;
	case SESSION_SETTLED:
		peers_settled(&p->peers, c->node, &e->ack, now);
		break;
	case SESSION_UNSETTLED:
		peers_settled(&p->peers, c->node, NULL, now);
		break;
	case SESSION_WANTED:
	case SESSION_PAYMENT: /* neither is served by who takes only */
	case SESSION_NOTHING:
	default:
		break;
	}
}

static void on_ended(struct swarm_link *link, int err)
{
	const int os_error = errno;
	struct bzz_peers_connection *c = swarm_link_owner(link);
	struct bzz_peers *p = c->p;
	c->named->connected_now_n -= c->ready;
	if (!c->dropped) {
		p->link_of[c->node] = NULL;
		bzz_peers_tell_gone(c, swarm_link_remote(link), err, os_error);
		peers_gone(&p->peers, c->node, clock_now_ms());
	}
	free(c);
}

static const struct swarm_link_user user = {.event = on_event, .ended = on_ended};

/* --- what peers.h wants --- */

static void dial(struct bzz_peers *p, unsigned node, struct bytes address)
{
	struct bzz_peers_connection *c = calloc(1, sizeof *c);
	int err = ERR_NO_MEMORY;
	if (c != NULL) {
		*c = (struct bzz_peers_connection){.p = p, .named = bzz_peers_named_at(p, address), .node = node};
		err = swarm_link_dial(p->links, address, &user, c, &p->link_of[node]);
		if (err != OK)
			bzz_peers_tell_gone(c, address, err, errno);
	}
	if (err == OK)
		return;
	free(c);
	p->link_of[node] = NULL;
	peers_gone(&p->peers, node, clock_now_ms());
}

/* A link that has ended, and was not yet told of, does neither: that comes. */
static void carry_out(struct bzz_peers *p, const struct peers_want *w)
{
	struct swarm_link *link = w->kind == PEERS_WANT_WAIT ? NULL : p->link_of[w->node];
	const uint64_t now = clock_now_ms();
	switch (w->kind) {
	case PEERS_WANT_DIAL:
		dial(p, w->node, w->address);
		break;
	case PEERS_WANT_ASK:
		if (swarm_link_ask(link, w->address.p, w->request) != OK)
			peers_refused(&p->peers, w->request, false, now);
		break;
	case PEERS_WANT_SETTLE:
		if (swarm_link_settle(link, w->amount) != OK)
			peers_settled(&p->peers, w->node, NULL, now);
		break;
	case PEERS_WANT_DROP:
		drop(p, w->node);
		break;
	case PEERS_WANT_WAIT:
	default:
		break;
	}
}

/* More nodes for who wants much; who wants little is no burden to many. */
static unsigned connections_for(const struct peers *peers)
{
	const unsigned n = CONNECTIONS_LEAST + peers->wanted_n / WANTS_PER_MORE;
	return n < PEERS_CONNECTIONS_MAX ? n : PEERS_CONNECTIONS_MAX;
}

/* Whether there was something to do. */
static bool decide(struct bzz_peers *p)
{
	struct peers_want w;
	uint64_t id;
	bool any = false;
	int err;
	p->peers.connections_max = connections_for(&p->peers);
	for (peers_next(&p->peers, &w, clock_now_ms()); w.kind != PEERS_WANT_WAIT;
	     peers_next(&p->peers, &w, clock_now_ms())) {
		carry_out(p, &w);
		any = true;
	}
	p->at_ms = w.at_ms;
	while (peers_failed(&p->peers, &id, &err))
		p->answered(p->context, id, err, BYTES_NONE);
	return any;
}

void bzz_peers_run(struct bzz_peers *p)
{
	bool more = true;
	for (unsigned turn = 0; turn < TURNS_MAX && more; turn++) {
		(void)uv_run(&p->loop, UV_RUN_NOWAIT);
		more = decide(p);
	}
	if (more)
		p->at_ms = 0;
}

int bzz_peers_fd(const struct bzz_peers *p)
{
	return uv_backend_fd(&p->loop);
}

uint64_t bzz_peers_wait_ms(struct bzz_peers *p)
{
	const uint64_t now = clock_now_ms(), own = p->at_ms == UINT64_MAX ? UINT64_MAX
						   : p->at_ms <= now      ? 0
									  : p->at_ms - now;
	uv_update_time(&p->loop);
	const int loop = uv_backend_timeout(&p->loop);
	return loop < 0 || own < (uint64_t)loop ? own : (uint64_t)loop;
}

/* --- what others call --- */

unsigned bzz_peers_room(const struct bzz_peers *p)
{
	const unsigned n = peers_useful(&p->peers) * ROOM_PER_NODE;
	return n < ROOM_LEAST ? ROOM_LEAST : n < PEERS_WANTS_MAX / 2 ? n : PEERS_WANTS_MAX / 2;
}

unsigned bzz_peers_useful(const struct bzz_peers *p)
{
	return peers_useful(&p->peers);
}

void bzz_peers_ask(struct bzz_peers *p, uint64_t id, const uint8_t address[static REFERENCE_BYTES])
{
	if (peers_want(&p->peers, id, address, clock_now_ms()) != OK)
		p->answered(p->context, id, ERR_SOURCE, BYTES_NONE); /* more than there is room for */
	p->at_ms = 0;
}

void bzz_peers_forget(struct bzz_peers *p, uint64_t id)
{
	peers_forget(&p->peers, id);
}

void bzz_peers_answer(struct bzz_peers *p, bzz_peers_answered *answered, void *context)
{
	p->answered = answered;
	p->context = context;
}

static void add_named(struct bzz_peers *p, const struct cli_texts *texts, enum peers_kind kind)
{
	for (size_t i = 0; i < texts->n; i++) {
		struct bzz_peers_named *named = &p->named[p->named_n];
		struct writer w = writer_of(named->address, sizeof named->address);
		if (p->named_n == BZZ_PEERS_NAMED_MAX || multiaddr_parse(&w, bytes_text(texts->v[i])) != OK ||
		    !peers_add(&p->peers, kind, NULL, writer_view(&w)))
			continue; /* it was named before */
		named->text = texts->v[i];
		named->address_n = w.n;
		p->named_n++;
	}
}

static int open_parts(struct bzz_peers *p, const struct bzz_peers_options *o)
{
	const struct swarm_self_options self = {.network_id = o->network_id, .agent = BYTES_LITERAL("phase/" VERSION)};
	struct why why = {.what = NULL};
	int err = uv_loop_init(&p->loop) == 0 ? OK : ERR_NO_MEMORY;
	p->has_loop = err == OK;
	if (err == OK)
		err = swarm_self_init(&p->self, &self, &why);
	p->has_self = err == OK;
	if (err == OK)
		err = swarm_links_new(&p->loop, &p->self.config, p->self.seed, NULL, &p->links);
	if (err != OK)
		return err;
	p->kind = keccak_widest();
	peers_init(&p->peers, p->self.identity.overlay, CONNECTIONS_LEAST);
	add_named(p, o->peers, PEERS_GIVEN);
	add_named(p, o->bootnodes, PEERS_BOOTNODE);
	return OK;
}

int bzz_peers_open(struct cli *cli, const struct bzz_peers_options *options, struct bzz_peers **peers)
{
	struct bzz_peers *p = calloc(1, sizeof *p);
	if (p == NULL)
		return ERR_NO_MEMORY;
	p->cli = cli;
	const int err = open_parts(p, options);
	if (err != OK) {
		cli_fail(cli, err, "Swarm peers", NULL);
		bzz_peers_close(p);
		return err;
	}
	*peers = p;
	return OK;
}

void bzz_peers_close(struct bzz_peers *p)
{
	if (p == NULL)
		return;
	for (unsigned i = 0; i < PEERS_MAX; i++)
		if (p->link_of[i] != NULL)
			drop(p, i);
	if (p->links != NULL)
		swarm_links_end(p->links);
	if (p->has_loop) {
		(void)uv_run(&p->loop, UV_RUN_DEFAULT);
		(void)uv_loop_close(&p->loop); /* all of it is closed */
	}
	if (p->has_self)
		swarm_self_wipe(&p->self);
	free(p);
}
