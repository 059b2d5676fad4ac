#include "kad_network.h"

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "kad_answers.h"
#include "kad_event.h"
#include "kad_world.h"

#define SILENT_MS 10000

/* --- nodes ----------------------------------------------------------------------------------- */

static void start_node(struct network *net, unsigned i)
{
	struct node *n = &net->nodes[i];
	n->online = true;
	net->online_n++;
	kad_table_init(&n->table, &n->self.id, n->entries, NETWORK_TABLE_ROOM, net->now_ms);
	kad_values_init(&n->values, &kad_record_rules, n->value_slots, n->value_entries, NETWORK_VALUES_ROOM,
			n->value_bytes, sizeof n->value_bytes);
	kad_providers_init(&n->providers, n->provider_slots, n->provider_entries, NETWORK_PROVIDERS_ROOM);
	kad_server_init(&n->answers, &n->self, &n->table, &n->values, &n->providers);
	n->looking = false;
	n->wake_ms = 0;
	event_push(net, (struct event){.at_ms = net->now_ms, .kind = EVENT_NODE, .node = i});
	if (net->rules.churn)
		event_push(net,
			   (struct event){.at_ms = net->now_ms + world_session_ms(net), .kind = EVENT_TURN, .node = i});
}

static unsigned bits_of(unsigned n)
{
	unsigned bits = 0;
	for (; n > 1; n /= 2)
		bits++;
	return bits;
}

static void make_node(struct network *net, unsigned i)
{
	const struct network_rules *r = &net->rules;
	struct node *n = &net->nodes[i];
	struct peer_id id;
	n->server = i < r->servers || i >= r->servers + r->clients;
	n->sybil = i >= r->servers + r->clients;
	n->liar = i < r->servers && i > 3 && network_random(net, 1000) < r->liars_permille;
	n->entries = calloc(NETWORK_TABLE_ROOM, sizeof *n->entries);
	if (n->entries == NULL)
		abort();
	world_id(&id, i, r->seed);
	kad_contact_init(&n->self, &id);
	if (n->sybil)
		world_id_near(net, &n->self, i, r->sybil_key, bits_of(r->servers) + 2);
	world_add_address(&n->self, n->sybil ? (uint32_t)(0x4206 + i % r->sybil_networks) << 16 | i : world_ip(net));
	event_push(net, (struct event){.at_ms = r->join_ms * i / net->n, .kind = EVENT_START, .node = i});
}

void network_open(struct network *net, const struct network_rules *rules)
{
	*net = (struct network){.rules = *rules, .random = rules->seed};
	net->n = rules->servers + rules->clients + rules->sybils;
	net->nodes = calloc(net->n, sizeof *net->nodes);
	if (net->nodes == NULL)
		abort();
	for (unsigned i = 0; i < net->n; i++)
		make_node(net, i);
}

void network_close(struct network *net)
{
	for (unsigned i = 0; i < net->n; i++)
		free(net->nodes[i].entries);
	for (size_t i = 0; i < net->runs_n; i++)
		free(net->runs[i]);
	free(net->runs);
	free(net->nodes);
	free(net->heap);
}

unsigned network_somebody(struct network *net)
{
	for (;;) {
		const unsigned i = (unsigned)network_random(net, net->n);
		const struct node *n = &net->nodes[i];
		if (n->online && !n->sybil && !n->liar && n->table.n > 0)
			return i;
	}
}

/* --- look-ups ---------------------------------------------------------------------------------- */

static unsigned number_of(const struct network *net, const struct kad_contact *c)
{
	const uint32_t i = load_be32(c->id.bytes + 2);
	return i < net->n && kad_key_equal(&net->nodes[i].self.key, &c->key) ? i : UINT32_MAX;
}

static void ask(struct network *net, struct run *run, const struct kad_lookup_want *want)
{
	const unsigned to = number_of(net, want->contact);
	const uint64_t ms = to == UINT32_MAX ? SILENT_MS : world_delay_ms(net, run->node, to);
	event_push(net, (struct event){.at_ms = net->now_ms + (ms < SILENT_MS ? ms : SILENT_MS),
				       .kind = EVENT_ANSWER,
				       .node = run->node,
				       .to = to,
				       .peer = want->peer,
				       .store = want->kind == KAD_LOOKUP_STORE,
				       .run = run,
				       .serial = run->serial,
				       .asked_ms = net->now_ms});
}

static void end_run(struct network *net, struct run *run, bool aborted)
{
	run->done = true;
	run->aborted = aborted;
	if (!run->upkeep)
		return;
	net->nodes[run->node].looking = false;
	event_push(net, (struct event){.at_ms = net->now_ms, .kind = EVENT_NODE, .node = run->node});
	network_run_free(run);
}

static void step_run(struct network *net, struct run *run)
{
	struct kad_lookup_want want;
	for (;;) {
		kad_lookup_next(&run->l, net->now_ms, &want);
		if (want.kind == KAD_LOOKUP_ASK || want.kind == KAD_LOOKUP_STORE) {
			ask(net, run, &want);
		} else if (want.kind == KAD_LOOKUP_WAIT) {
			if (run->wake_ms > net->now_ms && run->wake_ms <= want.at_ms)
				return; /* it is asked again before that */
			run->wake_ms = want.at_ms;
			event_push(net, (struct event){.at_ms = want.at_ms,
						       .kind = EVENT_RUN,
						       .node = run->node,
						       .run = run,
						       .serial = run->serial});
			return;
		} else if (run->stored_n > 0 && !run->l.storing) {
			kad_lookup_store(&run->l, bytes_of(run->stored, run->stored_n), net->now_ms);
		} else {
			end_run(net, run, false);
			return;
		}
	}
}

static struct run *new_run(struct network *net, unsigned node, enum kad_lookup_kind kind, struct bytes key)
{
	size_t i = 0;
	while (i < net->runs_n && net->runs[i]->serial != 0)
		i++;
	if (i == net->runs_n) {
		struct run **more = realloc(net->runs, (net->runs_n + 1) * sizeof(struct run *));
		if (more == NULL || (more[i] = calloc(1, sizeof **more)) == NULL)
			abort();
		net->runs = more;
		net->runs_n++;
	}
	struct run *run = net->runs[i];
	const struct kad_contact *seeds[KAD_K];
	run->serial = ++net->serial;
	run->node = node;
	run->began_ms = net->now_ms;
	run->wake_ms = 0;
	run->stored_n = 0;
	run->upkeep = run->done = run->aborted = false;
	memcpy(run->key, key.p, key.n);
	run->key_n = key.n;
	const struct kad_lookup_room room = {.rules = &kad_record_rules,
					     .values = run->values,
					     .values_bytes = sizeof run->values};
	kad_lookup_init(&run->l, kind, bytes_of(run->key, key.n), &net->nodes[node].self.id, &room);
	const unsigned n = kad_table_closest(&net->nodes[node].table, &run->l.target, NULL, seeds, KAD_K);
	for (unsigned j = 0; j < n; j++)
		kad_lookup_seed(&run->l, seeds[j]);
	return run;
}

struct run *network_look_up(struct network *net, unsigned node, struct bytes key, struct bytes stored)
{
	struct run *run = new_run(net, node, KAD_LOOKUP_VALUES, key);
	memcpy(run->stored, stored.p == NULL ? run->stored : stored.p, stored.n);
	run->stored_n = stored.n;
	step_run(net, run);
	return run;
}

void network_run_free(struct run *run)
{
	run->serial = 0;
}

/* --- upkeep ------------------------------------------------------------------------------------ */

static void enter(struct network *net, unsigned i)
{
	for (unsigned tries = 0; tries < 8 && net->online_n > 1; tries++) {
		const unsigned other = (unsigned)network_random(net, i < 4 ? net->rules.servers : i);
		const struct node *o = &net->nodes[other];
		if (other != i && o->server && o->online && !o->sybil)
			(void)!kad_table_heard(&net->nodes[i].table, &o->self, net->now_ms);
	}
}

static void look_for_upkeep(struct network *net, unsigned i, const struct kad_table_want *want)
{
	struct node *n = &net->nodes[i];
	uint8_t random[SHA256_BYTES] = {0}, target[KAD_TARGET_BYTES];
	struct bytes key = peer_id_bytes(&n->self.id);
	if (!want->self) {
		store_be64(random, network_random(net, UINT64_MAX));
		if (kad_key_target(&n->self.key, want->common, random, target) != OK)
			return;
		key = bytes_of(target, sizeof target);
	}
	struct run *run = new_run(net, i, KAD_LOOKUP_NODES, key);
	run->upkeep = n->looking = true;
	step_run(net, run);
}

static void step_node(struct network *net, unsigned i)
{
	struct node *n = &net->nodes[i];
	struct kad_table_want want;
	while (n->online && !n->looking) {
		kad_table_next(&n->table, net->now_ms, &want);
		if (want.kind == KAD_TABLE_BOOTSTRAP) {
			enter(net, i);
		} else if (want.kind == KAD_TABLE_LOOKUP) {
			look_for_upkeep(net, i, &want);
		} else if (want.kind == KAD_TABLE_PING) {
			const unsigned to = number_of(net, want.contact);
			event_push(net, (struct event){.at_ms = net->now_ms + world_delay_ms(net, i, to),
						       .kind = EVENT_PING,
						       .node = i,
						       .to = to});
		} else {
			if (n->wake_ms > net->now_ms && n->wake_ms <= want.at_ms)
				return;
			n->wake_ms = want.at_ms;
			event_push(net, (struct event){.at_ms = want.at_ms, .kind = EVENT_NODE, .node = i});
			return;
		}
	}
}

/* --- what happens ------------------------------------------------------------------------------ */

static void failed(struct network *net, const struct event *e)
{
	struct node *n = &net->nodes[e->node];
	if (e->to < net->n)
		kad_table_failed(&n->table, &net->nodes[e->to].self.id, net->now_ms);
	kad_lookup_failed(&e->run->l, e->peer);
	step_run(net, e->run);
}

static void answered(struct network *net, struct event *e)
{
	static uint8_t asked[1024], room[KAD_SENT_BYTES_MAX];
	struct run *run = e->run;
	struct node *n = &net->nodes[e->node];
	if (run->serial != e->serial || run->done)
		return;
	if (!n->online) {
		end_run(net, run, true);
		return;
	}
	if (e->to >= net->n || !net->nodes[e->to].online) {
		/* Half of those that are gone refuse, of the others nothing is heard. */
		const uint64_t end_ms = e->asked_ms + SILENT_MS;
		if (net->now_ms >= end_ms || (e->to < net->n && e->to % 2 == 0)) {
			failed(net, e);
			return;
		}
		e->at_ms = end_ms;
		event_push(net, *e);
		return;
	}
	struct writer w = writer_of(asked, sizeof asked);
	if (e->store) {
		const struct bytes key = bytes_of(run->key, run->key_n);
		kad_message_begin(&w, KAD_PUT_VALUE, key);
		kad_message_write_record(&w, key, bytes_of(run->stored, run->stored_n), BYTES_NONE);
	} else {
		kad_lookup_request(&run->l, &w);
	}
	const struct bytes said = answers_say(net, e->node, e->to, writer_view(&w), room);
	if (e->store)
		kad_lookup_put_answered(&run->l, e->peer, said, bytes_of(run->stored, run->stored_n));
	else if (said.n == 0 || kad_lookup_answered(&run->l, e->peer, said, network_now(net)) != OK)
		kad_lookup_failed(&run->l, e->peer);
	(void)!kad_table_heard(&n->table, &net->nodes[e->to].self, net->now_ms);
	step_run(net, run);
}

static void pinged(struct network *net, const struct event *e)
{
	struct node *n = &net->nodes[e->node];
	if (!n->online || e->to >= net->n)
		return;
	if (net->nodes[e->to].online)
		(void)!kad_table_heard(&n->table, &net->nodes[e->to].self, net->now_ms);
	else
		kad_table_failed(&n->table, &net->nodes[e->to].self.id, net->now_ms);
}

/* Goes, for a quarter of the time that it was there for, or comes back with nothing in memory. */
static void turn(struct network *net, unsigned i)
{
	struct node *n = &net->nodes[i];
	if (!n->online) {
		start_node(net, i);
		return;
	}
	if (n->stays)
		return;
	n->online = false;
	net->online_n--;
	event_push(net,
		   (struct event){.at_ms = net->now_ms + world_session_ms(net) / 4, .kind = EVENT_TURN, .node = i});
}

static void happen(struct network *net, struct event *e)
{
	net->events_n++;
	switch (e->kind) {
	case EVENT_START:
		start_node(net, e->node);
		break;
	case EVENT_NODE:
		step_node(net, e->node);
		break;
	case EVENT_RUN:
		if (e->run->serial == e->serial && !e->run->done)
			step_run(net, e->run);
		break;
	case EVENT_ANSWER:
		answered(net, e);
		break;
	case EVENT_PING:
		pinged(net, e);
		break;
	case EVENT_TURN:
		turn(net, e->node);
		break;
	default:
		abort();
	}
}

void network_pass(struct network *net, uint64_t ms)
{
	const uint64_t end_ms = net->now_ms + ms;
	struct event e;
	while (event_pop(net, end_ms, &e)) {
		net->now_ms = e.at_ms;
		happen(net, &e);
	}
	net->now_ms = end_ms;
}
