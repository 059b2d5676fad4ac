#include "swarm/retrieval.h"

#include <string.h>

#include "core/protobuf.h"
#include "swarm/frame.h"

int retrieval_read_request(struct bytes message, uint8_t address[static REFERENCE_BYTES])
{
	static const uint8_t zeros[REFERENCE_BYTES];
	struct reader r = reader_of(message);
	struct protobuf_field f;
	struct bytes v = BYTES_NONE;
	while (protobuf_next(&r, &f))
		if (f.number == 1)
			v = protobuf_bytes(&r, &f);
	if (r.dead)
		return ERR_PROTOCOL;
	if (v.n != REFERENCE_BYTES || memcmp(v.p, zeros, REFERENCE_BYTES) == 0)
		return ERR_VALUE;
	memcpy(address, v.p, REFERENCE_BYTES);
	return OK;
}

void retrieval_write_request(struct writer *w, const uint8_t address[static REFERENCE_BYTES])
{
	const size_t begun = frame_begin(w);
	protobuf_write_bytes(w, 1, bytes_of(address, REFERENCE_BYTES));
	frame_end(w, begun);
}

int retrieval_read_delivery(struct bytes message, struct retrieval_delivery *delivery)
{
	struct reader r = reader_of(message);
	struct protobuf_field f;
	struct retrieval_delivery v = {BYTES_NONE, BYTES_NONE};
	while (protobuf_next(&r, &f)) {
		if (f.number == 1)
			v.data = protobuf_bytes(&r, &f);
		else if (f.number == 3)
			v.error = protobuf_bytes(&r, &f);
	}
	if (r.dead)
		return ERR_PROTOCOL;
	*delivery = v;
	return OK;
}

void retrieval_write_delivery(struct writer *w, const struct retrieval_delivery *delivery)
{
	const size_t begun = frame_begin(w);
	if (delivery->data.n > 0)
		protobuf_write_bytes(w, 1, delivery->data);
	if (delivery->error.n > 0)
		protobuf_write_bytes(w, 3, delivery->error);
	frame_end(w, begun);
}
