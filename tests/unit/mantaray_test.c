/* Manifests that bee made: every node, every path, every cut and every bit. */
#include "swarm/mantaray.h"

#include "core/hex.h"
#include "swarm/bzz_path.h"
#include "swarm/mantaray_write.h"
#include "test.h"

static uint8_t node[1 << 17], copy[1 << 17];
static struct mantaray_walk walk;
static struct bzz_path bzz;

static size_t decode(const char *text, uint8_t *out)
{
	const size_t n = strlen(text) / 2;
	CHECK(n <= sizeof node && hex_decode(bytes_text(text), out, n) == OK);
	return n;
}

/* The node's bytes from a vector's table, in node[]; 0: not there. */
static size_t load(const cJSON *nodes, const struct reference *r)
{
	char text[REFERENCE_TEXT_BYTES];
	reference_text(r, text);
	const char *hex = test_text(nodes, text);
	return decode(hex, node);
}

static bool walk_to(const cJSON *nodes, const struct reference *root, const char *path)
{
	struct reference next;
	CHECK(mantaray_walk_init(&walk, root, bytes_text(path)) == OK);
	while (mantaray_walk_wants(&walk, &next)) {
		const size_t n = load(nodes, &next);
		if (!CHECK(n > 0) || !CHECK(mantaray_walk_node(&walk, node, n, NULL) == OK))
			return false;
	}
	return walk.found;
}

static struct reference reference_of(const char *text)
{
	struct reference r = {.encrypted = false};
	if (text[0] != 0)
		CHECK(reference_parse(bytes_text(text), &r) == OK);
	return r;
}

static void check_metadata(const cJSON *entry)
{
	const cJSON *m;
	uint8_t value[4096];
	const struct bytes metadata = bytes_of(walk.metadata, walk.metadata_n);
	cJSON_ArrayForEach(m, cJSON_GetObjectItem(entry, "metadata"))
	{
		struct writer w = writer_of(value, sizeof value);
		CHECK(mantaray_metadata(metadata, m->string, &w) == OK);
		CHECK(bytes_is(writer_view(&w), m->valuestring));
	}
	struct writer w = writer_of(value, sizeof value);
	CHECK(mantaray_metadata(metadata, "no such name", &w) == ERR_NOT_FOUND);
}

TEST(every_path_of_every_manifest_is_found)
{
	cJSON *json = test_vectors("swarm-mantaray.json");
	const cJSON *v, *e;
	unsigned n = 0;
	cJSON_ArrayForEach(v, cJSON_GetObjectItem(json, "manifests"))
	{
		const cJSON *nodes = cJSON_GetObjectItem(v, "nodes");
		const struct reference root = reference_of(test_text(v, "root"));
		cJSON_ArrayForEach(e, cJSON_GetObjectItem(v, "entries_in_order"))
		{
			const struct reference wanted = reference_of(test_text(e, "ref"));
			char other[200];
			CHECK(walk_to(nodes, &root, test_text(e, "path")));
			CHECK(memcmp(&walk.entry, &wanted, sizeof wanted) == 0);
			check_metadata(e);
			(void)snprintf(other, sizeof other, "%s-", test_text(e, "path"));
			CHECK(!walk_to(nodes, &root, other));
			other[strlen(other) - 2] = 0;
			CHECK(!walk_to(nodes, &root, other) || strcmp(other, "/") == 0);
			n++;
		}
		CHECK(!walk_to(nodes, &root, "") && walk.is_prefix);
	}
	CHECK(n > 25);
	cJSON_Delete(json);
}

TEST(fixtures_of_both_versions)
{
	cJSON *json = test_vectors("swarm-mantaray.json");
	static const char *const names[] = {"marshal_fixture_v01", "marshal_fixture_v02"};
	for (unsigned i = 0; i < 2; i++) {
		const cJSON *v = cJSON_GetObjectItem(json, names[i]);
		struct mantaray m;
		struct mantaray_fork fork;
		unsigned forks = 0;
		const size_t n = decode(test_text(v, "hex"), node);
		CHECK(mantaray_open(node, n, &m, NULL) == OK);
		CHECK(m.version == i + 1 && m.reference_bytes == 32 && m.forks_n == 5);
		/* the references count from 0 */
		struct mantaray_cursor c = mantaray_forks(&m);
		while (mantaray_next(&m, &c, &fork)) {
			const uint8_t counted[REFERENCE_BYTES] = {[REFERENCE_BYTES - 1] = (uint8_t)forks++};
			CHECK(memcmp(fork.node.address, counted, sizeof counted) == 0);
		}
		CHECK(forks == 5);
		CHECK(mantaray_fork(&m, 'a', &fork) && bytes_is(fork.prefix, "aaaaa"));
		CHECK(mantaray_fork(&m, 'e', &fork) && bytes_is(fork.prefix, "ee") && fork.metadata.n == 0);
		CHECK(mantaray_fork(&m, '/', &fork) && bytes_is(fork.prefix, "/") && (fork.metadata.n > 0) == (i == 1));
		CHECK(!mantaray_fork(&m, 'b', &fork));
	}
	cJSON_Delete(json);
}

TEST(malformed_nodes_are_refused)
{
	cJSON *json = test_vectors("swarm-mantaray.json");
	struct mantaray m;
	const cJSON *v;
	unsigned n = 0;
	cJSON_ArrayForEach(v, cJSON_GetObjectItem(json, "invalid_nodes"))
	{
		const size_t size = decode(test_text(v, "hex"), node);
		struct why why = {.err = OK};
		CHECK(mantaray_open(node, size, &m, &why) != OK && why.what != NULL);
		n++;
	}
	CHECK(n == 3);
	const size_t size = decode(test_text(cJSON_GetObjectItem(json, "valid_node"), "hex"), copy);
	memcpy(node, copy, size);
	CHECK(mantaray_open(node, size, &m, NULL) == OK);
	size_t end = size - m.forks.n; /* of the last fork */
	struct mantaray_fork fork;
	struct mantaray_cursor c = mantaray_forks(&m);
	while (mantaray_next(&m, &c, &fork))
		end = size - c.left.left.n;
	for (size_t cut = 0; cut < size; cut++) {
		memcpy(node, copy, size);
		CHECK((mantaray_open(node, cut, &m, NULL) == OK) == (cut >= end));
	}
	cJSON_Delete(json);
}

/* A change is refused, or leads to what can be walked without harm: only references, the entry, types
 * and names are anybody's to choose. */
TEST(every_flipped_bit_is_refused_or_harmless)
{
	cJSON *json = test_vectors("swarm-mantaray.json");
	struct mantaray m;
	struct mantaray_fork fork;
	const size_t size = decode(test_text(cJSON_GetObjectItem(json, "marshal_fixture_v02"), "hex"), copy);
	unsigned taken = 0;
	for (size_t i = 0; i < 8 * size; i++) {
		memcpy(node, copy, size);
		node[i / 8] ^= (uint8_t)(1U << i % 8);
		if (mantaray_open(node, size, &m, NULL) != OK)
			continue;
		taken++;
		unsigned forks = 0;
		struct mantaray_cursor c = mantaray_forks(&m);
		while (mantaray_next(&m, &c, &fork)) {
			CHECK(fork.prefix.n >= 1 && fork.prefix.n <= MANTARAY_PREFIX_MAX);
			CHECK(fork.metadata.n <= MANTARAY_METADATA_MAX);
			forks++;
		}
		CHECK(forks == m.forks_n);
		CHECK(i / 8 >= 63); /* key and version are never to be changed */
	}
	CHECK(taken >= 6 * 32 * 8U && taken < 8 * size); /* six references are anybody's */
	cJSON_Delete(json);
}

/* Built by hand: what bee takes or dies of, and what we refuse. */
TEST(lies_of_a_node)
{
	cJSON *json = test_vectors("swarm-mantaray.json");
	struct mantaray m;
	const size_t size = decode(test_text(cJSON_GetObjectItem(json, "valid_node"), "hex"), copy);
	static const struct {
		size_t at;
		uint8_t value;
		int err;
	} lies[] = {
		{63, 31, ERR_VALUE},          /* references of 31 bytes */
		{32, 0, ERR_VERSION},         /* another magic */
		{128 + 1, 0, ERR_TRUNCATED},  /* a prefix of nothing */
		{128 + 1, 31, ERR_TRUNCATED}, /* longer than there is room for */
		{128 + 2, 'z', ERR_VALUE},    /* not the byte of the index */
	};
	for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
		memcpy(node, copy, size);
		node[lies[i].at] = lies[i].value;
		CHECK(mantaray_open(node, size, &m, NULL) == lies[i].err);
	}
	memcpy(node, copy, size); /* without references, the index stands where the entry was: no forks */
	node[63] = 0;
	CHECK(mantaray_open(node, size, &m, NULL) == OK && m.forks_n == 0);
	memcpy(node, copy, size);
	node[63] = 0;
	node[64] = 1;
	CHECK(mantaray_open(node, size, &m, NULL) == ERR_VALUE);
	memcpy(node, copy, size);
	memset(node + 96, 0xff, 32); /* 256 forks, of which most are not there */
	CHECK(mantaray_open(node, size, &m, NULL) != OK);
	CHECK(mantaray_open(node, MANTARAY_NODE_BYTES_MAX + 1, &m, NULL) == ERR_LIMIT);
	cJSON_Delete(json);
}

TEST(metadata_is_strict)
{
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		{"{\"a\":\"b\"}", OK},       {"{\"a\":1}", ERR_TYPE},
		{"[\"a\"]", ERR_TYPE},       {"{\"a\":\"b\"", ERR_TRUNCATED},
		{"{\"a\":{}}", ERR_TYPE},    {"{\"a\":null}", ERR_TYPE},
		{"{\"a\":\"b\"}\n\n\n", OK}, {"{\"a\":\"1\",\"a\":\"2\"}", ERR_DUPLICATE},
		{"{} x", ERR_TRAILING},
	};
	cJSON *json = test_vectors("swarm-mantaray.json");
	CHECK(decode(test_text(cJSON_GetObjectItem(json, "valid_node"), "hex"), copy) > 64);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct mantaray m;
		struct writer w = writer_of(node, sizeof node);
		write_bytes(&w, bytes_of(copy, 64)); /* key, version, length */
		for (unsigned k = 0; k < 64; k++)    /* entry, index: 'a' */
			write_u8(&w, k == 32 + 'a' / 8 ? 1U << 'a' % 8 : 0);
		write_u8(&w, MANTARAY_VALUE | MANTARAY_METADATA);
		write_u8(&w, 1);
		write_u8(&w, 'a');
		for (unsigned k = 0; k < 29 + 32; k++)
			write_u8(&w, 0);
		write_be16(&w, (uint16_t)strlen(cases[i].text));
		write_text(&w, cases[i].text);
		int err = mantaray_open(node, w.n, &m, NULL);
		CHECK(err == cases[i].err);
	}
	cJSON_Delete(json);
}

static enum bzz_outcome look_up(const cJSON *nodes, const struct reference *root, const char *path)
{
	struct reference next;
	CHECK(bzz_path_init(&bzz, root, bytes_text(path), true) == OK);
	while (bzz_path_wants(&bzz, &next)) {
		const size_t n = load(nodes, &next);
		if (!CHECK(n > 0) || !CHECK(bzz_path_node(&bzz, node, n, NULL) == OK))
			break;
	}
	return bzz.outcome;
}

static const cJSON *manifest_named(const cJSON *json, const char *name)
{
	const cJSON *v;
	cJSON_ArrayForEach(v, cJSON_GetObjectItem(json, "manifests")) if (strstr(test_text(v, "name"), name) !=
									  NULL) return v;
	CHECK(false);
	return NULL;
}

TEST(paths_are_resolved_in_bees_order)
{
	cJSON *json = test_vectors("swarm-mantaray.json");
	const cJSON *v = manifest_named(json, "explicit index and error"), *nodes = cJSON_GetObjectItem(v, "nodes");
	struct reference root = reference_of(test_text(v, "root"));
	const struct reference index = reference_of("b5d31db0a992ae1513f2a08b8c35ecef98d0bdd4a1a0ee2810ef465fc8777e6e");
	const struct reference error = reference_of("d7f66c79dfc685705fb3661d51902046399838afac15727b8a22c5b5c7c2fd29");
	CHECK(look_up(nodes, &root, "") == BZZ_FILE && memcmp(&bzz.walk.entry, &index, sizeof index) == 0);
	CHECK(look_up(nodes, &root, "index.html") == BZZ_FILE && !bzz.is_error);
	CHECK(look_up(nodes, &root, "error.html") == BZZ_FILE && !bzz.is_error);
	CHECK(look_up(nodes, &root, "nowhere") == BZZ_FILE && bzz.is_error);
	CHECK(memcmp(&bzz.walk.entry, &error, sizeof error) == 0);
	CHECK(look_up(nodes, &root, "/nowhere") == BZZ_FILE && bzz.is_error);

	v = manifest_named(json, "nested index filename");
	nodes = cJSON_GetObjectItem(v, "nodes");
	root = reference_of(test_text(v, "root"));
	CHECK(look_up(nodes, &root, "dir") == BZZ_REDIRECT);
	CHECK(look_up(nodes, &root, "dir/") == BZZ_FILE && !bzz.is_error);
	CHECK(look_up(nodes, &root, "dir//") == BZZ_FILE);
	CHECK(look_up(nodes, &root, "di") == BZZ_NOT_FOUND);

	v = manifest_named(json, "feed_test");
	nodes = cJSON_GetObjectItem(v, "nodes");
	root = reference_of(test_text(v, "root"));
	const uint8_t topic[3] = {0xaa, 0xbb, 0xcc};
	CHECK(look_up(nodes, &root, "x") == BZZ_FEED && bzz.topic_n == 3 && memcmp(bzz.topic, topic, 3) == 0);
	CHECK(bzz.owner[0] == 0x8d && bzz.owner[19] == 0x32);
	cJSON_Delete(json);
}

TEST(paths_have_a_limit)
{
	static uint8_t path[MANTARAY_PATH_MAX + 1];
	const struct reference root = {.encrypted = false};
	memset(path, 'a', sizeof path);
	CHECK(mantaray_walk_init(&walk, &root, bytes_of(path, sizeof path)) == ERR_LIMIT);
	CHECK(bzz_path_init(&bzz, &root, bytes_of(path, sizeof path), true) == ERR_LIMIT);
	CHECK(bzz_path_init(&bzz, &root, bytes_of(path, sizeof path - 1), true) == OK);
}

/* A node of a hundred kilobytes with a fork for each small letter. */
static size_t make_fat_node(uint8_t *out, size_t room)
{
	static _Alignas(16) uint8_t memory[1 << 19];
	static uint8_t value[4000];
	struct arena arena = arena_of(memory, sizeof memory);
	struct mantaray_write w;
	const struct reference r = {.address[0] = 1};
	memset(value, 'v', sizeof value);
	const struct mantaray_pair pair = {BYTES_LITERAL("k"), bytes_of(value, sizeof value)};
	size_t size, made = 0;
	CHECK(mantaray_write_init(&w, &arena) == OK);
	for (const char *c = "abcdefghijklmnopqrstuvwxyz"; *c != 0; c++)
		CHECK(mantaray_write_add(&w, bytes_of(c, 1), &r, &pair, 1, NULL) == OK);
	while (mantaray_write_wants(&w, &size)) {
		CHECK(mantaray_write_node(&w, NULL, out, room, &made) == OK);
		CHECK(mantaray_write_stored(&w, &r) == OK);
	}
	return made;
}

TEST(nodes_are_known_by_their_heads)
{
	static uint8_t fat[1 << 17];
	const size_t size = make_fat_node(fat, sizeof fat);
	CHECK(mantaray_is_node(bytes_of(fat, size)) && mantaray_is_node(bytes_of(fat, MANTARAY_HEAD_BYTES)));
	CHECK(!mantaray_is_node(bytes_of(fat, MANTARAY_HEAD_BYTES - 1)) && !mantaray_is_node(BYTES_NONE));
	for (size_t i = 0; i < MANTARAY_KEY_BYTES; i++) /* another key, applied to all */
		fat[i] ^= (uint8_t)(i + 1);
	for (size_t i = MANTARAY_KEY_BYTES; i < MANTARAY_HEAD_BYTES; i++)
		fat[i] ^= (uint8_t)(i - MANTARAY_KEY_BYTES + 1);
	CHECK(mantaray_is_node(bytes_of(fat, size)));
	for (size_t bit = 0; bit < (size_t)8 * MANTARAY_VERSION_BYTES; bit++) {
		fat[MANTARAY_KEY_BYTES + bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(!mantaray_is_node(bytes_of(fat, size)));
		fat[MANTARAY_KEY_BYTES + bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

TEST(a_way_of_fat_nodes_has_an_end)
{
	static uint8_t path[MANTARAY_PATH_MAX], fat[1 << 17];
	const struct reference root = {.encrypted = false};
	const size_t size = make_fat_node(fat, sizeof fat);
	struct reference next;
	struct why why;
	uint64_t seen = 0;
	int err = OK;
	memset(path, 'a', sizeof path);
	CHECK(size > 100000 && size * sizeof path > 16 * (uint64_t)BZZ_PATH_NODES_BYTES_MAX);
	CHECK(bzz_path_init(&bzz, &root, bytes_of(path, sizeof path), true) == OK);
	while (err == OK && CHECK(bzz_path_wants(&bzz, &next))) {
		memcpy(copy, fat, size);
		seen += size;
		err = bzz_path_node(&bzz, copy, size, &why);
	}
	CHECK(err == ERR_LIMIT && seen > BZZ_PATH_NODES_BYTES_MAX && seen - size <= BZZ_PATH_NODES_BYTES_MAX);
}

int main(void)
{
	RUN(every_path_of_every_manifest_is_found);
	RUN(fixtures_of_both_versions);
	RUN(malformed_nodes_are_refused);
	RUN(every_flipped_bit_is_refused_or_harmless);
	RUN(lies_of_a_node);
	RUN(metadata_is_strict);
	RUN(paths_are_resolved_in_bees_order);
	RUN(paths_have_a_limit);
	RUN(nodes_are_known_by_their_heads);
	RUN(a_way_of_fat_nodes_has_an_end);
	return test_end();
}
