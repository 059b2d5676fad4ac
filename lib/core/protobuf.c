#include "core/protobuf.h"

#include <string.h>

#include "core/varint.h"

#define NUMBER_MAX ((1U << 29) - 1)

enum wire { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

bool protobuf_next(struct reader *r, struct protobuf_field *f)
{
	if (r->dead || r->left.n == 0)
		return false;
	const uint64_t tag = varint_read_loose(r);
	const unsigned wire = tag & 7;
	if (tag >> 3 == 0 || tag >> 3 > NUMBER_MAX)
		r->dead = true;
	*f = (struct protobuf_field){.number = (uint32_t)(tag >> 3),
				     .is_bytes = wire == WIRE_BYTES,
				     .is_varint = wire == WIRE_VARINT};
	if (wire == WIRE_BYTES)
		f->bytes = read_bytes(r, varint_read_loose(r));
	else if (wire == WIRE_VARINT)
		f->value = varint_read_loose(r);
	else if (wire == WIRE_64)
		f->value = read_le64(r);
	else if (wire == WIRE_32)
		f->value = read_le32(r);
	else
		r->dead = true;
	return !r->dead;
}

struct bytes protobuf_bytes(struct reader *r, const struct protobuf_field *f)
{
	if (!f->is_bytes)
		r->dead = true;
	return f->bytes;
}

uint64_t protobuf_number(struct reader *r, const struct protobuf_field *f)
{
	if (!f->is_varint)
		r->dead = true;
	return f->value;
}

static void write_tag(struct writer *w, uint32_t number, enum wire wire)
{
	varint_write(w, (uint64_t)number << 3 | (unsigned)wire);
}

void protobuf_write_bytes(struct writer *w, uint32_t number, struct bytes v)
{
	write_tag(w, number, WIRE_BYTES);
	varint_write(w, v.n);
	write_bytes(w, v);
}

void protobuf_write_number(struct writer *w, uint32_t number, uint64_t v)
{
	write_tag(w, number, WIRE_VARINT);
	varint_write(w, v);
}

size_t protobuf_write_begin(struct writer *w, uint32_t number)
{
	write_tag(w, number, WIRE_BYTES);
	return w->n;
}

void protobuf_write_end(struct writer *w, size_t begun)
{
	if (w->full)
		return;
	/* Only now the length is known: the body makes room for it. */
	const size_t body_n = w->n - begun, length_n = varint_bytes(body_n);
	if (length_n > w->room - w->n) {
		w->full = true;
		return;
	}
	memmove(w->p + begun + length_n, w->p + begun, body_n);
	w->n = begun;
	varint_write(w, body_n);
	w->n += body_n;
}
