#include "swarm/pseudosettle.h"

#include "core/err.h"
#include "core/protobuf.h"
#include "swarm/amount.h"
#include "swarm/frame.h"

int pseudosettle_read_ack(struct bytes message, struct pseudosettle_ack *ack)
{
	struct reader r = reader_of(message);
	struct protobuf_field f;
	struct pseudosettle_ack v = {.amount = 0};
	while (protobuf_next(&r, &f)) {
		if (f.number == 1)
			v.amount = amount_read(protobuf_bytes(&r, &f));
		else if (f.number == 2)
			v.at_s = (int64_t)protobuf_number(&r, &f);
	}
	if (r.dead || v.at_s < 0)
		return ERR_PROTOCOL;
	*ack = v;
	return OK;
}

int pseudosettle_read_payment(struct bytes message, uint64_t *amount)
{
	struct pseudosettle_ack v;
	const int err = pseudosettle_read_ack(message, &v); /* its first field is the same */
	if (err == OK)
		*amount = v.amount;
	return err;
}

void pseudosettle_write_payment(struct writer *w, uint64_t amount)
{
	const size_t begun = frame_begin(w);
	amount_write(w, 1, amount);
	frame_end(w, begun);
}

void pseudosettle_write_ack(struct writer *w, const struct pseudosettle_ack *ack)
{
	const size_t begun = frame_begin(w);
	amount_write(w, 1, ack->amount);
	if (ack->at_s != 0)
		protobuf_write_number(w, 2, (uint64_t)ack->at_s);
	frame_end(w, begun);
}
