/* What a server of the DHT keeps over a restart: whom it knows, and what it stores for others.
 *
 *	"phase-kad-snapshot\n"       19 bytes
 *	version                      u8, 1
 *	written                      be64, seconds since 1970
 *	how long the entries are     be32
 *	entries                      each: kind u8, how long be32, then
 *	  1 contact                  how long u8, id; how long u8, addresses as in struct kad_contact
 *	  2 value                    stands, how long be16, key; how long be16, value
 *	  3 provider                 stands, what it provides (SHA-256), then as contact
 *	    stands                   its owner: peer (SHA-256), group be32; age be32 s; left be32 s
 *	SHA-256                      of all before
 *
 * Nothing is believed for standing in it. Values have to obey the rules of the store as they are now, shares are as
 * of what arrives (kad/quota.h), and a contact is somebody to be asked, no more: peers come and go while we are
 * away. What is our own (kad_owner_ours) is left out: who has put it puts it again.
 *
 * Lifetimes go on by wall time while nobody runs. A clock that stands before the time of writing says nothing about
 * how long that was, so that no record is taken up then, rather than one for ever; contacts are. */
#ifndef KAD_SNAPSHOT_H
#define KAD_SNAPSHOT_H

#include "kad/providers.h"
#include "kad/table.h"
#include "kad/values.h"

#define KAD_SNAPSHOT_BYTES_MAX (4U << 20) /* full stores (kad/values.h with 1 MiB, kad/providers.h) take 2.5 MiB */

/* What is taken up: values and providers into stores that are there, contacts into room for them. */
struct kad_snapshot {
	struct kad_values *values;
	struct kad_providers *providers;
	struct kad_contact *contacts; /* who was heard of last comes first */
	unsigned contacts_max;
};

struct kad_snapshot_taken {
	unsigned contacts_n, values_n, providers_n;
	unsigned left_n;   /* records that expired, or that there is no room for */
	bool clock_behind; /* all of them, because the clock stands before the time of writing */
};

/* Contacts: those of the table, who failed lately behind the others, for it may be our own network that fails; then
 * those remembered from before that are not in the table and have an address. And all records that live for another
 * second at least. */
void kad_snapshot_write(struct writer *w, const struct kad_table *table, const struct kad_contact *remembered,
			unsigned remembered_n, const struct kad_values *values, const struct kad_providers *providers,
			struct kad_now now);
/* ERR_TYPE: no snapshot; ERR_VERSION: of another version; ERR_TRUNCATED, ERR_TRAILING; ERR_HASH: damaged; ERR_VALUE:
 * it was never written so. Nothing is touched then. */
MUST_CHECK int kad_snapshot_read(const struct kad_snapshot *into, struct bytes file, struct kad_now now,
				 struct kad_snapshot_taken *taken);

#endif
