/* The iterative look-up: asks the nearest known peers for nearer ones until the nearest have answered; with values
 * or providers collected on the way; and then, if wanted, stores at the nearest.
 *
 * A pure machine. It has the parameters of libp2p: k = 20 nearest, alpha = 10 questions under way, and it has
 * converged when the beta = 3 nearest have answered; then the rest of the k nearest is asked, as go does. A peer
 * that is silent for longer than others took is given up for the count (another one is asked, it stands in nobody's
 * way), but not for what it may still say. Against liars: what is no answer to the question is a failure; of one
 * network (kad_contact_groups) only so many are asked, and they give no more than a part of the providers; addresses
 * must be in the scope of who told them, fill no more than half of what there is room for, and never replace known
 * ones; values must obey the rules; memory is bounded.
 *
 *	kad_lookup_init(&l, KAD_LOOKUP_VALUES, key, &self, &rules_and_room);
 *	n = kad_table_closest(&table, &l.target, NULL, near, KAD_K);
 *	for (i = 0; i < n; i++)
 *		kad_lookup_seed(&l, near[i]);
 *	for (;;) {
 *		kad_lookup_next(&l, now_ms, &want);
 *		ASK:   connect to want.contact, send what kad_lookup_request writes on a stream of its own; then
 *		       kad_lookup_answered(&l, want.peer, answer, now) or kad_lookup_failed(&l, want.peer)
 *		       (and kad_table_heard or kad_table_failed)
 *		STORE: the same with a PUT_VALUE and kad_lookup_put_answered, or with an ADD_PROVIDER, to which
 *		       nobody answers, and kad_lookup_stored
 *		WAIT:  until want.at_ms, or until something was reported
 *		DONE:  read what was found; perhaps kad_lookup_store, and go on
 *	} */
#ifndef KAD_LOOKUP_H
#define KAD_LOOKUP_H

#include "kad/message.h"
#include "kad/values.h"

#define KAD_ALPHA 10
#define KAD_BETA 3
#define KAD_LOOKUP_PEERS_MAX 128         /* that are known at a time, and asked in all */
#define KAD_LOOKUP_ASKED_MAX 30          /* under way with those that are slow */
#define KAD_LOOKUP_GROUP_MAX 4           /* public peers of one network */
#define KAD_LOOKUP_VALUES_MAX 64         /* distinct ones */
#define KAD_LOOKUP_PROVIDERS_TOLD_MAX 20 /* of one answer */
#define KAD_LOOKUP_PROVIDERS_PART 4      /* of all places for providers, one part is for one network's peers */
#define KAD_LOOKUP_SLOW_MIN_MS 500       /* another peer is asked after twice the usual time within these */
#define KAD_LOOKUP_SLOW_MAX_MS 1000
#define KAD_LOOKUP_SILENT_MIN_MS 1000 /* and it is not waited for after three times, within these */
#define KAD_LOOKUP_SILENT_MAX_MS 4000
#define KAD_LOOKUP_FAILED_MS 10000 /* no report for so long: failed */
#define KAD_LOOKUP_ALL_MS 60000    /* for all of it, from the first call of kad_lookup_next */

enum kad_lookup_kind { KAD_LOOKUP_NODES, KAD_LOOKUP_VALUES, KAD_LOOKUP_PROVIDERS };

/* What the caller lends and wants; what is not there is not collected. */
struct kad_lookup_room {
	const struct kad_rules *rules; /* of values */
	uint8_t *values;
	size_t values_bytes;
	struct kad_contact *providers;
	unsigned providers_max;
	unsigned quorum; /* done when so many peers have given a value; 0: at the end */
};

struct kad_lookup_peer {
	struct kad_contact contact;
	struct kad_groups groups;
	unsigned providers_n; /* that are kept because it has told them first */
	uint8_t state;        /* enum in lookup.c */
	uint8_t value;        /* that it has given: its number plus one */
	uint8_t hops;         /* from those that were known at first */
	bool told_again;      /* with another address, after it had failed */
	uint64_t asked_ms;
};

struct kad_lookup_value {
	uint32_t at, n;
	unsigned told_n; /* by how many peers, ourselves among them */
};

struct kad_lookup {
	enum kad_lookup_kind kind;
	struct bytes key;
	struct kad_key target, self;
	struct kad_lookup_room room;
	struct kad_lookup_peer peers[KAD_LOOKUP_PEERS_MAX];
	uint8_t order[KAD_LOOKUP_PEERS_MAX]; /* of peers: nearest first */
	unsigned peers_n;
	bool begun, converged, storing, done;
	uint64_t end_ms, mean_ms; /* mean: of answers, smoothed; 0: none yet */
	struct kad_lookup_value values[KAD_LOOKUP_VALUES_MAX];
	unsigned values_n, providers_n;
	unsigned asked_n, answered_n, failed_n, refused_n; /* refused: values that are none */
	unsigned told_n;                                   /* peers that gave a value */
	unsigned stored_n;
};

enum kad_lookup_want_kind { KAD_LOOKUP_ASK, KAD_LOOKUP_STORE, KAD_LOOKUP_WAIT, KAD_LOOKUP_DONE };

struct kad_lookup_want {
	enum kad_lookup_want_kind kind;
	unsigned peer;                     /* for the report */
	const struct kad_contact *contact; /* valid until the next call with the look-up: copy what is kept */
	uint64_t at_ms;
};

/* key: of the record, or the id's bytes for a peer, or what kad_key_target made. It and what room lends must outlive
 * l. */
void kad_lookup_init(struct kad_lookup *l, enum kad_lookup_kind kind, struct bytes key, const struct peer_id *self,
		     const struct kad_lookup_room *room);
/* A peer to begin with. */
void kad_lookup_seed(struct kad_lookup *l, const struct kad_contact *contact);
/* What a server has of the key in its own store: it is found as if one more peer had told it, but counts for no
 * quorum. */
void kad_lookup_own_value(struct kad_lookup *l, struct bytes value);
void kad_lookup_own_provider(struct kad_lookup *l, const struct kad_contact *provider);
void kad_lookup_next(struct kad_lookup *l, uint64_t now_ms, struct kad_lookup_want *want);
/* Before it is asked: there is a connection with it already, with somebody in this group, and so that is where it
 * counts, whatever was told of it. False: there are enough of there; kad_lookup_failed is for it. */
MUST_CHECK bool kad_lookup_connected(struct kad_lookup *l, unsigned peer, uint32_t group);
/* Writes the question, the same for all. */
void kad_lookup_request(const struct kad_lookup *l, struct writer *w);
/* The answer, without its length. ERR_PROTOCOL: it is none, and counts as a failure. Reports about peers that nothing
 * is wanted of any more are ignored. */
MUST_CHECK int kad_lookup_answered(struct kad_lookup *l, unsigned peer, struct bytes answer, struct kad_now now);
/* It could not be reached, or did not answer; of a question or of storing. */
void kad_lookup_failed(struct kad_lookup *l, unsigned peer);

/* After DONE: the nearest that have answered, nearest first. Views are valid until l changes. */
unsigned kad_lookup_closest(const struct kad_lookup *l, const struct kad_contact **out, unsigned max);
/* The distinct values: number i, and how many peers gave it. False: there is none. */
bool kad_lookup_value(const struct kad_lookup *l, unsigned i, struct bytes *value, unsigned *told_n);
/* Hops to the nearest peer that has answered. */
unsigned kad_lookup_hops(const struct kad_lookup *l);

/* After DONE: wants STORE for each of the k nearest that have answered, but for those that gave this value
 * (BYTES_NONE: all). Then DONE again, and stored_n says how many have taken it. */
void kad_lookup_store(struct kad_lookup *l, struct bytes value, uint64_t now_ms);
/* The answer to a PUT_VALUE of this value: it is stored when it comes back as it is. */
void kad_lookup_put_answered(struct kad_lookup *l, unsigned peer, struct bytes answer, struct bytes value);
void kad_lookup_stored(struct kad_lookup *l, unsigned peer);

#endif
