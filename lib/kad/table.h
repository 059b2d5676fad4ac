/* The routing table: servers of the DHT that have answered, KAD_K in each of 256 buckets by how many bits their
 * key has in common with our own; the memory is the caller's.
 *
 * Who is in stays while it answers. Into a full bucket a newcomer comes only when the one that was silent for
 * longest has had a ping and did not answer; so nobody pushes peers out that work, however many ids there are.
 * Of public peers only so many of one network are taken, and each counts in all of its (kad_contact_groups). A peer
 * that failed once is not told to others; it goes when it fails again, unless nobody answered in between: then it is
 * our own network that fails.
 *
 * The driver reports who answered and who failed, carries out what kad_table_next wants, and keeps one loop:
 *
 *	while (kad_table_next(&table, now_ms, &want), want.kind != KAD_TABLE_WAIT)
 *		... PING: ask it FIND_NODE for our own id (rust-libp2p does not answer PING), report what came
 *		... LOOKUP: run a look-up (kad/lookup.h) for our own id, or for kad_key_target(want.common), and go
 *		    on here when it has ended: one at a time is enough
 *		... BOOTSTRAP: dial the peers that the network is entered by */
#ifndef KAD_TABLE_H
#define KAD_TABLE_H

#include "kad/message.h"

#define KAD_TABLE_BUCKETS 256
#define KAD_TABLE_ROOM 384            /* entries that suffice for 10^6 peers */
#define KAD_TABLE_PINGS_MAX 8         /* newcomers that wait for what comes of a ping */
#define KAD_TABLE_PING_MS 15000       /* no report of a ping for so long: it failed */
#define KAD_TABLE_FRESH_MS 600000     /* who was heard of since is not pinged for a newcomer's sake */
#define KAD_TABLE_QUIET_MS 3600000    /* who was silent for so long is pinged anyway */
#define KAD_TABLE_DOUBT_MS 60000      /* and who failed */
#define KAD_TABLE_REFRESH_MS 600000   /* between look-ups in a bucket, as go */
#define KAD_TABLE_BOOTSTRAP_MS 120000 /* between attempts, while there are few peers */
#define KAD_TABLE_ALONE_MS 30000      /* the same, while there is none */
#define KAD_TABLE_FEW 10
#define KAD_TABLE_GROUP_MAX 3        /* public peers of one network in the table, as go */
#define KAD_TABLE_GROUP_BUCKET_MAX 2 /* and in one bucket */
#define KAD_TABLE_FAILURES_MAX 2

struct kad_table_entry {
	struct kad_contact contact; /* who it is and where it was reached, that address first */
	struct kad_groups groups;
	uint16_t bucket;
	uint8_t failures; /* since it was heard of; 0: it is told to others */
	bool used;
	uint64_t heard_ms, failed_ms, asked_ms;
};

struct kad_table_newcomer {
	bool used, told;
	unsigned entry; /* whose place it would have */
	struct kad_contact contact;
	uint64_t until_ms;
};

struct kad_table {
	struct kad_key self;
	struct kad_table_entry *entries;
	unsigned room, n;
	uint64_t heard_ms;                              /* of anybody */
	uint64_t refresh_ms[KAD_TARGET_COMMON_MAX + 1]; /* when a bucket is to be looked up next */
	uint64_t self_ms, bootstrap_ms;
	uint64_t changes; /* grows when somebody comes, moves or goes */
	struct kad_table_newcomer newcomers[KAD_TABLE_PINGS_MAX];
};

enum kad_table_want_kind { KAD_TABLE_PING, KAD_TABLE_LOOKUP, KAD_TABLE_BOOTSTRAP, KAD_TABLE_WAIT };

struct kad_table_want {
	enum kad_table_want_kind kind;
	const struct kad_contact *contact; /* PING; valid until the next call with the table */
	bool self;                         /* LOOKUP: of our own id */
	unsigned common;                   /* LOOKUP: otherwise */
	uint64_t at_ms;                    /* WAIT: until then, or until something is reported */
};

/* entries must outlive the table. */
void kad_table_init(struct kad_table *t, const struct peer_id *self, struct kad_table_entry *entries, unsigned room,
		    uint64_t now_ms);
/* A server of the DHT has answered, or said so by identify: whoever only asked is none. contact has where it was
 * reached first, or from_group; that replaces what was known. OK: it is in the table. ERR_LIMIT: there is no place for
 * it, for now at least; ERR_VALUE: it is ourselves, or has no address. */
MUST_CHECK int kad_table_heard(struct kad_table *t, const struct kad_contact *contact, uint64_t now_ms);
/* It could not be dialled, or did not answer. */
void kad_table_failed(struct kad_table *t, const struct peer_id *id, uint64_t now_ms);
/* It is no server any more. */
void kad_table_remove(struct kad_table *t, const struct peer_id *id);
const struct kad_contact *kad_table_find(const struct kad_table *t, const struct kad_key *key);
/* The nearest to target, nearest first, without except (may be NULL) and those that failed. Gives how many. The
 * views are valid until the table changes. */
unsigned kad_table_closest(const struct kad_table *t, const struct kad_key *target, const struct peer_id *except,
			   const struct kad_contact **out, unsigned max);
void kad_table_next(struct kad_table *t, uint64_t now_ms, struct kad_table_want *want);

#endif
