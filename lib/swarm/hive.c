#include "swarm/hive.h"

#include "core/err.h"

#define TAG_RECORD (1 << 3 | 2) /* the only field there is */

void hive_init(struct hive *h)
{
	h->err = OK;
	h->in_record = false;
	h->left = 0;
	frame_init(&h->whole, NULL, 0, FRAME_BYTES_MAX);
}

/* Takes of a record; *found when it is there and reads as one. */
static int take_record(struct hive *h, struct bytes in, size_t *used, struct bzz_record *record, bool *found)
{
	struct bytes message;
	bool cut;
	if (!h->in_record) {
		if (in.p[0] != TAG_RECORD)
			return ERR_PROTOCOL;
		h->in_record = true;
		h->left--;
		*used = 1;
		frame_init(&h->record, h->body, sizeof h->body, FRAME_BYTES_MAX);
		return h->left == 0 ? ERR_PROTOCOL : OK;
	}
	in.n = h->left < in.n ? (size_t)h->left : in.n;
	const int err = frame_take(&h->record, in, used);
	if (err != OK)
		return err;
	h->left -= *used;
	if (frame_done(&h->record, &message, &cut)) {
		h->in_record = false;
		*found = !cut && bzz_record_read(record, message) == OK;
	}
	return h->in_record && h->left == 0 ? ERR_PROTOCOL : OK;
}

int hive_take(struct hive *h, struct bytes in, size_t *used, struct bzz_record *record, bool *found)
{
	size_t at = 0;
	*found = false;
	while (h->err == OK && !*found && at < in.n) {
		size_t n = 0;
		if (!h->whole.begun) {
			/* The length alone: what follows it is taken apart. */
			h->err = frame_take(&h->whole, bytes_of(in.p + at, 1), &n);
			h->left = h->whole.begun ? h->whole.whole_n : 0;
		} else if (h->left == 0) {
			h->err = ERR_PROTOCOL;
		} else {
			h->err = take_record(h, bytes_skip(in, at), &n, record, found);
		}
		at += n;
	}
	*used = at;
	return h->err;
}

bool hive_done(const struct hive *h)
{
	return h->err == OK && h->whole.begun && h->left == 0 && !h->in_record;
}

void hive_write(struct writer *w, const struct bzz_record *record, enum bzz_generation generation)
{
	bzz_record_write(w, 1, record, generation);
}

void hive_budget_init(struct hive_budget *b, uint64_t now_ms)
{
	b->left = HIVE_BURST;
	b->refilled_ms = now_ms;
}

bool hive_budget_take(struct hive_budget *b, uint64_t now_ms)
{
	const uint64_t more = (now_ms - b->refilled_ms) / HIVE_REFILL_MS;
	b->refilled_ms += more * HIVE_REFILL_MS;
	b->left = more < HIVE_BURST - b->left ? b->left + (unsigned)more : HIVE_BURST;
	if (b->left == 0)
		return false;
	b->left--;
	return true;
}
