/* The discovery record: where a provider's manifest of a channel and an architecture is, as the value of
 * "/phase/CHANNEL/ARCH/manifest" in the DHT; and the rules for values under "/phase/".
 *
 *	{"channel":"stable","arch":"x86_64","manifest_url":"http://192.0.2.1:8080/stable/x86_64/manifest.json",
 *	 "http_addr":"192.0.2.1:8080","manifest_version":"0.1.0","created_at":"2026-01-02T03:04:05Z","ttl_secs":3600}
 *
 * All members are needed, others are ignored. Some implementations put the URL alone. Nothing is signed: a record
 * is a hint where to look, and what is found there has to verify. So what it says is kept from doing harm: the URL
 * is of http or https, leads to the host that http_addr names, and that is not a machine of a narrower scope than
 * who told it (kad_scope): no stranger makes us ask our own neighbours.
 *
 * "/phase/blob/HEX" has the bytes whose SHA-256 that is. Nothing else may stand under "/phase/". */
#ifndef KAD_RECORD_H
#define KAD_RECORD_H

#include "core/err.h"
#include "core/wall.h"
#include "kad/contact.h"

#define KAD_RECORD_BYTES_MAX 4096
#define KAD_RECORD_ARENA_BYTES (KAD_RECORD_BYTES_MAX + 128)
#define KAD_RECORD_NAME_MAX 64 /* bytes of a channel */
#define KAD_RECORD_URL_MAX 2048
#define KAD_RECORD_TTL_S 3600
#define KAD_RECORD_TTL_MAX_S 172800 /* the DHT keeps nothing longer */
#define KAD_RECORD_SKEW_S 300       /* that clocks may differ by */

struct kad_record {
	bool bare; /* a URL alone: there are only channel, arch (of the key) and manifest_url */
	struct bytes channel;
	const char *arch; /* canonical */
	struct bytes manifest_url, http_addr, manifest_version;
	struct wall created_at;
	uint64_t ttl_s;
};

/* Writes "/phase/CHANNEL/ARCH/manifest". Publish under both spellings of the architecture (core/arch.h): other
 * implementations know only one. */
void kad_record_write_key(struct writer *w, struct bytes channel, struct bytes arch);
/* What its providers are found under: the SHA-256 of a record's key as a multihash, because nodes of other
 * implementations keep providers of nothing else (libp2p specs/kad-dht). */
#define KAD_RECORD_PROVIDED_BYTES 34
void kad_record_provided(struct bytes key, uint8_t out[static KAD_RECORD_PROVIDED_BYTES]);
/* ERR_VALUE: no such key, or an unknown architecture. arch is canonical. */
MUST_CHECK int kad_record_read_key(struct bytes key, struct bytes *channel, const char **arch);
/* Views into value or the arena (KAD_RECORD_ARENA_BYTES suffice). least: the scope of who told it. ERR_VALUE,
 * ERR_MISSING, ERR_TYPE and those of json_parse, with the member's name in why; r is untouched then. */
MUST_CHECK int kad_record_read(struct kad_record *r, struct bytes key, struct bytes value, enum kad_scope least,
			       struct arena *a, struct why *why);
/* ERR_EXPIRED: older than its lifetime; ERR_NOT_YET: from the future. A bare URL is neither. */
MUST_CHECK int kad_record_judge(const struct kad_record *r, struct wall now);
/* Positive: a is newer; bare ones are oldest. */
int kad_record_order(const struct kad_record *a, const struct kad_record *b);
/* Whether both are about the same provider. Anybody can say that: who has put a record decides whether a newer one
 * replaces it (kad/values.h). */
bool kad_record_same_provider(const struct kad_record *a, const struct kad_record *b);
/* Writes the JSON; members must be valid. ERR_VALUE: a date that cannot be written; ERR_NO_SPACE. */
MUST_CHECK int kad_record_write(struct writer *w, const struct kad_record *r);

/* What a store (kad/values.h) and a look-up ask of values. */
enum kad_meeting { KAD_OLDER, KAD_REPLACES, KAD_BESIDE };

struct kad_rules {
	/* OK: the value may stand under this key, for at most *left_s seconds from now. */
	int (*check)(struct bytes key, struct bytes value, enum kad_scope least, struct wall now, uint64_t *left_s);
	/* What a new value is to one that is there, of the same owner; both have passed check, and are not equal. A
	 * date ahead of now counts as now. */
	enum kad_meeting (*meet)(struct bytes key, struct bytes there, struct bytes fresh, struct wall now);
};

extern const struct kad_rules kad_record_rules;

#endif
