#include "host/floor_store.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/file.h"
#include "test.h"

static struct why why;
static const struct wall now = {1795225600};

static uint64_t floor_of(const char *channel)
{
	uint64_t release = UINT64_MAX;
	CHECK(floor_store_get("state", bytes_text(channel), BYTES_LITERAL("x86_64"), &release, &why) == OK);
	return release;
}

static int raise_to(const char *channel, uint64_t release)
{
	return floor_store_raise("state", bytes_text(channel), BYTES_LITERAL("x86_64"), release, now, &why);
}

TEST(starts_at_zero_and_only_rises)
{
	CHECK(floor_of("stable") == 0);
	CHECK(raise_to("stable", 42) == OK && floor_of("stable") == 42);
	CHECK(raise_to("stable", 41) == OK && floor_of("stable") == 42);
	CHECK(raise_to("stable", 42) == OK && floor_of("stable") == 42);
	CHECK(raise_to("stable", 9007199254740991) == OK && floor_of("stable") == 9007199254740991);
	CHECK(floor_of("testing") == 0);
}

TEST(damage_is_an_error_in_both_directions)
{
	uint64_t release = 7;
	CHECK(raise_to("damaged", 42) == OK);
	CHECK(file_write("state/damaged-x86_64.json", BYTES_LITERAL("{"), 0600) == OK);
	CHECK(floor_store_get("state", BYTES_LITERAL("damaged"), BYTES_LITERAL("x86_64"), &release, &why) ==
	      ERR_TRUNCATED);
	CHECK(release == 7);
	CHECK(raise_to("damaged", 43) == ERR_TRUNCATED);
	CHECK(unlink("state/damaged-x86_64.json") == 0 && mkfifo("state/damaged-x86_64.json", 0600) == 0);
	(void)alarm(60); /* nobody writes there */
	CHECK(floor_store_get("state", BYTES_LITERAL("damaged"), BYTES_LITERAL("x86_64"), &release, &why) ==
	      ERR_NOT_REGULAR);
	CHECK(raise_to("damaged", 43) == ERR_NOT_REGULAR && release == 7);
	(void)alarm(0);
}

TEST(a_floor_under_another_name_is_damage)
{
	uint64_t release;
	CHECK(raise_to("one", 42) == OK);
	CHECK(rename("state/one-x86_64.json", "state/two-x86_64.json") == 0);
	CHECK(floor_store_get("state", BYTES_LITERAL("two"), BYTES_LITERAL("x86_64"), &release, &why) == ERR_VALUE);
}

/* Eight processes raise the floor over and over, in different orders. */
TEST(many_at_once_never_lower_it)
{
	pid_t pids[8];
	for (unsigned p = 0; p < 8; p++) {
		pids[p] = fork();
		if (pids[p] != 0)
			continue;
		for (uint64_t i = 0; i < 20; i++) {
			uint64_t before = 0, after = 0, release = (i * 7 + p * 13) % 100 + 1;
			struct bytes channel = BYTES_LITERAL("busy"), arch = BYTES_LITERAL("x86_64");
			if (floor_store_get("state", channel, arch, &before, &why) != OK ||
			    floor_store_raise("state", channel, arch, release, now, &why) != OK ||
			    floor_store_get("state", channel, arch, &after, &why) != OK || after < before ||
			    after < release)
				_exit(1);
		}
		_exit(0);
	}
	for (unsigned p = 0; p < 8; p++) {
		int status;
		CHECK(pids[p] > 0 && waitpid(pids[p], &status, 0) == pids[p] && status == 0);
	}
	CHECK(floor_of("busy") <= 100 && floor_of("busy") > 90);
}

TEST(folders_that_cannot_be)
{
	uint64_t release;
	struct bytes channel = BYTES_LITERAL("c"), arch = BYTES_LITERAL("arm64");
	CHECK(file_write("file", BYTES_LITERAL("x"), 0600) == OK);
	CHECK(floor_store_get("file", channel, arch, &release, &why) == ERR_IO);
	CHECK(floor_store_get("file/below", channel, arch, &release, &why) == ERR_IO);
	CHECK(floor_store_raise("file", channel, arch, 1, now, &why) == ERR_IO);
	CHECK(unlink("file") == 0);
}

int main(void)
{
	char folder[] = "/tmp/floor_store_test.XXXXXX";
	if (mkdtemp(folder) == NULL || chdir(folder) != 0) {
		printf("Bail out! no folder\n");
		return 1;
	}
	RUN(starts_at_zero_and_only_rises);
	RUN(damage_is_an_error_in_both_directions);
	RUN(a_floor_under_another_name_is_damage);
	RUN(many_at_once_never_lower_it);
	RUN(folders_that_cannot_be);
	static const char *const files[] = {"state/stable-x86_64.json",
					    "state/damaged-x86_64.json",
					    "state/two-x86_64.json",
					    "state/busy-x86_64.json",
					    "state/.lock",
					    "state/one-x86_64.json"};
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		(void)unlink(files[i]);
	CHECK(rmdir("state") == 0 && rmdir(folder) == 0); /* and nothing else was left */
	return test_end() != 0 || access(folder, F_OK) == 0;
}
