/* Manifests made: the nodes and roots of bee for the same entries. */
#include "swarm/mantaray_write.h"

#include "core/hex.h"
#include "swarm/split.h"
#include "test.h"

#define ENTRIES_MAX 256

static uint8_t memory[1 << 20], node[MANTARAY_NODE_BYTES_MAX], expected[MANTARAY_NODE_BYTES_MAX];
static struct split split;
static struct why why;

static struct reference reference_of(const char *text)
{
	struct reference r = {.encrypted = false};
	CHECK(reference_parse(bytes_text(text), &r) == OK);
	return r;
}

/* Where a file without redundancy is. */
static struct reference file_of(struct bytes in)
{
	struct reference r = {.encrypted = false};
	struct split_chunk chunk;
	split_init(&split, &(struct split_how){.kind = KECCAK_SCALAR}, NULL);
	while (in.n > 0) {
		size_t used = 0;
		CHECK(split_take(&split, in, &used) == OK);
		in = bytes_skip(in, used);
		while (split_chunk(&split, &chunk))
			continue;
	}
	split_end(&split);
	while (split_chunk(&split, &chunk))
		continue;
	split_reference(&split, &r);
	return r;
}

/* The node of a vector that has these bytes: how it was stored is no matter here. */
static struct reference stored_as(const cJSON *nodes, struct bytes made)
{
	const cJSON *n;
	cJSON_ArrayForEach(n, nodes)
	{
		const size_t size = strlen(n->valuestring) / 2;
		CHECK(size <= sizeof expected && hex_decode(bytes_text(n->valuestring), expected, size) == OK);
		if (bytes_equal(bytes_of(expected, size), made))
			return reference_of(n->string);
	}
	CHECK(!"bee has made no such node");
	return (struct reference){.encrypted = false};
}

static int add(struct mantaray_write *w, const cJSON *entry)
{
	struct mantaray_pair pairs[16];
	size_t n = 0;
	const cJSON *m;
	struct reference r;
	const char *text = test_text(entry, "ref"), *path_hex = test_text(entry, "path_hex");
	uint8_t path[MANTARAY_PATH_MAX];
	struct bytes p = bytes_text(test_text(entry, "path"));
	if (path_hex[0] != 0) {
		CHECK(hex_decode(bytes_text(path_hex), path, strlen(path_hex) / 2) == OK);
		p = bytes_of(path, strlen(path_hex) / 2);
	}
	cJSON_ArrayForEach(m, cJSON_GetObjectItem(entry, "metadata")) pairs[n++] =
		(struct mantaray_pair){bytes_text(m->string), bytes_text(m->valuestring)};
	if (text[0] != 0)
		r = reference_of(text);
	return mantaray_write_add(w, p, text[0] == 0 ? NULL : &r, pairs, n, &why);
}

/* Gives all nodes out and answers with where the vector has them (nodes NULL: with where they are as
 * plain files); the last is the root. */
static struct reference finish(struct mantaray_write *w, const cJSON *nodes, unsigned *nodes_n)
{
	struct reference r = {.encrypted = false};
	size_t size, n;
	*nodes_n = 0;
	while (mantaray_write_wants(w, &size)) {
		CHECK(size > 0 && size <= sizeof node);
		CHECK(mantaray_write_node(w, NULL, node, size - 1, &n) == ERR_NO_SPACE);
		if (!CHECK(mantaray_write_node(w, NULL, node, size, &n) == OK) || !CHECK(n == size))
			break;
		r = nodes == NULL ? file_of(bytes_of(node, n)) : stored_as(nodes, bytes_of(node, n));
		CHECK(mantaray_write_stored(w, &r) == OK);
		++*nodes_n;
	}
	return r;
}

static void check_root(const struct reference *got, const char *wanted)
{
	char text[REFERENCE_TEXT_BYTES];
	reference_text(got, text);
	CHECK(strcmp(text, wanted) == 0);
}

TEST(every_manifest_of_bee_is_made_anew)
{
	cJSON *json = test_vectors("swarm-mantaray.json");
	const cJSON *v, *e;
	unsigned made = 0, n = 0;
	cJSON_ArrayForEach(v, cJSON_GetObjectItem(json, "manifests"))
	{
		const cJSON *nodes = cJSON_GetObjectItem(v, "nodes");
		struct arena arena = arena_of(memory, sizeof memory);
		struct mantaray_write w;
		CHECK(mantaray_write_init(&w, &arena) == OK);
		cJSON_ArrayForEach(e, cJSON_GetObjectItem(v, "entries_in_order")) CHECK(add(&w, e) == OK);
		const struct reference root = finish(&w, nodes, &n);
		check_root(&root, test_text(v, "root"));
		CHECK(n >= (unsigned)cJSON_GetArraySize(nodes)); /* the same leaf may be wanted twice */
		made++;
	}
	CHECK(made == 16);
	cJSON_Delete(json);
}

/* n numbers in an order that only the seed knows. */
static void shuffle(unsigned *order, unsigned n, uint32_t seed)
{
	for (unsigned i = 0; i < n; i++)
		order[i] = i;
	for (unsigned i = n; i > 1; i--) {
		seed = seed * 1664525U + 1013904223U;
		const unsigned k = (seed >> 8) % i, held = order[i - 1];
		order[i - 1] = order[k];
		order[k] = held;
	}
}

TEST(the_order_of_entries_is_no_matter)
{
	cJSON *json = test_vectors("swarm-mantaray.json");
	const char *fat = test_text(cJSON_GetObjectItem(json, "fat_root"), "root");
	for (uint32_t seed = 0; seed < 20; seed++) {
		struct arena arena = arena_of(memory, sizeof memory);
		struct mantaray_write w;
		unsigned order[200], nodes_n = 0;
		shuffle(order, 200, seed);
		CHECK(mantaray_write_init(&w, &arena) == OK);
		for (unsigned i = 0; i < 200; i++) {
			char path[32];
			const unsigned byte = order[i] + 1;
			struct reference r = {.encrypted = false, .address[0] = (uint8_t)byte};
			if (byte == '/')
				continue;
			(void)snprintf(path, sizeof path, "%c-content-file", (int)byte);
			CHECK(mantaray_write_add(&w, bytes_text(path), &r, NULL, 0, &why) == OK);
		}
		const struct reference root = finish(&w, NULL, &nodes_n);
		check_root(&root, fat);
		CHECK(nodes_n == 200);
	}
	/* and where paths are split and chained */
	const cJSON *v = NULL, *m;
	cJSON_ArrayForEach(m, cJSON_GetObjectItem(json, "manifests")) if (strstr(test_text(m, "name"), "three files"))
		v = m;
	const cJSON *entries = cJSON_GetObjectItem(v, "entries_in_order");
	for (uint32_t seed = 0; seed < 20; seed++) {
		struct arena arena = arena_of(memory, sizeof memory);
		struct mantaray_write w;
		unsigned order[3], nodes_n;
		shuffle(order, 3, seed);
		CHECK(mantaray_write_init(&w, &arena) == OK);
		for (unsigned i = 0; i < 3; i++)
			CHECK(add(&w, cJSON_GetArrayItem(entries, (int)order[i])) == OK);
		const struct reference root = finish(&w, cJSON_GetObjectItem(v, "nodes"), &nodes_n);
		check_root(&root, test_text(v, "root"));
	}
	cJSON_Delete(json);
}

/* Entries by the hundred with splits, chains, replacements and all that JSON escapes, made by bee. */
TEST(random_manifests_of_bee)
{
	cJSON *json = test_vectors("swarm-mantaray-write.json");
	const cJSON *v, *e;
	unsigned made = 0, n = 0;
	cJSON_ArrayForEach(v, json)
	{
		struct arena arena = arena_of(memory, sizeof memory);
		struct mantaray_write w;
		CHECK(mantaray_write_init(&w, &arena) == OK);
		cJSON_ArrayForEach(e, cJSON_GetObjectItem(v, "entries")) CHECK(add(&w, e) == OK);
		const struct reference root = finish(&w, NULL, &n);
		check_root(&root, test_text(v, "root"));
		made++;
	}
	CHECK(made >= 20);
	cJSON_Delete(json);
}

/* What was made is found again, hidden by keys, with references to encrypted content. */
TEST(encrypted_manifests_are_read_back)
{
	static struct mantaray_walk walk;
	static uint8_t kept[64][4096];
	size_t sizes[64], size, n = 0;
	struct arena arena = arena_of(memory, sizeof memory);
	struct mantaray_write w;
	struct reference r = {.encrypted = true}, plain = {.encrypted = false}, next;
	static const char *const paths[] = {"a", "ab", "abc/d", "b/a-name-that-is-longer-than-thirty-bytes/x"};
	const struct mantaray_pair type = {BYTES_LITERAL("Content-Type"), BYTES_LITERAL("text/plain")};
	CHECK(mantaray_write_init(&w, &arena) == OK);
	for (unsigned i = 0; i < 4; i++) {
		memset(r.address, (int)i + 1, 32);
		memset(r.key, (int)i + 101, 32);
		CHECK(mantaray_write_add(&w, bytes_text(paths[i]), &r, &type, 1, &why) == OK);
	}
	CHECK(mantaray_write_add(&w, bytes_text("plain"), &plain, NULL, 0, &why) == ERR_VALUE);
	while (mantaray_write_wants(&w, &size)) {
		uint8_t key[MANTARAY_KEY_BYTES];
		memset(key, (int)(n + 1) * 7, sizeof key);
		CHECK(n < 64 && mantaray_write_node(&w, key, kept[n], sizeof kept[n], &sizes[n]) == OK);
		CHECK(memcmp(kept[n] + 32, mantaray_versions[1], 31) != 0);
		r.address[0] = (uint8_t)n; /* this is how they are found again */
		CHECK(w.stage == w.root || mantaray_write_stored(&w, &plain) == ERR_VALUE);
		CHECK(mantaray_write_stored(&w, &r) == OK);
		n++;
	}
	for (unsigned i = 0; i < 4; i++) {
		CHECK(mantaray_walk_init(&walk, &r, bytes_text(paths[i])) == OK);
		while (mantaray_walk_wants(&walk, &next)) {
			const size_t k = next.address[0];
			memcpy(node, kept[k], sizes[k]);
			if (!CHECK(next.encrypted) || !CHECK(mantaray_walk_node(&walk, node, sizes[k], NULL) == OK))
				return;
		}
		CHECK(walk.found && walk.entry.address[5] == i + 1 && walk.entry.key[31] == i + 101);
		CHECK(bytes_is(bytes_of(walk.metadata, walk.metadata_n), "{\"Content-Type\":\"text/plain\"}"));
	}
}

TEST(what_is_refused_changes_nothing)
{
	static uint8_t path[MANTARAY_PATH_MAX + 1], text[MANTARAY_METADATA_MAX];
	static struct mantaray_pair many[MANTARAY_PAIRS_MAX + 1];
	static uint8_t names[MANTARAY_PAIRS_MAX + 1];
	const struct reference r = {.address[0] = 1};
	struct arena arena = arena_of(memory, sizeof memory);
	struct mantaray_write w;
	unsigned n;
	memset(path, 'p', sizeof path);
	memset(text, 't', sizeof text);
	for (unsigned i = 0; i <= MANTARAY_PAIRS_MAX; i++) {
		names[i] = (uint8_t)('0' + i);
		many[i].name = bytes_of(names + i, 1);
	}
	struct mantaray_pair pairs[2] = {{BYTES_LITERAL("a"), BYTES_LITERAL("b")}, {BYTES_LITERAL("a"), BYTES_NONE}};
	CHECK(mantaray_write_init(&w, &arena) == OK);
	CHECK(mantaray_write_add(&w, BYTES_LITERAL("index.html"), &(struct reference){.address[0] = 7}, NULL, 0,
				 &why) == OK);
	const size_t used = arena.n;
	CHECK(mantaray_write_add(&w, BYTES_NONE, &r, NULL, 0, &why) == ERR_VALUE);
	CHECK(mantaray_write_add(&w, bytes_of(path, sizeof path), &r, NULL, 0, &why) == ERR_LIMIT);
	CHECK(mantaray_write_add(&w, BYTES_LITERAL("x"), &r, pairs, 2, &why) == ERR_DUPLICATE);
	pairs[0].value = BYTES_LITERAL("\xff");
	CHECK(mantaray_write_add(&w, BYTES_LITERAL("x"), &r, pairs, 1, &why) == ERR_UTF8);
	pairs[0].value = bytes_of(text, sizeof text);
	CHECK(mantaray_write_add(&w, BYTES_LITERAL("x"), &r, pairs, 1, &why) == ERR_LIMIT);
	CHECK(mantaray_write_add(&w, BYTES_LITERAL("x"), &r, many, MANTARAY_PAIRS_MAX + 1, &why) == ERR_LIMIT);
	CHECK(arena.n == used);
	const struct reference root = finish(&w, NULL, &n);
	check_root(&root, "135e08fe3256ffb32a2abeadc66d335568372ee4ebed35cdf9b40fdcbb31263a");
}

/* What the header promises of the arena holds, and a full one loses nothing. */
TEST(memory_has_an_end)
{
	const struct reference r = {.address[0] = 1};
	for (size_t room = 0; room < 40 * MANTARAY_WRITE_ENTRY_BYTES; room += 97) {
		struct arena arena = arena_of(memory + 3, room);
		struct mantaray_write w;
		unsigned added = 0, nodes_n = 0;
		if (mantaray_write_init(&w, &arena) != OK) {
			CHECK(room < MANTARAY_WRITE_ENTRY_BYTES);
			continue;
		}
		for (;;) {
			char path[32];
			(void)snprintf(path, sizeof path, "%08x%u", added * 2654435761U, added);
			int err = mantaray_write_add(&w, bytes_text(path), &r, NULL, 0, &why);
			if (err != OK) {
				CHECK(err == ERR_NO_SPACE);
				break;
			}
			added++;
		}
		CHECK(added + 2 >= room / MANTARAY_WRITE_ENTRY_BYTES);
		(void)finish(&w, NULL, &nodes_n);
		CHECK(nodes_n >= added + 1 && nodes_n <= 2 * added + 1);
	}
}

/* 200 forks with metadata are a node that can be opened again; too much is refused. */
TEST(large_nodes)
{
	static uint8_t big[4 << 20], text[MANTARAY_METADATA_MAX - 8];
	const struct reference r = {.address[0] = 1};
	memset(text, 't', sizeof text);
	for (unsigned forks = 200; forks <= 256; forks += 56) {
		struct arena arena = arena_of(big, sizeof big);
		struct mantaray_write w;
		struct mantaray m;
		size_t size, n = 0;
		const struct mantaray_pair pair = {BYTES_LITERAL("a"), bytes_of(text, sizeof text)};
		CHECK(mantaray_write_init(&w, &arena) == OK);
		for (unsigned i = 0; i < forks; i++) {
			const uint8_t byte = (uint8_t)i;
			CHECK(mantaray_write_add(&w, bytes_of(&byte, 1), &r, &pair, 1, &why) == OK);
		}
		while (mantaray_write_wants(&w, &size) && size <= MANTARAY_NODE_BYTES_MAX) {
			CHECK(mantaray_write_node(&w, NULL, node, sizeof node, &n) == OK);
			CHECK(mantaray_write_stored(&w, &r) == OK);
		}
		if (forks == 200)
			CHECK(mantaray_open(node, n, &m, NULL) == OK && m.forks_n == 200);
		else
			CHECK(mantaray_write_node(&w, NULL, node, sizeof node, &n) == ERR_LIMIT);
	}
}

int main(void)
{
	RUN(every_manifest_of_bee_is_made_anew);
	RUN(the_order_of_entries_is_no_matter);
	RUN(random_manifests_of_bee);
	RUN(encrypted_manifests_are_read_back);
	RUN(what_is_refused_changes_nothing);
	RUN(memory_has_an_end);
	RUN(large_nodes);
	return test_end();
}
