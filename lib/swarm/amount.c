#include "swarm/amount.h"

#include "core/protobuf.h"

uint64_t amount_read(struct bytes field)
{
	uint64_t v = 0;
	for (size_t i = 0; i < field.n; i++) {
		if (v >> 56 != 0)
			return UINT64_MAX;
		v = v << 8 | field.p[i];
	}
	return v;
}

void amount_write(struct writer *w, uint32_t number, uint64_t amount)
{
	uint8_t text[8];
	size_t zeros = 0;
	store_be64(text, amount);
	while (zeros < sizeof text && text[zeros] == 0)
		zeros++;
	if (zeros < sizeof text)
		protobuf_write_bytes(w, number, bytes_of(text + zeros, sizeof text - zeros));
}
