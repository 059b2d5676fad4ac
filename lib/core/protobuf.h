/* Protocol Buffers' wire format, by hand: the messages that are spoken here have a handful of fields,
 * and views into them are all that is wanted.
 *
 * Not nanopb, the small library for it: its reader and writer are 20 KiB of machine code before the
 * tables of the first message, this is under 2 KiB; it copies into structs with a maximum for each field,
 * and what it does with a repeated field is a callback. Nothing here nests: a message in a message
 * is a view, to be read by a reader of its own.
 *
 * Reading: unknown fields are skipped, as the format's documents want; groups, field 0, lengths
 * beyond the end and a known field of another kind than it should be make the reader dead.
 *
 *	while (protobuf_next(&r, &f))
 *		if (f.number == 1)
 *			name = protobuf_bytes(&r, &f);
 *	if (r.dead) ...
 */
#ifndef CORE_PROTOBUF_H
#define CORE_PROTOBUF_H

#include "core/bytes.h"

struct protobuf_field {
	uint32_t number;    /* 1 to 2^29 - 1 */
	bool is_bytes;      /* or else a number, of whatever width */
	bool is_varint;     /* or else fixed */
	uint64_t value;     /* of a number */
	struct bytes bytes; /* a view into the message */
};

/* The next field; false at the end, and when the message is none: r->dead says which. */
bool protobuf_next(struct reader *r, struct protobuf_field *f);
/* What the field has, when it is of this kind: bytes, text or a message; a number that is a varint.
 * Otherwise r is dead. */
struct bytes protobuf_bytes(struct reader *r, const struct protobuf_field *f);
uint64_t protobuf_number(struct reader *r, const struct protobuf_field *f);

void protobuf_write_bytes(struct writer *w, uint32_t number, struct bytes v);
void protobuf_write_number(struct writer *w, uint32_t number, uint64_t v);
/* A message in a message: what is written between the two is its body. */
size_t protobuf_write_begin(struct writer *w, uint32_t number);
void protobuf_write_end(struct writer *w, size_t begun);

#endif
