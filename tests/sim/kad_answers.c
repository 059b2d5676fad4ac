#include "kad_answers.h"

#include "core/err.h"
#include "kad_world.h"

#define FAKE_PEERS 64

/* Peers that do not exist, the nearer ones of many. */
static void write_fakes(struct network *net, struct writer *w, const struct kad_key *target)
{
	struct kad_contact fakes[KAD_K];
	unsigned n = 0;
	for (unsigned i = 0; i < FAKE_PEERS; i++) {
		struct kad_contact c;
		struct peer_id id;
		world_id(&id, UINT32_MAX, network_random(net, UINT64_MAX));
		kad_contact_init(&c, &id);
		world_add_address(&c, world_ip(net));
		if (n == KAD_K && kad_key_order(target, &c.key, &fakes[n - 1].key) > 0)
			continue;
		unsigned at = n < KAD_K ? n++ : n - 1;
		for (; at > 0 && kad_key_order(target, &c.key, &fakes[at - 1].key) < 0; at--)
			fakes[at] = fakes[at - 1];
		fakes[at] = c;
	}
	for (unsigned i = 0; i < n; i++)
		kad_message_write_peer(w, KAD_CLOSER, &fakes[i]);
}

static void lie(struct network *net, unsigned who, const struct kad_message *m, struct writer *w)
{
	const struct network_rules *r = &net->rules;
	struct kad_key target;
	kad_key_of(&target, m->key);
	kad_message_begin(w, m->type, m->key);
	if (m->type == KAD_PUT_VALUE) {
		kad_message_write_record(w, m->record_key, m->value, BYTES_NONE); /* and forgets it */
		return;
	}
	if (m->type == KAD_GET_VALUE) { /* an old record of somebody, or junk */
		struct kad_value all[KAD_VALUES_PER_KEY];
		const bool has = kad_values_of(&net->nodes[who].values, m->key, net->now_ms, all) > 0;
		kad_message_write_record(w, m->key, has ? all[0].value : BYTES_LITERAL("{\"manifest_url\":1}"),
					 BYTES_NONE);
	}
	if (!net->nodes[who].sybil) {
		write_fakes(net, w, &target);
		return;
	}
	for (unsigned i = 0; i < KAD_K; i++)
		kad_message_write_peer(w, KAD_CLOSER,
				       &net->nodes[r->servers + r->clients + network_random(net, r->sybils)].self);
}

struct bytes answers_say(struct network *net, unsigned from, unsigned to, struct bytes request,
			 uint8_t room[static KAD_SENT_BYTES_MAX])
{
	struct node *server = &net->nodes[to], *client = &net->nodes[from];
	struct writer w = writer_of(room, KAD_SENT_BYTES_MAX);
	struct bytes address = BYTES_NONE;
	struct kad_message m;
	size_t at = 0;
	(void)kad_contact_next(&client->self, &at, &address);
	const struct kad_asker asker = {&client->self.id, address};
	if (client->server) /* its identify says so */
		(void)!kad_table_heard(&server->table, &client->self, net->now_ms);
	if ((server->liar || server->sybil) && kad_message_read(&m, request) == OK)
		lie(net, to, &m, &w);
	else if (kad_server_answer(&server->answers, &asker, request, network_now(net), &w) != OK)
		return BYTES_NONE;
	net->messages_n++;
	net->bytes_n += request.n + w.n;
	return writer_view(&w);
}
