/* DNS messages, RFC 1035: questions out, records in; also as mDNS has them (RFC 6762).
 *
 * Pure: a resolver sends and receives the bytes. Names are dotted lower-case text without the last
 * dot; a dot or backslash inside a label is written with a backslash before it (RFC 1035, 5.1). */
#ifndef P2P_DNS_H
#define P2P_DNS_H

#include "core/bytes.h"
#include "core/err.h"

#define DNS_MESSAGE_BYTES_MAX 1472 /* that we take: a datagram */
#define DNS_QUERY_BYTES_MAX 300    /* that we make */
#define DNS_NAME_BYTES_MAX 512     /* as text: 255 on the wire, and backslashes */
#define DNS_ALIASES_MAX 16         /* that lead from one name to another; real ones have few */

enum dns_type { DNS_A = 1, DNS_CNAME = 5, DNS_PTR = 12, DNS_TXT = 16, DNS_AAAA = 28, DNS_SRV = 33 };

enum dns_section { DNS_ANSWERS, DNS_AUTHORITIES, DNS_ADDITIONALS, DNS_SECTIONS_N };

struct dns_name {
	uint8_t text[DNS_NAME_BYTES_MAX];
	size_t n;
};

/* A message that is being read. */
struct dns_message {
	struct bytes all;
	size_t at; /* the next record */
	unsigned section;
	uint16_t left[DNS_SECTIONS_N]; /* records not yet read */
	uint16_t id, flags;
	unsigned rcode;           /* 0: no error, 3: no such name */
	bool answer, cut;         /* cut: the rest would come by TCP */
	struct dns_name question; /* the first; empty: none (mDNS) */
	uint16_t question_type;
};

struct dns_record {
	struct dns_name name;
	uint16_t type;
	enum dns_section section;
	uint32_t ttl_s;
	struct bytes data;      /* a view of the record's own bytes */
	size_t data_at;         /* where it is in the message: names in it may point back */
	uint16_t port;          /* SRV */
	struct dns_name target; /* SRV, PTR, CNAME */
};

/* One question, class IN. recurse: for a resolver; false: mDNS. ERR_VALUE: the name has something else
 * than letters, digits, '-' and '_' between its dots, or is too long; ERR_NO_SPACE: w is full, which
 * DNS_QUERY_BYTES_MAX never are. */
MUST_CHECK int dns_query_write(struct writer *w, uint16_t id, struct bytes name, enum dns_type type, bool recurse);

/* ERR_PROTOCOL when it is no message, or a longer one than DNS_MESSAGE_BYTES_MAX. all must outlive m. */
MUST_CHECK int dns_message_read(struct dns_message *m, struct bytes all);
/* The next record of any section. ERR_NOT_FOUND: there are no more; ERR_PROTOCOL: nor can be. */
MUST_CHECK int dns_record_read(struct dns_message *m, struct dns_record *r);
/* Whom the question's name stands for by the CNAMEs among the answers, in whatever order they are:
 * itself when there are none. m: no record of it was read. ERR_LIMIT: more than DNS_ALIASES_MAX, as
 * in a circle. */
MUST_CHECK int dns_alias_follow(const struct dns_message *m, struct dns_name *name);
/* The value of "KEY=VALUE" among a TXT record's strings (RFC 6763 section 6), key in either case;
 * false: not there. A view. */
bool dns_txt_value(const struct dns_record *r, const char *key, struct bytes *value);
bool dns_name_is(const struct dns_name *name, struct bytes text);

#endif
