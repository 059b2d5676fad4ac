#include "host/chunk_store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/hex.h"
#include "host/file.h"
#include "test.h"

#define STORE "a/b/store"
#define HEADER_BYTES 16

static cJSON *vectors;
static struct why why;
static struct bmt_scratch scratch;
static uint64_t seed = 0x9e3779b97f4a7c15;

static uint64_t random_below(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

struct sample {
	uint8_t address[REFERENCE_BYTES];
	uint8_t bytes[CHUNK_BYTES_MAX];
	size_t n;
};

/* Chunk number i: lengths from an empty payload to a full one. */
static struct sample *sample_of(uint64_t i)
{
	static struct sample s;
	const size_t payload = i % 5 == 0 ? CHUNK_PAYLOAD_MAX : (size_t)(i * 131 % (CHUNK_PAYLOAD_MAX + 1));
	s.n = CHUNK_SPAN_BYTES + payload;
	store_le64(s.bytes, i);
	for (size_t k = 0; k < payload; k++)
		s.bytes[CHUNK_SPAN_BYTES + k] = (uint8_t)(i * 7 + k * 13 + (k >> 8));
	bmt_address(KECCAK_SCALAR, i, bytes_of(s.bytes + CHUNK_SPAN_BYTES, payload), s.address, &scratch);
	return &s;
}

static struct chunk_store *opened(enum chunk_store_mode mode)
{
	struct chunk_store *store = NULL;
	if (!CHECK(chunk_store_open(STORE, mode, &store, &why) == OK)) {
		printf("Bail out! %s: %s\n", why.what, strerror(errno));
		exit(1);
	}
	return store;
}

static int put(struct chunk_store *store, uint64_t i, enum chunk_put how)
{
	const struct sample *s = sample_of(i);
	return chunk_store_put(store, s->address, bytes_of(s->bytes, s->n), how, &why);
}

static int get(struct chunk_store *store, uint64_t i)
{
	uint8_t found[CHUNK_STORED_BYTES_MAX];
	size_t n = 0;
	const struct sample *s = sample_of(i);
	int err = chunk_store_get(store, s->address, found, &n, &why);
	if (err == OK && (n != s->n || memcmp(found, s->bytes, n) != 0))
		err = ERR_VALUE; /* what no store may ever give */
	return err;
}

static void remove_store(void)
{
	(void)unlink(STORE "/chunks");
	(void)unlink(STORE "/index.mdb");
	(void)unlink(STORE "/index.mdb-lock");
}

static uint64_t data_bytes(void)
{
	struct stat st;
	return stat(STORE "/chunks", &st) == 0 ? (uint64_t)st.st_size : 0;
}

struct damage {
	uint64_t n;
	uint8_t address[REFERENCE_BYTES];
};

static void note(void *context, const uint8_t address[static REFERENCE_BYTES], int err)
{
	struct damage *d = context;
	CHECK(err == ERR_HASH);
	d->n++;
	memcpy(d->address, address, REFERENCE_BYTES);
}

/* How many of the store's chunks are damaged; all of them are read. */
static struct damage damaged(struct chunk_store *store)
{
	struct damage d = {.n = 0};
	uint64_t n = UINT64_MAX;
	CHECK(chunk_store_check(store, note, &d, &n, &why) == OK && n == chunk_store_count(store));
	return d;
}

/* A store with chunks 0..n-1. */
static void fill(uint64_t n)
{
	remove_store();
	struct chunk_store *store = opened(CHUNK_STORE_WRITE);
	for (uint64_t i = 0; i < n; i++)
		CHECK(put(store, i, CHUNK_KEEP) == OK);
	CHECK(chunk_store_commit(store, &why) == OK && chunk_store_count(store) == n);
	chunk_store_close(store);
}

TEST(gives_what_it_took)
{
	remove_store();
	struct chunk_store *store = opened(CHUNK_STORE_WRITE);
	CHECK(chunk_store_count(store) == 0 && get(store, 0) == ERR_NOT_FOUND && damaged(store).n == 0);
	CHECK(chunk_store_commit(store, &why) == OK); /* of nothing */
	for (uint64_t i = 0; i < 300; i++)
		CHECK(put(store, i, CHUNK_KEEP) == OK);
	CHECK(chunk_store_count(store) == 0 && get(store, 7) == ERR_NOT_FOUND); /* not yet */
	CHECK(chunk_store_commit(store, &why) == OK && chunk_store_count(store) == 300);
	for (unsigned again = 0; again < 2; again++) {
		for (uint64_t i = 0; i < 300; i++)
			CHECK(get(store, i) == OK);
		CHECK(get(store, 300) == ERR_NOT_FOUND);
		CHECK(damaged(store).n == 0);
		chunk_store_close(store);
		store = opened(CHUNK_STORE_READ);
	}
	chunk_store_close(store);
}

TEST(what_was_not_committed_is_gone)
{
	fill(3);
	const uint64_t before = data_bytes();
	struct chunk_store *store = opened(CHUNK_STORE_WRITE);
	for (uint64_t i = 3; i < 600; i++) /* more than the buffer */
		CHECK(put(store, i, CHUNK_KEEP) == OK);
	chunk_store_close(store);
	CHECK(data_bytes() > before);
	store = opened(CHUNK_STORE_WRITE);
	CHECK(chunk_store_count(store) == 3 && get(store, 3) == ERR_NOT_FOUND && data_bytes() == before);
	chunk_store_close(store);
}

TEST(takes_a_chunk_once)
{
	fill(3);
	const uint64_t before = data_bytes();
	struct chunk_store *store = opened(CHUNK_STORE_WRITE);
	for (unsigned i = 0; i < 10; i++)
		CHECK(put(store, 2, CHUNK_KEEP) == OK && put(store, 77, CHUNK_KEEP) == OK);
	CHECK(chunk_store_commit(store, &why) == OK && chunk_store_count(store) == 4);
	CHECK(data_bytes() == before + sample_of(77)->n);
	CHECK(put(store, 2, CHUNK_REPLACE) == OK && chunk_store_commit(store, &why) == OK);
	CHECK(data_bytes() == before + sample_of(77)->n + sample_of(2)->n);
	CHECK(get(store, 2) == OK && get(store, 77) == OK && chunk_store_count(store) == 4);
	chunk_store_close(store);
}

TEST(refuses_what_is_no_chunk)
{
	static const uint8_t zeros[CHUNK_STORED_BYTES_MAX + 1];
	fill(1);
	struct chunk_store *store = opened(CHUNK_STORE_WRITE);
	CHECK(chunk_store_put(store, zeros, bytes_of(zeros, 7), CHUNK_KEEP, &why) == ERR_LIMIT);
	CHECK(chunk_store_put(store, zeros, bytes_of(zeros, sizeof zeros), CHUNK_KEEP, &why) == ERR_LIMIT);
	/* the wrong address: its caller lied, its reader learns it */
	CHECK(chunk_store_put(store, zeros, bytes_of(zeros, 100), CHUNK_KEEP, &why) == OK);
	CHECK(chunk_store_commit(store, &why) == OK);
	uint8_t chunk[CHUNK_STORED_BYTES_MAX];
	size_t n;
	CHECK(chunk_store_get(store, zeros, chunk, &n, &why) == ERR_HASH && damaged(store).n == 1);
	chunk_store_close(store);
}

/* The vectors' chunks of owners, and one of them with a flipped bit in its signature. */
TEST(single_owner_chunks)
{
	uint8_t address[REFERENCE_BYTES], chunk[CHUNK_STORED_BYTES_MAX], found[CHUNK_STORED_BYTES_MAX];
	remove_store();
	struct chunk_store *store = opened(CHUNK_STORE_WRITE);
	const cJSON *row;
	unsigned rows = 0;
	cJSON_ArrayForEach(row, vectors)
	{
		const struct bytes hex = bytes_text(test_text(row, "chunk_hex"));
		size_t n = 0;
		CHECK(hex_decode(bytes_text(test_text(row, "address")), address, sizeof address) == OK);
		CHECK(hex.n / 2 <= sizeof chunk && hex_decode(hex, chunk, hex.n / 2) == OK);
		const struct bytes whole = bytes_of(chunk, hex.n / 2);
		CHECK(chunk_store_put(store, address, whole, CHUNK_REPLACE, &why) == OK);
		CHECK(chunk_store_commit(store, &why) == OK);
		const bool valid = strncmp(test_text(row, "name"), "INVALID", 7) != 0;
		CHECK(chunk_store_get(store, address, found, &n, &why) == (valid ? OK : ERR_HASH));
		CHECK(n == (valid ? whole.n : 0) && memcmp(found, chunk, n) == 0);
		chunk[40] ^= 1;
		CHECK(chunk_store_put(store, address, whole, CHUNK_REPLACE, &why) == OK);
		CHECK(chunk_store_commit(store, &why) == OK);
		CHECK(chunk_store_get(store, address, found, &n, &why) == ERR_HASH);
		rows++;
	}
	CHECK(rows >= 3 && damaged(store).n == rows);
	chunk_store_close(store);
}

TEST(commits_by_itself)
{
	uint8_t address[REFERENCE_BYTES] = {0};
	remove_store();
	struct chunk_store *store = opened(CHUNK_STORE_WRITE);
	for (uint32_t i = 0; i < CHUNK_STORE_BATCH + 1; i++) {
		store_be32(address, i * 2654435761U);
		CHECK(chunk_store_put(store, address, bytes_of(address, 8), CHUNK_KEEP, &why) == OK);
		CHECK(i % 4096 != 0 || chunk_store_count(store) == (i < CHUNK_STORE_BATCH ? 0 : CHUNK_STORE_BATCH));
	}
	CHECK(chunk_store_commit(store, &why) == OK && chunk_store_count(store) == CHUNK_STORE_BATCH + 1);
	CHECK(damaged(store).n == CHUNK_STORE_BATCH + 1); /* none of these is a chunk */
	chunk_store_close(store);
}

static void flip(uint64_t offset)
{
	uint8_t c = 0;
	int fd = open(STORE "/chunks", O_RDWR);
	CHECK(pread(fd, &c, 1, (off_t)offset) == 1);
	c ^= 0x10;
	CHECK(pwrite(fd, &c, 1, (off_t)offset) == 1 && close(fd) == 0);
}

TEST(a_flipped_byte_costs_one_chunk_and_is_named)
{
	fill(40);
	uint64_t end = HEADER_BYTES;
	for (uint64_t i = 0; i < 40; end += sample_of(i)->n, i++) {
		const uint64_t begin = end, where = begin + random_below(sample_of(i)->n);
		flip(where);
		struct chunk_store *store = opened(CHUNK_STORE_READ);
		CHECK(get(store, i) == ERR_HASH && why.at == begin);
		CHECK(why.id.n == REFERENCE_BYTES && memcmp(why.id.p, sample_of(i)->address, why.id.n) == 0);
		CHECK(get(store, (i + 1) % 40) == OK && get(store, (i + 39) % 40) == OK);
		const struct damage d = damaged(store);
		CHECK(d.n == 1 && memcmp(d.address, sample_of(i)->address, REFERENCE_BYTES) == 0);
		chunk_store_close(store);
		flip(where);
	}
}

TEST(what_was_cut_off_is_damage_and_can_be_put_again)
{
	fill(20);
	uint64_t kept = HEADER_BYTES;
	for (uint64_t i = 0; i < 17; i++)
		kept += sample_of(i)->n;
	CHECK(truncate(STORE "/chunks", (off_t)kept + 9) == 0);
	struct chunk_store *store = opened(CHUNK_STORE_WRITE);
	CHECK(damaged(store).n == 3 && get(store, 16) == OK && get(store, 17) == ERR_HASH);
	CHECK(put(store, 17, CHUNK_KEEP) == OK && chunk_store_commit(store, &why) == OK);
	CHECK(get(store, 17) == ERR_HASH);
	for (uint64_t i = 17; i < 20; i++)
		CHECK(put(store, i, CHUNK_REPLACE) == OK);
	CHECK(chunk_store_commit(store, &why) == OK && damaged(store).n == 0 && chunk_store_count(store) == 20);
	chunk_store_close(store);
}

TEST(a_torn_tail_is_overwritten)
{
	static uint8_t garbage[5000];
	for (size_t n = 1; n <= sizeof garbage; n += 1249) {
		fill(10);
		const uint64_t good = data_bytes();
		memset(garbage, 0xa5, sizeof garbage);
		int fd = open(STORE "/chunks", O_WRONLY | O_APPEND);
		CHECK(file_write_all(fd, bytes_of(garbage, n)) == OK && close(fd) == 0);
		struct chunk_store *store = opened(CHUNK_STORE_READ); /* which leaves it */
		CHECK(damaged(store).n == 0 && data_bytes() == good + n);
		chunk_store_close(store);
		store = opened(CHUNK_STORE_WRITE);
		CHECK(data_bytes() == good);
		CHECK(put(store, 10, CHUNK_KEEP) == OK && chunk_store_commit(store, &why) == OK);
		CHECK(damaged(store).n == 0 && get(store, 10) == OK && data_bytes() == good + sample_of(10)->n);
		chunk_store_close(store);
	}
}

/* Puts chunks from number first on for ever; tells after each call how many are committed. */
static void write_for_ever(int tell, uint64_t first, uint64_t batch)
{
	struct chunk_store *store;
	uint64_t committed = first;
	if (chunk_store_open(STORE, CHUNK_STORE_WRITE, &store, &why) != OK)
		_exit(1);
	for (uint64_t i = first;; i++) {
		if (put(store, i, CHUNK_KEEP) != OK)
			_exit(1);
		if ((i + 1 - first) % batch == 0) {
			if (chunk_store_commit(store, &why) != OK)
				_exit(1);
			committed = i + 1;
		}
		if (write(tell, &committed, sizeof committed) != sizeof committed)
			_exit(1);
	}
}

TEST(a_writer_that_is_killed_loses_only_what_it_did_not_commit)
{
	remove_store();
	uint64_t have = 0;
	for (unsigned round = 0; round < 40; round++) {
		int tell[2];
		uint64_t committed = have, told;
		const uint64_t batch = 1 + random_below(round % 4 == 0 ? 400 : 30);
		CHECK(pipe(tell) == 0);
		const pid_t pid = fork();
		if (pid == 0)
			write_for_ever(tell[1], have, batch);
		CHECK(close(tell[1]) == 0);
		for (uint64_t left = random_below(2 * batch + 20); left > 0; left--)
			if (read(tell[0], &told, sizeof told) == (ssize_t)sizeof told)
				committed = told;
		int status;
		CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
		while (read(tell[0], &told, sizeof told) == (ssize_t)sizeof told)
			committed = told;
		CHECK(close(tell[0]) == 0);

		struct chunk_store *store;
		int err = chunk_store_open(STORE, CHUNK_STORE_READ, &store, &why);
		if (err != OK) { /* killed before it had made one */
			CHECK(have == 0 && committed == 0);
			continue;
		}
		have = chunk_store_count(store);
		CHECK(have >= committed && damaged(store).n == 0);
		for (uint64_t i = 0; i < have + 5; i += i + 50 < have ? 17 : 1)
			CHECK(get(store, i) == (i < have ? OK : ERR_NOT_FOUND));
		chunk_store_close(store);
	}
	CHECK(have > 0);
}

TEST(one_writer)
{
	fill(5);
	struct chunk_store *store = opened(CHUNK_STORE_WRITE), *second = NULL;
	CHECK(chunk_store_open(STORE, CHUNK_STORE_WRITE, &second, &why) == ERR_IO && errno == EBUSY && second == NULL);
	CHECK(strstr(why.what, "another process") != NULL);
	const pid_t pid = fork();
	if (pid == 0) {
		bool refused = chunk_store_open(STORE, CHUNK_STORE_WRITE, &second, &why) == ERR_IO && errno == EBUSY;
		bool reads = chunk_store_open(STORE, CHUNK_STORE_READ, &second, &why) == OK && get(second, 3) == OK;
		_exit(refused && reads ? 0 : 1);
	}
	int status = -1;
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(put(store, 5, CHUNK_KEEP) == OK && chunk_store_commit(store, &why) == OK && get(store, 5) == OK);
	chunk_store_close(store);
	store = opened(CHUNK_STORE_WRITE); /* and the next one may */
	chunk_store_close(store);
}

/* Reads until the pipe is closed: every chunk below the count, whole, and the count only grows. */
static void read_until_told(int told)
{
	struct chunk_store *store;
	char c;
	uint64_t seen = 0, reads = 0;
	if (fcntl(told, F_SETFL, O_NONBLOCK) != 0 || chunk_store_open(STORE, CHUNK_STORE_READ, &store, &why) != OK)
		_exit(1);
	for (ssize_t n = -1; n != 0 || reads < 100; n = n == 0 ? 0 : read(told, &c, 1), reads++) {
		const uint64_t count = chunk_store_count(store);
		if (count < seen || get(store, random_below(count)) != OK)
			_exit(2);
		seen = count;
	}
	_exit(seen == 1200 || get(store, 1199) == OK ? 0 : 3);
}

TEST(readers_while_it_is_written)
{
	pid_t pids[3];
	int tell[2];
	fill(10);
	CHECK(pipe(tell) == 0);
	for (unsigned r = 0; r < 3; r++) {
		seed += r;
		if ((pids[r] = fork()) == 0) {
			(void)close(tell[1]);
			read_until_told(tell[0]);
		}
	}
	struct chunk_store *store = opened(CHUNK_STORE_WRITE);
	for (uint64_t i = 10; i < 1200; i++) {
		CHECK(put(store, i, CHUNK_KEEP) == OK);
		CHECK(i % 30 != 0 || chunk_store_commit(store, &why) == OK);
	}
	CHECK(chunk_store_commit(store, &why) == OK && close(tell[1]) == 0);
	for (unsigned r = 0; r < 3; r++) {
		int status = -1;
		CHECK(waitpid(pids[r], &status, 0) == pids[r] && status == 0);
	}
	CHECK(close(tell[0]) == 0 && damaged(store).n == 0);
	chunk_store_close(store);
}

/* Puts 300 chunks; an error as a status: what cannot be written says so, what is there can be read. */
static int put_300(void)
{
	struct chunk_store *store;
	int err = OK;
	if (chunk_store_open(STORE, CHUNK_STORE_WRITE, &store, &why) != OK)
		return errno == EFBIG || errno == EIO ? 1 : 8;
	for (uint64_t i = 10; i < 310 && err == OK; i++) {
		err = put(store, i, CHUNK_KEEP);
		if (err == OK && i % 50 == 49)
			err = chunk_store_commit(store, &why);
	}
	if (err == OK)
		err = chunk_store_commit(store, &why);
	const bool told = err == OK || (err == ERR_IO && errno != 0 && why.what != NULL);
	const bool readable = get(store, 5) == OK;
	chunk_store_close(store);
	if (!told || !readable)
		return 7;
	return err == OK ? 0 : 1;
}

/* A child that may write files of at most limit bytes puts them; 0: it could. */
static int puts_with_limit(uint64_t limit)
{
	int status = -1;
	const pid_t pid = fork();
	if (pid == 0) {
		const struct rlimit most = {.rlim_cur = limit, .rlim_max = limit};
		const bool limited = signal(SIGXFSZ, SIG_IGN) != SIG_ERR && setrlimit(RLIMIT_FSIZE, &most) == 0;
		_exit(limited ? put_300() : 9);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

TEST(no_room_is_an_error_and_nothing_is_lost)
{
	unsigned failed = 0;
	fill(10);
	const uint64_t all = 1 << 20;
	for (uint64_t limit = 0; limit < all; limit += 1 + limit / 3 + random_below(3000)) {
		fill(10);
		int status = puts_with_limit(limit);
		CHECK(status <= 1);
		failed += status == 1;
		struct chunk_store *store = opened(CHUNK_STORE_WRITE);
		const uint64_t have = chunk_store_count(store);
		CHECK(have == 10 || have == 310 || (have < 310 && have % 50 == 0));
		CHECK(damaged(store).n == 0 && (status == 1 || have == 310));
		for (uint64_t i = have; i < 320; i++) /* and goes on when there is room */
			CHECK(put(store, i, CHUNK_KEEP) == OK);
		CHECK(chunk_store_commit(store, &why) == OK && damaged(store).n == 0);
		CHECK(chunk_store_count(store) == 320);
		chunk_store_close(store);
	}
	CHECK(failed > 5);
}

TEST(what_is_no_store)
{
	struct chunk_store *store = NULL;
	CHECK(chunk_store_open("nothing", CHUNK_STORE_READ, &store, &why) == ERR_NOT_FOUND);
	remove_store();
	CHECK(chunk_store_open(STORE, CHUNK_STORE_READ, &store, &why) == ERR_NOT_FOUND);
	CHECK(file_write(STORE "/chunks", BYTES_LITERAL("something else, and longer"), 0666) == OK);
	CHECK(chunk_store_open(STORE, CHUNK_STORE_READ, &store, &why) == ERR_VERSION);
	CHECK(chunk_store_open(STORE, CHUNK_STORE_WRITE, &store, &why) == ERR_VERSION);
	CHECK(file_write(STORE "/chunks", BYTES_LITERAL("swarm"), 0666) == OK); /* killed in its first write */
	CHECK(chunk_store_open(STORE, CHUNK_STORE_READ, &store, &why) == ERR_VERSION && store == NULL);
	CHECK(chunk_store_open(STORE, CHUNK_STORE_WRITE, &store, &why) == OK);
	chunk_store_close(store);
	CHECK(file_write(STORE "/index.mdb", BYTES_LITERAL("no database, but some bytes of text"), 0666) == OK);
	CHECK(chunk_store_open(STORE, CHUNK_STORE_READ, &store, &why) == ERR_IO);
	CHECK(file_write("file", BYTES_LITERAL("x"), 0666) == OK);
	CHECK(chunk_store_open("file", CHUNK_STORE_WRITE, &store, &why) != OK);
	CHECK(chunk_store_open("file/below", CHUNK_STORE_WRITE, &store, &why) != OK && unlink("file") == 0);
}

int main(void)
{
	vectors = test_vectors("swarm-soc.json");
	char folder[] = "/tmp/chunk_store_test.XXXXXX";
	if (mkdtemp(folder) == NULL || chdir(folder) != 0) {
		printf("Bail out! no folder\n");
		return 1;
	}
	RUN(gives_what_it_took);
	RUN(what_was_not_committed_is_gone);
	RUN(takes_a_chunk_once);
	RUN(refuses_what_is_no_chunk);
	RUN(single_owner_chunks);
	RUN(commits_by_itself);
	RUN(a_flipped_byte_costs_one_chunk_and_is_named);
	RUN(what_was_cut_off_is_damage_and_can_be_put_again);
	RUN(a_torn_tail_is_overwritten);
	RUN(a_writer_that_is_killed_loses_only_what_it_did_not_commit);
	RUN(one_writer);
	RUN(readers_while_it_is_written);
	RUN(no_room_is_an_error_and_nothing_is_lost);
	RUN(what_is_no_store);
	cJSON_Delete(vectors);
	remove_store();
	CHECK(rmdir(STORE) == 0 && rmdir("a/b") == 0 && rmdir("a") == 0 && rmdir(folder) == 0);
	return test_end() != 0 || access(folder, F_OK) == 0;
}
