/* Hashing files that are not as usual: partly read, without a size, and output that fails. */
#include "host/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "swarm/tree.h"
#include "test.h"

#define LARGE (3U << 20) /* takes the way with a thread for each hash */

static int temporary(size_t n)
{
	char path[] = "build/host_hash_test.XXXXXX";
	int fd = mkstemp(path);
	CHECK(fd >= 0 && unlink(path) == 0);
	uint8_t *data = malloc(n + 1);
	for (size_t i = 0; i < n; i++)
		data[i] = (uint8_t)(i * 7 + i / 4096);
	CHECK(write(fd, data, n) == (ssize_t)n && lseek(fd, 0, SEEK_SET) == 0);
	free(data);
	return fd;
}

/* What hash_file must say of the bytes of fd from offset on. */
static void plainly(int fd, off_t offset, struct hash_result *want)
{
	static struct split split;
	struct stat st;
	CHECK(fstat(fd, &st) == 0);
	size_t n = (size_t)(st.st_size - offset), used;
	uint8_t *data = malloc(n + 1);
	CHECK(pread(fd, data, n, offset) == (ssize_t)n);
	struct split_chunk chunk;
	split_init(&split, &(struct split_how){.kind = KECCAK_SCALAR}, NULL);
	for (size_t done = 0; done < n; done += used) {
		CHECK(split_take(&split, bytes_of(data + done, n - done), &used) == OK);
		while (split_chunk(&split, &chunk))
			continue;
	}
	split_end(&split);
	while (split_chunk(&split, &chunk))
		continue;
	want->size = n;
	split_reference(&split, &want->reference);
	struct sha256 sha256;
	sha256_init(&sha256);
	sha256_add(&sha256, bytes_of(data, n));
	sha256_end(&sha256, want->sha256);
	free(data);
}

static bool hashes_as(int fd, bool sha256, const struct hash_result *want)
{
	struct hash_result got;
	struct hash_wanted wanted = {.sha256 = sha256, .reference = true, .tree_fd = -1};
	return hash_file(fd, &wanted, &got) == OK && got.size == want->size &&
	       memcmp(got.reference.address, want->reference.address, REFERENCE_BYTES) == 0 &&
	       (!sha256 || memcmp(got.sha256, want->sha256, SHA256_BYTES) == 0);
}

TEST(from_where_the_file_stands)
{
	static const off_t offsets[] = {0, 1, 4096, 300000, LARGE - 1, LARGE};
	int fd = temporary(LARGE);
	for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
		struct hash_result want;
		plainly(fd, offsets[i], &want);
		for (int both = 0; both < 2; both++) {
			CHECK(lseek(fd, offsets[i], SEEK_SET) == offsets[i]);
			CHECK(hashes_as(fd, both == 1, &want));
		}
	}
	close(fd);
}

TEST(files_whose_size_is_unknown)
{
	int fd = open("/proc/self/status", O_RDONLY);
	struct hash_result got;
	struct stat st;
	struct hash_wanted wanted = {.sha256 = true, .reference = true, .tree_fd = -1};
	CHECK(fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0);
	CHECK(hash_file(fd, &wanted, &got) == OK && got.size > 0);
	close(fd);
}

/* Any level, plain or encrypted, gives the reference that the splitter alone gives; with the
 * SHA-256, and so with a thread of its own, too. */
TEST(of_every_level_and_encrypted)
{
	static const uint8_t secret[CHUNK_KEYS_SECRET_BYTES] = {9};
	static struct chunk_keys keys;
	int fd = temporary(LARGE);
	for (unsigned level = 0; level <= REDUNDANCY_LEVEL_MAX; level++) {
		struct hash_result got[4] = {0};
		for (int way = 0; way < 4; way++) {
			struct hash_wanted wanted = {.sha256 = way % 2 == 1,
						     .reference = true,
						     .redundancy = level,
						     .keys = way >= 2 ? &keys : NULL,
						     .tree_fd = -1};
			chunk_keys_begin(&keys, secret);
			CHECK(lseek(fd, 0, SEEK_SET) == 0 && hash_file(fd, &wanted, &got[way]) == OK);
			CHECK(got[way].size == LARGE && got[way].reference.encrypted == (way >= 2));
		}
		CHECK(memcmp(&got[0].reference, &got[1].reference, sizeof got[0].reference) == 0);
		CHECK(memcmp(&got[2].reference, &got[3].reference, sizeof got[2].reference) == 0);
		CHECK(memcmp(got[0].reference.address, got[2].reference.address, REFERENCE_BYTES) != 0);
	}
	close(fd);
}

/* The tree is written by a thread of its own, and so has an errno of its own. */
TEST(a_tree_that_cannot_be_written_says_why)
{
	int fd = temporary(LARGE), full = open("/dev/full", O_WRONLY);
	CHECK(full >= 0);
	for (int both = 0; both < 2; both++) {
		struct hash_wanted wanted = {.sha256 = both == 1, .reference = true, .tree_fd = full};
		struct hash_result got;
		errno = 0;
		CHECK(lseek(fd, 0, SEEK_SET) == 0);
		CHECK(hash_file(fd, &wanted, &got) == ERR_IO && errno == ENOSPC);
	}
	close(full);
	close(fd);
}

struct meddling {
	int fd;
	bool grow, done;
};

static void meddle(void *context, uint64_t done, uint64_t total)
{
	struct meddling *m = context;
	(void)done;
	(void)total;
	if (m->done)
		return;
	m->done = true;
	CHECK(m->grow ? pwrite(m->fd, "x", 1, LARGE) == 1 : ftruncate(m->fd, LARGE / 2) == 0);
}

TEST(a_file_that_changes_is_refused)
{
	for (int way = 0; way < 4; way++) {
		int fd = temporary(LARGE);
		struct meddling m = {.fd = fd, .grow = way % 2 == 1};
		struct hash_wanted wanted = {
			.sha256 = way >= 2, .reference = true, .tree_fd = -1, .progress = meddle, .context = &m};
		struct hash_result got = {.size = 77};
		CHECK(hash_file(fd, &wanted, &got) == ERR_CHANGED && got.size == 77);
		close(fd);
	}
}

#define APPENDS_MAX 200 /* so that a reader that runs along fails, and not the disk */

struct appending {
	int fd;
	uint64_t n;
};

static void append(void *context, uint64_t done, uint64_t total)
{
	struct appending *a = context;
	(void)done;
	if (a->n < APPENDS_MAX)
		CHECK(ftruncate(a->fd, (off_t)(total + ++a->n * (1U << 20))) == 0);
}

TEST(a_file_that_never_ends_growing_is_not_followed)
{
	for (int both = 0; both < 2; both++) {
		int fd = temporary(LARGE);
		struct appending a = {.fd = fd};
		struct hash_wanted wanted = {
			.sha256 = true, .reference = both == 1, .tree_fd = -1, .progress = append, .context = &a};
		struct hash_result got = {.size = 77};
		CHECK(hash_file(fd, &wanted, &got) == ERR_CHANGED && got.size == 77);
		CHECK(a.n < APPENDS_MAX);
		close(fd);
	}
}

int main(void)
{
	RUN(from_where_the_file_stands);
	RUN(files_whose_size_is_unknown);
	RUN(of_every_level_and_encrypted);
	RUN(a_tree_that_cannot_be_written_says_why);
	RUN(a_file_that_changes_is_refused);
	RUN(a_file_that_never_ends_growing_is_not_followed);
	return test_end();
}
