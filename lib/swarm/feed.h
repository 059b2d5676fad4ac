/* Sequence feeds: the updates of an owner on a topic, numbered from 0, each a single-owner chunk of
 * its own whose id is keccak256(topic || BE64 number). What is newest is the last of those that
 * follow each other without a gap. Source: bee, pkg/feeds. */
#ifndef SWARM_FEED_H
#define SWARM_FEED_H

#include "core/err.h"
#include "swarm/chunk.h"
#include "swarm/reference.h"

#define FEED_PROBES 8             /* asked side by side */
#define FEED_NUMBERS (1ULL << 62) /* updates that a feed can have here */
#define FEED_PATIENCE 3           /* times that a number is asked for when nobody said whether it is there */
#define FEED_LEGACY_BYTES_MAX (8 + REFERENCE_ENCRYPTED_BYTES)

/* The id of update number of a topic, which is any bytes; 32 of them by habit. */
void feed_id(struct bytes topic, uint64_t number, uint8_t id[static SOC_ID_BYTES]);
/* The id of an update in the older kind of feed, by time: that of the 2^level seconds from start on. */
void feed_epoch_id(struct bytes topic, uint64_t start_s, uint8_t level, uint8_t id[static SOC_ID_BYTES]);
/* Where update number of a topic is found. */
void feed_address(struct bytes topic, const uint8_t owner[static SECP256K1_ADDRESS_BYTES], uint64_t number,
		  uint8_t address[static REFERENCE_BYTES]);

/* Whether the content of an update (span || payload) is of the older form, time and reference: it has
 * the length of one, and begins with a time before 2106. Content of 40 or 72 bytes that begins with
 * four zeros is taken for it, too. */
bool feed_is_legacy(struct bytes content, uint64_t *time_s, struct reference *reference);
/* The payload of the older form; gives its length. */
size_t feed_write_legacy(uint64_t time_s, const struct reference *reference,
			 uint8_t payload[static FEED_LEGACY_BYTES_MAX]);

enum feed_answer {
	FEED_THERE,
	FEED_NOT_THERE,
	FEED_NO_ANSWER, /* nobody said either */
};

/* What it means to a search how a source that knows answered to an update's address. A damaged one
 * (ERR_HASH) is there: were it not, an older one would pass for the newest; whoever wants what it says
 * gets the error then. What is neither OK, ERR_HASH nor ERR_NOT_FOUND says nothing of the feed, is given
 * back, and must end the search. */
MUST_CHECK int feed_answer_of(int err, enum feed_answer *answer);

/* The search for the newest update: numbers to ask for, several at a time, and what came of them.
 * With n updates about log8(n) rounds of FEED_PROBES.
 *
 *	feed_search_init(&s, 0);
 *	while (!feed_search_done(&s)) {
 *		while (feed_search_want(&s, &number)) ask for it;
 *		as answers come: feed_search_answer(&s, number, answer);
 *	}
 *	if (s.any) … s.newest */
struct feed_search {
	bool any;      /* an update is there */
	bool in_doubt; /* that nothing follows it, nobody has said: it may not be the newest */
	uint64_t newest;
	/* its own: */
	uint64_t end; /* the first that is not there, as far as is known */
	bool end_known;
	uint64_t step; /* upwards */
	uint64_t next; /* the first that nobody is known to have */
	bool end_in_doubt;
	unsigned n; /* numbers of this round */
	struct {
		uint64_t number;
		unsigned asked;     /* times */
		bool open, waiting; /* open: without an answer; waiting: to be asked for */
		enum feed_answer answer;
	} probes[FEED_PROBES];
};

/* first: the number to begin with, 0 when nothing is known. */
void feed_search_init(struct feed_search *s, uint64_t first);
bool feed_search_want(struct feed_search *s, uint64_t *number);
void feed_search_answer(struct feed_search *s, uint64_t number, enum feed_answer answer);
bool feed_search_done(const struct feed_search *s);

#endif
