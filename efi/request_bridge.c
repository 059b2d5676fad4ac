/* A request to a bridge: a question on a stream of its own, and the bytes that come for it. */
#include "efi/request.h"

#include <string.h>

#include "core/hex.h"

static void fail(struct request *r, int err, const char *where)
{
	r->state = REQUEST_FAILED;
	r->err = err;
	r->where = where;
	r->stage = REQUEST_OVER;
}

/* The bridge's address, and what is asked of it. */
static bool split(struct bytes url, struct bytes *address, struct bridge_request *question)
{
	static const char *const paths[] = {
		[BRIDGE_MANIFEST] = "/bzz/", [BRIDGE_ARTIFACT] = "/bytes/", [BRIDGE_CHUNK] = "/chunks/"};
	const size_t digits = 2 * REFERENCE_BYTES;
	if (url.n < digits ||
	    hex_decode_any_case(bytes_skip(url, url.n - digits), question->hash, REFERENCE_BYTES) != OK)
		return false;
	*address = bytes_of(url.p, url.n - digits);
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		if (!bytes_ends(*address, paths[i]))
			continue;
		address->n -= bytes_text(paths[i]).n;
		question->type = (enum bridge_type)i;
		return true;
	}
	return false;
}

void request_bridge_begin(struct request *r, struct bytes url, uint64_t now_ms)
{
	struct bridge_request q = {.length = UINT64_MAX};
	struct writer w;
	struct bytes address;
	r->stream = (struct bridge_stream){.link = NULL};
	r->line_sent = 0;
	r->left = 0;
	r->exchange.answer.status = 0;
	if (!split(url, &address, &q) || r->web->bridges == NULL) {
		fail(r, ERR_VALUE, "URL");
		return;
	}
	if (r->has_asked && !r->asked.whole) {
		q.ranged = true;
		q.offset = r->asked.offset;
		q.length = r->asked.length;
	}
	w = writer_of(r->line.text, sizeof r->line.text);
	bridge_request_write(&w, &q);
	r->line.n = w.n;
	r->stage = REQUEST_CONNECT;
	bridge_open(r->web->bridges, &r->stream, address, now_ms);
}

/* Says the question; then there is room for the answer. */
static void ask(struct request *r, uint64_t now_ms)
{
	const size_t n = bridge_send(&r->stream, bytes_skip(bridge_line_text(&r->line), r->line_sent));
	r->line_sent += n;
	if (n > 0)
		r->heard_ms = now_ms;
	if (r->line_sent < r->line.n)
		return;
	bridge_send_no_more(&r->stream);
	r->line.n = 0;
	r->line.whole = false;
	r->stage = REQUEST_ANSWER;
}

/* Why the bridge gives nothing. Its words are for people. */
static int refusal(struct request *r, const struct bridge_answer *a)
{
	const struct bytes error = bytes_of(a->error, a->error_n);
	if (!bytes_is(error, "not found"))
		bridge_tell(&r->stream, error);
	if (bytes_starts(error, "not found"))
		return ERR_NOT_FOUND;
	r->exchange.answer.status = 500; /* as a gateway says it: it may be there, but not for this one */
	return ERR_SOURCE;
}

/* Whether the answer is what was asked for. One that has no parts gives all of it. */
static int verdict(const struct request *r, const struct bridge_answer *a)
{
	if (!r->has_asked)
		return OK;
	if (r->asked.whole)
		return a->size == r->asked.size ? OK : ERR_SIZE;
	if (a->has_total && a->total != r->asked.size)
		return ERR_SIZE;
	return a->size == r->asked.length ? OK : ERR_PROTOCOL;
}

static void judge(struct request *r)
{
	struct bridge_answer a;
	const int err = bridge_answer_read(&a, bridge_line_text(&r->line), NULL);
	r->verdict = err != OK ? ERR_PROTOCOL : a.ok ? verdict(r, &a) : refusal(r, &a);
	if (r->verdict != OK) {
		fail(r, r->verdict, "answer");
		return;
	}
	r->judged = true;
	r->left = a.size;
}

/* Reads on, up to the first bytes behind the head. */
static void pull(struct request *r)
{
	while (r->stage == REQUEST_ANSWER && !r->judged) {
		size_t used = 0;
		const struct bytes in = bridge_received(&r->stream);
		if (in.n == 0)
			return;
		if (bridge_line_take(&r->line, in, &used) != OK) {
			fail(r, ERR_PROTOCOL, "answer");
			return;
		}
		bridge_took(&r->stream, used);
		if (r->line.whole)
			judge(r);
	}
}

static void finish(struct request *r)
{
	if (r->stage != REQUEST_ANSWER || !r->judged || r->left > 0)
		return;
	r->state = REQUEST_DONE;
	r->stage = REQUEST_OVER;
}

void request_bridge_step(struct request *r, uint64_t now_ms)
{
	if (r->stage == REQUEST_OVER)
		return;
	bridge_step(&r->stream, now_ms);
	if (r->stage == REQUEST_CONNECT)
		ask(r, now_ms);
	const bool news = bridge_received(&r->stream).n > 0;
	if (news)
		r->heard_ms = now_ms;
	pull(r);
	finish(r);
	if (r->stage == REQUEST_OVER || news)
		return;
	if (r->stream.err != OK)
		fail(r, r->stream.err, r->stream.where);
	else if (r->stream.ended)
		fail(r, ERR_CLOSED, "answer");
	else if (now_ms >= r->heard_ms + REQUEST_BRIDGE_SILENCE_MS)
		fail(r, ERR_TIMEOUT, r->stage == REQUEST_CONNECT ? "connection" : "answer");
}

struct bytes request_bridge_body(struct request *r)
{
	if (r->stage != REQUEST_ANSWER || !r->judged)
		return BYTES_NONE;
	struct bytes in = bridge_received(&r->stream);
	if (in.n > r->left)
		in.n = (size_t)r->left; /* what comes behind the end is none of ours */
	if (in.n == 0)
		finish(r);
	return in;
}

void request_bridge_took(struct request *r, size_t n)
{
	bridge_took(&r->stream, n);
	r->left -= n;
	finish(r);
}
