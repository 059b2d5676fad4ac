/* NAME.part while others do things to it. What they do, they do within our flock(), or under a
 * geteuid() of the test's: always at the worst moment, never by luck. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/file.h"
#include "host/part_file.h"
#include "test.h"

#define SIZE (3 * (uint64_t)FETCH_PIECE_BYTES_MIN - 100) /* three pieces */
#define NAME BYTES_LITERAL("kernel")

static char folder[] = "build/host_part_file_test.XXXXXX";
static char part[sizeof folder + 16], final[sizeof folder + 16], other[sizeof folder + 16];
static struct fetch f;
static struct part_file p;
static struct why why;
static void (*before_lock)(void);
static unsigned locks_n, meddle_n;
static uid_t uid_added;

/* Instead of the C library's: another program runs before the lock is ours. */
int flock(int fd, int operation)
{
	locks_n++;
	if (before_lock != NULL && meddle_n > 0) {
		meddle_n--;
		before_lock();
	}
	return (int)syscall(SYS_flock, fd, operation);
}

uid_t geteuid(void)
{
	return getuid() + uid_added;
}

static void clean(void)
{
	(void)unlink(part);
	(void)rmdir(part);
	(void)unlink(final);
	(void)unlink(other);
	before_lock = NULL;
	locks_n = 0;
	meddle_n = 0;
	uid_added = 0;
	why = (struct why){.err = OK};
	fetch_init(&f);
	fetch_begin(&f, SIZE);
}

static int open_part(void)
{
	why = (struct why){.err = OK};
	int err = part_file_open(&p, folder, NAME, &why);
	return err == OK ? part_file_map(&p, &f) : err;
}

/* A file of n bytes, all the same. */
static void fill(const char *path, size_t n, int byte)
{
	uint8_t *data = malloc(n + 1);
	memset(data, byte, n + 1);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	CHECK(fd >= 0 && file_write_all(fd, bytes_of(data, n)) == OK);
	(void)close(fd);
	free(data);
}

static bool is_filled(const char *path, size_t n, int byte)
{
	struct bytes data;
	if (file_read(path, n, &data) != OK)
		return false;
	bool same = data.n == n;
	for (size_t i = 0; same && i < n; i++)
		same = data.p[i] == byte;
	file_free(data);
	return same;
}

static uint32_t found_n(void)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < f.pieces_n; i++)
		n += f.state[i] == FETCH_STORED;
	return n;
}

/* The other run ends: its file, whole and verified, gets its final name. */
static void other_run_finishes(void)
{
	fill(part, SIZE, 'v');
	CHECK(rename(part, final) == 0);
}

TEST(a_file_that_got_its_final_name_while_we_locked_it_is_left_alone)
{
	clean();
	fill(part, SIZE, 'v');
	before_lock = other_run_finishes;
	meddle_n = 1;
	CHECK(open_part() == OK && locks_n == 2);
	CHECK(found_n() == 0); /* a new file, with nothing in it */
	CHECK(part_file_write(&p, BYTES_LITERAL("evil"), 0) == OK);
	CHECK(part_file_mark(&p, 0, true) == OK);
	CHECK(is_filled(final, SIZE, 'v'));
	part_file_close(&p);
}

static void replace_part(void)
{
	fill(other, 10, 'o');
	CHECK(rename(other, part) == 0);
}

TEST(a_file_that_is_always_replaced_is_an_error_in_the_end)
{
	clean();
	before_lock = replace_part;
	meddle_n = UINT32_MAX;
	CHECK(open_part() == ERR_IO && why.what != NULL && strstr(why.what, "replace") != NULL);
	CHECK(locks_n > 1 && locks_n < 100 && is_filled(part, 10, 'o'));
}

TEST(one_at_a_time)
{
	clean();
	CHECK(open_part() == OK);
	struct part_file first = p;
	CHECK(open_part() == ERR_IO && strstr(why.what, "another download is writing it") != NULL);
	part_file_close(&first);
	fetch_begin(&f, SIZE);
	CHECK(open_part() == OK);
	part_file_close(&p);
}

static void refused(const char *text)
{
	if (!CHECK(open_part() == ERR_IO && why.what != NULL && strstr(why.what, text) != NULL))
		printf("# instead of '%s': %s\n", text, why.what == NULL ? "nothing" : why.what);
	CHECK(p.fd == -1 && p.path == NULL);
}

TEST(the_file_of_another_user_is_not_touched)
{
	clean();
	fill(part, 10, 'x');
	uid_added = 1;
	refused("belongs to another user");
	CHECK(is_filled(part, 10, 'x') && locks_n == 0);
}

TEST(a_file_with_a_second_name_is_not_touched)
{
	clean();
	fill(other, 10, 'x');
	CHECK(link(other, part) == 0);
	refused("hard link");
	CHECK(is_filled(other, 10, 'x'));
}

static void link_part(void)
{
	CHECK(link(part, other) == 0);
}

TEST(a_second_name_that_appears_before_the_lock_counts_too)
{
	clean();
	fill(part, 10, 'x');
	before_lock = link_part;
	meddle_n = 1;
	refused("hard link");
	CHECK(is_filled(other, 10, 'x'));
}

TEST(what_is_no_plain_file_is_refused)
{
	clean();
	fill(other, 10, 'x');
	CHECK(symlink("kernel.other", part) == 0);
	refused("not a plain file");
	CHECK(is_filled(other, 10, 'x'));
	CHECK(unlink(part) == 0 && symlink("nothing", part) == 0);
	refused("not a plain file");
	CHECK(unlink(part) == 0 && mkfifo(part, 0666) == 0);
	refused("not a plain file");
	CHECK(unlink(part) == 0 && mkdir(part, 0777) == 0);
	refused("not a plain file");
}

TEST(what_has_the_final_name_and_is_no_plain_file_stays)
{
	struct stat st;
	clean();
	CHECK(mkfifo(final, 0666) == 0);
	CHECK(open_part() == ERR_NOT_REGULAR && access(part, F_OK) != 0);
	CHECK(unlink(final) == 0 && open_part() == OK);
	CHECK(symlink("nothing", final) == 0 && part_file_finish(&p, f.size) == ERR_NOT_REGULAR);
	part_file_close(&p);
	CHECK(lstat(final, &st) == 0 && S_ISLNK(st.st_mode) && access(part, F_OK) == 0);
}

TEST(other_failures_have_no_sentence_but_errno)
{
	clean();
	CHECK(part_file_open(&p, "build/no/such/folder", NAME, &why) == ERR_IO);
	CHECK(errno == ENOENT && why.what == NULL);
}

/* The mode is what it would be if nobody had been there before. */
TEST(the_finished_file_has_the_mode_of_a_new_one)
{
	static const mode_t umasks[] = {022, 077, 0};
	for (unsigned i = 0; i < 6; i++) {
		struct stat st;
		mode_t mask = umasks[i / 2], before = umask(mask);
		clean();
		if (i % 2 == 1) {
			fill(part, 10, 'x');
			CHECK(chmod(part, i == 1 ? 0600 : 04777) == 0);
		}
		CHECK(open_part() == OK);
		CHECK(fstat(p.fd, &st) == 0 && (st.st_mode & 07077) == 0); /* nobody else's meanwhile */
		CHECK(part_file_finish(&p, f.size) == OK);
		part_file_close(&p);
		CHECK(stat(final, &st) == 0 && (st.st_mode & 07777) == (0666 & ~mask) && (uint64_t)st.st_size == SIZE);
		CHECK(umask(before) == mask);
	}
}

TEST(what_replaced_the_file_does_not_get_its_final_name)
{
	clean();
	CHECK(open_part() == OK);
	replace_part();
	CHECK(part_file_finish(&p, f.size) == ERR_IO);
	CHECK(access(final, F_OK) != 0 && is_filled(part, 10, 'o'));
	part_file_close(&p);
	clean();
	CHECK(open_part() == OK && unlink(part) == 0);
	CHECK(part_file_finish(&p, f.size) == ERR_IO && access(final, F_OK) != 0);
	part_file_close(&p);
}

/* How many pieces of a file that stood there are taken up now, and after another start. */
static void taken_up(size_t length, int byte, uint32_t now)
{
	clean();
	fill(part, length, byte);
	for (unsigned starts = 0; starts < 3; starts++) {
		struct stat st;
		fetch_begin(&f, SIZE);
		fetch_use_tree(&f);
		CHECK(open_part() == OK);
		if (!CHECK(found_n() == now && fetch_done_bytes(&f) == (now == 3 ? SIZE : now * f.piece_bytes)))
			printf("# %zu bytes, start %u: %u pieces\n", length, starts, found_n());
		CHECK(f.done_n == 0); /* none counts before its check */
		CHECK(fstat(p.fd, &st) == 0 && (uint64_t)st.st_size == SIZE + 3);
		part_file_close(&p);
	}
}

/* Bytes of 1 are what a map says of pieces that are there. */
TEST(an_old_file_leaves_no_map_behind)
{
	taken_up(0, 1, 0);
	taken_up(FETCH_PIECE_BYTES_MIN, 1, 1);
	taken_up(FETCH_PIECE_BYTES_MIN + 1, 1, 1);
	taken_up(SIZE - 1, 1, 2);
	taken_up(SIZE, 1, 3);     /* a whole file, from another program */
	taken_up(SIZE + 1, 1, 0); /* longer: of another release */
	taken_up(SIZE + 2, 1, 0);
	taken_up(SIZE + 4, 1, 0);
	taken_up(SIZE + FETCH_PIECES_MAX, 1, 0);
	taken_up(2 * SIZE, 1, 0);
	taken_up(SIZE + 3, 2, 0); /* has a map that names none */
}

TEST(the_map_is_kept)
{
	clean();
	CHECK(open_part() == OK && part_file_mark(&p, 1, true) == OK && part_file_mark(&p, 2, true) == OK &&
	      part_file_mark(&p, 2, false) == OK);
	part_file_close(&p);
	fetch_begin(&f, SIZE);
	CHECK(open_part() == OK && found_n() == 1 && f.state[1] == FETCH_STORED);
	CHECK(part_file_forget(&p) == OK);
	part_file_close(&p);
	fetch_begin(&f, SIZE);
	CHECK(open_part() == OK && found_n() == 0);
	part_file_close(&p);
}

int main(void)
{
	if (mkdtemp(folder) == NULL)
		return 1;
	(void)snprintf(part, sizeof part, "%s/kernel.part", folder);
	(void)snprintf(final, sizeof final, "%s/kernel", folder);
	(void)snprintf(other, sizeof other, "%s/kernel.other", folder);
	RUN(a_file_that_got_its_final_name_while_we_locked_it_is_left_alone);
	RUN(a_file_that_is_always_replaced_is_an_error_in_the_end);
	RUN(one_at_a_time);
	RUN(the_file_of_another_user_is_not_touched);
	RUN(a_file_with_a_second_name_is_not_touched);
	RUN(a_second_name_that_appears_before_the_lock_counts_too);
	RUN(what_is_no_plain_file_is_refused);
	RUN(other_failures_have_no_sentence_but_errno);
	RUN(what_has_the_final_name_and_is_no_plain_file_stays);
	RUN(the_finished_file_has_the_mode_of_a_new_one);
	RUN(what_replaced_the_file_does_not_get_its_final_name);
	RUN(an_old_file_leaves_no_map_behind);
	RUN(the_map_is_kept);
	clean();
	CHECK(rmdir(folder) == 0);
	return test_end();
}
