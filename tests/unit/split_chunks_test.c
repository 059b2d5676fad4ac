/* Every chunk that the splitter makes: put into a store by address, the file comes back out of it;
 * references and numbers of chunks are bee's, for every level, plain and encrypted. */
#include "core/hex.h"
#include "pattern.h"
#include "swarm/cipher.h"
#include "swarm/split.h"
#include "test.h"

#define STORE_CHUNKS (1U << 15)

struct kept {
	uint8_t address[REFERENCE_BYTES], bytes[CHUNK_BYTES_MAX];
	size_t n; /* 0: a free place */
};

static struct kept *store; /* STORE_CHUNKS */
static size_t kept_n;      /* distinct ones */
static struct split split;
static struct bmt_scratch scratch;
static struct erasure erasure;
static uint8_t memory[4U << 20];

static struct kept *place_of(const uint8_t *address)
{
	size_t i = load_le64(address) % STORE_CHUNKS;
	while (store[i].n != 0 && memcmp(store[i].address, address, REFERENCE_BYTES) != 0)
		i = (i + 1) % STORE_CHUNKS;
	return &store[i];
}

static void store_clear(void)
{
	if (store == NULL)
		store = calloc(STORE_CHUNKS, sizeof *store);
	for (size_t i = 0; i < STORE_CHUNKS; i++)
		store[i].n = 0;
	kept_n = 0;
}

/* The chunk is its address's, and stands in the store afterwards. */
static void keep(const struct split_chunk *chunk)
{
	struct kept *k = place_of(chunk->address);
	uint8_t found[REFERENCE_BYTES];
	bmt_address(keccak_widest(), load_le64(chunk->span), chunk->payload, found, &scratch);
	CHECK(memcmp(found, chunk->address, sizeof found) == 0);
	kept_n += k->n == 0;
	memcpy(k->address, chunk->address, REFERENCE_BYTES);
	memcpy(k->bytes, chunk->span, CHUNK_SPAN_BYTES);
	if (chunk->payload.n > 0)
		memcpy(k->bytes + CHUNK_SPAN_BYTES, chunk->payload.p, chunk->payload.n);
	memset(k->bytes + CHUNK_SPAN_BYTES + chunk->payload.n, 0, CHUNK_PAYLOAD_MAX - chunk->payload.n);
	k->n = CHUNK_SPAN_BYTES + chunk->payload.n;
}

/* The vectors' keys: of the n-th chunk keccak256("key" || LE64(n)), and zeros behind it. */
static void key_of_vectors(void *context, const uint8_t span[static CHUNK_SPAN_BYTES], struct bytes payload,
			   uint8_t key[static REFERENCE_KEY_BYTES], uint8_t *padding, size_t padding_n)
{
	uint64_t *n = context;
	uint8_t seed[11] = "key";
	(void)span, (void)payload;
	store_le64(seed + 3, (*n)++);
	keccak256_of(bytes_of(seed, sizeof seed), key);
	memset(padding, 0, padding_n);
}

/* Splits data in cuts; with all, its chunks are in the store afterwards, the last one the root. */
static void split_data(struct bytes data, size_t cut, unsigned level, bool encrypted, bool all,
		       struct reference *reference)
{
	uint64_t key_n = 0;
	struct split_how how = {.kind = keccak_widest(), .erasure = erasure_fastest(), .level = level, .all = all};
	struct split_chunk chunk;
	uint8_t last[REFERENCE_BYTES] = {0};
	if (encrypted)
		how.keys = (struct split_keys){key_of_vectors, &key_n};
	CHECK(split_memory_bytes(level, encrypted) <= sizeof memory);
	split_init(&split, &how, memory);
	store_clear();
	for (bool ended = false; !ended;) {
		size_t used = 0;
		ended = data.n == 0;
		if (ended)
			split_end(&split);
		else
			CHECK(split_take(&split, bytes_of(data.p, data.n < cut ? data.n : cut), &used) == OK);
		while (split_chunk(&split, &chunk)) {
			CHECK(all || chunk.kind == SPLIT_INTERMEDIATE);
			if (all)
				keep(&chunk);
			memcpy(last, chunk.address, sizeof last);
		}
		data = bytes_skip(data, used);
	}
	split_reference(&split, reference);
	CHECK(reference->encrypted == encrypted);
	CHECK(!all || memcmp(last, reference->address, sizeof last) == 0);
}

/* A chunk in the clear: its span, and its payload in out. */
static bool opened(const struct reference *r, struct redundancy_span *span, uint8_t *out)
{
	const struct kept *k = place_of(r->address);
	struct cipher_opened o;
	if (k->n == 0)
		return false;
	if (!r->encrypted) {
		memcpy(out, k->bytes + CHUNK_SPAN_BYTES, CHUNK_PAYLOAD_MAX);
		return redundancy_span_read(k->bytes, span) == OK;
	}
	if (cipher_open(r->key, keccak_widest(), bytes_of(k->bytes, k->n), out, &o) != OK)
		return false;
	*span = o.span;
	return true;
}

/* Of an intermediate chunk: any of its children, with as many others lost as can be, comes back. */
static void check_parities(const uint8_t *payload, const struct redundancy_shape *shape, size_t reference_bytes)
{
	static uint8_t found[CHUNK_BYTES_MAX];
	const unsigned n = shape->children_n, m = shape->parities_n;
	for (unsigned first = 0; first < n; first += 7) {
		const uint8_t *have[ERASURE_SHARDS_MAX] = {NULL}, *lost = NULL;
		uint8_t *want[ERASURE_SHARDS_MAX] = {NULL};
		for (unsigned i = 0; i < n + m; i++) {
			const size_t at = i < n ? i * reference_bytes : n * reference_bytes + (i - n) * REFERENCE_BYTES;
			const struct kept *k = place_of(payload + at);
			CHECK(k->n > 0 && (i < n || k->n == CHUNK_BYTES_MAX));
			if (i == first)
				lost = k->bytes;
			have[i] = i >= first && i < first + m ? NULL : k->bytes;
		}
		want[first] = found;
		CHECK(erasure_recover(&erasure, n, m, have, want) == OK);
		CHECK(lost != NULL && memcmp(found, lost, sizeof found) == 0);
	}
}

/* Whether the tree below r is data, of the level; depth bounds what a wrong tree can do. */
static bool joins(const struct reference *r, struct bytes data, unsigned level, unsigned depth)
{
	struct redundancy_span span;
	struct redundancy_shape shape;
	uint8_t payload[CHUNK_PAYLOAD_MAX];
	if (depth == 0 || !opened(r, &span, payload) || span.size != data.n)
		return false;
	if (data.n <= CHUNK_PAYLOAD_MAX)
		return span.level == 0 && memcmp(payload, data.p, data.n) == 0;
	redundancy_shape(data.n, level, r->encrypted, &shape);
	const size_t bytes = r->encrypted ? REFERENCE_ENCRYPTED_BYTES : REFERENCE_BYTES;
	bool good = span.level == level;
	for (unsigned i = 0; i < shape.children_n; i++) {
		struct reference child;
		const size_t n = (size_t)(i + 1 < shape.children_n ? shape.child_size : shape.last_size);
		CHECK(reference_read(bytes_of(payload + i * bytes, bytes), &child) == OK);
		good = good && joins(&child, bytes_of(data.p, n), level, depth - 1);
		data = bytes_skip(data, n);
	}
	if (level > 0)
		check_parities(payload, &shape, bytes);
	return good;
}

static size_t number(const cJSON *object, const char *name)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(object, name);
	CHECK(n != NULL);
	return n == NULL ? 0 : (size_t)cJSON_GetNumberValue(n);
}

/* What the root chunk looks like; leaves have no number of references in the vectors. */
static void check_root(const cJSON *v, const struct reference *root)
{
	const struct kept *k = place_of(root->address);
	char span[2 * CHUNK_SPAN_BYTES + 1] = "";
	hex_encode(bytes_of(k->bytes, CHUNK_SPAN_BYTES), span);
	CHECK(strcmp(span, test_text(v, "root_span_hex")) == 0);
	CHECK(k->n == CHUNK_SPAN_BYTES + number(v, "root_payload_len"));
}

TEST(redundant_files_of_bee)
{
	cJSON *json = test_vectors("swarm-redundancy.json");
	const cJSON *v;
	unsigned done = 0;
	erasure_init(&erasure, erasure_fastest());
	cJSON_ArrayForEach(v, cJSON_GetObjectItem(json, "cases"))
	{
		const size_t n = number(v, "len");
		const unsigned level = (unsigned)number(v, "level");
		char text[REFERENCE_TEXT_BYTES];
		struct reference root;
		uint8_t *data = pattern(test_text(v, "pattern"), n);
		split_data(bytes_of(data, n), 1U << 20, level, false, true, &root);
		reference_text(&root, text);
		CHECK(strcmp(text, test_text(v, "root")) == 0);
		CHECK(kept_n == number(v, "distinct_chunks"));
		check_root(v, &root);
		CHECK(joins(&root, bytes_of(data, n), level, 8));
		split_data(bytes_of(data, n), n + 1, level, false, false, &root);
		reference_text(&root, text);
		CHECK(strcmp(text, test_text(v, "root")) == 0);
		free(data);
		done++;
	}
	CHECK(done == 57);
	cJSON_Delete(json);
}

TEST(encrypted_files_of_bee)
{
	cJSON *json = test_vectors("swarm-encryption.json");
	const cJSON *v;
	unsigned done = 0;
	erasure_init(&erasure, erasure_fastest());
	cJSON_ArrayForEach(v, cJSON_GetObjectItem(json, "files"))
	{
		const size_t n = number(v, "len");
		const unsigned level = (unsigned)number(v, "level");
		char text[REFERENCE_TEXT_BYTES], span[2 * CHUNK_SPAN_BYTES + 1] = "";
		struct reference root;
		uint8_t *data = pattern(test_text(v, "pattern"), n);
		split_data(bytes_of(data, n), 70001, level, true, true, &root);
		reference_text(&root, text);
		CHECK(strcmp(text, test_text(v, "reference")) == 0);
		CHECK(kept_n == number(v, "chunks"));
		hex_encode(bytes_of(place_of(root.address)->bytes, CHUNK_SPAN_BYTES), span);
		CHECK(strcmp(span, test_text(v, "root_chunk_span_encrypted_hex")) == 0);
		CHECK(joins(&root, bytes_of(data, n), level, 8));
		split_data(bytes_of(data, n), n + 1, level, true, false, &root);
		reference_text(&root, text);
		CHECK(strcmp(text, test_text(v, "reference")) == 0);
		free(data);
		done++;
	}
	CHECK(done == 12);
	cJSON_Delete(json);
}

/* Around the sizes where a chunk is full, of every kind of tree; the same in every cut. */
static void check_boundaries(unsigned level, bool encrypted)
{
	const size_t full = (size_t)redundancy_children_max(level, encrypted) * 4096;
	const size_t sizes[] = {0,        1,           4096,        4097,     full - 1,     full,
				full + 1, full + 4096, full + 4097, 2 * full, 2 * full + 1, 3 * full + 5 * 4096 + 9};
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct reference root, again;
		uint8_t *data = pattern("kstream", sizes[i]);
		split_data(bytes_of(data, sizes[i]), 1U << 18, level, encrypted, true, &root);
		CHECK(joins(&root, bytes_of(data, sizes[i]), level, 8));
		split_data(bytes_of(data, sizes[i]), 4095, level, encrypted, true, &again);
		CHECK(memcmp(&root, &again, sizeof root) == 0);
		CHECK(joins(&again, bytes_of(data, sizes[i]), level, 8));
		free(data);
	}
}

TEST(every_kind_of_tree_joins_again)
{
	erasure_init(&erasure, erasure_fastest());
	for (unsigned level = 0; level <= REDUNDANCY_LEVEL_MAX; level++) {
		check_boundaries(level, false);
		check_boundaries(level, true);
	}
}

/* Two levels full and one carried up two: a tree of 39^2 and 20^2 leaves and one more. */
TEST(a_carried_leaf_takes_part_in_the_parities_where_it_lands)
{
	static const unsigned leaves[] = {39 * 39 + 1, 20 * 20 + 1};
	erasure_init(&erasure, erasure_fastest());
	for (int encrypted = 0; encrypted <= 1; encrypted++) {
		const size_t n = leaves[encrypted] * (size_t)4096;
		struct reference root;
		uint8_t *data = pattern("kstream", n);
		split_data(bytes_of(data, n), 1U << 20, 4, encrypted, true, &root);
		CHECK(joins(&root, bytes_of(data, n), 4, 8));
		free(data);
	}
}

int main(void)
{
	RUN(redundant_files_of_bee);
	RUN(encrypted_files_of_bee);
	RUN(every_kind_of_tree_joins_again);
	RUN(a_carried_leaf_takes_part_in_the_parities_where_it_lands);
	free(store);
	return test_end();
}
