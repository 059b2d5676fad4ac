#include "swarm/handshake.h"

#include <assert.h>

#include "core/err.h"
#include "core/protobuf.h"

enum { ACK_RECORD = 1, ACK_NETWORK, ACK_FULL_NODE, ACK_NONCE_14, ACK_WELCOME = 99 };

static void write_syn(struct writer *w, struct bytes observed)
{
	protobuf_write_bytes(w, 1, observed);
}

static void write_ack(struct writer *w, const struct identity *self, enum bzz_generation generation)
{
	struct bzz_record record = identity_record(self, generation);
	const struct bytes nonce = record.nonce;
	if (generation == BZZ_14) /* it has its place in the Ack */
		record.nonce = BYTES_NONE;
	bzz_record_write(w, ACK_RECORD, &record, generation);
	protobuf_write_number(w, ACK_NETWORK, self->network_id);
	if (self->full_node)
		protobuf_write_number(w, ACK_FULL_NODE, 1);
	if (generation == BZZ_14)
		protobuf_write_bytes(w, ACK_NONCE_14, nonce);
	if (self->welcome.n > 0)
		protobuf_write_bytes(w, ACK_WELCOME, self->welcome);
}

static void write_synack(struct writer *w, const struct handshake *h)
{
	const size_t syn = protobuf_write_begin(w, 1);
	write_syn(w, h->observed);
	protobuf_write_end(w, syn);
	const size_t ack = protobuf_write_begin(w, 2);
	write_ack(w, h->self, h->generation);
	protobuf_write_end(w, ack);
}

/* Puts the next message of ours behind what is out. */
static void say(struct handshake *h, enum handshake_stage message)
{
	struct writer w = writer_of(h->out, sizeof h->out);
	w.n = h->out_n;
	const size_t begun = frame_begin(&w);
	if (message == HANDSHAKE_SYN)
		write_syn(&w, h->observed);
	else if (message == HANDSHAKE_SYNACK)
		write_synack(&w, h);
	else
		write_ack(&w, h->self, h->generation);
	frame_end(&w, begun);
	assert(!w.full);
	h->out_n = w.n;
}

static void await(struct handshake *h, enum handshake_stage stage)
{
	h->stage = stage;
	frame_init(&h->frame, h->in, sizeof h->in, sizeof h->in);
}

void handshake_init(struct handshake *h, enum handshake_role role, enum bzz_generation generation,
		    const struct identity *self, struct bytes observed, struct wall now, uint64_t now_ms)
{
	assert(observed.n <= UNDERLAY_BYTES_MAX);
	h->err = OK;
	h->role = role;
	h->generation = generation;
	h->self = self;
	h->now = now;
	h->deadline_ms = now_ms + HANDSHAKE_MS;
	h->observed = observed;
	h->seen = BYTES_NONE;
	h->out_n = h->out_sent = 0;
	h->full_node = false;
	h->record = (struct bzz_record){.timestamp = 0};
	if (role == HANDSHAKE_DIALER)
		say(h, HANDSHAKE_SYN);
	await(h, role == HANDSHAKE_DIALER ? HANDSHAKE_SYNACK : HANDSHAKE_SYN);
}

/* What a stranger sees of us proves nothing: only its form is checked. */
static int read_syn(struct bytes message, struct bytes *seen)
{
	struct reader r = reader_of(message);
	struct protobuf_field f;
	struct bytes observed = BYTES_NONE;
	size_t n;
	while (protobuf_next(&r, &f))
		if (f.number == 1)
			observed = protobuf_bytes(&r, &f);
	if (r.dead || underlay_check(observed, &n) != OK)
		return ERR_PROTOCOL;
	*seen = observed;
	return OK;
}

static int read_ack(struct handshake *h, struct bytes message)
{
	struct reader r = reader_of(message);
	struct protobuf_field f;
	struct bytes body = BYTES_NONE, nonce = BYTES_NONE;
	struct bzz_record record;
	uint64_t network_id = 0;
	bool full_node = false;
	while (protobuf_next(&r, &f)) {
		if (f.number == ACK_RECORD)
			body = protobuf_bytes(&r, &f);
		else if (f.number == ACK_NETWORK)
			network_id = protobuf_number(&r, &f);
		else if (f.number == ACK_FULL_NODE)
			full_node = protobuf_number(&r, &f) != 0;
		else if (f.number == ACK_NONCE_14)
			nonce = protobuf_bytes(&r, &f);
	}
	if (r.dead || bzz_record_read(&record, body) != OK)
		return ERR_PROTOCOL;
	if (network_id != h->self->network_id)
		return ERR_NETWORK;
	if (h->generation == BZZ_14)
		record.nonce = nonce;
	const int err = bzz_record_check(&record, h->generation, network_id, h->now);
	if (err != OK)
		return err;
	h->record = record;
	h->full_node = full_node;
	return OK;
}

static int read_synack(struct handshake *h, struct bytes message)
{
	struct reader r = reader_of(message);
	struct protobuf_field f;
	struct bytes syn = BYTES_NONE, ack = BYTES_NONE;
	while (protobuf_next(&r, &f)) {
		if (f.number == 1)
			syn = protobuf_bytes(&r, &f);
		else if (f.number == 2)
			ack = protobuf_bytes(&r, &f);
	}
	if (r.dead)
		return ERR_PROTOCOL;
	const int err = read_syn(syn, &h->seen);
	return err != OK ? err : read_ack(h, ack);
}

static int take_message(struct handshake *h, struct bytes message)
{
	struct bytes ignored; /* who listens knows where */
	int err = ERR_PROTOCOL;
	switch (h->stage) {
	case HANDSHAKE_SYN:
		err = read_syn(message, &ignored);
		if (err == OK) {
			say(h, HANDSHAKE_SYNACK);
			await(h, HANDSHAKE_ACK);
		}
		break;
	case HANDSHAKE_SYNACK:
		err = read_synack(h, message);
		if (err == OK) {
			say(h, HANDSHAKE_ACK);
			h->stage = HANDSHAKE_END;
		}
		break;
	case HANDSHAKE_ACK:
		err = read_ack(h, message);
		if (err == OK)
			h->stage = HANDSHAKE_END;
		break;
	case HANDSHAKE_END:
	case HANDSHAKE_DONE:
	default:
		break;
	}
	return err;
}

int handshake_take(struct handshake *h, struct bytes in)
{
	while (h->err == OK && in.n > 0) {
		struct bytes message;
		size_t used;
		bool cut;
		if (h->stage >= HANDSHAKE_END) {
			h->err = ERR_PROTOCOL;
			break;
		}
		h->err = frame_take(&h->frame, in, &used);
		if (h->err != OK)
			break;
		in = bytes_skip(in, used);
		if (frame_done(&h->frame, &message, &cut))
			h->err = take_message(h, message);
	}
	return h->err;
}

int handshake_ended(struct handshake *h)
{
	if (h->err == OK && h->stage != HANDSHAKE_END && h->stage != HANDSHAKE_DONE)
		h->err = ERR_PROTOCOL;
	if (h->err == OK)
		h->stage = HANDSHAKE_DONE;
	return h->err;
}

struct bytes handshake_out(const struct handshake *h)
{
	return h->err != OK ? BYTES_NONE : bytes_of(h->out + h->out_sent, h->out_n - h->out_sent);
}

void handshake_sent(struct handshake *h, size_t n)
{
	assert(n <= h->out_n - h->out_sent);
	h->out_sent += n;
}

bool handshake_closes(const struct handshake *h)
{
	return h->err == OK && h->stage >= HANDSHAKE_END && h->out_sent == h->out_n;
}

/* A listener that has read the Ack knows all; bee as the dialer opens streams without waiting. */
bool handshake_done(const struct handshake *h)
{
	return handshake_closes(h) && (h->role == HANDSHAKE_LISTENER || h->stage == HANDSHAKE_DONE);
}

uint64_t handshake_deadline(const struct handshake *h)
{
	return h->err != OK || h->stage == HANDSHAKE_DONE ? UINT64_MAX : h->deadline_ms;
}

int handshake_tick(struct handshake *h, uint64_t now_ms)
{
	if (now_ms >= handshake_deadline(h))
		h->err = ERR_TIMEOUT;
	return h->err;
}
