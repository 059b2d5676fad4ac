#include "efi/native.h"

#include <string.h>

#include "crypto/secret.h"
#include "efi/native_parts.h"
#include "swarm/chunk.h"
#include "swarm/underlay.h"

/* The configuration's list: each an address as text. */
static void add_all(struct native *n, enum peers_kind kind, const char *member, const struct boot_texts *texts)
{
	for (size_t i = 0; i < texts->n; i++) {
		uint8_t address[MULTIADDR_BYTES_MAX];
		struct writer w = writer_of(address, sizeof address);
		if (multiaddr_parse(&w, texts->v[i]) != OK || !native_add(n, kind, writer_view(&w)))
			report(n->with.report,
			       "%s: %.*s: no address of a Swarm node, as in /ip4/192.0.2.7/tcp/1634; left out", member,
			       REPORT_BYTES(texts->v[i]));
	}
}

int native_open(struct native **native, const struct native_with *with)
{
	uint8_t *pages;
	*native = NULL;
	if (with->config->peers.n + with->config->bootnodes.n == 0)
		return OK;
	if (platform_pages(with->report->platform, sizeof(struct native), &pages) != OK)
		return ERR_NO_MEMORY;
	struct native *n = (struct native *)(void *)pages; /* pages are aligned for anything */
	memset(n, 0, sizeof *n);
	n->with = *with;
	n->names.socket = NET_NONE;
	n->last = ERR_TIMEOUT;
	const int err = native_make_identity(n);
	if (err != OK) {
		secret_wipe(n->seed, sizeof n->seed);
		platform_give_pages(with->report->platform, pages, sizeof(struct native));
		return err;
	}
	peers_init(&n->peers, n->identity.overlay, NATIVE_CONNECTIONS_MAX);
	add_all(n, PEERS_GIVEN, "peers", &with->config->peers);
	add_all(n, PEERS_BOOTNODE, "bootnodes", &with->config->bootnodes);
	*native = n;
	return OK;
}

void native_close(struct native *n)
{
	if (n == NULL)
		return;
	struct platform *p = n->with.report->platform;
	for (size_t i = 0; i < NATIVE_CONNECTIONS_MAX; i++) {
		if (n->links[i] == NULL)
			continue;
		if (n->links[i]->used)
			native_link_end(n, n->links[i]);
		platform_give_pages(p, (uint8_t *)n->links[i], NATIVE_LINK_BYTES);
	}
	native_names_close(n);
	secret_wipe(n->seed, sizeof n->seed);
	platform_give_pages(p, (uint8_t *)n, sizeof(struct native));
}

static struct native_link *link_of(struct native *n, unsigned node)
{
	for (size_t i = 0; i < NATIVE_CONNECTIONS_MAX; i++)
		if (n->links[i] != NULL && n->links[i]->used && n->links[i]->node == node)
			return n->links[i];
	return NULL;
}

static void tell_over(const struct native *n, const struct native_link *l, int err)
{
	uint8_t text[MULTIADDR_TEXT_MAX];
	struct writer w = writer_of(text, sizeof text);
	if (multiaddr_write_text(&w, l->target.remote) == OK)
		report_detail(n->with.report, "Swarm: %.*s: %s", REPORT_BYTES(writer_view(&w)), err_text(err));
}

static void give(struct native *n, uint64_t id, int err, struct bytes chunk)
{
	if (n->answer != NULL)
		n->answer(n->context, id, err, chunk);
}

static void on_delivered(struct native *n, const struct session_event *e, uint64_t now_ms)
{
	const uint8_t *address = peers_address(&n->peers, (unsigned)e->tag);
	struct chunk chunk;
	uint64_t id;
	const bool good = address == NULL || chunk_check(address, e->data, n->with.kind, &n->scratch, &chunk) == OK;
	n->wrong_n += !good;
	if (!peers_delivered(&n->peers, (unsigned)e->tag, good, now_ms, &id))
		return;
	n->chunks_n++;
	give(n, id, OK, e->data);
}

/* A node that another one tells of. What is private is dialed only if it was found that way: strangers have no say
 * over whom a machine speaks to in its own network. */
static void on_record(struct native *n, const struct native_link *l, const struct bzz_record *record)
{
	static const struct wall late = {253402300799};
	const struct net_address *from = &l->to.v[l->to_at];
	const enum p2p_scope least = p2p_scope_of_ip(bytes_of(from->ip, from->six ? 16 : 4));
	struct bytes address;
	if (bzz_record_check(record, session_generation(&l->session), n->identity.network_id, late) == OK &&
	    underlay_choose(record->underlay, least, &address))
		(void)peers_add(&n->peers, PEERS_GOSSIPED, record->overlay.p, address);
}

void native_event(struct native *n, struct native_link *l, const struct session_event *e, uint64_t now_ms)
{
	n->news = true;
	switch (e->type) {
	case SESSION_READY:
		if (!peers_ready(&n->peers, l->node, session_record(&l->session)->overlay.p,
				 session_full_node(&l->session), now_ms))
			native_link_end(n, l);
		break;
	case SESSION_ANNOUNCED:
		peers_announced(&n->peers, l->node, e->amount);
		break;
	case SESSION_RECORD:
		on_record(n, l, &e->record);
		break;
	case SESSION_DELIVERED:
		on_delivered(n, e, now_ms);
		break;
	case SESSION_FAILED:
		peers_refused(&n->peers, (unsigned)e->tag, e->data.n == 0, now_ms);
		break;
	case SESSION_SETTLED:
		peers_settled(&n->peers, l->node, &e->ack, now_ms);
		break;
	case SESSION_UNSETTLED:
		peers_settled(&n->peers, l->node, NULL, now_ms);
		break;
	case SESSION_NOTHING:
	case SESSION_WANTED:
	case SESSION_PAYMENT:
	default:
		break;
	}
}

static void carry_out(struct native *n, const struct peers_want *w, uint64_t now_ms)
{
	struct native_link *l = w->kind == PEERS_WANT_DIAL ? NULL : link_of(n, w->node);
	switch (w->kind) {
	case PEERS_WANT_DIAL:
		if (!native_link_dial(n, w->node, w->address, now_ms))
			peers_gone(&n->peers, w->node, now_ms);
		break;
	case PEERS_WANT_ASK:
		if (l == NULL || session_ask(&l->session, w->address.p, w->request, now_ms) != OK)
			peers_refused(&n->peers, w->request, false, now_ms);
		break;
	case PEERS_WANT_SETTLE:
		if (l == NULL || session_settle(&l->session, w->amount, now_ms) != OK)
			peers_settled(&n->peers, w->node, NULL, now_ms);
		break;
	case PEERS_WANT_DROP:
		if (l != NULL)
			native_link_end(n, l);
		break;
	case PEERS_WANT_WAIT:
	default:
		break;
	}
}

static void decide(struct native *n, uint64_t now_ms)
{
	struct peers_want w;
	uint64_t id;
	int err;
	n->news = false;
	for (peers_next(&n->peers, &w, now_ms); w.kind != PEERS_WANT_WAIT; peers_next(&n->peers, &w, now_ms))
		carry_out(n, &w, now_ms);
	n->wake_ms = w.at_ms;
	while (peers_failed(&n->peers, &id, &err))
		give(n, id, err, BYTES_NONE);
}

void native_step(struct native *n, uint64_t now_ms)
{
	native_names_step(n, now_ms);
	for (size_t i = 0; i < NATIVE_CONNECTIONS_MAX; i++) {
		struct native_link *l = n->links[i];
		if (l == NULL || !l->used)
			continue;
		const int err = native_link_step(n, l, now_ms);
		if (err == OK)
			continue;
		n->last = err;
		n->news = true;
		tell_over(n, l, err);
		native_link_end(n, l);
		peers_gone(&n->peers, l->node, now_ms);
	}
	if (n->news || now_ms >= n->wake_ms)
		decide(n, now_ms);
}

static void tell_nobody(const struct native *n)
{
	if (n->dialed_n == 0)
		report(n->with.report, "Swarm: no node is known that could be reached from here");
	else
		report(n->with.report,
		       "Swarm: none of network %llu gives chunks after %u s; %u connections tried, the last: %s",
		       (unsigned long long)n->identity.network_id, NATIVE_JOIN_MS / 1000, n->dialed_n,
		       err_text(n->last));
	report(n->with.report, "  look at \"peers\", \"bootnodes\" and \"network_id\" of the configuration");
}

/* Whether all that was known has come to nothing, so that no waiting helps. */
static bool is_deserted(const struct native *n)
{
	if (n->names.active_n > 0)
		return false;
	for (unsigned i = 0; i < PEERS_MAX; i++)
		if (n->peers.nodes[i].state != PEERS_FREE)
			return false;
	return true;
}

int native_join(struct native *n)
{
	struct platform *p = n->with.report->platform;
	uint64_t now = platform_now_ms(p);
	const uint64_t end = now + NATIVE_JOIN_MS;
	if (n->hopeless)
		return ERR_TIMEOUT;
	if (peers_useful(&n->peers) > 0)
		return OK;
	report(n->with.report, "Swarm: joining network %llu", (unsigned long long)n->identity.network_id);
	while (peers_useful(&n->peers) == 0) {
		net_poll(n->with.net);
		now = platform_now_ms(p);
		native_step(n, now);
		if (platform_interrupted(p))
			return ERR_INTERRUPTED;
		if (now < end && !is_deserted(n))
			continue;
		n->hopeless = true;
		tell_nobody(n);
		return ERR_TIMEOUT;
	}
	report_detail(n->with.report, "Swarm: there is a node to ask");
	return OK;
}

void native_listen(struct native *n, native_answer *answer, void *context)
{
	n->answer = answer;
	n->context = context;
	while (answer == NULL && n->peers.wanted_n > 0)
		peers_forget(&n->peers, n->peers.wanted[n->peers.first].id);
}

int native_ask(struct native *n, uint64_t id, const uint8_t address[static REFERENCE_BYTES])
{
	n->news = true;
	return peers_want(&n->peers, id, address, platform_now_ms(n->with.report->platform));
}

void native_forget(struct native *n, uint64_t id)
{
	peers_forget(&n->peers, id);
}

void native_tell(const struct native *n)
{
	unsigned gave = 0;
	for (unsigned i = 0; i < PEERS_MAX; i++)
		gave += n->peers.nodes[i].state == PEERS_CONNECTED && n->peers.nodes[i].chunks > 0;
	if (n->chunks_n > 0)
		report_detail(n->with.report, "Swarm: %llu chunks, %u connected nodes gave some",
			      (unsigned long long)n->chunks_n, gave);
	if (n->wrong_n > 0)
		report(n->with.report, "Swarm: %llu wrong chunks came, and were asked for again",
		       (unsigned long long)n->wrong_n);
}
