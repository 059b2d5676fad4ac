/* Nodes with anybody's bytes: what opens can be walked, and every fork that is listed is found. */
#include <assert.h>
#include <string.h>

#include "swarm/bzz_path.h"
#include "swarm/mantaray_list.h"

#define NODE_MAX 65536
#define NODES_MAX 64

static uint8_t node[NODE_MAX];
static uint8_t memory[4 * NODE_MAX];
static struct bzz_path bzz;
static struct mantaray_list listing;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same bytes for every node, so that manifests lead into themselves: it must end all the same. */
static void resolve(const uint8_t *data, size_t size, struct bytes path)
{
	const struct reference root = {.encrypted = false};
	struct reference next;
	unsigned nodes = 0;
	if (bzz_path_init(&bzz, &root, path, true) != OK)
		return;
	while (bzz_path_wants(&bzz, &next)) {
		memcpy(node, data, size);
		if (bzz_path_node(&bzz, node, size, NULL) != OK)
			return;
		nodes++;
		assert(nodes <= 8 * (MANTARAY_PATH_MAX + 2));
	}
}

static void list_all(const uint8_t *data, size_t size, struct bytes prefix)
{
	struct reference next = {.encrypted = false};
	struct mantaray_entry entry;
	unsigned nodes = 0, entries = 0;
	const struct mantaray_limits limits = {.nodes_n = NODES_MAX, .bytes = (uint64_t)NODES_MAX * NODE_MAX};
	mantaray_list_init(&listing, &next, prefix, limits, memory, sizeof memory);
	for (;;) {
		if (mantaray_list_entry(&listing, &entry)) {
			assert(entry.path.n > 0 && entry.path.n <= MANTARAY_PATH_MAX);
			assert(entry.path.n >= prefix.n && bytes_equal(bytes_of(entry.path.p, prefix.n), prefix));
			entries++;
		} else if (mantaray_list_wants(&listing, &next)) {
			memcpy(node, data, size);
			nodes++;
			if (mantaray_list_node(&listing, node, size, NULL) != OK)
				break;
		} else {
			break;
		}
	}
	assert(nodes <= NODES_MAX + 1 && entries < nodes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mantaray m;
	struct mantaray_fork fork, same;
	struct why why;
	if (size < 2 || size > NODE_MAX)
		return 0;
	size_t path_n = data[0] < size - 1 ? data[0] : size - 1;
	resolve(data + 1, size - 1, bytes_of(data + size - path_n, path_n));
	list_all(data + 1, size - 1, BYTES_NONE);
	list_all(data + 1, size - 1, bytes_of(data + size - path_n, path_n));
	memcpy(node, data + 1, size - 1);
	if (mantaray_open(node, size - 1, &m, &why) != OK)
		return 0;
	struct mantaray_cursor c = mantaray_forks(&m);
	while (mantaray_next(&m, &c, &fork)) {
		uint8_t value[MANTARAY_METADATA_MAX];
		struct writer w = writer_of(value, sizeof value);
		assert(mantaray_fork(&m, fork.prefix.p[0], &same) && same.prefix.p == fork.prefix.p);
		int err = mantaray_metadata(fork.metadata, "Content-Type", &w);
		assert(err == OK || err == ERR_NOT_FOUND);
	}
	return 0;
}
