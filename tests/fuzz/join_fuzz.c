/* Hostile trees: made as a file's tree is, but any chunk may be changed, cut or lengthened before it is
 * hashed and goes into its parent, so that all of it verifies; some are not to be had. Whatever comes,
 * a read ends, with no more asked for than its range has chunks and groups have shards. */
#include <assert.h>

#include "../unit/file_tree.h"
#include "swarm/join.h"

#define RANGE_MAX 65536U
#define SLOTS_MAX 32U
#define STEPS_MAX 100000U

static struct store store;
static struct erasure erasure;
static struct file_tree tree;
static struct join join;
static struct join_slot slots[SLOTS_MAX];
static struct join_group group;
static uint8_t leaf[CHUNK_PAYLOAD_MAX];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The chunk of a reference may become another; the reference follows it. */
static void change(struct reader *in, struct reference *r)
{
	uint8_t chunk[CHUNK_BYTES_MAX];
	const uint8_t how = read_u8(in);
	if (how < 1 || how > 5)
		return;
	const struct stored *c = store_get(&store, r->address);
	size_t n = c->n;
	memset(chunk, 0, sizeof chunk);
	memcpy(chunk, c->bytes, n);
	if (how == 1) /* its span */
		chunk[read_u8(in) % 8] ^= read_u8(in);
	if (how == 2) /* a span of the input's choice */
		store_le64(chunk, read_le64(in));
	if (how == 3) /* its payload */
		chunk[8 + read_le32(in) % CHUNK_PAYLOAD_MAX] ^= read_u8(in);
	if (how == 4)
		n = 8 + read_le32(in) % (n - 7);
	if (how == 5)
		n = CHUNK_BYTES_MAX;
	struct stored *changed = store_put(&store, bytes_of(chunk, n), &tree.scratch);
	changed->missing = read_u8(in) == 1;
	memcpy(r->address, changed->address, REFERENCE_BYTES);
}

static struct reference make(struct reader *in, uint64_t size)
{
	struct reference children[REDUNDANCY_REFERENCES_MAX], r;
	const unsigned most = redundancy_children_max(tree.level, tree.encrypted);
	uint64_t full = CHUNK_PAYLOAD_MAX, rest = size;
	unsigned n = 0;
	tree.keys_n = 0;
	if (size <= CHUNK_PAYLOAD_MAX) {
		r = file_tree_chunk(&tree, size, 0, bytes_of(leaf, (size_t)size));
		change(in, &r);
		return r;
	}
	while (full * most < size)
		full *= most;
	for (; rest > full; rest -= full, n++)
		children[n] = n < 2 ? make(in, full) : children[n - 1];
	children[n++] = make(in, rest);
	tree.keys_n = 0;
	r = file_tree_wrap(&tree, children, n, size);
	change(in, &r);
	return r;
}

static int answer(const struct join_want *want)
{
	uint8_t address[REFERENCE_BYTES];
	memcpy(address, want->address, sizeof address);
	const struct stored *c = store_find(&store, address);
	if (c == NULL || c->missing)
		return join_failed(&join, want->id, ERR_NOT_FOUND, NULL);
	struct join_arrival arrival = {.id = want->id, .data = bytes_of(c->bytes, c->n)};
	if (want->room != NULL && c->n <= CHUNK_BYTES_MAX && (c->bytes[c->n - 1] & 1) != 0) {
		memcpy(want->room, c->bytes, c->n);
		arrival.data.p = want->room;
	}
	const int err = join_chunks(&join, &arrival, 1, NULL);
	assert(arrival.err == OK); /* what is stored under an address hashes to it */
	return err;
}

static void read_range(uint64_t offset, uint64_t length)
{
	struct join_want want = {0};
	struct join_data d;
	unsigned steps = 0;
	uint64_t given = 0;
	int err = OK;
	join_read(&join, offset, length);
	while (err == OK && !join_done(&join)) {
		const bool asked = join_want(&join, &want);
		bool got = false;
		if (asked)
			err = answer(&want);
		for (; join_data(&join, &d); got = true) {
			assert(d.offset >= offset && d.offset - offset <= length);
			assert(d.bytes.n > 0 && d.bytes.n <= length - (d.offset - offset));
			given += d.bytes.n;
		}
		assert(asked || got || join_done(&join) || join.err != OK); /* it never stands still */
		err = join.err;
		assert(++steps < STEPS_MAX);
	}
	assert(given <= length);
	assert(err == OK || err == ERR_TREE || err == ERR_LIMIT || err == ERR_VERSION || err == ERR_NOT_FOUND);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader in = reader_of(bytes_of(data, size));
	if (size < 20)
		return 0;
	if (store.chunks == NULL)
		erasure_init(&erasure, erasure_fastest());
	const uint8_t shape = read_u8(&in), memory_bits = read_u8(&in);
	const uint64_t offset = read_le64(&in), length = read_le32(&in) % RANGE_MAX;
	const uint64_t file = (shape & 16) != 0 ? read_le64(&in) % 300000 : read_le64(&in) >> (16 + (shape >> 5) * 4);
	store_clear(&store);
	file_tree_init(&tree, &store, &erasure, shape % 5, (shape & 8) != 0);
	if (file > 300000U * 4096) /* deep ones are made of few chunks, without parities for time's sake */
		tree.level = 0;
	const struct reference root = make(&in, file <= REDUNDANCY_SIZE_MAX ? file : REDUNDANCY_SIZE_MAX);
	const struct join_memory memory = {.slots = slots,
					   .slots_n = memory_bits % SLOTS_MAX,
					   .groups = &group,
					   .groups_n = (memory_bits & 32) != 0,
					   .erasure = &erasure,
					   .replicas_level = (memory_bits & 64) != 0 ? 1 : 0,
					   .kind = KECCAK_SCALAR,
					   .order = (memory_bits & 128) != 0 ? JOIN_IN_ORDER : JOIN_AS_THEY_COME};
	join_init(&join, &root, &memory);
	read_range(file == 0 ? 0 : offset % file, length);
	read_range(0, length);
	return 0;
}
