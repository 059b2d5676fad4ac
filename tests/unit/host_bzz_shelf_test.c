/* Files that are read on: what of their trees was seen is not asked for again. */
#include "host/bzz_shelf.h"

#include "file_tree.h"
#include "test.h"

#define FILE_BYTES (300U * 4096)
#define MANY 40

static struct store store;
static struct erasure erasure;
static struct file_tree tree;
static uint8_t content[FILE_BYTES], out[FILE_BYTES];

static int get(void *context, const uint8_t address[static REFERENCE_BYTES],
	       uint8_t chunk[static CHUNK_STORED_BYTES_MAX], size_t *n)
{
	unsigned *count = context;
	const struct stored *c = store_find(&store, address);
	if (c == NULL || c->missing)
		return ERR_NOT_FOUND;
	memcpy(chunk, c->bytes, c->n);
	*n = c->n;
	++*count;
	return OK;
}

static struct chunk_source counted(unsigned *count)
{
	*count = 0;
	return (struct chunk_source){.get = get, .context = count};
}

static struct reference make(size_t size, bool encrypted)
{
	store_clear(&store);
	for (size_t i = 0; i < sizeof content; i++)
		content[i] = (uint8_t)(i * 7 + (i >> 12) * 31 + (i >> 17));
	file_tree_init(&tree, &store, &erasure, 0, encrypted);
	return file_tree_of(&tree, bytes_of(content, size));
}

static bool reads(struct bzz_file *file, uint64_t offset, uint64_t end)
{
	size_t n = 0;
	for (uint64_t at = offset; at < end; at += n)
		if (bzz_file_read(file, at, end, out, sizeof out, &n, NULL) != OK || n == 0 ||
		    memcmp(out, content + at, n) != 0)
			return false;
	return true;
}

TEST(a_file_is_read_on)
{
	const struct reference root = make(FILE_BYTES, false);
	unsigned first_n, second_n;
	const struct chunk_source first = counted(&first_n), second = counted(&second_n);
	struct bzz_shelf *shelf = bzz_shelf_new();
	struct bzz_file *file = NULL;
	CHECK(bzz_shelf_take(shelf, &root, &first) == NULL);
	CHECK(bzz_file_open(&first, &root, BYTES_NONE, &file, NULL) == OK);
	CHECK(reads(file, 4096, 9 * 4096) && first_n == 1 + 1 + 8); /* root, one below it, leaves */
	size_t n = 0;
	CHECK(bzz_file_read(file, 0, FILE_BYTES, out, 5000, &n, NULL) == OK); /* the rest is not wanted */
	bzz_shelf_put(shelf, &root, file);
	first_n = 0;
	file = bzz_shelf_take(shelf, &root, &second);
	CHECK(file != NULL && bzz_shelf_take(shelf, &root, &second) == NULL);
	CHECK(bzz_file_size(file) == FILE_BYTES && reads(file, 20 * 4096, 28 * 4096));
	CHECK(first_n == 0 && second_n == 8);
	CHECK(reads(file, 0, FILE_BYTES));
	bzz_shelf_put(shelf, &root, file);
	struct reference other = root;
	other.address[31] ^= 1;
	CHECK(bzz_shelf_take(shelf, &other, &second) == NULL);
	bzz_shelf_free(shelf); /* with what lies there */
}

/* Memory with keys, or for recovery. */
TEST(some_are_not_kept)
{
	struct bzz_shelf *shelf = bzz_shelf_new();
	struct bzz_file *file = NULL;
	unsigned n;
	const struct chunk_source source = counted(&n);
	struct reference root = make(10 * 4096, true);
	CHECK(bzz_file_open(&source, &root, BYTES_NONE, &file, NULL) == OK && reads(file, 0, 10 * 4096));
	bzz_shelf_put(shelf, &root, file);
	CHECK(bzz_shelf_take(shelf, &root, &source) == NULL);
	root = make(10 * 4096, false);
	store.chunks[3].missing = true; /* a leaf */
	CHECK(bzz_file_open(&source, &root, BYTES_NONE, &file, NULL) == OK && !reads(file, 0, 10 * 4096));
	bzz_shelf_put(shelf, &root, file);
	CHECK(bzz_shelf_take(shelf, &root, &source) == NULL);
	bzz_shelf_put(shelf, &root, NULL);
	bzz_shelf_free(shelf);
	bzz_shelf_free(NULL);
}

TEST(the_oldest_makes_room)
{
	struct bzz_shelf *shelf = bzz_shelf_new();
	static struct reference roots[MANY];
	struct bzz_file *file = NULL;
	unsigned n, kept = 0;
	const struct chunk_source source = counted(&n);
	for (unsigned i = 0; i < MANY; i++) {
		roots[i] = make(5000 + i, false);
		CHECK(bzz_file_open(&source, &roots[i], BYTES_NONE, &file, NULL) == OK);
		bzz_shelf_put(shelf, &roots[i], file);
	}
	for (unsigned i = 0; i < MANY; i++) {
		file = bzz_shelf_take(shelf, &roots[i], &source);
		CHECK((file == NULL) == (i < MANY - 32) && (file == NULL || bzz_file_size(file) == 5000 + i));
		kept += file != NULL;
		bzz_file_close(file);
	}
	CHECK(kept == 32);
	bzz_shelf_free(shelf);
}

int main(void)
{
	erasure_init(&erasure, erasure_fastest());
	RUN(a_file_is_read_on);
	RUN(some_are_not_kept);
	RUN(the_oldest_makes_room);
	free(store.chunks);
	return test_end();
}
