/* Listing manifests: bee's, ones made here, and ones that lead into themselves. */
#include "swarm/mantaray_list.h"

#include "core/hex.h"
#include "swarm/mantaray_write.h"
#include "test.h"

static uint8_t node[1 << 16], memory[1 << 20], arena_bytes[1 << 18];
static struct mantaray_list list;

static bool is_zero(const void *p, size_t n)
{
	const uint8_t *b = p;
	return b[0] == 0 && memcmp(b, b + 1, n - 1) == 0;
}

/* Whether an entry is among those of a vector, with its reference. */
static bool is_known(const cJSON *entries, const char *path, const struct mantaray_entry *entry)
{
	const cJSON *e;
	char text[REFERENCE_TEXT_BYTES];
	reference_text(&entry->reference, text);
	cJSON_ArrayForEach(e, entries)
	{
		const char *wanted = test_text(e, "ref");
		if (strcmp(test_text(e, "path"), path) != 0)
			continue;
		CHECK((cJSON_GetObjectItem(e, "metadata") != NULL) == (entry->metadata.n > 0));
		return wanted[0] == 0 ? reference_is_zero(&entry->reference) : strcmp(text, wanted) == 0;
	}
	return false;
}

/* The node that is wanted, out of a vector. */
static bool load(const cJSON *nodes, const struct reference *r)
{
	char text[REFERENCE_TEXT_BYTES];
	reference_text(r, text);
	const char *hex = test_text(nodes, text);
	const size_t size = strlen(hex) / 2;
	return CHECK(size <= sizeof node && hex_decode(bytes_text(hex), node, size) == OK) &&
	       CHECK(mantaray_list_node(&list, node, size, NULL) == OK);
}

/* Those whose path begins with prefix; *nodes: how many were loaded for that. */
static int list_below(const cJSON *v, const char *prefix, unsigned *nodes)
{
	struct reference next;
	struct mantaray_entry entry;
	char last[256] = "";
	int n = 0;
	CHECK(reference_parse(bytes_text(test_text(v, "root")), &next) == OK);
	mantaray_list_init(&list, &next, bytes_text(prefix), (struct mantaray_limits){100, 100000}, memory,
			   sizeof memory);
	*nodes = 0;
	for (;;) {
		if (mantaray_list_entry(&list, &entry)) {
			char path[256];
			(void)snprintf(path, sizeof path, "%.*s", (int)entry.path.n, (const char *)entry.path.p);
			CHECK(strcmp(last, path) < 0); /* in order, none twice */
			CHECK(strncmp(path, prefix, strlen(prefix)) == 0);
			memcpy(last, path, sizeof last);
			CHECK(is_known(cJSON_GetObjectItem(v, "entries_in_order"), path, &entry));
			n++;
		} else if (!mantaray_list_wants(&list, &next) || !load(cJSON_GetObjectItem(v, "nodes"), &next)) {
			return n;
		} else {
			++*nodes;
		}
	}
}

/* How many entries of a vector have a path that begins so. */
static int count_below(const cJSON *entries, const char *prefix)
{
	const cJSON *e;
	int n = 0;
	cJSON_ArrayForEach(e, entries) n += strncmp(test_text(e, "path"), prefix, strlen(prefix)) == 0;
	return n;
}

/* Every beginning of every path: what begins with it is listed, by no more nodes than it takes. */
static int list_prefixes(const cJSON *v, unsigned all_nodes)
{
	const cJSON *e, *entries = cJSON_GetObjectItem(v, "entries_in_order");
	unsigned nodes;
	int fewer = 0;
	cJSON_ArrayForEach(e, entries)
	{
		char prefix[256];
		const size_t length = strlen(test_text(e, "path"));
		for (size_t n = 0; n <= length; n++) {
			(void)snprintf(prefix, sizeof prefix, "%.*s", (int)n, test_text(e, "path"));
			CHECK(list_below(v, prefix, &nodes) == count_below(entries, prefix));
			CHECK(nodes <= all_nodes);
			fewer += nodes < all_nodes;
		}
		(void)snprintf(prefix, sizeof prefix, "%s\1", test_text(e, "path"));
		CHECK(list_below(v, prefix, &nodes) == 0 && nodes <= length + 1);
	}
	return fewer;
}

TEST(all_entries_of_every_manifest)
{
	cJSON *json = test_vectors("swarm-mantaray.json");
	const cJSON *v;
	int all = 0, fewer = 0;
	cJSON_ArrayForEach(v, cJSON_GetObjectItem(json, "manifests"))
	{
		unsigned nodes;
		const int n = list_below(v, "", &nodes);
		CHECK(n == cJSON_GetArraySize(cJSON_GetObjectItem(v, "entries_in_order")));
		CHECK(list.memory.n == 0 && is_zero(memory, sizeof memory)); /* wiped as it was given back */
		all += n;
		fewer += list_prefixes(v, nodes);
	}
	CHECK(all > 25 && fewer > 100);
	cJSON_Delete(json);
}

/* A root whose forks, one byte each, all lead to itself. */
static size_t make_loop(const char *const *paths, size_t n)
{
	struct arena arena = arena_of(arena_bytes, sizeof arena_bytes);
	struct mantaray_write w;
	const struct reference r = {.address[0] = 1};
	size_t size, made = 0;
	CHECK(mantaray_write_init(&w, &arena) == OK);
	for (size_t i = 0; i < n; i++)
		CHECK(mantaray_write_add(&w, bytes_text(paths[i]), &r, NULL, 0, NULL) == OK);
	while (mantaray_write_wants(&w, &size)) {
		CHECK(mantaray_write_node(&w, NULL, node, sizeof node, &made) == OK);
		CHECK(mantaray_write_stored(&w, &r) == OK);
	}
	return made;
}

/* Gives the same node for every reference; how it ends. */
static int run_loop(size_t size, struct mantaray_limits limits, size_t room, unsigned *nodes, unsigned *entries)
{
	static uint8_t copy[sizeof node];
	struct reference next = {.address[0] = 1};
	struct mantaray_entry entry;
	struct why why;
	int err = OK;
	*nodes = *entries = 0;
	mantaray_list_init(&list, &next, BYTES_NONE, limits, memory, room);
	while (err == OK) {
		if (mantaray_list_entry(&list, &entry)) {
			++*entries;
		} else if (mantaray_list_wants(&list, &next)) {
			memcpy(copy, node, size);
			err = mantaray_list_node(&list, copy, size, &why);
			++*nodes;
		} else {
			break;
		}
	}
	CHECK(!mantaray_list_entry(&list, &entry) && !mantaray_list_wants(&list, &next));
	CHECK(list.memory.n == 0 || !is_zero(memory, list.memory.n));
	mantaray_list_end(&list);
	CHECK(is_zero(memory, sizeof memory) && is_zero(&list, sizeof list));
	return err;
}

static struct mantaray_limits nodes_only(uint64_t n)
{
	return (struct mantaray_limits){.nodes_n = n, .bytes = UINT64_MAX};
}

TEST(loops_end)
{
	static const char *const paths[] = {"a", "b"}, *const thirty[] = {"aaaaaaaaaabbbbbbbbbbcccccccccc"};
	unsigned nodes, entries;
	size_t size = make_loop(paths, 2);
	CHECK(run_loop(size, nodes_only(1000), sizeof memory, &nodes, &entries) == ERR_LIMIT); /* nodes */
	CHECK(nodes == 1001 && entries == 999);
	CHECK(run_loop(size, nodes_only(UINT64_MAX), 4096, &nodes, &entries) == ERR_NO_SPACE);
	CHECK(nodes > 4 && nodes < 40);
	CHECK(run_loop(size, nodes_only(UINT64_MAX), 0, &nodes, &entries) == ERR_NO_SPACE && nodes == 1);
	CHECK(run_loop(size, nodes_only(0), sizeof memory, &nodes, &entries) == ERR_LIMIT && nodes == 1);
	const struct mantaray_limits ten = {.nodes_n = UINT64_MAX, .bytes = 11 * size - 1};
	CHECK(run_loop(size, ten, sizeof memory, &nodes, &entries) == ERR_LIMIT && nodes == 11);
	size = make_loop(thirty, 1);
	CHECK(run_loop(size, nodes_only(UINT64_MAX), sizeof memory, &nodes, &entries) == ERR_LIMIT); /* the path */
	CHECK(nodes == MANTARAY_PATH_MAX / 30 + 1 && entries == nodes - 2);
}

TEST(a_broken_node_ends_it)
{
	static const char *const paths[] = {"a"};
	unsigned nodes, entries;
	const size_t size = make_loop(paths, 1);
	for (size_t cut = 0; cut < size; cut++)
		CHECK(run_loop(cut, nodes_only(10), sizeof memory, &nodes, &entries) != OK && nodes == 1 &&
		      entries == 0);
}

int main(void)
{
	RUN(all_entries_of_every_manifest);
	RUN(loops_end);
	RUN(a_broken_node_ends_it);
	return test_end();
}
