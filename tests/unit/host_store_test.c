/* The store: what it finds, and that nothing leads out of it. */
#include "host/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test.h"

static struct store store;
static struct store_folder folder;
static struct store_names names;
static struct why why;

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

static int open_folder(const char *channel, const char *arch)
{
	return store_folder_open(&store, bytes_text(channel), bytes_text(arch), &folder);
}

static void make_folders(void)
{
	static const char *const folders[] = {"store",         "store/a",       "store/a/x86_64",     "store/b",
					      "store/b/amd64", "store/c",       "store/c/x86_64",     "store/c/amd64",
					      "store/d",       "store/d/arm64", "store/a/x86_64/sub", "outside"};
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
		CHECK(mkdir(folders[i], 0700) == 0);
	put("outside/secret", "secret");
	put("store/a/x86_64/vmlinuz", "k");
	put("store/b/amd64/vmlinuz", "k");
	put("store/c/amd64/vmlinuz", "k");
}

TEST(stores_that_are_none)
{
	struct store none;
	CHECK(store_open(&none, "nowhere") == ERR_NOT_FOUND && errno == ENOENT);
	CHECK(store_open(&none, "outside/secret") == ERR_NOT_FOUND && errno == ENOTDIR);
}

TEST(folders_in_either_spelling)
{
	static const struct {
		const char *channel, *asked, *found;
	} t[] = {
		{"a", "x86_64", "x86_64"}, {"a", "amd64", "x86_64"},  {"b", "x86_64", "amd64"},
		{"b", "amd64", "amd64"},   {"c", "x86_64", "amd64"}, /* the other one is empty */
		{"c", "amd64", "amd64"},   {"d", "aarch64", "arm64"}, {"d", "arm64", "arm64"},
	};
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		if (!CHECK(open_folder(t[i].channel, t[i].asked) == OK))
			continue;
		CHECK(strcmp(folder.arch, t[i].found) == 0 && strcmp(folder.channel, t[i].channel) == 0);
		store_folder_close(&folder);
	}
	CHECK(open_folder("a", "arm64") == ERR_NOT_FOUND);
	CHECK(open_folder("none", "x86_64") == ERR_NOT_FOUND);
}

TEST(names_that_are_no_single_component)
{
	static const char *const channels[] = {"..", ".", "", "a/b", "../outside", "/", ".hidden", "a\\b", "a\nb"};
	for (size_t i = 0; i < sizeof channels / sizeof channels[0]; i++)
		CHECK(open_folder(channels[i], "x86_64") == ERR_VALUE);
	CHECK(store_folder_open(&store, bytes_of("a\0b", 3), bytes_text("x86_64"), &folder) == ERR_VALUE);
	CHECK(open_folder("a", "riscv64") == ERR_VALUE && open_folder("a", "..") == ERR_VALUE);
	int fd;
	struct stat st;
	CHECK(open_folder("a", "x86_64") == OK);
	static const char *const files[] = {"..",          ".",    "",   "../vmlinuz", "sub/../vmlinuz",
					    "/etc/passwd", "a\\b", "sub"};
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		CHECK(store_file_open(&store, &folder, files[i], &fd, &st) == ERR_NOT_FOUND);
	CHECK(store_file_open(&store, &folder, "vmlinuz", &fd, &st) == OK && st.st_size == 1 && close(fd) == 0);
	store_folder_close(&folder);
}

/* Makes NAME lead to target and says how it is listed and opened. */
static void link_case(const char *target, int listed, const char *what, int error)
{
	int fd;
	struct stat st;
	CHECK(symlink(target, "store/a/x86_64/link") == 0);
	CHECK(open_folder("a", "x86_64") == OK);
	CHECK(store_list(&store, &folder, &names, &why) == listed);
	if (listed == OK) {
		CHECK(names.n == 2 && strcmp(names.v[0], "link") == 0);
		CHECK(store_file_open(&store, &folder, "link", &fd, &st) == OK && close(fd) == 0);
	} else {
		CHECK(strcmp(why.what, what) == 0 && bytes_is(why.id, "link") && names.n == 0);
		CHECK(store_file_open(&store, &folder, "link", &fd, &st) == ERR_NOT_FOUND && errno == error);
	}
	store_names_free(&names);
	store_folder_close(&folder);
	CHECK(unlink("store/a/x86_64/link") == 0);
}

TEST(links)
{
	char absolute[1024];
	CHECK(getcwd(absolute, sizeof absolute - 20) != NULL);
	memcpy(absolute + strlen(absolute), "/outside/secret", 16);
	link_case("vmlinuz", OK, "", 0);
	link_case("../../b/amd64/vmlinuz", OK, "", 0);
	link_case("../../../outside/secret", ERR_VALUE, "leads out of the store", EXDEV);
	link_case("../../../store/a/x86_64/vmlinuz", ERR_VALUE, "leads out of the store", EXDEV);
	link_case(absolute, ERR_VALUE, "leads out of the store", EXDEV);
	link_case("nothing", ERR_VALUE, "leads to nothing", ENOENT);
	link_case("link", ERR_VALUE, "leads in circles", ELOOP);
}

TEST(folders_that_lead_out)
{
	CHECK(mkdir("outside/x86_64", 0700) == 0 && symlink("../outside", "store/out") == 0);
	CHECK(open_folder("out", "x86_64") == ERR_NOT_FOUND && errno == EXDEV);
	CHECK(open_folder("out", "amd64") == ERR_NOT_FOUND && errno == EXDEV);
	CHECK(store_folders(&store, "out", &names) == ERR_NOT_FOUND);
}

TEST(what_is_listed)
{
	static const char *const files[] = {"zz", "manifest.json", ".hidden", "vmlinuz.bmt", "vmlinuz.sig",
					    "aa", "vmlinuz.part",  "a b"};
	char path[64];
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		(void)snprintf(path, sizeof path, "store/a/x86_64/%s", files[i]);
		put(path, "x");
	}
	CHECK(open_folder("a", "x86_64") == OK);
	for (unsigned again = 0; again < 2; again++) { /* the folder keeps no position */
		CHECK(store_list(&store, &folder, &names, &why) == OK && names.n == 4);
		CHECK(strcmp(names.v[0], "a b") == 0 && strcmp(names.v[1], "aa") == 0);
		CHECK(strcmp(names.v[2], "vmlinuz") == 0 && strcmp(names.v[3], "zz") == 0);
		store_names_free(&names);
	}
	store_folder_close(&folder);
	CHECK(store_folders(&store, NULL, &names) == OK && names.n >= 4 && strcmp(names.v[0], "a") == 0);
	store_names_free(&names);
	CHECK(store_folders(&store, "c", &names) == OK && names.n == 2 && strcmp(names.v[0], "amd64") == 0);
	store_names_free(&names);
}

TEST(what_is_no_file)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "store/b/amd64/socket"};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && close(fd) == 0);
	CHECK(open_folder("b", "amd64") == OK);
	CHECK(store_list(&store, &folder, &names, &why) != OK && bytes_is(why.id, "socket"));
	CHECK(unlink("store/b/amd64/socket") == 0 && mkfifo("store/b/amd64/pipe", 0600) == 0);
	CHECK(store_list(&store, &folder, &names, &why) == ERR_VALUE); /* and it did not wait */
	CHECK(strcmp(why.what, "is no regular file") == 0 && bytes_is(why.id, "pipe"));
	store_folder_close(&folder);
}

int main(void)
{
	char path[] = "/tmp/store_test.XXXXXX", remove[64];
	if (mkdtemp(path) == NULL || chdir(path) != 0) {
		printf("Bail out! no folder\n");
		return 1;
	}
	make_folders();
	if (store_open(&store, "store") != OK) {
		printf("Bail out! no store\n");
		return 1;
	}
	RUN(stores_that_are_none);
	RUN(folders_in_either_spelling);
	RUN(names_that_are_no_single_component);
	RUN(links);
	RUN(folders_that_lead_out);
	RUN(what_is_listed);
	RUN(what_is_no_file);
	store_close(&store);
	(void)snprintf(remove, sizeof remove, "rm -rf %s", path);
	return system(remove) != 0 || test_end() != 0; /* NOLINT: a name that we made */
}
