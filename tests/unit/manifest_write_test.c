/* What manifest_write writes is what manifest_read reads, and says nothing else. */
#include "phase/manifest.h"
#include "test.h"

static uint8_t text[MANIFEST_BYTES_MAX], memory[MANIFEST_ARENA_BYTES];
static struct manifest made, got;

static struct artifact artifact(const char *role, const char *filename, const char *url, uint64_t size)
{
	struct artifact a = {.role = bytes_text(role),
			     .filename = bytes_text(filename),
			     .download_url = bytes_text(url),
			     .size = size,
			     .has_swarm = size % 2 == 1};
	for (size_t i = 0; i < SHA256_BYTES; i++) {
		a.sha256[i] = (uint8_t)(i * 7 + size);
		a.swarm[i] = (uint8_t)(i * 13 + size);
	}
	return a;
}

static void make(void)
{
	made = (struct manifest){.version = BYTES_LITERAL("1.2 \"\\ä"),
				 .channel = BYTES_LITERAL("stable"),
				 .arch = BYTES_LITERAL("arm64"),
				 .cmdline = BYTES_LITERAL("console=ttyS0 a=\"b c\" \\"),
				 .has_cmdline = true,
				 .release = JSON_UINT_MAX,
				 .created_at = {1790000000},
				 .expires_at = {1790000001},
				 .artifacts_n = 3};
	made.artifacts[0] = artifact("initramfs", "initrd \"1\"", "stable/arm64/initrd%20%221%22", 1);
	made.artifacts[1] = artifact("initramfs.1", "more", "https://h.example/more?x=1", 4096);
	made.artifacts[2] = artifact("kernel", "Image", "stable/arm64/Image", MANIFEST_SIZE_MAX);
}

static int read_back(struct bytes document)
{
	struct arena a = arena_of(memory, sizeof memory);
	struct why why = {.err = OK};
	int err = manifest_read(&got, document, &a, &why);
	if (err != OK)
		printf("# %s: %s\n", why.what, err_text(err));
	return err;
}

static bool same_artifact(const struct artifact *a, const struct artifact *b)
{
	return bytes_equal(a->role, b->role) && bytes_equal(a->filename, b->filename) &&
	       bytes_equal(a->download_url, b->download_url) && a->size == b->size &&
	       memcmp(a->sha256, b->sha256, SHA256_BYTES) == 0 && a->has_swarm == b->has_swarm &&
	       (!a->has_swarm || memcmp(a->swarm, b->swarm, sizeof a->swarm) == 0);
}

TEST(is_read_back_as_it_was)
{
	struct writer w = writer_of(text, sizeof text);
	make();
	CHECK(manifest_write(&made, &w) == OK && text[w.n - 1] == '\n' && memchr(text, '\n', w.n - 1) == NULL);
	CHECK(read_back(writer_view(&w)) == OK);
	CHECK(bytes_equal(got.version, made.version) && bytes_equal(got.channel, made.channel));
	CHECK(bytes_equal(got.arch, made.arch) && got.has_cmdline && bytes_equal(got.cmdline, made.cmdline));
	CHECK(got.release == made.release && got.created_at.s == 1790000000 && got.expires_at.s == 1790000001);
	CHECK(got.artifacts_n == 3 && got.signatures_n == 0);
	for (size_t i = 0; i < 3; i++)
		CHECK(same_artifact(&got.artifacts[i], &made.artifacts[i]));
}

TEST(leaves_out_what_is_not_there)
{
	struct writer w = writer_of(text, sizeof text);
	make();
	made.has_cmdline = false;
	made.version = BYTES_NONE;
	CHECK(manifest_write(&made, &w) == OK && read_back(writer_view(&w)) == OK);
	CHECK(!got.has_cmdline && got.version.n == 0);
}

TEST(an_empty_cmdline_is_written)
{
	struct writer w = writer_of(text, sizeof text);
	make();
	made.cmdline = BYTES_NONE;
	CHECK(manifest_write(&made, &w) == OK && read_back(writer_view(&w)) == OK);
	CHECK(got.has_cmdline && got.cmdline.n == 0);
}

TEST(every_room_that_is_too_small)
{
	struct writer whole = writer_of(text, sizeof text);
	make();
	CHECK(manifest_write(&made, &whole) == OK);
	for (size_t room = 0; room < whole.n; room++) {
		uint8_t *small = malloc(room + 1);
		if (!CHECK(small != NULL))
			return;
		small[room] = 0xa5;
		struct writer w = writer_of(small, room);
		CHECK(manifest_write(&made, &w) == ERR_LIMIT && small[room] == 0xa5);
		free(small);
	}
}

TEST(times_that_cannot_be_written)
{
	struct writer w = writer_of(text, sizeof text);
	make();
	made.expires_at.s = 253402300800; /* the year 10000 */
	CHECK(manifest_write(&made, &w) == ERR_VALUE && w.n == 0);
	made.expires_at.s = 253402300799;
	CHECK(manifest_write(&made, &w) == OK && read_back(writer_view(&w)) == OK);
}

TEST(urls)
{
	static const struct {
		const char *file, *url;
	} t[] = {
		{"vmlinuz-6.1_a~b", "a/b/vmlinuz-6.1_a~b"},
		{"a b", "a/b/a%20b"},
		{"100%", "a/b/100%25"},
		{"?#[]/", "a/b/%3F%23%5B%5D%2F"},
		{"a:b", "a/b/a%3Ab"}, /* nobody may take it for a scheme */
		{"\xc3\xa4", "a/b/%C3%A4"},
		{"!$&'()*+,;=@", "a/b/!$&'()*+,;=@"},
		{"\"<>\\^`{|}", "a/b/%22%3C%3E%5C%5E%60%7B%7C%7D"},
	};
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		struct writer w = writer_of(text, sizeof text);
		manifest_write_url(BYTES_LITERAL("a"), BYTES_LITERAL("b"), bytes_text(t[i].file), &w);
		CHECK(bytes_is(writer_view(&w), t[i].url));
	}
}

int main(void)
{
	RUN(is_read_back_as_it_was);
	RUN(leaves_out_what_is_not_there);
	RUN(an_empty_cmdline_is_written);
	RUN(every_room_that_is_too_small);
	RUN(times_that_cannot_be_written);
	RUN(urls);
	return test_end();
}
