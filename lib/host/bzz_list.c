#include "host/bzz_list.h"

#include <stdlib.h>
#include <string.h>

#include "host/bzz_file.h"
#include "host/cli_json.h"
#include "swarm/mantaray.h"

#define DEPTH_MAX 512 /* nodes one below the other: a path of 4096 bytes needs 137 when it stands alone */
#define NODES_MAX 4000000
#define MEMORY_MAX (64U << 20) /* of the nodes on the way down */

/* A node on the way down. */
struct level {
	uint8_t *node; /* owned */
	size_t node_n, path_n;
	struct mantaray m;
	struct mantaray_cursor left;
};

struct listing {
	struct cli *cli;
	struct chunk_source source;
	const struct bzz_root *root;
	struct bytes prefix;
	unsigned depth;
	uint64_t nodes_n;
	size_t memory;
	struct level levels[DEPTH_MAX];
	char path[MANTARAY_PATH_MAX];
};

static int enter(struct listing *l, const struct reference *r, size_t path_n, struct why *why)
{
	const bool is_root = l->depth == 0;
	struct level *v = &l->levels[l->depth];
	uint8_t *node = NULL;
	size_t n = 0;
	if (l->depth == DEPTH_MAX || ++l->nodes_n > NODES_MAX)
		return why_not(why, ERR_LIMIT, "manifest", WHY_NOWHERE, BYTES_NONE);
	int err = bzz_file_whole(&l->source, r, is_root ? bytes_of(l->root->chunk, l->root->chunk_n) : BYTES_NONE,
				 MANTARAY_NODE_BYTES_MAX, &node, &n, why);
	if (err != OK)
		return err;
	err = n > MEMORY_MAX - l->memory ? why_not(why, ERR_LIMIT, "manifest", WHY_NOWHERE, BYTES_NONE)
					 : mantaray_open(node, n, &v->m, why);
	if (err != OK) {
		free(node);
		return err;
	}
	v->node = node;
	v->node_n = n;
	v->path_n = path_n;
	v->left = mantaray_forks(&v->m);
	l->memory += n;
	l->depth++;
	return OK;
}

static void leave(struct listing *l)
{
	struct level *v = &l->levels[--l->depth];
	l->memory -= v->node_n;
	free(v->node);
}

/* metadata: strict JSON, judged by mantaray_open. */
static bool add_metadata(cJSON *o, struct bytes metadata)
{
	cJSON *parsed =
		metadata.n == 0 ? cJSON_CreateObject() : cJSON_ParseWithLength((const char *)metadata.p, metadata.n);
	return parsed != NULL && cJSON_AddItemToObject(o, "metadata", parsed);
}

static int print(struct listing *l, size_t path_n, const struct reference *entry, struct bytes metadata)
{
	char text[REFERENCE_TEXT_BYTES], path[MANTARAY_PATH_MAX + 1];
	cJSON *o = cJSON_CreateObject();
	reference_text(entry, text);
	bool good = o != NULL &&
		    cJSON_AddStringToObject(o, "path", cli_quote(bytes_of(l->path, path_n), path, sizeof path)) != NULL;
	good = good && (reference_is_zero(entry) ? cJSON_AddNullToObject(o, "reference") != NULL
						 : cJSON_AddStringToObject(o, "reference", text) != NULL);
	if (good && add_metadata(o, metadata))
		return cli_json_print(o);
	cJSON_Delete(o);
	return ERR_NO_MEMORY;
}

/* Whether a path may lead to, or lie behind, what is wanted. */
static bool concerns(const struct listing *l, size_t path_n, bool *inside)
{
	const size_t common = path_n < l->prefix.n ? path_n : l->prefix.n;
	*inside = path_n >= l->prefix.n;
	return common == 0 || memcmp(l->path, l->prefix.p, common) == 0;
}

/* The entry of a value lies in its own node: so that is loaded, and looked into next. */
static int take_fork(struct listing *l, const struct mantaray_fork *fork, size_t path_n, struct why *why)
{
	bool inside;
	if (fork->prefix.n > MANTARAY_PATH_MAX - path_n)
		return why_not(why, ERR_LIMIT, "path", WHY_NOWHERE, BYTES_NONE);
	memcpy(l->path + path_n, fork->prefix.p, fork->prefix.n);
	path_n += fork->prefix.n;
	if (!concerns(l, path_n, &inside))
		return OK;
	int err = enter(l, &fork->node, path_n, why);
	if (err == OK && inside && (fork->type & MANTARAY_VALUE) != 0)
		err = print(l, path_n, &l->levels[l->depth - 1].m.entry, fork->metadata);
	return err;
}

static int list(struct listing *l, struct why *why)
{
	struct mantaray_fork fork;
	int err = enter(l, &l->root->reference, 0, why);
	while (err == OK && l->depth > 0) {
		struct level *v = &l->levels[l->depth - 1];
		if (mantaray_next(&v->m, &v->left, &fork))
			err = take_fork(l, &fork, v->path_n, why);
		else
			leave(l);
	}
	while (l->depth > 0)
		leave(l);
	return err;
}

int bzz_list(struct cli *cli, struct bzz_fetch *f, const char *name, const struct bzz_root *root, struct bytes prefix)
{
	struct why why = {.what = NULL};
	struct listing *l = malloc(sizeof *l);
	if (l == NULL)
		return ERR_NO_MEMORY;
	l->cli = cli;
	l->source = bzz_fetch_source(f);
	l->root = root;
	l->prefix = prefix;
	l->depth = 0;
	l->nodes_n = l->memory = 0;
	int err = list(l, &why);
	if (err != OK && err != ERR_NO_MEMORY)
		cli_fail(cli, err, name, &why);
	free(l);
	return err;
}
