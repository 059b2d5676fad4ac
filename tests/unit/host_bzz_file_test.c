/* Files as readers of their bytes, out of sources that lack chunks, have damaged ones, or cannot be read. */
#include "host/bzz_file.h"

#include "crypto/secp256k1.h"
#include "file_tree.h"
#include "swarm/replica.h"
#include "test.h"

#define FILE_BYTES (150U * 4096 + 77) /* two levels above the leaves, where there are parities */

static struct store store;
static struct erasure erasure;
static struct file_tree tree;
static uint8_t content[FILE_BYTES];
static uint64_t chance;

static unsigned random_below(unsigned n)
{
	chance = chance * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(chance >> 33) % n;
}

/* What is wrong with chunks: as a source of stores would have it. */
static struct {
	const struct stored *damaged, *unreadable;
	int get_n, peek_n;
} faults;

static int look(const struct stored *c, uint8_t *chunk, size_t *n)
{
	if (c == NULL || c->missing)
		return ERR_NOT_FOUND;
	if (c == faults.unreadable)
		return ERR_IO;
	memcpy(chunk, c->bytes, c->n);
	*n = c->n;
	return OK;
}

static int get(void *context, const uint8_t address[static REFERENCE_BYTES],
	       uint8_t chunk[static CHUNK_STORED_BYTES_MAX], size_t *n)
{
	struct stored *c = store_find(context, address);
	faults.get_n++;
	if (c != NULL && c == faults.damaged)
		return ERR_HASH;
	return look(c, chunk, n);
}

static void peek(void *context, struct chunk_peek *peeks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct chunk_peek *p = &peeks[i];
		struct stored *c = store_find(context, p->address);
		if (p->err == OK)
			continue;
		faults.peek_n++;
		if (c != NULL)
			c->asked++;
		if (c != NULL && c->n > p->max)
			p->err = ERR_HASH;
		else
			p->err = look(c, p->chunk, &p->n);
		if (p->err == OK && c == faults.damaged)
			p->chunk[p->n / 2] ^= 1;
	}
}

static const struct chunk_source quick = {.get = get, .peek = peek, .context = &store};
static const struct chunk_source slow = {.get = get, .context = &store};

static struct reference make(size_t size, unsigned level, bool encrypted)
{
	memset(&faults, 0, sizeof faults);
	store_clear(&store);
	file_tree_init(&tree, &store, &erasure, level, encrypted);
	return file_tree_of(&tree, bytes_of(content, size));
}

/* Reads a range to its end or its error; what came before an error must be right. Gives how much came. */
static uint64_t read_range(struct bzz_file *f, uint64_t offset, uint64_t end, size_t at_once, int *err, struct why *why)
{
	static uint8_t buf[FILE_BYTES];
	uint64_t at = offset;
	*err = OK;
	while (at < end && *err == OK) {
		size_t n = 0;
		*err = bzz_file_read(f, at, end, buf, at_once, &n, why);
		CHECK((*err == OK) == (n > 0) && n <= at_once && n <= end - at);
		CHECK(memcmp(buf, content + at, n) == 0);
		at += n;
	}
	return at - offset;
}

static struct bzz_file *opened(const struct chunk_source *source, const struct reference *root, uint64_t size)
{
	struct bzz_file *f = NULL;
	if (!CHECK(bzz_file_open(source, root, BYTES_NONE, &f, NULL) == OK && bzz_file_size(f) == size))
		exit(1);
	return f;
}

TEST(any_range_of_any_file)
{
	static const size_t sizes[] = {1, 31, 4095, 4096, 4097, 8192, 128 * 4096 + 1, FILE_BYTES};
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		for (unsigned kind = 0; kind < 4; kind++) {
			const struct reference root = make(sizes[i], kind & 1 ? 2 : 0, (kind & 2) != 0);
			struct bzz_file *f = opened(kind & 1 ? &quick : &slow, &root, sizes[i]);
			int err;
			CHECK(read_range(f, 0, sizes[i], FILE_BYTES, &err, NULL) == sizes[i]);
			for (unsigned k = 0; k < 10; k++) {
				const uint64_t from = random_below((unsigned)sizes[i]);
				const uint64_t end = from + 1 + random_below((unsigned)(sizes[i] - from));
				CHECK(read_range(f, from, end, 1 + random_below(9000), &err, NULL) == end - from);
			}
			bzz_file_close(f);
		}
	}
}

TEST(reading_on_costs_no_chunk_twice)
{
	const struct reference root = make(FILE_BYTES, 0, false);
	struct bzz_file *f = opened(&quick, &root, FILE_BYTES);
	int err;
	CHECK(read_range(f, 0, FILE_BYTES, 1000, &err, NULL) == FILE_BYTES);
	CHECK(faults.get_n == 0 && (size_t)faults.peek_n == store.n);
	for (size_t i = 0; i < store.n; i++)
		CHECK(store.chunks[i].asked == 1);
	bzz_file_close(f);
}

/* Whatever is wrong with one chunk, its parities give it back; and where there are none, all before it
 * is given, and the error is the chunk's. */
TEST(one_bad_chunk)
{
	for (unsigned kind = 0; kind < 12; kind++) {
		const bool parities = kind % 2 == 1, encrypted = kind / 2 % 2 == 1;
		const int fault = (int)(kind / 4), expected[] = {ERR_NOT_FOUND, ERR_HASH, ERR_IO};
		const struct reference root = make(100 * 4096, parities ? 1 : 0, encrypted);
		struct bzz_file *f = opened(&quick, &root, 100 * 4096);
		struct why why = {.err = OK};
		int err;
		struct stored *bad = &store.chunks[40];
		bad->missing = fault == 0;
		faults.damaged = fault == 1 ? bad : NULL;
		faults.unreadable = fault == 2 ? bad : NULL;
		const uint64_t n = read_range(f, 0, 100 * 4096, 5000, &err, &why);
		if (parities) {
			CHECK(err == OK && n == 100 * 4096);
		} else {
			CHECK(err == expected[fault] && n == 40 * 4096);
			CHECK(why.err == (enum err)err && why.at == 40 * 4096);
			CHECK(read_range(f, 41 * 4096, 100 * 4096, 5000, &err, NULL) == 59 * 4096);
		}
		bzz_file_close(f);
	}
}

/* A group that was recovered gives its chunks by itself: as many as there are places for them. */
TEST(what_is_behind_a_bad_chunk)
{
	for (unsigned level = 1; level <= REDUNDANCY_LEVEL_MAX; level++) {
		for (size_t i = 0; i < 60; i++) {
			const size_t at_once = i % 3 == 0 ? FILE_BYTES : i % 3 == 1 ? 65536 : 5000;
			const struct reference root = make(FILE_BYTES, level, false);
			struct bzz_file *f = opened(i % 2 == 0 ? &quick : &slow, &root, FILE_BYTES);
			int err;
			store.chunks[i].missing = i % 4 < 2;
			faults.damaged = i % 4 < 2 ? NULL : &store.chunks[i];
			CHECK(read_range(f, 0, FILE_BYTES, at_once, &err, NULL) == FILE_BYTES);
			bzz_file_close(f);
		}
	}
}

TEST(a_bad_root)
{
	struct bzz_file *f = NULL;
	struct why why = {.err = OK};
	const struct reference root = make(3 * 4096, 0, false);
	struct stored *r = store_get(&store, root.address);
	faults.unreadable = r;
	CHECK(bzz_file_open(&quick, &root, BYTES_NONE, &f, &why) == ERR_IO && f == NULL && why.id.n == 0);
	CHECK(bzz_file_open(&slow, &root, BYTES_NONE, &f, NULL) == ERR_IO);
	faults.unreadable = NULL;
	faults.damaged = r;
	CHECK(bzz_file_open(&quick, &root, BYTES_NONE, &f, NULL) == ERR_HASH);
	CHECK(bzz_file_open(&slow, &root, BYTES_NONE, &f, NULL) == ERR_HASH);
	r->missing = true;
	faults.damaged = NULL;
	CHECK(bzz_file_open(&quick, &root, BYTES_NONE, &f, NULL) == ERR_NOT_FOUND);
	CHECK(bzz_file_open(&quick, &root, bytes_of(r->bytes, r->n - 1), &f, NULL) == ERR_HASH);
	if (!CHECK(bzz_file_open(&quick, &root, bytes_of(r->bytes, r->n), &f, NULL) == OK))
		return;
	int err;
	CHECK(read_range(f, 0, 3 * 4096, 100, &err, NULL) == 3 * 4096);
	bzz_file_close(f);
}

/* The root as a single-owner chunk, where one of its replicas is. */
static void put_replica(const struct reference *root, unsigned which)
{
	uint8_t soc[CHUNK_BYTES_MAX], digest[SECP256K1_DIGEST_BYTES];
	struct replica replicas[REPLICAS_MAX];
	const struct stored *r = store_get(&store, root->address);
	CHECK(which < replica_list(root->address, REDUNDANCY_LEVEL_MAX, replicas));
	memcpy(soc, replicas[which].id, SOC_ID_BYTES);
	soc_digest(soc, root->address, digest);
	CHECK(secp256k1_sign(replica_key, digest, soc + SOC_ID_BYTES) == OK);
	memcpy(soc + SOC_HEAD_BYTES, r->bytes, r->n);
	(void)store_put_at(&store, replicas[which].address, bytes_of(soc, SOC_HEAD_BYTES + r->n));
}

TEST(a_root_that_is_gone_is_found_in_a_replica)
{
	for (unsigned which = 0; which < 4; which++) {
		const struct reference root = make(20 * 4096, 2, false);
		put_replica(&root, which);
		store_get(&store, root.address)->missing = true;
		store.chunks[7].missing = true; /* and one of its children */
		struct bzz_file *f = opened(which % 2 == 0 ? &quick : &slow, &root, 20 * 4096);
		int err;
		CHECK(read_range(f, 0, 20 * 4096, 7000, &err, NULL) == 20 * 4096);
		bzz_file_close(f);
	}
}

TEST(small_files_whole)
{
	uint8_t *data = NULL;
	size_t n = 0;
	struct reference root = make(9000, 0, true);
	CHECK(bzz_file_whole(&quick, &root, BYTES_NONE, 8999, &data, &n, NULL) == ERR_LIMIT && data == NULL);
	if (CHECK(bzz_file_whole(&quick, &root, BYTES_NONE, 9000, &data, &n, NULL) == OK))
		CHECK(n == 9000 && memcmp(data, content, n) == 0);
	free(data);
	data = NULL;
	store.chunks[1].missing = true;
	CHECK(bzz_file_whole(&quick, &root, BYTES_NONE, 9000, &data, &n, NULL) == ERR_NOT_FOUND && data == NULL);
	root = make(0, 0, false);
	CHECK(bzz_file_whole(&quick, &root, BYTES_NONE, 0, &data, &n, NULL) == OK && n == 0);
	free(data);
}

int main(void)
{
	erasure_init(&erasure, erasure_fastest());
	for (size_t i = 0; i < sizeof content; i++)
		content[i] = (uint8_t)(i * 7 + (i >> 8) * 13 + (i >> 16));
	RUN(any_range_of_any_file);
	RUN(reading_on_costs_no_chunk_twice);
	RUN(one_bad_chunk);
	RUN(what_is_behind_a_bad_chunk);
	RUN(a_bad_root);
	RUN(a_root_that_is_gone_is_found_in_a_replica);
	RUN(small_files_whole);
	free(store.chunks);
	return test_end();
}
