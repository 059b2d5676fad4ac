#include "efi/request.h"

#include <string.h>

#include "core/decimal.h"

static void fail(struct request *r, int err, const char *where)
{
	r->state = REQUEST_FAILED;
	r->err = err;
	r->where = where;
	r->stage = REQUEST_OVER;
}

/* http://HOST[:PORT][/…]; a fragment is not sent. */
static bool split_url(struct request *r, struct bytes url)
{
	size_t n = 0, colon;
	uint64_t port = 80;
	if (!bytes_starts(url, "http://"))
		return false;
	url = bytes_skip(url, 7);
	while (n < url.n && url.p[n] != '/' && url.p[n] != '?' && url.p[n] != '#')
		n++;
	r->authority = r->host = bytes_of(url.p, n);
	r->target = bytes_skip(url, n);
	for (n = 0; n < r->target.n && r->target.p[n] != '#';)
		n++;
	r->target.n = n;
	if (n == 0)
		r->target = BYTES_LITERAL("/"); /* a query without a path is refused with the rest of the request */
	for (colon = r->host.n; colon > 0 && r->host.p[colon - 1] != ':' && r->host.p[colon - 1] != ']';)
		colon--;
	if (colon > 0 && r->host.p[colon - 1] == ':') {
		if (decimal_read(bytes_skip(r->host, colon), &port) != OK || port == 0 || port > 65535)
			return false;
		r->host.n = colon - 1;
	}
	r->port = (uint16_t)port;
	return r->host.n > 0;
}

void request_begin(struct request *r, struct web *w, struct bytes url, const struct asked *asked, uint64_t now_ms)
{
	r->state = REQUEST_UNDER_WAY;
	r->err = OK;
	r->where = "";
	r->web = w;
	r->has_asked = asked != NULL;
	if (asked != NULL)
		r->asked = *asked;
	r->reused = r->judged = r->refused = r->dialled = false;
	r->verdict = OK;
	r->stage = REQUEST_NAME;
	r->addresses.n = 0;
	r->c = NET_NONE;
	r->heard_ms = now_ms;
	r->body_at = r->body_n = 0;
	for (size_t i = 0; i < RESOLVE_ADDRESSES_MAX; i++)
		r->tries[i] = (struct request_try){.c = NET_NONE};
	r->bridged = request_by_bridge(url);
	if (r->bridged)
		request_bridge_begin(r, url, now_ms);
	else if (bytes_starts(url, "https://"))
		fail(r, ERR_VALUE, "https is not spoken here: name a provider with http, what it sends is checked");
	else if (!split_url(r, url))
		fail(r, ERR_VALUE, "URL");
}

/* The request goes out on connection c. */
static void begin_exchange(struct request *r, uint32_t c, size_t address, uint64_t now_ms)
{
	r->c = c;
	r->address = address;
	r->stage = REQUEST_ANSWER;
	r->heard_ms = now_ms;
	r->left = !r->has_asked ? 0 : r->asked.whole ? r->asked.size : r->asked.length;
	exchange_init(&r->exchange);
	int err = exchange_ask(&r->exchange, r->authority, r->target, r->has_asked ? &r->asked : NULL);
	if (err != OK)
		fail(r, err, "URL");
}

/* Addresses that were silent lately go last. */
static void order(struct request *r, uint64_t now_ms)
{
	struct resolved ordered = {.n = 0};
	for (int bad = 0; bad < 2; bad++)
		for (size_t i = 0; i < r->addresses.n; i++)
			if (web_is_bad(r->web, &r->addresses.v[i], now_ms) == (bad == 1))
				ordered.v[ordered.n++] = r->addresses.v[i];
	r->addresses = ordered;
}

static void step_name(struct request *r, uint64_t now_ms)
{
	int err = resolver_find(&r->web->resolver, r->host, now_ms, &r->addresses);
	if (err == RESOLVE_WAIT && now_ms < r->heard_ms + RESOLVE_GIVE_UP_MS)
		return;
	if (err == RESOLVE_WAIT)
		err = ERR_TIMEOUT;
	if (err != OK) {
		fail(r, err, err == ERR_SOURCE ? "name, from every resolver" : "name");
		return;
	}
	order(r, now_ms);
	r->heard_ms = now_ms;
	r->stage = REQUEST_CONNECT;
	for (size_t i = 0; i < r->addresses.n; i++) {
		uint32_t c = web_take(r->web, &r->addresses.v[i], r->port, now_ms);
		if (c == NET_NONE)
			continue;
		r->reused = true;
		begin_exchange(r, c, i, now_ms);
		return;
	}
}

/* One has won. Who had a head start and lost it would cost it again. */
static void end_others(struct request *r, size_t winner, uint64_t now_ms)
{
	for (size_t i = 0; i < r->addresses.n; i++)
		if (i != winner && r->tries[i].c != NET_NONE && now_ms >= r->tries[i].began_ms + REQUEST_HEAD_START_MS)
			web_note_bad(r->web, &r->addresses.v[i], now_ms);
}

static void end_tries(struct request *r)
{
	for (size_t i = 0; i < RESOLVE_ADDRESSES_MAX; i++) {
		if (r->tries[i].c != NET_NONE)
			net_end(r->web->net, r->tries[i].c);
		r->tries[i].c = NET_NONE;
	}
}

/* One that is under way: connected, to be given up, or still waited for (true). */
static bool step_try(struct request *r, size_t i, uint64_t now_ms)
{
	struct request_try *t = &r->tries[i];
	if (t->c == NET_NONE)
		return false;
	enum net_state state = net_state(r->web->net, t->c);
	if (state == NET_OPEN || state == NET_ENDED) {
		uint32_t c = t->c;
		t->c = NET_NONE;
		end_others(r, i, now_ms);
		end_tries(r);
		begin_exchange(r, c, i, now_ms);
		return true;
	}
	if (state == NET_CONNECTING && now_ms < t->began_ms + REQUEST_CONNECT_MS)
		return true;
	r->refused |= state == NET_FAILED;
	web_note_bad(r->web, &r->addresses.v[i], now_ms);
	net_end(r->web->net, t->c);
	t->c = NET_NONE;
	return false;
}

static void fail_connecting(struct request *r)
{
	if (r->refused)
		fail(r, ERR_CLOSED, "refused");
	else if (r->dialled)
		fail(r, ERR_TIMEOUT, "connection");
	else
		fail(r, ERR_NOT_FOUND, "this network has no way to its addresses, or no room for a connection");
}

static void step_connect(struct request *r, uint64_t now_ms)
{
	bool waiting = false, left = false;
	for (size_t i = 0; i < r->addresses.n && r->stage == REQUEST_CONNECT; i++)
		waiting |= step_try(r, i, now_ms);
	for (size_t i = 0; i < r->addresses.n && r->stage == REQUEST_CONNECT; i++) {
		struct request_try *t = &r->tries[i];
		if (t->tried)
			continue;
		left = true;
		if (waiting && now_ms < r->try_ms + REQUEST_HEAD_START_MS)
			break;
		bool foreign = r->addresses.v[i].six && !net_facts(r->web->net)->six.six;
		uint32_t c = foreign ? NET_NONE : web_dial(r->web, &r->addresses.v[i], r->port);
		if (c == NET_NONE && !foreign && now_ms < r->heard_ms + REQUEST_CONNECT_MS)
			break; /* no room: other requests end */
		*t = (struct request_try){.c = c, .tried = true, .began_ms = now_ms};
		r->try_ms = now_ms;
		r->dialled |= c != NET_NONE;
		waiting |= c != NET_NONE;
	}
	if (r->stage == REQUEST_CONNECT && !waiting && !left)
		fail_connecting(r);
}

/* A kept connection that the server has closed meanwhile: once more, on a new one. */
static bool again(struct request *r, uint64_t now_ms)
{
	if (!r->reused || r->exchange.answer.status != 0 || r->exchange.head_n > 0)
		return false;
	net_end(r->web->net, r->c);
	r->c = NET_NONE;
	r->reused = false;
	r->heard_ms = now_ms;
	r->stage = REQUEST_CONNECT;
	return true;
}

static void judge(struct request *r)
{
	const struct answer *a = &r->exchange.answer;
	r->verdict = r->has_asked ? answer_judge(a, &r->asked) : answer_judge_document(a);
	r->judged = r->verdict == OK;
}

/* The answer is over. One that was not asked for was read on only to use its connection again. */
static void finish(struct request *r)
{
	if (!r->judged) {
		fail(r, r->verdict, "answer");
	} else if (r->has_asked && r->left > 0) {
		fail(r, ERR_CLOSED, "answer");
	} else {
		r->state = REQUEST_DONE;
		r->stage = REQUEST_OVER;
	}
}

/* Body bytes of a right answer, from at on in what has been received. A chunked body, or one that
 * ends with its connection, may be longer than its head let expect. */
static void give(struct request *r, size_t at, size_t n)
{
	if (r->has_asked && n > r->left) {
		fail(r, r->asked.whole ? ERR_SIZE : ERR_PROTOCOL, "answer");
		return;
	}
	r->left -= r->has_asked ? n : 0;
	r->body_at = at;
	r->body_n = n;
}

/* Whether nothing more is to be waited for, although the answer would go on. */
static bool is_settled(const struct request *r)
{
	return r->judged ? r->has_asked && r->left == 0 && r->exchange.stage == EXCHANGE_TO_CLOSE : r->verdict != OK;
}

/* Reads on in what has been received, up to the next body bytes. */
static void pull(struct request *r)
{
	while (r->stage == REQUEST_ANSWER && r->body_n == 0) {
		struct bytes in = net_received(r->web->net, r->c), body;
		enum exchange_event event;
		size_t used;
		int err = exchange_take(&r->exchange, in, &used, &event, &body);
		if (err != OK)
			fail(r, err, "answer");
		else if (event == EXCHANGE_BODY && r->judged)
			give(r, used - body.n, body.n);
		else
			net_took(r->web->net, r->c, used);
		if (event == EXCHANGE_HEAD)
			judge(r);
		else if (event == EXCHANGE_END)
			finish(r);
		else if (event == EXCHANGE_NOTHING && used == 0 && err == OK) {
			if (is_settled(r))
				finish(r);
			return;
		}
	}
}

static void step_answer(struct request *r, uint64_t now_ms)
{
	struct bytes out = exchange_out(&r->exchange);
	enum net_state state = net_state(r->web->net, r->c);
	if (out.n > 0 && state == NET_OPEN)
		exchange_sent(&r->exchange, net_send(r->web->net, r->c, out));
	if (net_received(r->web->net, r->c).n > 0) {
		r->heard_ms = now_ms;
		return;
	}
	if (state == NET_ENDED || state == NET_FAILED) {
		pull(r); /* its last byte may have been taken already */
		if (r->stage != REQUEST_ANSWER || again(r, now_ms))
			return;
		int err = state == NET_ENDED ? exchange_closed(&r->exchange) : ERR_CLOSED;
		if (err != OK) {
			fail(r, err, "answer");
			return;
		}
		finish(r);
	} else if (now_ms >= r->heard_ms + REQUEST_SILENCE_MS) {
		fail(r, ERR_TIMEOUT, "answer");
	}
}

void request_step(struct request *r, uint64_t now_ms)
{
	if (r->bridged) {
		request_bridge_step(r, now_ms);
		return;
	}
	if (r->stage == REQUEST_NAME)
		step_name(r, now_ms);
	if (r->stage == REQUEST_CONNECT)
		step_connect(r, now_ms);
	if (r->stage == REQUEST_ANSWER) {
		step_answer(r, now_ms);
		pull(r);
	}
}

struct bytes request_body(struct request *r)
{
	if (r->bridged)
		return request_bridge_body(r);
	pull(r);
	if (r->body_n == 0)
		return BYTES_NONE;
	struct bytes in = net_received(r->web->net, r->c);
	return bytes_of(in.p + r->body_at, r->body_n);
}

void request_took(struct request *r, size_t n)
{
	if (r->bridged) {
		request_bridge_took(r, n);
		return;
	}
	r->body_at += n;
	r->body_n -= n;
	if (r->body_n > 0)
		return;
	net_took(r->web->net, r->c, r->body_at);
	r->body_at = 0;
}

void request_end(struct request *r, uint64_t now_ms)
{
	if (r->bridged)
		bridge_end(&r->stream);
	end_tries(r);
	if (r->c == NET_NONE)
		return;
	if (exchange_reusable(&r->exchange) && net_state(r->web->net, r->c) == NET_OPEN &&
	    net_received(r->web->net, r->c).n == 0)
		web_keep(r->web, r->c, &r->addresses.v[r->address], r->port, now_ms);
	else
		net_end(r->web->net, r->c);
	r->c = NET_NONE;
}
