#include "host/bzz_walk.h"

#include <string.h>

#include "crypto/secret.h"
#include "host/secret_free.h"

int bzz_walk_node(const struct chunk_source *source, const struct bzz_root *root, const struct reference *wanted,
		  int (*take)(void *context, uint8_t *node, size_t n, struct why *why), void *context, struct why *why)
{
	const bool is_root = memcmp(wanted->address, root->reference.address, REFERENCE_BYTES) == 0;
	uint8_t *node = NULL;
	size_t n = 0;
	int err = bzz_file_whole(source, wanted, is_root ? bytes_of(root->chunk, root->chunk_n) : BYTES_NONE,
				 MANTARAY_NODE_BYTES_MAX, &node, &n, why);
	if (err != OK)
		return err;
	err = take(context, node, n, why);
	secret_free(node, n);
	return err;
}

static int take_node(void *context, uint8_t *node, size_t n, struct why *why)
{
	return bzz_path_node(context, node, n, why);
}

int bzz_walk(const struct chunk_source *source, const struct bzz_root *root, struct bytes path, bool follow_feed,
	     struct bzz_path *b, struct why *why)
{
	struct reference wanted;
	int err = bzz_path_init(b, &root->reference, path, follow_feed);
	while (err == OK && bzz_path_wants(b, &wanted))
		err = bzz_walk_node(source, root, &wanted, take_node, b, why);
	secret_wipe(&wanted, sizeof wanted);
	return err;
}
