#include "p2p/yamux.h"

#include <assert.h>

#include "core/err.h"

enum type { TYPE_DATA, TYPE_WINDOW, TYPE_PING, TYPE_GO_AWAY };
enum { FLAG_SYN = 1, FLAG_ACK = 2, FLAG_FIN = 4, FLAG_RST = 8 };

/* Twice the window, when it was used up within so many round trips. */
#define GROW_RTTS 4

static int dies(struct yamux *y, int err)
{
	y->err = err;
	return err;
}

static struct yamux_stream *slot_of(struct yamux *y, uint32_t id)
{
	for (size_t i = 0; i < YAMUX_STREAMS_MAX; i++)
		if (y->streams[i].id == id)
			return &y->streams[i];
	return NULL;
}

/* A stream that is not about to be reset. */
static struct yamux_stream *stream_of(struct yamux *y, uint32_t id)
{
	struct yamux_stream *s = id == 0 ? NULL : slot_of(y, id);
	return s == NULL || s->owes_reset ? NULL : s;
}

static bool room_for(const struct writer *out, size_t n)
{
	return !out->full && n <= out->room - out->n;
}

static void write_head(struct writer *out, enum type type, unsigned flags, uint32_t stream, uint32_t length)
{
	write_u8(out, 0);
	write_u8(out, (uint8_t)type);
	write_be16(out, (uint16_t)flags);
	write_be32(out, stream);
	write_be32(out, length);
	assert(!out->full);
}

static void stream_free(struct yamux *y, struct yamux_stream *s)
{
	y->budget += s->window - YAMUX_WINDOW_BYTES;
	*s = (struct yamux_stream){.id = 0};
}

static void free_if_over(struct yamux *y, struct yamux_stream *s)
{
	if (s->fin_sent && s->fin_taken)
		stream_free(y, s);
}

static struct yamux_stream *stream_add(struct yamux *y, uint32_t id, uint64_t now_ms)
{
	struct yamux_stream *s = slot_of(y, 0);
	if (s != NULL)
		*s = (struct yamux_stream){.id = id,
					   .send_window = YAMUX_WINDOW_BYTES,
					   .take_window = YAMUX_WINDOW_BYTES,
					   .window = YAMUX_WINDOW_BYTES,
					   .updated_ms = now_ms};
	return s;
}

/* SYN or ACK, with the next frame of a stream whatever it is. */
static unsigned opening_flags(struct yamux_stream *s)
{
	const unsigned flags = (s->owes_syn ? FLAG_SYN : 0U) | (s->owes_ack ? FLAG_ACK : 0U);
	s->owes_syn = s->owes_ack = false;
	return flags;
}

/* How much credit a stream is to be given now, and lets its window grow; 0: not worth a frame. */
static uint32_t credit_due(struct yamux *y, struct yamux_stream *s, uint64_t now_ms)
{
	const uint32_t held = s->take_window + s->unread;
	if (s->fin_taken || s->window - held < s->window / 2)
		return 0;
	if (y->rtt_ms != UINT64_MAX && now_ms - s->updated_ms < GROW_RTTS * y->rtt_ms) {
		uint64_t more = s->window;
		if (more > YAMUX_WINDOW_BYTES_MAX - s->window)
			more = YAMUX_WINDOW_BYTES_MAX - s->window;
		if (more > y->budget)
			more = y->budget;
		y->budget -= more;
		s->window += (uint32_t)more;
	}
	s->updated_ms = now_ms;
	return s->window - held;
}

static void flush_stream(struct yamux *y, struct yamux_stream *s, struct writer *out, uint64_t now_ms)
{
	if (s->owes_reset) {
		/* One that nobody was told of needs no end. */
		if (!s->owes_syn)
			write_head(out, TYPE_WINDOW, FLAG_RST, s->id, s->reset_code);
		stream_free(y, s);
		return;
	}
	const uint32_t credit = credit_due(y, s, now_ms);
	if (credit == 0 && !s->owes_syn && !s->owes_ack && !s->owes_fin)
		return;
	const unsigned fin = s->owes_fin ? FLAG_FIN : 0U;
	write_head(out, TYPE_WINDOW, opening_flags(s) | fin, s->id, credit);
	s->take_window += credit;
	if (fin == 0)
		return;
	s->owes_fin = false;
	s->fin_sent = true;
	free_if_over(y, s);
}

static void flush(struct yamux *y, struct writer *out, uint64_t now_ms)
{
	if (y->owes_ping && room_for(out, YAMUX_HEAD_BYTES)) {
		write_head(out, TYPE_PING, FLAG_SYN, 0, y->ping_value);
		y->owes_ping = false;
		y->pinging = true;
		y->pinged_ms = now_ms;
	}
	for (size_t i = 0; i < YAMUX_STREAMS_MAX && room_for(out, YAMUX_HEAD_BYTES); i++)
		if (y->streams[i].id != 0)
			flush_stream(y, &y->streams[i], out, now_ms);
}

void yamux_init(struct yamux *y, enum yamux_role role, uint64_t budget, uint64_t now_ms)
{
	*y = (struct yamux){.role = role,
			    .next_id = role == YAMUX_CLIENT ? 1 : 2,
			    .budget = budget,
			    .rtt_ms = UINT64_MAX,
			    .owes_ping = true,
			    .pinged_ms = now_ms};
}

static int take_ping(struct yamux *y, unsigned flags, uint32_t value, struct writer *out, uint64_t now_ms)
{
	if (flags == FLAG_SYN) {
		write_head(out, TYPE_PING, FLAG_ACK, 0, value);
	} else if (flags != FLAG_ACK) {
		return dies(y, ERR_PROTOCOL);
	} else if (y->pinging && value == y->ping_value) {
		y->pinging = false;
		y->ping_value++;
		y->rtt_ms = now_ms - y->pinged_ms;
	}
	return OK;
}

/* A stream that the other side opens; NULL when it is refused, or y is dead. */
static struct yamux_stream *take_syn(struct yamux *y, uint32_t id, struct writer *out, uint64_t now_ms)
{
	const bool theirs = (id & 1) == (y->role == YAMUX_CLIENT ? 0 : 1);
	size_t taken = 0;
	if (!theirs || slot_of(y, id) != NULL) {
		(void)dies(y, ERR_PROTOCOL);
		return NULL;
	}
	for (size_t i = 0; i < YAMUX_STREAMS_MAX; i++)
		taken += y->streams[i].id != 0 && ((y->streams[i].id ^ id) & 1) == 0;
	struct yamux_stream *s = taken < YAMUX_STREAMS_TAKEN_MAX && !y->ended ? stream_add(y, id, now_ms) : NULL;
	if (s == NULL) {
		write_head(out, TYPE_WINDOW, FLAG_RST, id, YAMUX_RESET_LIMIT);
		return NULL;
	}
	s->owes_ack = true;
	y->now_opened = true;
	return s;
}

static int take_data_head(struct yamux *y, const struct yamux_stream *s, uint32_t length)
{
	if (length > s->take_window || (length > 0 && s->fin_taken))
		return dies(y, ERR_PROTOCOL);
	return OK;
}

static int take_credit(struct yamux *y, struct yamux_stream *s, uint32_t length)
{
	if (length > UINT32_MAX - s->send_window)
		return dies(y, ERR_PROTOCOL);
	s->send_window += length;
	y->now_writable = s->blocked && length > 0;
	s->blocked = s->blocked && length == 0;
	return OK;
}

static int take_stream_head(struct yamux *y, enum type type, unsigned flags, uint32_t id, uint32_t length,
			    struct writer *out, uint64_t now_ms)
{
	if (id == 0)
		return dies(y, ERR_PROTOCOL);
	y->body_left = type == TYPE_DATA ? length : 0;
	struct yamux_stream *s = (flags & FLAG_SYN) != 0 ? take_syn(y, id, out, now_ms) : stream_of(y, id);
	if (s == NULL)
		return y->err; /* refused, or over: what it still says is not heard */
	if ((flags & FLAG_RST) != 0) {
		/* The length of a reset is no credit but says why. */
		y->frame_code = type == TYPE_WINDOW ? length : 0;
		y->now_reset = !y->now_opened; /* one that was opened with it is not worth a word */
		y->now_opened = false;
		stream_free(y, s);
		return OK;
	}
	const int err = type == TYPE_DATA ? take_data_head(y, s, length) : take_credit(y, s, length);
	if (err != OK)
		return err;
	y->now_ended = (flags & FLAG_FIN) != 0 && !s->fin_taken;
	return OK;
}

static int take_head(struct yamux *y, struct writer *out, uint64_t now_ms)
{
	struct reader r = reader_of(bytes_of(y->head, sizeof y->head));
	const uint8_t version = read_u8(&r), type = read_u8(&r);
	const unsigned flags = read_be16(&r);
	const uint32_t id = read_be32(&r), length = read_be32(&r);
	y->head_n = 0;
	y->frame_stream = id;
	if (version != 0 || type > TYPE_GO_AWAY || flags > (FLAG_SYN | FLAG_ACK | FLAG_FIN | FLAG_RST))
		return dies(y, ERR_PROTOCOL);
	if (type == TYPE_PING)
		return take_ping(y, flags, length, out, now_ms);
	if (type != TYPE_GO_AWAY)
		return take_stream_head(y, (enum type)type, flags, id, length, out, now_ms);
	y->gone = y->now_gone = true;
	y->frame_code = length;
	return OK;
}

static bool once(bool *flag)
{
	const bool was = *flag;
	*flag = false;
	return was;
}

/* What the frame under way has to tell before its body, or instead of one. */
static bool tell_before(struct yamux *y, struct yamux_event *event)
{
	event->stream = y->frame_stream;
	event->code = y->now_gone || y->now_reset ? y->frame_code : 0;
	if (once(&y->now_gone))
		event->type = YAMUX_GONE;
	else if (once(&y->now_opened))
		event->type = YAMUX_OPENED;
	else if (once(&y->now_reset))
		event->type = YAMUX_RESET;
	else if (once(&y->now_writable) && stream_of(y, y->frame_stream) != NULL)
		event->type = YAMUX_WRITABLE;
	return event->type != YAMUX_NOTHING;
}

static bool tell_end(struct yamux *y, struct yamux_event *event)
{
	struct yamux_stream *s = stream_of(y, y->frame_stream);
	if (!once(&y->now_ended) || s == NULL)
		return false;
	s->fin_taken = true;
	free_if_over(y, s);
	event->type = YAMUX_ENDED;
	event->stream = y->frame_stream;
	return true;
}

/* As much of a body as has arrived; true when somebody wants it. */
static bool take_body(struct yamux *y, struct bytes in, size_t *used, struct yamux_event *event)
{
	struct yamux_stream *s = stream_of(y, y->frame_stream);
	const size_t left = in.n - *used, n = left < y->body_left ? left : y->body_left;
	event->data = bytes_of(in.p + *used, n);
	*used += n;
	y->body_left -= (uint32_t)n;
	if (s == NULL)
		return false;
	/* Here and not with the head: what has not arrived must not look like credit to be given again. */
	s->take_window -= (uint32_t)n;
	s->unread += (uint32_t)n;
	event->type = YAMUX_DATA;
	event->stream = s->id;
	return true;
}

int yamux_take(struct yamux *y, struct bytes in, size_t *used, struct yamux_event *event, struct writer *out,
	       uint64_t now_ms)
{
	*used = 0;
	*event = (struct yamux_event){.type = YAMUX_NOTHING};
	if (y->err != OK)
		return y->err;
	while (y->err == OK) {
		if (tell_before(y, event))
			break;
		if (y->body_left > 0) {
			if (*used == in.n || take_body(y, in, used, event))
				break;
			continue;
		}
		if (tell_end(y, event) || *used == in.n)
			break;
		if (y->head_n + 1U < sizeof y->head || room_for(out, YAMUX_HEAD_BYTES)) {
			y->head[y->head_n++] = in.p[(*used)++];
			if (y->head_n == sizeof y->head && take_head(y, out, now_ms) != OK)
				break;
			continue;
		}
		break; /* for want of room for an answer */
	}
	if (y->err != OK) { /* there was room for an answer to that frame */
		*event = (struct yamux_event){.type = YAMUX_NOTHING};
		write_head(out, TYPE_GO_AWAY, 0, 0, YAMUX_END_PROTOCOL);
		return y->err;
	}
	if (event->type == YAMUX_NOTHING)
		flush(y, out, now_ms);
	return OK;
}

int yamux_open(struct yamux *y, uint32_t *stream)
{
	if (y->err != OK)
		return y->err;
	if (y->gone || y->ended || y->next_id > UINT32_MAX - 2)
		return ERR_CLOSED;
	struct yamux_stream *s = stream_add(y, y->next_id, 0);
	if (s == NULL)
		return ERR_LIMIT;
	s->owes_syn = true;
	*stream = y->next_id;
	y->next_id += 2;
	return OK;
}

int yamux_write(struct yamux *y, uint32_t stream, struct bytes data, size_t *n, struct writer *out)
{
	struct yamux_stream *s = stream_of(y, stream);
	*n = 0;
	if (y->err != OK)
		return y->err;
	if (s == NULL || s->fin_sent || s->owes_fin)
		return ERR_NOT_FOUND;
	while (data.n > 0 && s->send_window > 0 && room_for(out, YAMUX_HEAD_BYTES + YAMUX_ROOM_BYTES + 1)) {
		size_t body_n = out->room - out->n - YAMUX_HEAD_BYTES - YAMUX_ROOM_BYTES;
		if (body_n > YAMUX_BODY_BYTES_MAX)
			body_n = YAMUX_BODY_BYTES_MAX;
		if (body_n > s->send_window)
			body_n = (size_t)s->send_window;
		if (body_n > data.n)
			body_n = data.n;
		write_head(out, TYPE_DATA, opening_flags(s), stream, (uint32_t)body_n);
		write_bytes(out, bytes_of(data.p, body_n));
		s->send_window -= body_n;
		data = bytes_skip(data, body_n);
		*n += body_n;
	}
	s->blocked = s->send_window == 0;
	return OK;
}

void yamux_consumed(struct yamux *y, uint32_t stream, size_t n)
{
	struct yamux_stream *s = stream_of(y, stream);
	if (s == NULL)
		return;
	assert(n <= s->unread);
	s->unread -= (uint32_t)n;
}

void yamux_close(struct yamux *y, uint32_t stream)
{
	struct yamux_stream *s = stream_of(y, stream);
	if (s != NULL && !s->fin_sent)
		s->owes_fin = true;
}

void yamux_reset(struct yamux *y, uint32_t stream, uint32_t code)
{
	struct yamux_stream *s = stream_of(y, stream);
	if (s == NULL)
		return;
	s->owes_reset = true;
	s->reset_code = code;
}

bool yamux_has(const struct yamux *y, uint32_t stream)
{
	for (size_t i = 0; i < YAMUX_STREAMS_MAX; i++)
		if (y->streams[i].id == stream)
			return stream != 0 && !y->streams[i].owes_reset;
	return false;
}

bool yamux_go(struct yamux *y, enum yamux_end why, struct writer *out)
{
	if (y->err != OK || !room_for(out, YAMUX_HEAD_BYTES))
		return false;
	write_head(out, TYPE_GO_AWAY, 0, 0, (uint32_t)why);
	y->ended = true;
	return true;
}

uint64_t yamux_deadline(const struct yamux *y)
{
	if (y->err != OK)
		return UINT64_MAX;
	/* A ping that is owed leaves when there is room, whenever that is: nothing to wake up for before it is
	 * too late. */
	return y->pinged_ms + (y->pinging     ? YAMUX_PONG_MS
			       : y->owes_ping ? YAMUX_PING_MS + YAMUX_PONG_MS
					      : YAMUX_PING_MS);
}

int yamux_tick(struct yamux *y, uint64_t now_ms, struct writer *out)
{
	if (y->err != OK)
		return y->err;
	if (y->pinging && now_ms - y->pinged_ms >= YAMUX_PONG_MS)
		return dies(y, ERR_TIMEOUT);
	if (!y->pinging && now_ms - y->pinged_ms >= YAMUX_PING_MS)
		y->owes_ping = true;
	flush(y, out, now_ms);
	if (y->owes_ping && now_ms - y->pinged_ms >= YAMUX_PING_MS + YAMUX_PONG_MS)
		return dies(y, ERR_TIMEOUT); /* it has not read for so long */
	return OK;
}
