/* The store where the kernel refuses openat2, as some containers do: no link is followed, nothing
 * else changes. And a file that may not be read is named. The refusal is made by seccomp in a child. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/store.h"
#include "test.h"

static char folder[] = "/tmp/host_store_plain.XXXXXX";

static void make(const char *name)
{
	int fd = open(name, O_CREAT | O_WRONLY, 0644);
	CHECK(fd >= 0 && write(fd, "content", 7) == 7);
	close(fd);
}

static void make_store(void)
{
	CHECK(mkdtemp(folder) != NULL && chdir(folder) == 0 && chmod(".", 0755) == 0);
	CHECK(mkdir("store", 0755) == 0 && mkdir("store/stable", 0755) == 0 && mkdir("store/stable/amd64", 0755) == 0);
	make("outside");
	make("store/stable/amd64/vmlinuz");
	make("store/stable/amd64/initrd.img");
	CHECK(symlink("stable", "store/linked") == 0);
}

static void refuse(unsigned number, int with)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ((unsigned)with & SECCOMP_RET_DATA)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

/* Runs body in a child; what a CHECK there finds wrong fails the test here. */
static void in_child(void (*body)(void))
{
	int status = -1;
	(void)fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		body();
		(void)fflush(stdout);
		_exit(test_checks_failed != 0);
	}
	CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void works_as_ever(void)
{
	struct store s;
	struct store_folder f;
	struct store_names names = {.n = 0};
	struct why why = {.err = OK};
	struct stat st;
	char text[8] = "";
	int fd = -1;
	CHECK(store_open(&s, "store") == OK);
	CHECK(store_folder_open(&s, bytes_text("stable"), bytes_text("x86_64"), &f) == OK);
	CHECK(strcmp(f.arch, "amd64") == 0);
	CHECK(store_list(&s, &f, &names, &why) == OK && names.n == 2);
	CHECK(names.n == 2 && strcmp(names.v[0], "initrd.img") == 0 && strcmp(names.v[1], "vmlinuz") == 0);
	store_names_free(&names);
	CHECK(store_file_open(&s, &f, "vmlinuz", &fd, &st) == OK && st.st_size == 7);
	CHECK(read(fd, text, 7) == 7 && strcmp(text, "content") == 0);
	close(fd);
	CHECK(store_file_open(&s, &f, "absent", &fd, &st) == ERR_NOT_FOUND && errno == ENOENT);
	CHECK(store_folders(&s, NULL, &names) == OK && names.n >= 1);
	store_names_free(&names);
	store_folder_close(&f);
	store_close(&s);
}

static void follows_no_link(void)
{
	struct store s;
	struct store_folder f;
	struct store_names names = {.n = 0};
	struct why why = {.err = OK};
	struct stat st;
	int fd = -1;
	CHECK(store_open(&s, "store") == OK);
	CHECK(store_folder_open(&s, bytes_text("linked"), bytes_text("x86_64"), &f) == ERR_NOT_FOUND);
	CHECK(store_folder_open(&s, bytes_text("stable"), bytes_text("x86_64"), &f) == OK);
	CHECK(symlink("../../../outside", "store/stable/amd64/out") == 0);
	CHECK(store_file_open(&s, &f, "out", &fd, &st) == ERR_NOT_FOUND && errno == EMLINK && fd == -1);
	CHECK(store_list(&s, &f, &names, &why) == ERR_VALUE && bytes_is(why.id, "out"));
	CHECK(unlink("store/stable/amd64/out") == 0);
	store_folder_close(&f);
	store_close(&s);
}

static void no_such_call(void)
{
	refuse(SYS_openat2, ENOSYS);
	works_as_ever();
	follows_no_link();
}

static void forbidden_call(void)
{
	refuse(SYS_openat2, EPERM);
	works_as_ever();
	follows_no_link();
}

TEST(without_openat2)
{
	in_child(works_as_ever);
	in_child(no_such_call);
	in_child(forbidden_call);
}

static void always_again(void)
{
	struct store s;
	struct store_folder f;
	refuse(SYS_openat2, EAGAIN);
	CHECK(store_open(&s, "store") == OK);
	CHECK(store_folder_open(&s, bytes_text("stable"), bytes_text("amd64"), &f) == ERR_IO && errno == EAGAIN);
}

/* It ends; nothing is followed that the kernel is unsure of. */
TEST(a_kernel_that_stays_unsure)
{
	in_child(always_again);
}

static void as_nobody(void)
{
	struct store s;
	struct store_folder f;
	struct store_names names = {.n = 0};
	struct why why = {.err = OK};
	CHECK(chmod("store/stable/amd64/vmlinuz", 0) == 0);
	CHECK(geteuid() != 0 || seteuid(65534) == 0);
	CHECK(store_open(&s, "store") == OK);
	CHECK(store_folder_open(&s, bytes_text("stable"), bytes_text("amd64"), &f) == OK);
	CHECK(store_list(&s, &f, &names, &why) == ERR_IO && errno == EACCES && bytes_is(why.id, "vmlinuz"));
}

TEST(a_file_that_may_not_be_read_is_named)
{
	in_child(as_nobody);
	CHECK(chmod("store/stable/amd64/vmlinuz", 0644) == 0);
}

int main(void)
{
	make_store();
	RUN(without_openat2);
	RUN(a_kernel_that_stays_unsure);
	RUN(a_file_that_may_not_be_read_is_named);
	(void)unlink("store/stable/amd64/vmlinuz");
	(void)unlink("store/stable/amd64/initrd.img");
	(void)rmdir("store/stable/amd64");
	(void)rmdir("store/stable");
	(void)unlink("store/linked");
	(void)rmdir("store");
	(void)unlink("outside");
	CHECK(chdir("/") == 0 && rmdir(folder) == 0);
	return test_end();
}
