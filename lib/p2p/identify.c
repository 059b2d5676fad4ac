#include "p2p/identify.h"

#include <string.h>

#include "core/err.h"
#include "core/protobuf.h"
#include "core/varint.h"
#include "p2p/multiaddr.h"

enum {
	FIELD_KEY = 1,
	FIELD_ADDRESS,
	FIELD_PROTOCOL,
	FIELD_OBSERVED,
	FIELD_PROTOCOL_VERSION,
	FIELD_AGENT_VERSION,
	FIELD_RECORD = 8
};

static void read_text(struct bytes *out, struct bytes text)
{
	*out = text.n <= IDENTIFY_TEXT_BYTES_MAX ? text : BYTES_NONE;
}

static void read_field(struct identify *id, uint32_t number, struct bytes v)
{
	switch (number) {
	case FIELD_KEY:
		id->key = v;
		break;
	case FIELD_ADDRESS:
		if (id->addresses_n < IDENTIFY_ADDRESSES_MAX && multiaddr_check(v) == OK)
			id->addresses[id->addresses_n++] = v;
		break;
	case FIELD_PROTOCOL:
		if (id->protocols_n < IDENTIFY_PROTOCOLS_MAX && v.n > 0)
			id->protocols[id->protocols_n++] = v;
		break;
	case FIELD_OBSERVED:
		id->observed = multiaddr_check(v) == OK ? v : BYTES_NONE;
		break;
	case FIELD_PROTOCOL_VERSION:
		read_text(&id->protocol_version, v);
		break;
	case FIELD_AGENT_VERSION:
		read_text(&id->agent_version, v);
		break;
	case FIELD_RECORD:
		id->signed_record = v;
		break;
	default:
		break;
	}
}

int identify_read(struct identify *id, struct bytes message)
{
	struct reader r = reader_of(message);
	struct protobuf_field f;
	/* Twice, so that nothing is written before all is known to be good. */
	if (message.n > IDENTIFY_BYTES_MAX)
		return ERR_PROTOCOL;
	while (protobuf_next(&r, &f))
		if (f.number <= FIELD_RECORD && f.number != 7)
			(void)protobuf_bytes(&r, &f);
	if (r.dead)
		return ERR_PROTOCOL;
	memset(id, 0, sizeof *id);
	r = reader_of(message);
	while (protobuf_next(&r, &f))
		read_field(id, f.number, f.bytes);
	return OK;
}

static void write_field(struct writer *w, uint32_t number, struct bytes v)
{
	if (v.n > 0)
		protobuf_write_bytes(w, number, v);
}

/* All fields but the length, in the order of their numbers. */
static void write_fields(struct writer *w, const struct identify *id)
{
	write_field(w, FIELD_KEY, id->key);
	for (size_t i = 0; i < id->addresses_n; i++)
		write_field(w, FIELD_ADDRESS, id->addresses[i]);
	for (size_t i = 0; i < id->protocols_n; i++)
		write_field(w, FIELD_PROTOCOL, id->protocols[i]);
	write_field(w, FIELD_OBSERVED, id->observed);
	write_field(w, FIELD_PROTOCOL_VERSION, id->protocol_version);
	write_field(w, FIELD_AGENT_VERSION, id->agent_version);
	write_field(w, FIELD_RECORD, id->signed_record);
}

int identify_write(struct writer *w, const struct identify *id)
{
	const size_t begun = w->n;
	write_fields(w, id);
	const size_t n = w->n - begun, length_n = varint_bytes(n);
	if (w->full || length_n > w->room - w->n)
		return ERR_NO_SPACE;
	memmove(w->p + begun + length_n, w->p + begun, n);
	w->n = begun;
	varint_write(w, n);
	w->n += n;
	return OK;
}
