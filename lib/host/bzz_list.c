#include "host/bzz_list.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/secret.h"
#include "host/bzz_walk.h"
#include "host/cli_json.h"
#include "swarm/mantaray_list.h"

/* What somebody's manifest can make us fetch: twice the largest that is known. A node is a chunk at least. */
#define NODES_MAX 4000000
#define NODES_BYTES_MAX (1ULL << 30)
#define MEMORY_BYTES (64U << 20) /* nodes on the way down */

/* metadata: strict JSON, judged by mantaray_open. */
static bool add_metadata(cJSON *o, struct bytes metadata)
{
	cJSON *parsed =
		metadata.n == 0 ? cJSON_CreateObject() : cJSON_ParseWithLength((const char *)metadata.p, metadata.n);
	return parsed != NULL && cJSON_AddItemToObject(o, "metadata", parsed);
}

static int print(const struct mantaray_entry *e)
{
	char text[REFERENCE_TEXT_BYTES], path[MANTARAY_PATH_MAX + 1];
	cJSON *o = cJSON_CreateObject();
	reference_text(&e->reference, text);
	bool good = o != NULL && cJSON_AddStringToObject(o, "path", cli_quote(e->path, path, sizeof path)) != NULL &&
		    (reference_is_zero(&e->reference) ? cJSON_AddNullToObject(o, "reference") != NULL
						      : cJSON_AddStringToObject(o, "reference", text) != NULL);
	if (good && add_metadata(o, e->metadata))
		return cli_json_print(o);
	cJSON_Delete(o);
	return ERR_NO_MEMORY;
}

static int take_node(void *context, uint8_t *node, size_t n, struct why *why)
{
	return mantaray_list_node(context, node, n, why);
}

static int list(const struct chunk_source *source, const struct bzz_root *root, struct stall *stall,
		struct mantaray_list *l, struct why *why)
{
	struct mantaray_entry entry;
	struct reference wanted;
	int err = OK;
	while (err == OK) {
		if (mantaray_list_entry(l, &entry)) {
			stall_pause(stall); /* whoever reads the list may take his time */
			err = print(&entry);
		} else if (mantaray_list_wants(l, &wanted)) {
			err = bzz_walk_node(source, root, &wanted, take_node, l, why);
		} else {
			break;
		}
		stall_progress(stall, CHUNK_PAYLOAD_MAX); /* a node is a chunk at least */
	}
	secret_wipe(&entry, sizeof entry);
	secret_wipe(&wanted, sizeof wanted);
	return err;
}

int bzz_list(struct cli *cli, struct bzz_fetch *f, struct stall *stall, const char *name, const struct bzz_root *root,
	     struct bytes prefix)
{
	const struct chunk_source source = bzz_fetch_source(f);
	struct why why = {.what = NULL};
	struct mantaray_list *l = malloc(sizeof *l);
	void *memory = malloc(MEMORY_BYTES); /* what is not touched costs nothing */
	int err = ERR_NO_MEMORY;
	if (l != NULL && memory != NULL) {
		const struct mantaray_limits limits = {.nodes_n = NODES_MAX, .bytes = NODES_BYTES_MAX};
		mantaray_list_init(l, &root->reference, prefix, limits, memory, MEMORY_BYTES);
		err = list(&source, root, stall, l, &why);
		mantaray_list_end(l);
	}
	if (err != OK && err != ERR_NO_MEMORY)
		cli_fail(cli, err, name, &why);
	free(memory);
	free(l);
	return err;
}
