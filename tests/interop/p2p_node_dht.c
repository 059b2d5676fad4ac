#include "core/err.h"
#include "crypto/sha256.h"
#include "p2p_node.h"

static void add_found(cJSON *a, const struct kad_lookup *l, const struct kad_contact *providers)
{
	const struct kad_contact *near[KAD_K];
	const unsigned near_n = kad_lookup_closest(l, near, KAD_K);
	struct bytes value;
	unsigned told_n;
	cJSON *closest = cJSON_AddArrayToObject(a, "closest");
	cJSON *all = cJSON_AddArrayToObject(a, "providers");
	cJSON *values = cJSON_AddArrayToObject(a, "values");
	for (unsigned i = 0; i < near_n; i++)
		list_peer(&near[i]->id, closest);
	for (unsigned i = 0; i < l->providers_n; i++)
		list_peer(&providers[i].id, all);
	for (unsigned i = 0; kad_lookup_value(l, i, &value, &told_n); i++) {
		cJSON *one = cJSON_CreateObject();
		add_text(one, "value", value);
		cJSON_AddNumberToObject(one, "told", told_n);
		cJSON_AddItemToArray(values, one);
	}
	cJSON_AddNumberToObject(a, "stored", l->stored_n);
	cJSON_AddNumberToObject(a, "answered", l->answered_n);
}

static void searched(struct p2p_dht *dht, int err, const struct kad_lookup *l, const struct kad_contact *providers,
		     void *context)
{
	struct command *c = context;
	(void)dht;
	if (err == OK)
		add_found(c->answer, l, providers);
	answer(c, err);
}

/* The multihash that stands for a text among providers. */
static struct bytes hashed(struct bytes text, uint8_t out[static 34])
{
	out[0] = 0x12;
	out[1] = SHA256_BYTES;
	sha256_of(text, out + 2);
	return bytes_of(out, 34);
}

bool is_search(struct bytes cmd)
{
	return bytes_is(cmd, "put") || bytes_is(cmd, "get") || bytes_is(cmd, "provide") ||
	       bytes_is(cmd, "find-providers") || bytes_is(cmd, "find-peer");
}

int search(struct p2p_dht *dht, struct bytes cmd, const cJSON *from, struct command *c)
{
	uint8_t multihash[34];
	struct bytes key = member(from, "key"), value = member(from, "value");
	struct peer_id peer;
	struct p2p_dht_question q = {.kind = KAD_LOOKUP_NODES, .key = key, .done = searched, .context = c};
	int err = OK;
	if (bytes_is(cmd, "put")) {
		q.value = &value;
	} else if (bytes_is(cmd, "get")) {
		q.kind = KAD_LOOKUP_VALUES;
	} else if (bytes_is(cmd, "provide")) {
		value = BYTES_NONE;
		q.key = hashed(key, multihash);
		q.value = &value;
	} else if (bytes_is(cmd, "find-providers")) {
		q.kind = KAD_LOOKUP_PROVIDERS;
		q.key = hashed(key, multihash);
	} else {
		err = peer_id_parse(&peer, member(from, "id"));
		q.key = peer_id_bytes(&peer);
	}
	return err != OK ? err : p2p_dht_search(dht, &q);
}

void list_table(const struct p2p_dht *dht, struct command *c)
{
	const struct kad_table *t = p2p_dht_table(dht);
	cJSON *table = cJSON_AddArrayToObject(c->answer, "table");
	for (unsigned i = 0; i < t->room; i++)
		if (t->entries[i].used)
			list_peer(&t->entries[i].contact.id, table);
}
