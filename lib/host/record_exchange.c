#include "host/record_exchange.h"

#define STREAMS_MAX 4 /* of one peer */
#define IDLE_MS 10000

int record_exchange_ask(struct p2p_node *node, const struct kad_contact *provider, struct bytes key, p2p_answered *done,
			void *context)
{
	static const char *const protocols[] = {RECORD_EXCHANGE_PROTOCOL};
	struct bytes addresses[P2P_DIAL_ADDRESSES_MAX];
	size_t n = 0, at = 0;
	while (n < P2P_DIAL_ADDRESSES_MAX && kad_contact_next(provider, &at, &addresses[n]))
		n++;
	const struct p2p_question q = {.peer = &provider->id,
				       .addresses = addresses,
				       .addresses_n = n,
				       .protocols = protocols,
				       .protocols_n = 1,
				       .request = key,
				       .answer_bytes_max = KAD_RECORD_BYTES_MAX,
				       .timeout_ms = RECORD_EXCHANGE_MS};
	return p2p_request(node, &q, done, context);
}

static int answer(void *context, struct p2p_node *node, const struct peer_id *from, struct bytes request,
		  struct writer *w)
{
	const struct record_exchange *x = context;
	const struct bytes record = x->find(x->context, request);
	(void)node, (void)from;
	write_bytes(w, record);
	return record.n == 0 ? ERR_NOT_FOUND : OK;
}

int record_exchange_serve(struct record_exchange *x, struct p2p_node *node)
{
	x->server = (struct p2p_server){.name = RECORD_EXCHANGE_PROTOCOL,
					.answer = answer,
					.context = x,
					.request_bytes_max = KAD_RECORD_KEY_BYTES_MAX,
					.answer_bytes_max = KAD_RECORD_BYTES_MAX,
					.streams_max = STREAMS_MAX,
					.idle_ms = IDLE_MS};
	return p2p_serve(node, &x->server);
}
