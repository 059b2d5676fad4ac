/* Hive 2.0.0 and 1.1.0: records of other nodes, told after the headers in one message without an answer. bee
 * drops a peer that does not take it. The message may be 128 KiB long; here it is taken record by record,
 * and one that is too long, or junk, is passed over alone. */
#ifndef SWARM_HIVE_H
#define SWARM_HIVE_H

#include "swarm/bzz_record.h"
#include "swarm/frame.h"

#define HIVE_2_PROTOCOL "/swarm/hive/2.0.0/peers"
#define HIVE_1_PROTOCOL "/swarm/hive/1.1.0/peers"
#define HIVE_RECORDS_MAX 30  /* of a message that bee sends */
#define HIVE_BURST 128       /* records that a peer may tell at once; bee resets the stream beyond */
#define HIVE_REFILL_MS 60000 /* for one more */
#define HIVE_MS 60000        /* for a message to arrive */

/* Takes a message apart. After an error it is dead: it returns that error. */
struct hive {
	int err;
	bool in_record;
	uint64_t left; /* of the message */
	struct frame whole, record;
	uint8_t body[BZZ_RECORD_BYTES_MAX];
};

void hive_init(struct hive *h);
/* Takes what arrived, up to the next record; *used bytes of it. To be called until it takes all and says no found.
 * *record has views into h until the next call; it is unchecked (swarm/bzz_record.h). ERR_PROTOCOL: not such a message;
 * ERR_LIMIT: too long. */
MUST_CHECK int hive_take(struct hive *h, struct bytes in, size_t *used, struct bzz_record *record, bool *found);
bool hive_done(const struct hive *h); /* the message is at its end */
/* Writes one record; between frame_begin and frame_end. */
void hive_write(struct writer *w, const struct bzz_record *record, enum bzz_generation generation);

/* How many records a peer may still tell; of each peer one, for each direction one. */
struct hive_budget {
	unsigned left;
	uint64_t refilled_ms;
};

void hive_budget_init(struct hive_budget *b, uint64_t now_ms);
bool hive_budget_take(struct hive_budget *b, uint64_t now_ms);

#endif
