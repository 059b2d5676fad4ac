#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "host/kad_node_parts.h"
#include "host/random.h"

#define REQUEST_MS KAD_LOOKUP_FAILED_MS
#define IDLE_MS 60000 /* between two requests on a stream, as go */
#define STREAMS_MAX 32

struct kad_now kad_node_now(void)
{
	return (struct kad_now){clock_now_ms(), {clock_wall_s()}};
}

const struct kad_table *kad_node_table(const struct kad_node *k)
{
	return &k->table;
}

const struct kad_contact *kad_node_self(struct kad_node *k)
{
	size_t n;
	const struct p2p_address *own = p2p_node_addresses(k->config.node, &n);
	k->self.n = 0;
	for (size_t i = 0; i < n; i++)
		(void)kad_contact_add(&k->self, bytes_of(own[i].bytes, own[i].n), KAD_SCOPE_LOOPBACK,
				      KAD_CONTACT_BYTES);
	return &k->self;
}

static void step(struct kad_node *k);

/* --- peers ---------------------------------------------------------------------------------- */

static struct kad_node_peer *find_peer(struct kad_node *k, const struct peer_id *id)
{
	for (size_t i = 0; i < KAD_NODE_PEERS_MAX; i++)
		if (k->peers[i].id.n > 0 && peer_id_equal(&k->peers[i].id, id))
			return &k->peers[i];
	return NULL;
}

void kad_node_connected(struct kad_node *k, const struct peer_id *peer, struct bytes address, enum connection_role role)
{
	struct kad_node_peer *p = find_peer(k, peer);
	for (size_t i = 0; p == NULL && i < KAD_NODE_PEERS_MAX; i++)
		p = k->peers[i].id.n == 0 ? &k->peers[i] : NULL;
	if (p == NULL || address.n > P2P_ADDRESS_BYTES_MAX)
		return;
	*p = (struct kad_node_peer){.id = *peer, .dialled = role == CONNECTION_DIALER};
	memcpy(p->address.bytes, address.p, address.n);
	p->address.n = (uint8_t)address.n;
}

void kad_node_disconnected(struct kad_node *k, const struct peer_id *peer)
{
	struct kad_node_peer *p = find_peer(k, peer);
	if (p != NULL)
		p->id.n = 0;
}

void kad_node_identified(struct kad_node *k, const struct peer_id *peer, const struct identify *identify)
{
	const struct kad_node_peer *p = find_peer(k, peer);
	struct kad_contact c;
	bool serves = false;
	for (size_t i = 0; i < identify->protocols_n; i++)
		for (size_t j = 0; j < k->config.protocols_n; j++)
			serves = serves || bytes_is(identify->protocols[i], k->config.protocols[j]);
	if (!serves) {
		kad_table_remove(&k->table, peer);
		return;
	}
	if (p == NULL)
		return;
	const struct bytes reached = bytes_of(p->address.bytes, p->address.n);
	kad_contact_init(&c, peer);
	for (size_t i = 0; i < identify->addresses_n; i++)
		(void)kad_contact_add(&c, identify->addresses[i], kad_scope_of(reached), KAD_CONTACT_BYTES);
	kad_node_heard(k, &c);
}

/* Where it was reached comes first, when we have dialled it: that is known to work. */
void kad_node_heard(struct kad_node *k, const struct kad_contact *contact)
{
	const struct kad_node_peer *p = find_peer(k, &contact->id);
	struct kad_contact c;
	struct bytes address;
	kad_contact_init(&c, &contact->id);
	if (p != NULL && p->dialled)
		(void)kad_contact_add(&c, bytes_of(p->address.bytes, p->address.n), KAD_SCOPE_LOOPBACK,
				      KAD_CONTACT_BYTES);
	for (size_t at = 0; kad_contact_next(contact, &at, &address);)
		(void)kad_contact_add(&c, address, KAD_SCOPE_LOOPBACK, KAD_CONTACT_BYTES);
	(void)!kad_table_heard(&k->table, &c, clock_now_ms());
	step(k);
}

void kad_node_failed(struct kad_node *k, const struct peer_id *peer)
{
	kad_table_failed(&k->table, peer, clock_now_ms());
}

/* --- asking and answering ---------------------------------------------------------------------- */

int kad_node_ask(struct kad_node *k, const struct kad_contact *to, struct bytes request, size_t answer_bytes_max,
		 p2p_answered *done, void *context)
{
	struct bytes addresses[KAD_NODE_ADDRESSES_MAX];
	struct p2p_question question = {.peer = &to->id,
					.addresses = addresses,
					.protocols = k->config.protocols,
					.protocols_n = k->config.protocols_n,
					.request = request,
					.answer_bytes_max = answer_bytes_max,
					.timeout_ms = REQUEST_MS};
	for (size_t at = 0; question.addresses_n < KAD_NODE_ADDRESSES_MAX &&
			    kad_contact_next(to, &at, &addresses[question.addresses_n]);)
		question.addresses_n++;
	return p2p_request(k->config.node, &question, done, context);
}

static int serve(void *context, struct p2p_node *node, const struct peer_id *from, struct bytes request,
		 struct writer *answer)
{
	struct kad_node *k = context;
	const struct kad_node_peer *p = find_peer(k, from);
	/* Of whom it is not known where he is: as public. */
	static const uint8_t somewhere[] = {MULTIADDR_DNS, 1, 'x'};
	const struct kad_asker asker = {from, p == NULL ? bytes_of(somewhere, sizeof somewhere)
							: bytes_of(p->address.bytes, p->address.n)};
	(void)node;
	(void)kad_node_self(k);
	return kad_server_answer(&k->server, &asker, request, kad_node_now(), answer);
}

/* --- the table --------------------------------------------------------------------------------- */

/* A question whose answer is only that there is one. */
struct touch {
	struct kad_node *k;
	struct kad_contact contact;
	bool enters;
};

static void touched(struct p2p_node *node, const struct peer_id *peer, int err, struct bytes answer, void *context)
{
	struct touch *t = context;
	struct kad_node *k = t->k;
	struct kad_message m;
	(void)node;
	k->entering_n -= t->enters;
	if (!k->closing) {
		if (err == OK && kad_message_read(&m, answer) == OK)
			kad_node_heard(k, &t->contact);
		else
			kad_node_failed(k, peer);
		if (t->enters)
			kad_node_search_waiting(k);
	}
	free(t);
}

static bool touch(struct kad_node *k, const struct kad_contact *contact, const struct bytes *address)
{
	uint8_t request[64];
	struct writer w = writer_of(request, sizeof request);
	struct touch *t = malloc(sizeof *t);
	if (t == NULL)
		return false;
	*t = (struct touch){.k = k, .contact = *contact, .enters = address != NULL};
	kad_message_begin(&w, KAD_FIND_NODE, peer_id_bytes(&k->self.id));
	const struct p2p_question question = {.peer = &t->contact.id,
					      .addresses = address,
					      .addresses_n = 1,
					      .protocols = k->config.protocols,
					      .protocols_n = k->config.protocols_n,
					      .request = writer_view(&w),
					      .answer_bytes_max = KAD_MESSAGE_BYTES_MAX,
					      .timeout_ms = REQUEST_MS};
	const int err = address != NULL ? p2p_request(k->config.node, &question, touched, t)
					: kad_node_ask(k, contact, writer_view(&w), KAD_MESSAGE_BYTES_MAX, touched, t);
	if (err != OK)
		free(t);
	return err == OK;
}

static void enter(struct kad_node *k)
{
	for (size_t i = 0; i < k->config.bootstraps_n; i++) {
		struct reader r = reader_of(k->config.bootstraps[i]);
		struct multiaddr_part part;
		struct kad_contact c;
		struct peer_id id = {.n = 0};
		while (multiaddr_next(&r, &part))
			if (part.code == MULTIADDR_P2P && peer_id_read(&id, part.value) != OK)
				id.n = 0;
		if (id.n == 0 || peer_id_equal(&id, &k->self.id))
			continue;
		kad_contact_init(&c, &id);
		(void)kad_contact_add(&c, k->config.bootstraps[i], KAD_SCOPE_LOOPBACK, KAD_CONTACT_BYTES);
		k->entering_n += touch(k, &c, &k->config.bootstraps[i]);
	}
	kad_node_search_waiting(k);
}

static void looked(struct kad_node *k, int err, const struct kad_lookup *l, void *context)
{
	(void)err, (void)l, (void)context;
	k->looking = false;
	if (!k->closing)
		step(k);
}

static void look(struct kad_node *k, const struct kad_table_want *want)
{
	uint8_t random[SHA256_BYTES], target[KAD_TARGET_BYTES];
	struct kad_node_search search = {.kind = KAD_LOOKUP_NODES, .key = peer_id_bytes(&k->self.id)};
	if (!want->self) {
		if (random_fill(random, sizeof random) != OK ||
		    kad_key_target(&k->self.key, want->common, random, target) != OK)
			return;
		search.key = bytes_of(target, sizeof target);
	}
	k->looking = kad_node_search(k, &search, looked, NULL) == OK;
}

static void on_timer(uv_timer_t *timer)
{
	step(timer->data);
}

static void step(struct kad_node *k)
{
	struct kad_table_want want;
	if (!k->started || k->closing)
		return;
	while (!k->looking) {
		const uint64_t now_ms = clock_now_ms();
		kad_table_next(&k->table, now_ms, &want);
		if (want.kind == KAD_TABLE_PING) {
			(void)touch(k, want.contact, NULL);
		} else if (want.kind == KAD_TABLE_LOOKUP) {
			look(k, &want);
		} else if (want.kind == KAD_TABLE_BOOTSTRAP) {
			enter(k);
		} else {
			const uint64_t ms = want.at_ms == UINT64_MAX ? KAD_TABLE_REFRESH_MS : want.at_ms - now_ms;
			(void)uv_timer_start(&k->timer, on_timer, ms, 0);
			return;
		}
	}
}

/* --- from beginning to end ---------------------------------------------------------------------- */

int kad_node_new(struct kad_node **out, const struct kad_node_config *config)
{
	struct kad_node *k =
		config->protocols_n > KAD_NODE_PROTOCOLS_MAX || config->bootstraps_n > KAD_NODE_BOOTSTRAPS_MAX
			? NULL
			: calloc(1, sizeof *k);
	if (k == NULL)
		return config->protocols_n > KAD_NODE_PROTOCOLS_MAX || config->bootstraps_n > KAD_NODE_BOOTSTRAPS_MAX
			       ? ERR_LIMIT
			       : ERR_NO_MEMORY;
	k->config = *config;
	const struct peer_id *self = p2p_node_id(config->node);
	kad_contact_init(&k->self, self);
	kad_table_init(&k->table, self, k->entries, KAD_TABLE_ROOM, clock_now_ms());
	kad_values_init(&k->values, config->rules, k->value_slots, k->value_entries, KAD_VALUES_ROOM_MAX,
			k->value_bytes, sizeof k->value_bytes);
	kad_providers_init(&k->providers, k->provider_slots, k->provider_entries, KAD_NODE_PROVIDERS_ROOM);
	kad_server_init(&k->server, &k->self, &k->table, &k->values, &k->providers);
	int err = OK;
	for (size_t i = 0; config->server && err == OK && i < config->protocols_n; i++) {
		k->serves[i] = (struct p2p_server){.name = config->protocols[i],
						   .answer = serve,
						   .context = k,
						   .request_bytes_max = KAD_REQUEST_BYTES_MAX,
						   .answer_bytes_max = KAD_SENT_BYTES_MAX,
						   .streams_max = STREAMS_MAX,
						   .idle_ms = IDLE_MS};
		err = p2p_serve(config->node, &k->serves[i]);
	}
	if (err != OK) {
		free(k);
		return err;
	}
	(void)uv_timer_init(config->loop, &k->timer);
	k->timer.data = k;
	*out = k;
	return OK;
}

void kad_node_start(struct kad_node *k)
{
	k->started = true;
	step(k);
}

static void closed(uv_handle_t *timer)
{
	free(timer->data);
}

void kad_node_close(struct kad_node *k)
{
	k->closing = true;
	kad_node_search_interrupt(k);
	uv_close((uv_handle_t *)&k->timer, closed);
}
