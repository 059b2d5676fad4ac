#include "host/bzz_bridge.h"

#include <stdlib.h>
#include <string.h>

#include "core/hex.h"
#include "crypto/secret.h"
#include "host/bzz_bridge_parts.h"

/* --- clients --- */

/* Where one more of the group goes; NULL: it has to wait. */
static struct bridge_client **slot_for(struct bzz_bridge *b, uint64_t group)
{
	struct bridge_client **free_slot = NULL;
	size_t of_group = 0;
	for (size_t i = 0; i < BZZ_BRIDGE_STREAMS; i++) {
		if (b->clients[i] == NULL)
			free_slot = &b->clients[i];
		else
			of_group += b->clients[i]->group == group;
	}
	return of_group < BZZ_BRIDGE_PER_GROUP ? free_slot : NULL;
}

static void client_free(struct bridge_client *c)
{
	struct bzz_bridge *b = c->bridge;
	bzz_shelf_put(b->shelf, &c->root, c->file);
	if (c->meter != NULL)
		bzz_meter_release(c->meter);
	for (size_t i = 0; i < BZZ_BRIDGE_STREAMS; i++)
		if (b->clients[i] == c)
			b->clients[i] = NULL;
	secret_wipe(&c->root, sizeof c->root);
	free(c);
}

/* What becomes of an answer: whoever runs a bridge wants to see what was asked for in vain. */
static void tell(const struct bridge_client *c, int err, const char *what)
{
	char hash[2 * REFERENCE_BYTES + 1] = "";
	static const char *const types[] = {"manifest", "artifact", "chunk"};
	const char *type = types[c->request.type];
	hex_encode(bytes_of(c->request.hash, REFERENCE_BYTES), hash);
	if (err == OK)
		cli_debug(c->bridge->cli, "%s %s: given", type, hash);
	else if (err != ERR_INTERRUPTED)
		cli_warn_rarely(c->bridge->cli, "%s %s: %s%s%s", type, hash, err_text(err), what == NULL ? "" : ": ",
				what == NULL ? "" : what);
}

/* The one answer, and no more. */
static void refuse(struct p2p_stream *s, int err, const char *what)
{
	char line[BRIDGE_LINE_BYTES_MAX], text[BRIDGE_LINE_BYTES_MAX / 2];
	struct writer w = writer_of(line, sizeof line);
	(void)snprintf(text, sizeof text, "%s%s%s", err_text(err), what == NULL ? "" : ": ", what == NULL ? "" : what);
	bridge_answer_write_error(&w, bytes_text(text));
	if (p2p_stream_send(s, writer_view(&w)) != OK) {
		p2p_stream_reset(s);
		return;
	}
	p2p_stream_close(s);
	p2p_stream_expire(s, BZZ_BRIDGE_STALL_MS);
}

/* --- readers --- */

static void dispatch(struct bzz_bridge *b);
static void give(struct bridge_client *c);

static struct bridge_lane *lane_of(struct bridge_client *c)
{
	return c->missed ? &c->bridge->gateways : &c->bridge->stores;
}

static void wait_for_reader(struct bridge_client *c)
{
	c->waiting = true;
	bridge_lane_join(lane_of(c), c);
	dispatch(c->bridge);
}

/* Errors come where they can still be told, or the stream ends before its time. */
static void fail(struct bridge_client *c)
{
	struct p2p_stream *s = c->stream;
	tell(c, c->err, c->what);
	p2p_stream_set_context(s, NULL);
	if (c->begun)
		p2p_stream_reset(s);
	else
		refuse(s, c->err, c->what);
	client_free(c);
}

static void run(uv_work_t *work)
{
	bridge_read(work->data);
}

static void after(uv_work_t *work, int status)
{
	struct bridge_client *c = work->data;
	struct bzz_bridge *b = c->bridge;
	(void)status; /* nothing is cancelled */
	c->reader->client = NULL;
	c->reading = false;
	if (c->stream == NULL) {
		client_free(c);
	} else if (c->err != OK) {
		fail(c);
	} else if (c->resumes) {
		wait_for_reader(c);
	} else {
		c->filled = true;
		give(c);
	}
	dispatch(b);
}

static void dispatch_lane(struct bzz_bridge *b, struct bridge_lane *l)
{
	struct bridge_client *c;
	while ((c = bridge_lane_next(l)) != NULL) {
		c->waiting = false;
		c->reading = true;
		c->stores_only = l == &b->stores && b->gateways.readers_n > 0;
		gateway_source_heed(c->reader->source, &c->given_up);
		c->work.data = c;
		(void)uv_queue_work(p2p_node_loop(p2p_stream_node(c->stream)), &c->work, run, after);
	}
}

static void dispatch(struct bzz_bridge *b)
{
	dispatch_lane(b, &b->stores);
	dispatch_lane(b, &b->gateways);
}

/* --- sending --- */

/* Has the empty piece filled while the other one is being sent. */
static void read_on(struct bridge_client *c)
{
	if (!c->reading && !c->waiting && !c->filled && c->at < c->end)
		wait_for_reader(c);
}

/* The client's turn lasts so long, anew whenever it has taken something; ours does not end. */
static void set_deadline(struct bridge_client *c, bool clients_turn, bool took)
{
	if (clients_turn ? took || !c->timed : c->timed)
		p2p_stream_expire(c->stream, clients_turn ? BZZ_BRIDGE_STALL_MS : UINT64_MAX);
	c->timed = clients_turn;
}

static void finish(struct bridge_client *c)
{
	struct p2p_stream *s = c->stream;
	tell(c, OK, NULL);
	p2p_stream_set_context(s, NULL);
	p2p_stream_close(s);
	p2p_stream_expire(s, BZZ_BRIDGE_STALL_MS);
	client_free(c);
}

/* Sends what is there. */
static void give(struct bridge_client *c)
{
	bool took = false;
	for (;;) {
		struct bridge_piece *p = &c->pieces[c->front];
		size_t n = 0;
		if (p->sent == p->n && c->filled) {
			c->front = !c->front;
			c->filled = false;
			read_on(c);
			continue;
		}
		if (p->sent == p->n)
			break;
		if (p2p_stream_write(c->stream, bytes_of(p->bytes + p->sent, p->n - p->sent), &n) != OK)
			return; /* the connection ends, which is told */
		p->sent += n;
		took |= n > 0;
		c->begun |= n > 0;
		if (p->sent < p->n) {
			set_deadline(c, true, took);
			return;
		}
	}
	set_deadline(c, false, took);
	if (!c->reading && !c->waiting)
		finish(c);
}

/* --- streams --- */

static void ask(struct bridge_client *c)
{
	struct p2p_stream *s = c->stream;
	struct why why = {.what = NULL};
	c->asked = true;
	const int err = bridge_request_read(&c->request, bridge_line_text(&c->line), &why);
	if (err != OK) {
		cli_debug(c->bridge->cli, "a request that is none: %s", err_text(err));
		p2p_stream_set_context(s, NULL);
		client_free(c);
		refuse(s, err, why.what);
		return;
	}
	p2p_stream_expire(s, UINT64_MAX);
	wait_for_reader(c);
}

static void on_opened(struct p2p_stream *s)
{
	struct bzz_bridge *b = p2p_stream_context(s);
	const uint64_t group = p2p_stream_group(s);
	struct bridge_client **slot = slot_for(b, group);
	struct bridge_client *c = slot == NULL ? NULL : malloc(sizeof *c);
	p2p_stream_set_context(s, c);
	if (c == NULL) {
		cli_warn_rarely(b->cli, "more than %d requests at once, or %d of one address: some are refused",
				BZZ_BRIDGE_STREAMS, BZZ_BRIDGE_PER_GROUP);
		refuse(s, ERR_LIMIT, "too many requests at once: ask again in a while");
		return;
	}
	memset(c, 0, offsetof(struct bridge_client, pieces)); /* what is not used costs no memory */
	c->pieces[0].n = c->pieces[0].sent = 0;
	c->reader = NULL;
	c->meter = NULL;
	c->file = NULL;
	c->root = (struct reference){.encrypted = false};
	c->at = c->end = 0;
	atomic_init(&c->given_up, false);
	c->bridge = b;
	c->stream = s;
	c->group = group;
	c->stores_only = c->missed = c->resumes = false;
	*slot = c;
	p2p_stream_expire(s, BZZ_BRIDGE_ASK_MS);
}

static void on_data(struct p2p_stream *s, struct bytes data)
{
	struct bridge_client *c = p2p_stream_context(s);
	size_t used = 0;
	p2p_stream_consumed(s, data.n);
	if (c == NULL || c->asked) /* what follows a question says nothing */
		return;
	if (bridge_line_take(&c->line, data, &used) != OK) {
		p2p_stream_set_context(s, NULL);
		client_free(c);
		refuse(s, ERR_LIMIT, "a request is one line of JSON");
	} else if (c->line.whole) {
		ask(c);
	}
}

static void on_ended(struct p2p_stream *s)
{
	struct bridge_client *c = p2p_stream_context(s);
	if (c != NULL && !c->asked)
		ask(c);
}

static void on_writable(struct p2p_stream *s)
{
	struct bridge_client *c = p2p_stream_context(s);
	if (c != NULL && c->asked)
		give(c);
}

static void on_gone(struct p2p_stream *s, int err)
{
	struct bridge_client *c = p2p_stream_context(s);
	if (c == NULL)
		return;
	if (c->asked)
		cli_debug(c->bridge->cli, "a client went before its answer's end: %s", err_text(err));
	c->stream = NULL;
	atomic_store(&c->given_up, true);
	if (c->waiting)
		bridge_lane_leave(lane_of(c), c);
	if (!c->reading)
		client_free(c);
}

static const struct p2p_stream_user user = {
	.opened = on_opened, .data = on_data, .writable = on_writable, .ended = on_ended, .gone = on_gone};

/* --- the bridge --- */

static int open_readers(struct cli *cli, const struct chunk_source *stores, const struct gateway_source_others *others,
			struct bridge_lane *l, size_t n)
{
	int err = OK;
	for (size_t i = 0; err == OK && i < n; i++) {
		err = gateway_source_open(cli, stores, others, &l->readers[i].source);
		l->readers_n += err == OK;
	}
	return err;
}

static void close_readers(struct bridge_lane *l)
{
	for (size_t i = 0; i < l->readers_n; i++)
		gateway_source_close(l->readers[i].source);
}

int bzz_bridge_open(struct cli *cli, const struct chunk_source *stores, const struct gateway_source_others *others,
		    struct bzz_bridge **bridge)
{
	const size_t readers_n = gateway_source_nodes(others) ? BZZ_BRIDGE_NODE_READERS : BZZ_BRIDGE_GATEWAY_READERS;
	struct bzz_bridge *b = calloc(1, sizeof *b);
	if (b == NULL)
		return ERR_NO_MEMORY;
	b->cli = cli;
	b->service = (struct p2p_service){.name = BRIDGE_PROTOCOL,
					  .user = &user,
					  .context = b,
					  .per_peer_max = BZZ_BRIDGE_PER_GROUP};
	b->shelf = bzz_shelf_new();
	int err = b->shelf == NULL ? ERR_NO_MEMORY : OK;
	if (err == OK)
		err = open_readers(cli, stores, NULL, &b->stores, BZZ_BRIDGE_STORE_READERS);
	if (err == OK && gateway_source_anybody(others))
		err = open_readers(cli, stores, others, &b->gateways, readers_n);
	if (err != OK) {
		bzz_bridge_close(b);
		return err;
	}
	*bridge = b;
	return OK;
}

int bzz_bridge_serve(struct bzz_bridge *b, struct p2p_node *node)
{
	return p2p_node_handle(node, &b->service);
}

void bzz_bridge_close(struct bzz_bridge *b)
{
	if (b == NULL)
		return;
	close_readers(&b->stores);
	close_readers(&b->gateways);
	bzz_shelf_free(b->shelf);
	free(b);
}
