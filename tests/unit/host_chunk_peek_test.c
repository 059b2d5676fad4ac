/* Several chunks of a store at once: what is given is what one look after the other gives. */
#include <sys/stat.h>
#include <unistd.h>

#include "host/chunk_source.h"
#include "test.h"

#define STORE "peeks"
#define LEAVES 40
#define HEADER_BYTES 16

static struct why why;
static struct bmt_scratch scratch;
static uint8_t rooms[CHUNK_PEEKS_MAX][CHUNK_STORED_BYTES_MAX];

struct sample {
	uint8_t address[REFERENCE_BYTES];
	uint8_t bytes[CHUNK_BYTES_MAX];
	size_t n;
};

static struct sample samples[LEAVES];

/* A leaf whose payload has n bytes, the same for the same seed. */
static void make(struct sample *s, size_t n, unsigned seed)
{
	s->n = CHUNK_SPAN_BYTES + n;
	store_le64(s->bytes, n);
	for (size_t k = 0; k < n; k++)
		s->bytes[CHUNK_SPAN_BYTES + k] = (uint8_t)(seed * 31 + k * 13 + (k >> 8));
	bmt_address(KECCAK_SCALAR, n, bytes_of(s->bytes + CHUNK_SPAN_BYTES, n), s->address, &scratch);
}

static void put(struct chunk_store *store, const struct sample *s)
{
	CHECK(chunk_store_put(store, s->address, bytes_of(s->bytes, s->n), CHUNK_KEEP, &why) == OK);
}

static struct chunk_store *opened(enum chunk_store_mode mode)
{
	struct chunk_store *store = NULL;
	if (!CHECK(chunk_store_open(STORE, mode, &store, &why) == OK)) {
		printf("Bail out! no store\n");
		exit(1);
	}
	return store;
}

/* A store with the samples of these numbers, one behind the other; every tenth is a short one. */
static struct chunk_store *filled(const unsigned *numbers, size_t n)
{
	(void)unlink(STORE "/chunks");
	(void)unlink(STORE "/index.mdb");
	(void)unlink(STORE "/index.mdb-lock");
	for (unsigned i = 0; i < LEAVES; i++)
		make(&samples[i], i % 10 == 9 ? 1000 + i : CHUNK_PAYLOAD_MAX, i);
	struct chunk_store *store = opened(CHUNK_STORE_WRITE);
	for (size_t i = 0; i < n; i++)
		put(store, &samples[numbers[i]]);
	CHECK(chunk_store_commit(store, &why) == OK);
	chunk_store_close(store);
	return opened(CHUNK_STORE_READ);
}

static struct chunk_peek peek_of(unsigned number, size_t room, bool is_leaf)
{
	memset(rooms[room], 0x55, sizeof rooms[room]);
	return (struct chunk_peek){.address = samples[number].address,
				   .span = is_leaf ? samples[number].n - CHUNK_SPAN_BYTES : 0,
				   .chunk = rooms[room],
				   .max = CHUNK_BYTES_MAX,
				   .err = ERR_NOT_FOUND};
}

static bool is_whole(const struct chunk_peek *p, unsigned number)
{
	const struct sample *s = &samples[number];
	return p->err == OK && p->n == s->n && memcmp(p->chunk, s->bytes, s->n) == 0;
}

/* n leaves, or among them chunks of which nothing is known. */
static void check_run(struct chunk_store *store, unsigned first, unsigned n, bool leaves)
{
	struct chunk_peek peeks[CHUNK_PEEKS_MAX];
	for (unsigned i = 0; i < n; i++)
		peeks[i] = peek_of(first + i, i, leaves || i % 5 != 2);
	chunk_store_peek(store, peeks, n);
	for (unsigned i = 0; i < n; i++)
		CHECK(is_whole(&peeks[i], first + i));
}

/* In order, backwards, far from each other, and cut in two. */
TEST(runs_of_leaves_are_found_however_they_lie)
{
	static const struct {
		unsigned factor, plus;
	} orders[] = {{1, 0}, {LEAVES - 1, LEAVES - 1}, {7, 0}, {1, 5}};
	for (unsigned o = 0; o < 4; o++) {
		unsigned numbers[LEAVES];
		for (unsigned i = 0; i < LEAVES; i++)
			numbers[i] = (i * orders[o].factor + orders[o].plus) % LEAVES;
		struct chunk_store *store = filled(numbers, LEAVES);
		for (unsigned first = 0; first < LEAVES; first += 3)
			for (unsigned n = 0; n <= CHUNK_PEEKS_MAX && first + n <= LEAVES; n += n < 4 ? 1 : 7)
				check_run(store, first, n, first % 2 == 0);
		chunk_store_close(store);
	}
}

TEST(what_is_not_there_is_not_found)
{
	unsigned some[LEAVES], n = 0;
	for (unsigned i = 0; i < LEAVES; i++)
		if (i % 4 != 1)
			some[n++] = i;
	struct chunk_store *store = filled(some, n);
	struct chunk_peek peeks[CHUNK_PEEKS_MAX];
	for (unsigned i = 0; i < CHUNK_PEEKS_MAX; i++)
		peeks[i] = peek_of(i, i, true);
	chunk_store_peek(store, peeks, CHUNK_PEEKS_MAX);
	for (unsigned i = 0; i < CHUNK_PEEKS_MAX; i++)
		CHECK(i % 4 == 1 ? peeks[i].err == ERR_NOT_FOUND : is_whole(&peeks[i], i));
	chunk_store_close(store);
}

/* The last of two stores is asked only for what the first has not. */
TEST(what_was_found_is_left_alone)
{
	static const unsigned all[] = {0, 1, 2, 3};
	struct chunk_store *store = filled(all, 4);
	struct chunk_peek peeks[4];
	for (unsigned i = 0; i < 4; i++)
		peeks[i] = peek_of(i, i, true);
	peeks[1].err = peeks[2].err = OK;
	peeks[1].n = 17;
	chunk_store_peek(store, peeks, 4);
	CHECK(is_whole(&peeks[0], 0) && is_whole(&peeks[3], 3));
	CHECK(peeks[1].n == 17 && peeks[2].n == 0 && rooms[1][0] == 0x55 && rooms[2][0] == 0x55);
	chunk_store_close(store);
}

/* Where another chunk of that length stands between two leaves it is taken for theirs, and get, which is
 * asked when the hash is wrong, tells. */
TEST(a_wrong_guess_is_a_wrong_hash)
{
	static const unsigned lie[] = {0, 20, 2};
	struct chunk_store *store = filled(lie, 3);
	struct chunk_peek peeks[3];
	uint8_t chunk[CHUNK_STORED_BYTES_MAX];
	size_t n = 0;
	for (unsigned i = 0; i < 3; i++)
		peeks[i] = peek_of(i, i, true);
	chunk_store_peek(store, peeks, 3);
	CHECK(is_whole(&peeks[0], 0) && is_whole(&peeks[2], 2));
	CHECK(peeks[1].err == OK && memcmp(peeks[1].chunk, samples[20].bytes, samples[20].n) == 0);
	CHECK(chunk_store_get(store, samples[1].address, chunk, &n, &why) == ERR_NOT_FOUND);
	peeks[1] = peek_of(1, 1, false); /* who does not guess is told at once */
	chunk_store_peek(store, &peeks[1], 1);
	CHECK(peeks[1].err == ERR_NOT_FOUND);
	chunk_store_close(store);
}

/* A file that ends too early costs the chunks that are not all there. */
TEST(what_was_cut_off_is_found_and_damaged)
{
	unsigned all[8];
	for (unsigned i = 0; i < 8; i++)
		all[i] = i;
	for (unsigned keep = 0; keep < 8; keep++)
		for (unsigned more = 0; more < 2; more++) {
			struct chunk_store *store = filled(all, 8);
			struct chunk_peek peeks[8];
			CHECK(truncate(STORE "/chunks", (off_t)(HEADER_BYTES + keep * CHUNK_BYTES_MAX + more * 100)) ==
			      0);
			for (unsigned i = 0; i < 8; i++)
				peeks[i] = peek_of(i, i, true);
			chunk_store_peek(store, peeks, 8);
			for (unsigned i = 0; i < 8; i++)
				CHECK(i < keep ? is_whole(&peeks[i], i)
					       : peeks[i].err == OK && peeks[i].n == (i == keep ? more * 100 : 0));
			chunk_store_close(store);
		}
}

/* A chunk that does not fit is found, as one that is damaged: nothing is written behind the room. */
TEST(longer_than_its_room)
{
	static const unsigned one[] = {3};
	chunk_store_close(filled(one, 1));
	struct chunk_store *store = opened(CHUNK_STORE_WRITE);
	static uint8_t longest[CHUNK_STORED_BYTES_MAX];
	CHECK(chunk_store_put(store, samples[5].address, bytes_of(longest, sizeof longest), CHUNK_KEEP, &why) == OK);
	put(store, &samples[6]);
	CHECK(chunk_store_commit(store, &why) == OK);
	struct chunk_peek peeks[] = {peek_of(3, 0, true), peek_of(5, 1, true), peek_of(6, 2, true)};
	chunk_store_peek(store, peeks, 3);
	CHECK(is_whole(&peeks[0], 3) && is_whole(&peeks[2], 6) && peeks[1].err == ERR_HASH);
	CHECK(rooms[1][CHUNK_BYTES_MAX] == 0x55);
	peeks[1].max = CHUNK_STORED_BYTES_MAX;
	chunk_store_peek(store, peeks, 3);
	CHECK(peeks[1].err == OK && peeks[1].n == sizeof longest && memcmp(rooms[1], longest, sizeof longest) == 0);
	chunk_store_close(store);
}

static int get_one(void *context, const uint8_t address[static REFERENCE_BYTES],
		   uint8_t chunk[static CHUNK_STORED_BYTES_MAX], size_t *n)
{
	return chunk_store_get(context, address, chunk, n, NULL);
}

TEST(a_source_that_cannot_peek_gets)
{
	static const unsigned some[] = {0, 2, 4};
	struct chunk_store *store = filled(some, 3);
	const struct chunk_source source = {.get = get_one, .context = store};
	struct chunk_peek peeks[5];
	for (unsigned i = 0; i < 5; i++)
		peeks[i] = peek_of(i, i, true);
	chunk_source_peek(&source, peeks, 5);
	for (unsigned i = 0; i < 5; i++)
		CHECK(i % 2 == 0 ? is_whole(&peeks[i], i) : peeks[i].err == ERR_NOT_FOUND);
	chunk_store_close(store);
}

int main(void)
{
	char folder[] = "/tmp/chunk_peek_test.XXXXXX";
	if (mkdtemp(folder) == NULL || chdir(folder) != 0) {
		printf("Bail out! no folder\n");
		return 1;
	}
	RUN(runs_of_leaves_are_found_however_they_lie);
	RUN(what_is_not_there_is_not_found);
	RUN(what_was_found_is_left_alone);
	RUN(a_wrong_guess_is_a_wrong_hash);
	RUN(what_was_cut_off_is_found_and_damaged);
	RUN(longer_than_its_room);
	RUN(a_source_that_cannot_peek_gets);
	(void)unlink(STORE "/chunks");
	(void)unlink(STORE "/index.mdb");
	(void)unlink(STORE "/index.mdb-lock");
	CHECK(rmdir(STORE) == 0 && rmdir(folder) == 0);
	return test_end();
}
