/* Files in a folder of the test's own. What must hold after a signal is tried in child processes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/clock.h"
#include "host/file.h"
#include "host/random.h"
#include "host/temporary.h"
#include "test.h"

static char folder[] = "build/host_file_test.XXXXXX";

static const char *in_folder(const char *name)
{
	static char path[2][512];
	static unsigned which;
	which ^= 1;
	(void)snprintf(path[which], sizeof path[which], "%s/%s", folder, name);
	return path[which];
}

static bool contains(const char *name, const char *text)
{
	struct bytes data;
	if (file_read(in_folder(name), 1000, &data) != OK)
		return false;
	bool same = bytes_equal(data, bytes_text(text)) && data.p[data.n] == 0;
	file_free(data);
	return same;
}

static unsigned files_n(void)
{
	DIR *d = opendir(folder);
	unsigned n = 0;
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;
}

static void empty_folder(void)
{
	DIR *d = opendir(folder);
	for (const struct dirent *e; (e = readdir(d)) != NULL;)
		(void)unlink(in_folder(e->d_name));
	closedir(d);
}

TEST(reads_whole_files_within_the_limit)
{
	struct bytes data = BYTES_LITERAL("untouched");
	CHECK(file_write(in_folder("a"), BYTES_LITERAL("0123456789"), 0666) == OK);
	CHECK(contains("a", "0123456789"));
	CHECK(file_read(in_folder("a"), 9, &data) == ERR_LIMIT && bytes_equal(data, BYTES_LITERAL("untouched")));
	CHECK(file_read(in_folder("a"), 10, &data) == OK && data.n == 10);
	file_free(data);
	CHECK(file_read(in_folder("none"), 10, &data) == ERR_NOT_FOUND && errno == ENOENT);
	CHECK(file_read(in_folder("a/b"), 10, &data) == ERR_NOT_FOUND && errno == ENOTDIR);
	CHECK(file_read(folder, 10, &data) == ERR_IO && errno == EISDIR);
	CHECK(file_read("/dev/null", 0, &data) == OK && data.n == 0 && data.p[0] == 0);
	file_free(data);
	CHECK(file_read("/dev/zero", 1U << 20, &data) == ERR_LIMIT);
}

/* What a program keeps for itself is a regular file, or it is refused: without waiting, which an alarm would end. */
TEST(what_is_kept_is_a_regular_file)
{
	struct bytes data = BYTES_LITERAL("untouched");
	CHECK(file_write(in_folder("a"), BYTES_LITERAL("0123456789"), 0666) == OK);
	CHECK(file_read_kept(in_folder("a"), 9, &data) == ERR_LIMIT);
	CHECK(file_read_kept(in_folder("none"), 10, &data) == ERR_NOT_FOUND);
	CHECK(mkfifo(in_folder("fifo"), 0600) == 0);
	(void)alarm(60);
	CHECK(file_read_kept(in_folder("fifo"), 10, &data) == ERR_NOT_REGULAR);
	(void)alarm(0);
	CHECK(file_read_kept("/dev/null", 10, &data) == ERR_NOT_REGULAR);
	CHECK(file_read_kept(folder, 10, &data) == ERR_IO && errno == EISDIR);
	CHECK(bytes_is(data, "untouched"));
	if (CHECK(file_read_kept(in_folder("a"), 10, &data) == OK)) {
		CHECK(bytes_is(data, "0123456789") && data.p[data.n] == 0);
		file_free(data);
	}
	CHECK(unlink(in_folder("fifo")) == 0 && unlink(in_folder("a")) == 0);
}

TEST(reads_more_than_one_step)
{
	size_t n = 300001;
	uint8_t *big = malloc(n);
	for (size_t i = 0; i < n; i++)
		big[i] = (uint8_t)(i * 7);
	struct bytes data;
	CHECK(file_write(in_folder("big"), bytes_of(big, n), 0666) == OK);
	CHECK(file_read(in_folder("big"), n, &data) == OK && bytes_equal(data, bytes_of(big, n)));
	file_free(data);
	free(big);
}

TEST(appears_only_when_committed)
{
	struct file_output f;
	struct stat st;
	empty_folder();
	CHECK(file_output_open(&f, in_folder("new"), 0666) == OK);
	CHECK(file_write_all(f.fd, BYTES_LITERAL("text")) == OK);
	CHECK(stat(in_folder("new"), &st) != 0 && files_n() == 1);
	CHECK(strncmp(f.temporary, in_folder(".new."), strlen(in_folder(".new."))) == 0);
	CHECK(file_output_commit(&f) == OK && f.fd == -1 && f.temporary == NULL);
	CHECK(contains("new", "text") && files_n() == 1);
	CHECK(file_write(in_folder("new"), BYTES_LITERAL("other"), 0666) == OK && contains("new", "other"));
	CHECK(file_output_open(&f, in_folder("new"), 0666) == OK);
	file_output_drop(&f);
	file_output_drop(&f);
	CHECK(contains("new", "other") && files_n() == 1);
}

TEST(a_secret_is_never_open_to_others)
{
	struct file_output f;
	struct stat st;
	mode_t mask = umask(0);
	CHECK(file_output_open(&f, in_folder("secret"), 0600) == OK);
	CHECK(fstat(f.fd, &st) == 0 && (st.st_mode & 0777) == 0600);
	CHECK(file_output_commit(&f) == OK && stat(in_folder("secret"), &st) == 0 && (st.st_mode & 0777) == 0600);
	umask(022);
	CHECK(file_write(in_folder("public"), BYTES_LITERAL(""), 0666) == OK);
	CHECK(stat(in_folder("public"), &st) == 0 && (st.st_mode & 0777) == 0644);
	umask(mask);
}

TEST(a_new_file_replaces_nothing)
{
	struct file_output f;
	empty_folder();
	CHECK(file_output_open(&f, in_folder("key"), 0600) == OK);
	CHECK(file_output_commit_new(&f) == OK && files_n() == 1);
	CHECK(file_output_open(&f, in_folder("key"), 0600) == OK);
	CHECK(file_write_all(f.fd, BYTES_LITERAL("second")) == OK);
	CHECK(file_output_commit_new(&f) == ERR_IO && errno == EEXIST);
	CHECK(contains("key", "") && files_n() == 1);
	CHECK(file_output_open(&f, in_folder("link"), 0600) == OK);
	CHECK(symlink("elsewhere", in_folder("link")) == 0);
	CHECK(file_output_commit_new(&f) == ERR_IO && errno == EEXIST && access(in_folder("elsewhere"), F_OK) != 0);
}

/* Makes something at path that is no regular file. */
static bool make_special(const char *path, unsigned kind)
{
	switch (kind) {
	case 0:
		return mkfifo(path, 0666) == 0;
	case 1:
		return symlink("elsewhere", path) == 0;
	case 2:
		return symlink("regular", path) == 0;
	default:
		return mkdir(path, 0777) == 0;
	}
}

TEST(only_a_regular_file_is_replaced)
{
	for (unsigned kind = 0; kind < 4; kind++) {
		struct file_output f;
		struct stat before = {.st_ino = 0}, after = {.st_ino = 0};
		empty_folder();
		CHECK(file_write(in_folder("regular"), BYTES_LITERAL("kept"), 0666) == OK);
		CHECK(file_output_open(&f, in_folder("late"), 0666) == OK);
		CHECK(make_special(in_folder("late"), kind) && lstat(in_folder("late"), &before) == 0);
		CHECK(file_output_commit(&f) == ERR_NOT_REGULAR && f.fd == -1);
		CHECK(file_output_open(&f, in_folder("late"), 0666) == ERR_NOT_REGULAR && f.fd == -1);
		CHECK(file_write(in_folder("late"), BYTES_LITERAL("new"), 0666) == ERR_NOT_REGULAR);
		CHECK(lstat(in_folder("late"), &after) == 0 && after.st_ino == before.st_ino);
		CHECK(after.st_mode == before.st_mode && files_n() == 2 && contains("regular", "kept"));
		(void)rmdir(in_folder("late")); /* empty_folder takes the others */
	}
}

TEST(failures_leave_nothing)
{
	struct file_output f;
	empty_folder();
	CHECK(file_output_open(&f, in_folder("none/x"), 0666) == ERR_NOT_FOUND && errno == ENOENT && f.fd == -1);
	int full = open("/dev/full", O_WRONLY);
	CHECK(file_write_all(full, BYTES_LITERAL("x")) == ERR_IO && errno == ENOSPC);
	close(full);
}

/* RLIMIT_FSIZE stands for a full disk: the write fails half-way. */
TEST(a_write_that_fails_leaves_the_old_file)
{
	empty_folder();
	CHECK(file_write(in_folder("a"), BYTES_LITERAL("old"), 0666) == OK);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		const struct rlimit limit = {.rlim_cur = 4, .rlim_max = 4};
		(void)signal(SIGXFSZ, SIG_IGN);
		if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
			_exit(99);
		int err = file_write(in_folder("a"), BYTES_LITERAL("0123456789"), 0666);
		_exit(err == ERR_IO && errno == EFBIG ? 0 : 1);
	}
	int status;
	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(contains("a", "old") && files_n() == 1);
}

static int status_after_signal(int signal_n, bool ignored)
{
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		struct file_output f, g;
		if (ignored)
			(void)signal(signal_n, SIG_IGN);
		if (file_output_open(&f, in_folder("a"), 0666) != OK ||
		    file_output_open(&g, in_folder("b"), 0666) != OK)
			_exit(99);
		(void)raise(signal_n);
		_exit(file_output_commit(&f) == OK && file_output_commit(&g) == OK ? 0 : 1);
	}
	int status;
	if (waitpid(child, &status, 0) != child)
		abort();
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

TEST(signals_take_temporaries_along)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		empty_folder();
		CHECK(status_after_signal(signals[i], false) == 128 + signals[i]);
		CHECK(files_n() == 0);
		CHECK(status_after_signal(signals[i], true) == 0); /* nohup stays nohup */
		CHECK(files_n() == 2);
	}
}

TEST(more_temporaries_than_the_list_holds)
{
	enum { MANY = TEMPORARIES_MAX + 3 };
	static struct file_output f[MANY];
	empty_folder();
	for (unsigned i = 0; i < MANY; i++) {
		char name[16];
		(void)snprintf(name, sizeof name, "%u", i);
		CHECK(file_output_open(&f[i], in_folder(name), 0666) == OK);
	}
	for (unsigned i = 0; i < MANY; i++)
		if (i % 2 == 0)
			CHECK(file_output_commit(&f[i]) == OK);
		else
			file_output_drop(&f[i]);
	CHECK(files_n() == (MANY + 1) / 2);
	empty_folder();
}

TEST(makes_folders_that_are_missing)
{
	CHECK(file_make_folders(in_folder("x/y/z")) == OK && access(in_folder("x/y/z"), X_OK) == 0);
	CHECK(file_make_folders(in_folder("x/y/z")) == OK);
	CHECK(file_make_folders(in_folder("x//w/")) == OK && access(in_folder("x/w"), X_OK) == 0);
	CHECK(file_write(in_folder("plain"), BYTES_LITERAL(""), 0666) == OK);
	CHECK(file_make_folders(in_folder("plain/a")) == ERR_IO && errno == ENOTDIR);
	CHECK(file_make_folders(in_folder("plain")) == ERR_IO && errno == ENOTDIR);
	CHECK(rmdir(in_folder("x/y/z")) == 0 && rmdir(in_folder("x/y")) == 0 && rmdir(in_folder("x/w")) == 0 &&
	      rmdir(in_folder("x")) == 0);
}

TEST(clocks_go_forward_and_chance_differs)
{
	uint64_t before = clock_now_ms();
	CHECK(clock_now_ms() >= before && clock_wall_s() > 1600000000);
	uint8_t a[64] = {0}, b[64] = {0};
	CHECK(random_fill(a, sizeof a) == OK && random_fill(b, sizeof b) == OK && memcmp(a, b, sizeof a) != 0);
}

TEST(a_file_is_the_same_until_it_changes)
{
	struct stat a, b;
	CHECK(file_write(in_folder("one"), BYTES_LITERAL("one"), 0666) == OK && stat(in_folder("one"), &a) == 0);
	CHECK(file_write(in_folder("two"), BYTES_LITERAL("two"), 0666) == OK && stat(in_folder("two"), &b) == 0);
	CHECK(file_same(&a, &a) && !file_same(&a, &b));
	CHECK(stat(in_folder("one"), &b) == 0 && file_same(&a, &b));
	const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	CHECK(utimensat(AT_FDCWD, in_folder("one"), times, 0) == 0 && stat(in_folder("one"), &b) == 0);
	CHECK(!file_same(&a, &b));
	CHECK(unlink(in_folder("one")) == 0 && unlink(in_folder("two")) == 0);
}

TEST(what_errno_means_for_a_file)
{
	errno = ENOENT;
	CHECK(file_err() == ERR_NOT_FOUND);
	errno = ENOTDIR;
	CHECK(file_err() == ERR_NOT_FOUND);
	errno = EACCES;
	CHECK(file_err() == ERR_IO);
}

int main(void)
{
	(void)signal(SIGHUP, SIG_DFL); /* the tests may run under nohup, */
	(void)signal(SIGINT, SIG_DFL); /* or in the background of a script */
	if (mkdtemp(folder) == NULL)
		return 1;
	RUN(reads_whole_files_within_the_limit);
	RUN(what_is_kept_is_a_regular_file);
	RUN(reads_more_than_one_step);
	RUN(appears_only_when_committed);
	RUN(a_secret_is_never_open_to_others);
	RUN(a_new_file_replaces_nothing);
	RUN(only_a_regular_file_is_replaced);
	RUN(failures_leave_nothing);
	RUN(a_write_that_fails_leaves_the_old_file);
	RUN(signals_take_temporaries_along);
	RUN(more_temporaries_than_the_list_holds);
	RUN(makes_folders_that_are_missing);
	RUN(a_file_is_the_same_until_it_changes);
	RUN(what_errno_means_for_a_file);
	RUN(clocks_go_forward_and_chance_differs);
	empty_folder();
	(void)rmdir(folder);
	return test_end();
}
