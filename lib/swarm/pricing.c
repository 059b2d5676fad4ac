#include "swarm/pricing.h"

#include "core/err.h"
#include "core/protobuf.h"
#include "swarm/amount.h"
#include "swarm/frame.h"

int pricing_read(struct bytes message, uint64_t *threshold)
{
	struct reader r = reader_of(message);
	struct protobuf_field f;
	uint64_t v = 0;
	while (protobuf_next(&r, &f))
		if (f.number == 1)
			v = amount_read(protobuf_bytes(&r, &f));
	if (r.dead)
		return ERR_PROTOCOL;
	*threshold = v;
	return OK;
}

void pricing_write(struct writer *w, uint64_t threshold)
{
	const size_t begun = frame_begin(w);
	amount_write(w, 1, threshold);
	frame_end(w, begun);
}
