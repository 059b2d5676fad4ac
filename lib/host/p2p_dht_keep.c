/* What a server of the DHT keeps over a restart. */
#include <assert.h>

#include "core/err.h"
#include "host/p2p_dht_parts.h"

/* A contact or provider takes at most so much, a value beside its bytes. */
#define CONTACT_BYTES (5 + 1 + PEER_ID_BYTES_MAX + 1 + KAD_CONTACT_BYTES)
#define STAND_BYTES (SHA256_BYTES + 3 * 4)
static_assert(2 * KAD_TABLE_ROOM * CONTACT_BYTES + P2P_DHT_VALUES_BYTES + KAD_VALUES_ROOM_MAX * (5 + STAND_BYTES + 4) +
			      KAD_PROVIDERS_ROOM_MAX * (STAND_BYTES + SHA256_BYTES + CONTACT_BYTES) + 64 <
		      KAD_SNAPSHOT_BYTES_MAX,
	      "a snapshot has room for all");

void p2p_dht_keep(const struct p2p_dht *dht, struct writer *w)
{
	kad_snapshot_write(w, &dht->table, dht->remembered, dht->remembered_n, &dht->values, &dht->providers,
			   p2p_dht_now());
}

uint64_t p2p_dht_changes(const struct p2p_dht *dht)
{
	return dht->table.changes + dht->values.changes + dht->providers.changes +
	       dht->forgotten_n; /* none of them ever sinks */
}

int p2p_dht_restore(struct p2p_dht *dht, struct bytes snapshot, struct kad_snapshot_taken *taken)
{
	const struct kad_snapshot into = {.values = &dht->values,
					  .providers = &dht->providers,
					  .contacts = dht->remembered,
					  .contacts_max = KAD_TABLE_ROOM};
	const int err = kad_snapshot_read(&into, snapshot, p2p_dht_now(), taken);
	if (err == OK)
		dht->remembered_n = taken->contacts_n;
	return err;
}
