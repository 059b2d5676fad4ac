#include "kad/message.h"

#include "core/err.h"
#include "core/protobuf.h"

enum { FIELD_TYPE = 1, FIELD_KEY = 2, FIELD_RECORD = 3 };
enum { RECORD_KEY = 1, RECORD_VALUE = 2, RECORD_TIME = 5, RECORD_TTL = 777 };
enum { PEER_ID = 1, PEER_ADDRESS = 2 };

static bool read_record(struct kad_message *m, struct bytes record)
{
	struct reader r = reader_of(record);
	struct protobuf_field f;
	m->has_record = true;
	m->record_key = m->value = m->time_received = BYTES_NONE;
	m->ttl_s = 0;
	while (protobuf_next(&r, &f)) {
		if (f.number == RECORD_KEY)
			m->record_key = protobuf_bytes(&r, &f);
		else if (f.number == RECORD_VALUE)
			m->value = protobuf_bytes(&r, &f);
		else if (f.number == RECORD_TIME)
			m->time_received = protobuf_bytes(&r, &f);
		else if (f.number == RECORD_TTL)
			m->ttl_s = protobuf_number(&r, &f);
	}
	return !r.dead;
}

/* Its form only: what it says is looked at one by one. */
static bool peer_good(struct bytes peer)
{
	struct reader r = reader_of(peer);
	struct protobuf_field f;
	while (protobuf_next(&r, &f))
		if (f.number == PEER_ID || f.number == PEER_ADDRESS)
			(void)protobuf_bytes(&r, &f);
	return !r.dead;
}

int kad_message_read(struct kad_message *m, struct bytes message)
{
	struct kad_message read = {.type = KAD_PUT_VALUE, .whole = message}; /* type 0 is not written by all */
	struct reader r = reader_of(message);
	struct protobuf_field f;
	uint64_t type = KAD_PUT_VALUE;
	if (message.n > KAD_MESSAGE_BYTES_MAX)
		return ERR_PROTOCOL;
	while (protobuf_next(&r, &f)) {
		if (f.number == FIELD_TYPE)
			type = protobuf_number(&r, &f);
		else if (f.number == FIELD_KEY)
			read.key = protobuf_bytes(&r, &f);
		else if (f.number == FIELD_RECORD && !read_record(&read, protobuf_bytes(&r, &f)))
			return ERR_PROTOCOL;
		else if ((f.number == KAD_CLOSER || f.number == KAD_PROVIDERS) && !peer_good(protobuf_bytes(&r, &f)))
			return ERR_PROTOCOL;
	}
	if (r.dead || type > KAD_PING)
		return ERR_PROTOCOL;
	read.type = (enum kad_type)type;
	*m = read;
	return OK;
}

struct kad_peers kad_message_peers(const struct kad_message *m, enum kad_field field)
{
	return (struct kad_peers){.r = reader_of(m->whole), .field = field, .left = KAD_PEERS_MAX};
}

/* The id first: addresses may stand before it. */
static bool read_peer(struct bytes peer, enum kad_scope least, struct kad_contact *c)
{
	struct reader r = reader_of(peer);
	struct protobuf_field f;
	struct bytes id_bytes = BYTES_NONE;
	struct peer_id id;
	unsigned left = KAD_PEER_ADDRESSES_MAX;
	while (protobuf_next(&r, &f))
		if (f.number == PEER_ID)
			id_bytes = f.bytes;
	if (peer_id_read(&id, id_bytes) != OK)
		return false;
	kad_contact_init(c, &id);
	r = reader_of(peer);
	while (left > 0 && protobuf_next(&r, &f)) {
		if (f.number != PEER_ADDRESS)
			continue;
		left--;
		(void)kad_contact_add(c, f.bytes, least, KAD_CONTACT_BYTES);
	}
	return c->n > 0;
}

bool kad_peers_next(struct kad_peers *p, enum kad_scope least, struct kad_contact *c)
{
	struct protobuf_field f;
	while (p->left > 0 && protobuf_next(&p->r, &f)) {
		if (f.number != (uint32_t)p->field)
			continue;
		p->left--;
		if (read_peer(f.bytes, least, c))
			return true;
	}
	return false;
}

void kad_message_begin(struct writer *w, enum kad_type type, struct bytes key)
{
	if (type != KAD_PUT_VALUE) /* as proto3 does */
		protobuf_write_number(w, FIELD_TYPE, (uint64_t)type);
	if (key.n > 0)
		protobuf_write_bytes(w, FIELD_KEY, key);
}

void kad_message_write_record(struct writer *w, struct bytes key, struct bytes value, struct bytes time)
{
	const size_t begun = protobuf_write_begin(w, FIELD_RECORD);
	protobuf_write_bytes(w, RECORD_KEY, key);
	protobuf_write_bytes(w, RECORD_VALUE, value);
	if (time.n > 0)
		protobuf_write_bytes(w, RECORD_TIME, time);
	protobuf_write_end(w, begun);
}

void kad_message_write_peer(struct writer *w, enum kad_field field, const struct kad_contact *c)
{
	const size_t begun = protobuf_write_begin(w, (uint32_t)field);
	struct bytes address;
	protobuf_write_bytes(w, PEER_ID, peer_id_bytes(&c->id));
	for (size_t at = 0; kad_contact_next(c, &at, &address);)
		protobuf_write_bytes(w, PEER_ADDRESS, address);
	protobuf_write_end(w, begun);
}
