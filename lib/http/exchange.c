#include "http/exchange.h"

#include <assert.h>

#include "core/hex.h"

#define CHUNK_DIGITS_MAX 15 /* of a size: less than 2^60 */

/* What is known of an answer: nothing. */
static void clear(struct exchange *x)
{
	x->ending = false;
	x->line_n = x->head_n = 0;
	x->left = 0;
	x->answer = (struct answer){.status = 0};
}

void exchange_init(struct exchange *x)
{
	x->err = OK;
	x->stage = EXCHANGE_IDLE;
	x->out_n = x->out_sent = 0;
	clear(x);
}

static int dead(struct exchange *x, int err)
{
	return x->err = err;
}

static bool is_plain(struct bytes text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] >= 0x7f)
			return false;
	return text.n > 0;
}

int exchange_ask(struct exchange *x, struct bytes host, struct bytes target, const struct asked *asked)
{
	struct writer w = writer_of(x->out, sizeof x->out);
	if (x->err != OK)
		return x->err;
	assert(x->stage == EXCHANGE_IDLE);
	if (!is_plain(host) || !is_plain(target) || target.p[0] != '/')
		return ERR_VALUE;
	write_text(&w, "GET ");
	write_bytes(&w, target);
	write_text(&w, " HTTP/1.1\r\nHost: ");
	write_bytes(&w, host);
	write_text(&w, "\r\nUser-Agent: " EXCHANGE_USER_AGENT "\r\nAccept-Encoding: identity\r\n");
	if (asked != NULL && !asked->whole) {
		write_text(&w, "Range: bytes=");
		write_decimal(&w, asked->offset);
		write_u8(&w, '-');
		write_decimal(&w, asked->offset + asked->length - 1);
		write_text(&w, "\r\n");
	}
	write_text(&w, "\r\n");
	if (w.full)
		return ERR_VALUE;
	x->out_n = w.n;
	x->out_sent = 0;
	clear(x);
	x->stage = EXCHANGE_HEAD_LINES;
	return OK;
}

struct bytes exchange_out(const struct exchange *x)
{
	return bytes_of(x->out + x->out_sent, x->out_n - x->out_sent);
}

void exchange_sent(struct exchange *x, size_t n)
{
	assert(n <= x->out_n - x->out_sent);
	x->out_sent += n;
}

/* Collects a line over calls. True: x->line has one, its line end included. */
static bool take_line(struct exchange *x, struct bytes in, size_t *used, int *err)
{
	for (*used = 0; *used < in.n;) {
		if (x->line_n == sizeof x->line || x->head_n == EXCHANGE_HEAD_BYTES_MAX) {
			*err = ERR_LIMIT;
			return false;
		}
		uint8_t c = in.p[(*used)++];
		x->line[x->line_n++] = c;
		x->head_n++;
		if (c == '\n')
			return true;
	}
	return false;
}

/* The line without its end, and ready for the next. */
static struct bytes line_of(struct exchange *x)
{
	struct bytes line = bytes_of(x->line, x->line_n - 1);
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	x->line_n = 0;
	return line;
}

/* NAME ":" VALUE, no blanks before the colon, no folded lines, no control characters. */
static bool is_field(struct bytes line)
{
	size_t colon = 0;
	while (colon < line.n && line.p[colon] != ':') {
		if (line.p[colon] <= ' ' || line.p[colon] >= 0x7f)
			return false;
		colon++;
	}
	for (size_t i = colon; i < line.n; i++)
		if ((line.p[i] < ' ' && line.p[i] != '\t') || line.p[i] == 0x7f)
			return false;
	return colon > 0 && colon < line.n;
}

/* How long the body is: RFC 9112 section 6.3. */
static int begin_body(struct exchange *x)
{
	const struct answer *a = &x->answer;
	if (a->misfit || (a->chunked && a->has_length))
		return ERR_PROTOCOL;
	x->left = a->has_length ? a->length : 0;
	if (a->status == 204 || a->status == 304 || (a->has_length && a->length == 0))
		x->ending = true;
	else if (a->chunked)
		x->stage = EXCHANGE_CHUNK_SIZE;
	else
		x->stage = a->has_length ? EXCHANGE_LENGTH : EXCHANGE_TO_CLOSE;
	return OK;
}

static int take_head_line(struct exchange *x, enum exchange_event *event)
{
	struct bytes line = line_of(x);
	bool first = x->answer.status == 0;
	if (line.n == 0) {
		if (first)
			return ERR_PROTOCOL;
		if (x->answer.status < 200) { /* the real one follows */
			x->answer = (struct answer){.status = 0};
			return OK;
		}
		*event = EXCHANGE_HEAD;
		return begin_body(x);
	}
	if (!first && (bytes_starts(line, "HTTP/") || !is_field(line)))
		return ERR_PROTOCOL;
	answer_line(&x->answer, line);
	return x->answer.status < 100 || x->answer.status > 999 || x->answer.status == 101 ? ERR_PROTOCOL : OK;
}

static int take_chunk_size(struct exchange *x)
{
	struct bytes line = line_of(x);
	uint64_t size = 0;
	size_t n = 0;
	for (; n < line.n && hex_digit(line.p[n]) >= 0; n++) {
		if (n == CHUNK_DIGITS_MAX)
			return ERR_LIMIT;
		size = size << 4 | (uint64_t)hex_digit(line.p[n]);
	}
	if (n == 0 || (n < line.n && line.p[n] != ';' && line.p[n] != ' ' && line.p[n] != '\t'))
		return ERR_PROTOCOL;
	x->left = size;
	x->head_n = 0; /* each line has the limit to itself */
	x->stage = size == 0 ? EXCHANGE_TRAILERS : EXCHANGE_CHUNK;
	return OK;
}

static int take_any_line(struct exchange *x, enum exchange_event *event)
{
	struct bytes line;
	if (x->stage == EXCHANGE_HEAD_LINES)
		return take_head_line(x, event);
	if (x->stage == EXCHANGE_CHUNK_SIZE)
		return take_chunk_size(x);
	line = line_of(x);
	if (x->stage == EXCHANGE_CHUNK_END) {
		x->stage = EXCHANGE_CHUNK_SIZE;
		return line.n == 0 ? OK : ERR_PROTOCOL;
	}
	if (line.n == 0) /* the end of the trailers, of which none is wanted */
		x->ending = true;
	return OK;
}

static void take_body(struct exchange *x, struct bytes in, size_t *used, enum exchange_event *event, struct bytes *body)
{
	size_t n = in.n;
	if (x->stage != EXCHANGE_TO_CLOSE) {
		if (n > x->left)
			n = (size_t)x->left;
		x->left -= n;
		if (x->left == 0 && x->stage == EXCHANGE_LENGTH)
			x->ending = true;
		else if (x->left == 0)
			x->stage = EXCHANGE_CHUNK_END;
	}
	*used = n;
	*body = bytes_of(in.p, n);
	*event = n > 0 ? EXCHANGE_BODY : EXCHANGE_NOTHING;
}

static bool in_lines(const struct exchange *x)
{
	return x->stage == EXCHANGE_HEAD_LINES || x->stage == EXCHANGE_CHUNK_SIZE || x->stage == EXCHANGE_CHUNK_END ||
	       x->stage == EXCHANGE_TRAILERS;
}

int exchange_take(struct exchange *x, struct bytes in, size_t *used, enum exchange_event *event, struct bytes *body)
{
	*used = 0;
	*event = EXCHANGE_NOTHING;
	*body = BYTES_NONE;
	while (x->err == OK && *event == EXCHANGE_NOTHING) {
		size_t n = 0;
		if (x->ending) {
			x->ending = false;
			x->stage = EXCHANGE_IDLE;
			*event = EXCHANGE_END;
			break;
		}
		if (x->stage == EXCHANGE_IDLE || *used == in.n)
			break;
		struct bytes rest = bytes_skip(in, *used);
		int err = OK;
		if (!in_lines(x))
			take_body(x, rest, &n, event, body);
		else if (take_line(x, rest, &n, &err))
			err = take_any_line(x, event);
		*used += n;
		if (err != OK)
			return dead(x, err);
	}
	return x->err;
}

int exchange_closed(struct exchange *x)
{
	if (x->err != OK)
		return x->err;
	if (x->ending || x->stage == EXCHANGE_TO_CLOSE) {
		x->answer.close = true;
		x->ending = false;
		x->stage = EXCHANGE_IDLE;
		return OK;
	}
	return dead(x, ERR_CLOSED);
}

bool exchange_reusable(const struct exchange *x)
{
	return x->err == OK && x->stage == EXCHANGE_IDLE && !x->ending && !x->answer.close && x->out_sent == x->out_n;
}
