/* Trees that hash right and are none: spans, references, levels and parities that lie. */
#include "join_drive.h"

#include "core/hex.h"

/* A chunk anybody may make, and a read from it as the root. */
static struct tally read_made(uint64_t span, const uint8_t *payload, size_t n)
{
	uint8_t chunk[CHUNK_BYTES_MAX] = {0};
	struct reference root = {.encrypted = false};
	struct join_memory memory = memory_of(10, 1, JOIN_AS_THEY_COME);
	store_le64(chunk, span);
	if (n > 0)
		memcpy(chunk + 8, payload, n);
	memcpy(root.address, store_put(&store, bytes_of(chunk, 8 + n), &tree.scratch)->address, REFERENCE_BYTES);
	join_init(&join, &root, &memory);
	return read_range(&plainly, 0, UINT64_MAX);
}

TEST(spans_that_lie_at_the_root)
{
	static const struct {
		uint64_t span;
		int err;
	} rows[] = {
		{REDUNDANCY_SIZE_MAX + 1, ERR_LIMIT},
		{1ULL << 60, ERR_LIMIT},
		{(1ULL << 61) - 1, ERR_LIMIT},
		{1ULL << 61, ERR_LIMIT},
		{(1ULL << 61) + 1, ERR_LIMIT},
		{1ULL << 63, ERR_LIMIT}, /* the mark with no level */
		{(1ULL << 63) + 4097, ERR_LIMIT},
		{UINT64_MAX, ERR_LIMIT},
		{(0x81ULL << 56) + (1ULL << 55), ERR_LIMIT},
		{(0x85ULL << 56) + 8192, ERR_VERSION},
		{(0xffULL << 56) + 8192, ERR_VERSION},
		{(0x81ULL << 56) + 100, ERR_TREE},  /* a leaf with a level */
		{(0x81ULL << 56) + 8192, ERR_TREE}, /* without parities */
		{4097, ERR_TREE},
		{8192, ERR_TREE},
		{REDUNDANCY_SIZE_MAX, ERR_TREE},
	};
	uint8_t payload[CHUNK_PAYLOAD_MAX] = {0};
	store_clear(&store);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct tally none = read_made(rows[i].span, payload, sizeof payload);
		CHECK(none.err == rows[i].err && none.why.err == (enum err)rows[i].err && none.asks == 1);
		memset(payload, 0x5a, 32); /* one reference, and for the rest zeros */
		const struct tally one = read_made(rows[i].span, payload, 32);
		CHECK(one.err == rows[i].err && one.asks == 1);
		memset(payload, 0, 32);
	}
}

/* Two leaves under a root, whose references or spans are changed before it is hashed again. */
TEST(children_that_do_not_fit)
{
	uint8_t payload[CHUNK_PAYLOAD_MAX] = {0}, child[CHUNK_BYTES_MAX] = {0};
	static const uint64_t spans[] = {4095, 4097, 0, 1ULL << 63, (0x81ULL << 56) + 4096, UINT64_MAX};
	static const int errs[] = {ERR_TREE, ERR_TREE, ERR_TREE, ERR_LIMIT, ERR_TREE, ERR_LIMIT};
	struct reference root;
	struct tally t;
	make(8192, 0, false, &root);
	memcpy(payload, store_get(&store, root.address)->bytes + 8, 64);
	t = read_made(8192, payload, 64);
	CHECK(t.err == OK && t.bytes == 8192);
	t = read_made(8192, payload, 4096); /* zeros behind are no references */
	CHECK(t.err == OK && t.bytes == 8192);
	t = read_made(4097, payload, 64); /* a shorter place than the second leaf's */
	CHECK(t.err == ERR_TREE);
	memset(payload + 64, 0x5a, 32); /* one more than the span has room for */
	t = read_made(8192, payload, 96);
	CHECK(t.err == ERR_TREE && t.asks == 1);
	memset(payload + 64, 0, 32);
	memset(payload + 4095, 1, 1);
	t = read_made(8192, payload, 4096);
	CHECK(t.err == ERR_TREE && t.asks == 1);
	memset(payload + 4095, 0, 1);
	for (size_t i = 0; i < 6; i++) { /* a child whose span is not what its place asks for */
		store_le64(child, spans[i]);
		memcpy(payload + 32, store_put(&store, bytes_of(child, 4104), &tree.scratch)->address, 32);
		t = read_made(8192, payload, 64);
		CHECK(t.err == errs[i] && t.why.at == 4096 && memcmp(t.why.id.p, payload + 32, 32) == 0);
		CHECK(t.bytes <= 4096);
	}
	memset(payload, 0, 32); /* no first reference */
	t = read_made(8192, payload, 64);
	CHECK(t.err == ERR_TREE && t.asks == 1);
}

/* Intermediate chunks of another level than the root's, in a tree that is right but for that. */
TEST(levels_that_change_on_the_way_down)
{
	struct reference root, parts[2];
	struct tally t;
	for (unsigned above = 0; above <= 2; above++) {
		store_clear(&store);
		file_tree_init(&tree, &store, &erasure, above == 2 ? 1 : above + 1, false);
		const uint64_t size = 4096ULL * redundancy_children_max(above, false);
		parts[0] = file_tree_uniform(&tree, size, content);
		parts[1] = file_tree_uniform(&tree, 4096, content);
		file_tree_init(&tree, &store, &erasure, above, false);
		root = file_tree_wrap(&tree, parts, 2, size + 4096);
		struct join_memory memory = memory_of(10, 1, JOIN_IN_ORDER);
		join_init(&join, &root, &memory);
		t = read_range(&plainly, 0, UINT64_MAX);
		CHECK(t.err == ERR_TREE && t.bytes == 0);
	}
}

/* Parities that hash right and are none. */
TEST(parities_that_give_back_something_else)
{
	struct reference root;
	struct tally t;
	uint8_t payload[CHUNK_PAYLOAD_MAX], chunk[CHUNK_BYTES_MAX];
	make(10 * 4096, 1, false, &root);
	const struct stored *r = store_get(&store, root.address);
	const size_t n = r->n - 8;
	memcpy(payload, r->bytes + 8, n);
	const uint64_t span = load_le64(r->bytes);
	for (size_t at = 10 * 32; at < n; at += 32) {
		memset(chunk, (int)at, sizeof chunk);
		memcpy(payload + at, store_put(&store, bytes_of(chunk, sizeof chunk), &tree.scratch)->address, 32);
	}
	t = read_made(span, payload, n);
	CHECK(t.err == OK);
	store.chunks[3].missing = true;
	t = read_made(span, payload, n);
	CHECK(t.err == ERR_TREE && t.why.at == 3 * 4096 && !t.wrong);
}

/* A sibling that recovery asked for, and whose turn comes later: its span is read then, by join_want. */
TEST(a_lie_that_shows_when_more_is_wanted)
{
	static const uint64_t size = 10ULL * 4096;
	struct join_memory memory = memory_of(0, 1, JOIN_IN_ORDER);
	struct reference parts[10];
	struct join_want want = {0};
	struct join_data d;
	struct why why = {.err = OK};
	store_clear(&store);
	file_tree_init(&tree, &store, &erasure, 1, false);
	for (size_t i = 0; i < 10; i++)
		parts[i] = file_tree_uniform(&tree, i == 5 ? 4095 : 4096, content + i);
	const struct reference root = file_tree_wrap(&tree, parts, 10, size);
	store_get(&store, parts[0].address)->missing = true;
	join_init(&join, &root, &memory);
	join_read(&join, 0, UINT64_MAX);
	for (unsigned i = 0; i < 100 && join_error(&join, NULL) == OK; i++) {
		while (join_data(&join, &d))
			CHECK(d.offset < 5 * 4096ULL);
		if (!join_want(&join, &want))
			continue;
		const struct stored *c = store_get(&store, want.address);
		CHECK((c->missing ? join_failed(&join, want.id, ERR_NOT_FOUND, NULL)
				  : join_chunk(&join, want.id, bytes_of(c->bytes, c->n), NULL)) == OK);
	}
	CHECK(join_error(&join, &why) == ERR_TREE && why.at == 5 * 4096ULL && !join_want(&join, &want));
	CHECK(memcmp(why.id.p, parts[5].address, REFERENCE_BYTES) == 0);
}

/* The chunks of a hostile tree, as far as the vectors have them: the rest is zeros, and the hashes are
 * made anew. The roots among them are refused; what is a leaf's span reads as a leaf, byte for byte. */
TEST(hostile_tree_of_bee)
{
	cJSON *json = test_vectors("swarm-malformed_trie.json");
	const cJSON *row;
	uint8_t kept[CHUNK_PAYLOAD_MAX];
	unsigned leaves = 0, refused = 0;
	memcpy(kept, content, sizeof kept);
	store_clear(&store);
	cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(json, "chunks"))
	{
		uint8_t payload[CHUNK_PAYLOAD_MAX] = {0}, span[8] = {0};
		const struct bytes text = bytes_text(test_text(row, "payload_hex"));
		const size_t n = (text.n - strlen("...")) / 2;
		CHECK(n > 64 && hex_decode(bytes_of(text.p, 2 * n), payload, n) == OK);
		CHECK(hex_decode(bytes_text(test_text(row, "span_hex")), span, sizeof span) == OK);
		const uint64_t size = load_le64(span);
		memcpy(content, payload, sizeof payload); /* what is right */
		const struct tally t = read_made(size, payload, sizeof payload);
		if (size <= CHUNK_PAYLOAD_MAX)
			CHECK(t.err == OK && !t.wrong && t.bytes == size);
		else
			CHECK(t.err == ERR_TREE && t.bytes == 0 && t.asks == 1);
		leaves += size <= CHUNK_PAYLOAD_MAX;
		refused += size > CHUNK_PAYLOAD_MAX;
	}
	CHECK(leaves > 0 && refused > 0);
	memcpy(content, kept, sizeof kept);
	cJSON_Delete(json);
}

/* The tree of that vector again, whole: its root is of level 2 over 512 KiB and its first child a leaf. */
TEST(a_leaf_in_the_place_of_a_subtree)
{
	struct reference parts[2];
	struct tally t;
	store_clear(&store);
	file_tree_init(&tree, &store, &erasure, 2, false);
	parts[0] = file_tree_uniform(&tree, 4096, content);
	parts[1] = file_tree_uniform(&tree, 524288 - 107 * 4096, content);
	const struct reference root = file_tree_wrap(&tree, parts, 2, 524288);
	struct join_memory memory = memory_of(10, 1, JOIN_IN_ORDER);
	join_init(&join, &root, &memory);
	t = read_range(&plainly, 0, UINT64_MAX);
	CHECK(t.err == ERR_TREE && t.why.at == 0 && t.bytes == 0 && t.asks <= 3);
}

/* The address of a single-owner chunk has no place in a tree: its owner could change it at will. */
TEST(single_owner_chunks_are_no_parts_of_a_tree)
{
	cJSON *json = test_vectors("swarm-soc.json");
	const cJSON *row;
	unsigned n = 0;
	struct join_memory memory = memory_of(4, 0, JOIN_IN_ORDER);
	cJSON_ArrayForEach(row, json)
	{
		struct reference root;
		struct join_want want = {0};
		uint8_t chunk[CHUNK_STORED_BYTES_MAX];
		const struct bytes text = bytes_text(test_text(row, "chunk_hex"));
		const size_t size = text.n / 2;
		if (!CHECK(size <= sizeof chunk && hex_decode(text, chunk, size) == OK))
			continue;
		if (reference_parse(bytes_text(test_text(row, "address")), &root) != OK)
			continue;
		join_init(&join, &root, &memory);
		CHECK(size > 0 && join_want(&join, &want));
		CHECK(join_chunk(&join, want.id, bytes_of(chunk, size), NULL) == ERR_HASH);
		CHECK(join_want(&join, &want));
		n++;
	}
	CHECK(n > 0);
	cJSON_Delete(json);
}

TEST(a_wrong_key_reads_nothing)
{
	struct reference root;
	struct tally t;
	struct join_memory memory = memory_of(4, 0, JOIN_IN_ORDER);
	make(5 * 4096, 1, true, &root);
	for (unsigned i = 0; i < 64; i++) {
		struct reference wrong = root;
		wrong.key[i % 32] ^= (uint8_t)(1U << i % 8);
		join_init(&join, &wrong, &memory);
		t = read_range(&plainly, 0, UINT64_MAX);
		CHECK((t.err == ERR_LIMIT || t.err == ERR_TREE || t.err == ERR_VERSION) && t.bytes == 0);
	}
}

int main(void)
{
	erasure_init(&erasure, erasure_fastest());
	pattern("kstream", FILE_MAX);
	RUN(spans_that_lie_at_the_root);
	RUN(children_that_do_not_fit);
	RUN(levels_that_change_on_the_way_down);
	RUN(parities_that_give_back_something_else);
	RUN(a_lie_that_shows_when_more_is_wanted);
	RUN(hostile_tree_of_bee);
	RUN(a_leaf_in_the_place_of_a_subtree);
	RUN(single_owner_chunks_are_no_parts_of_a_tree);
	RUN(a_wrong_key_reads_nothing);
	free(store.chunks);
	return test_end();
}
