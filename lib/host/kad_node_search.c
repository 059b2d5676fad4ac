#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "host/kad_node_parts.h"

/* A look-up. It is freed when it is done and nothing comes back to it any more. */
struct kad_node_run {
	struct kad_node *k;
	struct kad_node_run *next;
	struct kad_lookup l;
	uint8_t key[KAD_RECORD_KEY_BYTES_MAX];
	uint8_t *value; /* owned */
	size_t value_n;
	bool provide, waiting, done, timer_closed;
	unsigned asked_n; /* requests under way */
	uv_timer_t timer;
	kad_node_done *tell;
	void *context;
	uint8_t found[KAD_NODE_FOUND_BYTES];
	struct kad_contact providers[KAD_NODE_FOUND_PROVIDERS];
};

/* A question under way. */
struct asked {
	struct kad_node_run *run;
	unsigned peer;
	bool store;
	struct kad_contact contact;
};

static void step(struct kad_node_run *run);

static void release(struct kad_node_run *run)
{
	if (!run->done || !run->timer_closed || run->asked_n > 0)
		return;
	free(run->value);
	free(run);
}

static void timer_closed(uv_handle_t *timer)
{
	struct kad_node_run *run = timer->data;
	run->timer_closed = true;
	release(run);
}

static void end(struct kad_node_run *run, int err)
{
	struct kad_node_run **at = &run->k->runs;
	while (*at != run)
		at = &(*at)->next;
	*at = run->next;
	run->done = true;
	uv_close((uv_handle_t *)&run->timer, timer_closed);
	run->tell(run->k, err, &run->l, run->context);
}

static void report_store(struct kad_node_run *run, unsigned peer, int err, struct bytes answer)
{
	if (err != OK)
		kad_lookup_failed(&run->l, peer);
	else if (run->provide)
		kad_lookup_stored(&run->l, peer);
	else
		kad_lookup_put_answered(&run->l, peer, answer, bytes_of(run->value, run->value_n));
}

static void on_answer(struct p2p_node *node, const struct peer_id *peer, int err, struct bytes answer, void *context)
{
	struct asked *a = context;
	struct kad_node_run *run = a->run;
	(void)node;
	run->asked_n--;
	if (run->done) {
		release(run);
		free(a);
		return;
	}
	if (a->store) {
		report_store(run, a->peer, err, answer);
	} else if (err == OK && kad_lookup_answered(&run->l, a->peer, answer, kad_node_now()) == OK) {
		kad_node_heard(run->k, &a->contact);
	} else {
		kad_lookup_failed(&run->l, a->peer);
		kad_node_failed(run->k, peer);
	}
	free(a);
	step(run);
}

/* The request of a question, or of storing. */
static void write_request(struct kad_node_run *run, bool store, struct writer *w)
{
	if (!store) {
		kad_lookup_request(&run->l, w);
	} else if (run->provide) {
		kad_message_begin(w, KAD_ADD_PROVIDER, run->l.key);
		kad_message_write_peer(w, KAD_PROVIDERS, kad_node_self(run->k));
	} else {
		kad_message_begin(w, KAD_PUT_VALUE, run->l.key);
		kad_message_write_record(w, run->l.key, bytes_of(run->value, run->value_n), BYTES_NONE);
	}
}

static void ask(struct kad_node_run *run, const struct kad_lookup_want *want)
{
	static uint8_t request[KAD_SENT_BYTES_MAX];
	struct writer w = writer_of(request, sizeof request);
	const bool store = want->kind == KAD_LOOKUP_STORE;
	struct asked *a = malloc(sizeof *a);
	write_request(run, store, &w);
	if (a != NULL && !w.full) {
		*a = (struct asked){.run = run, .peer = want->peer, .store = store, .contact = *want->contact};
		if (kad_node_ask(run->k, &a->contact, writer_view(&w),
				 store && run->provide ? 0 : KAD_MESSAGE_BYTES_MAX, on_answer, a) == OK) {
			run->asked_n++;
			return;
		}
	}
	free(a);
	kad_lookup_failed(&run->l, want->peer);
}

/* A server that puts a value has it, too. */
static void keep(struct kad_node_run *run)
{
	struct kad_owner owner;
	kad_owner_ours(&owner);
	if (run->k->config.server && run->value_n > 0)
		(void)!kad_values_put(&run->k->values, run->l.key, bytes_of(run->value, run->value_n), &owner,
				      KAD_SCOPE_LOOPBACK, 0, kad_node_now());
}

static void on_timer(uv_timer_t *timer)
{
	step(timer->data);
}

static void step(struct kad_node_run *run)
{
	struct kad_lookup_want want;
	while (!run->done) {
		const uint64_t now_ms = clock_now_ms();
		kad_lookup_next(&run->l, now_ms, &want);
		if (want.kind == KAD_LOOKUP_ASK || want.kind == KAD_LOOKUP_STORE) {
			ask(run, &want);
		} else if (want.kind == KAD_LOOKUP_WAIT) {
			(void)uv_timer_start(&run->timer, on_timer, want.at_ms - now_ms, 0);
			return;
		} else if ((run->value_n > 0 || run->provide) && !run->l.storing) {
			keep(run);
			kad_lookup_store(&run->l, bytes_of(run->value, run->value_n), now_ms);
		} else {
			end(run, run->l.answered_n > 0 ? OK : ERR_NOT_FOUND);
		}
	}
}

/* Begins with whom the table has; while it has nobody and some may yet be found, waits. */
static void begin(struct kad_node_run *run)
{
	const struct kad_contact *near[KAD_K];
	const unsigned n = kad_table_closest(&run->k->table, &run->l.target, NULL, near, KAD_K);
	run->waiting = n == 0 && run->k->entering_n > 0;
	if (run->waiting)
		return;
	for (unsigned i = 0; i < n; i++)
		kad_lookup_seed(&run->l, near[i]);
	step(run);
}

static void on_begin(uv_timer_t *timer)
{
	begin(timer->data);
}

void kad_node_search_waiting(struct kad_node *k)
{
	for (struct kad_node_run *run = k->runs; run != NULL; run = run->next)
		if (run->waiting)
			(void)uv_timer_start(&run->timer, on_begin, 0, 0); /* from the loop: done is called there */
}

void kad_node_search_interrupt(struct kad_node *k)
{
	while (k->runs != NULL)
		end(k->runs, ERR_INTERRUPTED);
}

int kad_node_search(struct kad_node *k, const struct kad_node_search *search, kad_node_done *done, void *context)
{
	if (search->key.n == 0 || search->key.n > KAD_RECORD_KEY_BYTES_MAX || search->value.n > KAD_VALUE_BYTES_MAX)
		return ERR_LIMIT;
	struct kad_node_run *run = calloc(1, sizeof *run);
	uint8_t *value = malloc(search->value.n + 1);
	if (run == NULL || value == NULL) {
		free(run);
		free(value);
		return ERR_NO_MEMORY;
	}
	if (search->value.n > 0)
		memcpy(value, search->value.p, search->value.n);
	memcpy(run->key, search->key.p, search->key.n);
	run->k = k;
	run->value = value;
	run->value_n = search->value.n;
	run->provide = search->provide;
	run->tell = done;
	run->context = context;
	run->next = k->runs;
	k->runs = run;
	const struct kad_lookup_room room = {.rules = k->config.rules,
					     .values = run->found,
					     .values_bytes = sizeof run->found,
					     .providers = run->providers,
					     .providers_max = KAD_NODE_FOUND_PROVIDERS,
					     .quorum = search->quorum};
	kad_lookup_init(&run->l, search->kind, bytes_of(run->key, search->key.n), &k->self.id, &room);
	(void)uv_timer_init(k->config.loop, &run->timer);
	run->timer.data = run;
	return uv_timer_start(&run->timer, on_begin, 0, 0) == 0 ? OK : ERR_IO;
}
