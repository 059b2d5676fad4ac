#include "host/bzz_sources.h"

#include "core/err.h"
#include "host/cli_json.h"

static cJSON *add_source(cJSON *array, uint64_t bytes, uint64_t bad_bytes)
{
	cJSON *o = cJSON_CreateObject();
	if (o == NULL || !cJSON_AddItemToArray(array, o) ||
	    cJSON_AddNumberToObject(o, "bytes", (double)bytes) == NULL ||
	    cJSON_AddNumberToObject(o, "bad", (double)bad_bytes) == NULL)
		return NULL;
	return o;
}

static bool add_gateways(cJSON *array, const struct gateways *g)
{
	bool good = true;
	for (unsigned i = 0; good && i < gateways_n(g); i++) {
		const struct gateway_count count = gateways_count(g, i);
		cJSON *o = add_source(array, count.bytes, count.bad_bytes);
		good = o != NULL && cJSON_AddStringToObject(o, "url", gateways_url(g, i)) != NULL;
	}
	return good;
}

/* Nodes that were named one by one, the others as one source. */
static bool add_peers(cJSON *array, const struct bzz_peers *p)
{
	bool good = true;
	for (size_t i = 0; good && p != NULL && i < bzz_peers_counts_n(p); i++) {
		const struct bzz_peers_count count = bzz_peers_count(p, i);
		cJSON *o = add_source(array, count.bytes, count.bad_bytes);
		good = o != NULL &&
		       (count.text != NULL ? cJSON_AddStringToObject(o, "peer", count.text)
					   : cJSON_AddNumberToObject(o, "other_peers", count.nodes_n)) != NULL;
	}
	return good;
}

int bzz_sources_tell(const char *path, const struct reference *reference, uint64_t size, const struct gateways *g)
{
	char text[REFERENCE_TEXT_BYTES], file[4096];
	cJSON *o = cJSON_CreateObject();
	reference_text(reference, text);
	bool good = o != NULL &&
		    cJSON_AddStringToObject(o, "file", cli_quote(bytes_text(path), file, sizeof file)) != NULL &&
		    cJSON_AddStringToObject(o, "reference", text) != NULL &&
		    cJSON_AddNumberToObject(o, "size", (double)size) != NULL;
	cJSON *sources = good ? cJSON_AddArrayToObject(o, "sources") : NULL;
	if (sources != NULL && add_gateways(sources, g) && add_peers(sources, gateways_peers(g)))
		return cli_json_print(o);
	cJSON_Delete(o);
	return ERR_NO_MEMORY;
}
