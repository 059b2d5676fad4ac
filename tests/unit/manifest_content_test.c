/* What makes two manifests those of one release, and what does not. */
#include "phase/manifest_content.h"

#include "phase_fixture.h"

static struct manifest manifest;

/* Of the fixture with from replaced by to. */
static void content(const char *from, const char *to, uint8_t out[static SHA256_BYTES])
{
	char *text = fixture_edit(fixture_manifest, from, to);
	if (CHECK(fixture_read(&manifest, text, strlen(text)) == OK))
		manifest_content(&manifest, out);
	else
		printf("# %s: %s\n", to, err_text(fixture_why.err));
	free(text);
}

TEST(what_is_not_of_the_files_does_not_count)
{
	static const char *const edits[][2] = {
		{"\"version\":\"1.2.0\",", ""},
		{"2026-12-20", "2027-12-20"},
		{"\"cmdline\":\"quiet\"", "\"cmdline\":\"loud\""},
		{"\"download_url\":\"stable/x86_64/vmlinuz\",", ""},
		{"\"x86_64\"", "\"amd64\""},
		{"{\"manifest_version\"", "{\"unknown\":[1],\"manifest_version\""},
	};
	uint8_t whole[SHA256_BYTES] = {0}, other[SHA256_BYTES] = {0};
	content("{", "{", whole);
	for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
		content(edits[i][0], edits[i][1], other);
		if (!CHECK(memcmp(whole, other, sizeof whole) == 0))
			printf("# %s\n", edits[i][0]);
	}
}

TEST(what_is_of_the_files_counts)
{
	static const char *const edits[][2] = {
		{"\"release\":42", "\"release\":43"},
		{"\"channel\":\"stable\"", "\"channel\":\"stabl\""},
		{"\"arch\":\"x86_64\"", "\"arch\":\"arm64\""},
		{"\"filename\":\"vmlinuz\"", "\"filename\":\"vmlinux\""},
		{"\"filename\":\"initrd.img\"", "\"filename\":\"initrd\""},
		{HASH_1, HASH_2},
		{HASH_2, HASH_1},
		{"\"artifacts\":{",
		 "\"artifacts\":{\"rootfs\":{\"filename\":\"r\",\"size_bytes\":7,\"hash\":\"" HASH_2 "\"},"},
	};
	static uint8_t seen[1 + sizeof edits / sizeof edits[0]][SHA256_BYTES];
	content("{", "{", seen[0]);
	for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
		content(edits[i][0], edits[i][1], seen[i + 1]);
		for (size_t k = 0; k <= i; k++)
			CHECK(memcmp(seen[k], seen[i + 1], SHA256_BYTES) != 0);
	}
}

/* The same bytes in another cut: "ab" + "c" is not "a" + "bc". */
TEST(texts_do_not_run_into_each_other)
{
	uint8_t one[SHA256_BYTES], two[SHA256_BYTES];
	manifest = (struct manifest){.channel = bytes_text("ab"), .arch = bytes_text("c")};
	manifest_content(&manifest, one);
	manifest = (struct manifest){.channel = bytes_text("a"), .arch = bytes_text("bc")};
	manifest_content(&manifest, two);
	CHECK(memcmp(one, two, sizeof one) != 0);
}

int main(void)
{
	RUN(what_is_not_of_the_files_does_not_count);
	RUN(what_is_of_the_files_counts);
	RUN(texts_do_not_run_into_each_other);
	return test_end();
}
