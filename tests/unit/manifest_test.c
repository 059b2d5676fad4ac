#include "phase/manifest.h"

#include "phase_fixture.h"

static struct manifest m;

/* Reads the fixture with one change in it. */
static int edited(const char *from, const char *to)
{
	char *text = fixture_edit(fixture_manifest, from, to);
	int err = fixture_read(&m, text, strlen(text));
	if (err == OK && m.artifacts_n > 0)
		err = m.artifacts[0].role.p == NULL; /* touches what was read: the text is freed below */
	free(text);
	return err;
}

struct edit {
	const char *from, *to;
	int err;
	const char *what; /* of the error; NULL: not compared */
};

static void check_edits(const struct edit *edits, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int err = edited(edits[i].from, edits[i].to);
		bool good = CHECK(err == edits[i].err);
		if (edits[i].what != NULL)
			good &= CHECK(fixture_why.what != NULL && strcmp(fixture_why.what, edits[i].what) == 0);
		if (!good)
			printf("# in: %s -> %s: %s, %s\n", edits[i].from, edits[i].to, err_text(err),
			       fixture_why.what == NULL ? "" : fixture_why.what);
	}
}
#define CHECK_EDITS(edits) check_edits((edits), sizeof(edits) / sizeof(edits)[0])

TEST(reads_what_is_there)
{
	CHECK(fixture_read(&m, fixture_manifest, sizeof fixture_manifest - 1) == OK);
	CHECK(bytes_is(m.version, "1.2.0") && m.release == 42);
	CHECK(bytes_is(m.channel, "stable") && bytes_is(m.arch, "x86_64"));
	CHECK(m.has_cmdline && bytes_is(m.cmdline, "quiet"));
	CHECK(m.expires_at.s - m.created_at.s == 30 * 86400);
	CHECK(m.artifacts_n == 2 && m.signatures_n == 0 && m.critical_unknown.n == 0);
	const struct artifact *kernel = manifest_artifact(&m, "kernel");
	CHECK(kernel != NULL && bytes_is(kernel->filename, "vmlinuz") && kernel->size == 8388608);
	CHECK(kernel != NULL && kernel->sha256[0] == 0x11 && kernel->has_swarm && kernel->swarm[31] == 0x33);
	CHECK(kernel != NULL && bytes_is(kernel->download_url, "stable/x86_64/vmlinuz"));
	const struct artifact *initrd = manifest_artifact(&m, "initramfs");
	CHECK(initrd != NULL && !initrd->has_swarm && initrd->download_url.n == 0 && initrd->sha256[31] == 0x22);
	CHECK(manifest_artifact(&m, "rootfs") == NULL);
	CHECK(bytes_starts(m.message, MANIFEST_SIGNED_PREFIX "{\"arch\":\"x86_64\",\"artifacts\":{\"initramfs\":{"));
	CHECK(bytes_ends(m.message, "\"version\":\"1.2.0\"}"));
}

TEST(failure_leaves_the_manifest_alone)
{
	CHECK(fixture_read(&m, fixture_manifest, sizeof fixture_manifest - 1) == OK);
	struct manifest before = m;
	CHECK(edited("\"release\":42", "\"release\":43,\"arch\":1") == ERR_DUPLICATE);
	CHECK(edited("\"signatures\":[]", "\"signatures\":[1]") == ERR_TYPE);
	CHECK(m.release == before.release && m.artifacts_n == before.artifacts_n && m.message.p == before.message.p);
}

TEST(members_that_must_be_there)
{
	static const struct edit edits[] = {
		{"\"manifest_version\":1,", "", ERR_MISSING, "manifest_version"},
		{"\"release\":42,", "", ERR_MISSING, "release"},
		{"\"channel\":\"stable\",", "", ERR_MISSING, "channel"},
		{"\"arch\":\"x86_64\",", "", ERR_MISSING, "arch"},
		{"\"created_at\":\"2026-11-20T00:00:00Z\",", "", ERR_MISSING, "created_at"},
		{"\"expires_at\":\"2026-12-20T00:00:00Z\",", "", ERR_MISSING, "expires_at"},
		{"\"filename\":\"vmlinuz\",", "", ERR_MISSING, "filename"},
		{"\"size_bytes\":7,", "", ERR_MISSING, "size_bytes"},
		{",\"hash\":\"" HASH_2 "\"", "", ERR_MISSING, "hash"},
		{"\"kernel\"", "\"kernels\"", ERR_MISSING, "kernel"},
		{"\"artifacts\"", "\"Artifacts\"", ERR_MISSING, "artifacts"},
		/* and those that need not */
		{"\"version\":\"1.2.0\",", "", OK, NULL},
		{"\"cmdline\":\"quiet\",", "", OK, NULL},
		{",\"signatures\":[]", "", OK, NULL},
		{"\"kernel\"", "\"uki\"", OK, NULL},
		{"\"signatures\":[]", "\"note\":{\"a\":[null,true,false]}", OK, NULL},
	};
	CHECK_EDITS(edits);
	CHECK(edited("\"size_bytes\":7,", "") == ERR_MISSING && bytes_is(fixture_why.id, "initramfs"));
}

TEST(values_that_are_not_allowed)
{
	static const struct edit edits[] = {
		{"\"manifest_version\":1", "\"manifest_version\":2", ERR_VERSION, "manifest_version"},
		{"\"manifest_version\":1", "\"manifest_version\":0", ERR_VERSION, NULL},
		{"\"manifest_version\":1", "\"manifest_version\":\"1\"", ERR_TYPE, "manifest_version"},
		{"42", "\"42\"", ERR_TYPE, "release"},
		{"42", "null", ERR_TYPE, "release"},
		{"42", "9007199254740991", OK, NULL},
		{"42", "0", OK, NULL},
		{"\"stable\"", "\"\"", ERR_VALUE, "channel"},
		{"\"stable\"", "7", ERR_TYPE, "channel"},
		{"\"stable\"", "\"../stable\"", ERR_VALUE, "channel"},
		{"\"stable\"", "\"a/b\"", ERR_VALUE, "channel"},
		{"\"stable\"", "\".\"", ERR_VALUE, "channel"},
		{"\"stable\"", "\"..\"", ERR_VALUE, "channel"},
		{"\"x86_64\"", "\"x86-64\"", ERR_VALUE, "arch"},
		{"\"x86_64\"", "\"X86_64\"", ERR_VALUE, "arch"},
		{"\"x86_64\"", "\"\"", ERR_VALUE, "arch"},
		{"\"1.2.0\"", "\"1\\n2\"", ERR_VALUE, "version"},
		{"\"1.2.0\"", "12", ERR_TYPE, "version"},
		{"2026-11-20T00:00:00Z", "2026-11-20", ERR_VALUE, "created_at"},
		{"2026-11-20T00:00:00Z", "2026-02-30T00:00:00Z", ERR_VALUE, "created_at"},
		{"2026-11-20T00:00:00Z", "2026-12-20T00:00:00Z", ERR_VALUE, "expires_at"},
		{"2026-11-20T00:00:00Z", "2026-12-20T01:00:00+00:59", ERR_VALUE, "expires_at"},
		{"\"2026-12-20T00:00:00Z\"", "1797724800", ERR_TYPE, "expires_at"},
		{"\"quiet\"", "\"\"", OK, NULL},
		{"\"quiet\"", "\"a\\tb\"", ERR_VALUE, "cmdline"},
		{"\"quiet\"", "\"a\\u0000b\"", ERR_VALUE, "cmdline"},
		{"\"quiet\"", "\"a\\nb\"", ERR_VALUE, "cmdline"},
		{"\"quiet\"", "[\"quiet\"]", ERR_TYPE, "cmdline"},
		{"\"size_bytes\":7", "\"size_bytes\":0", ERR_VALUE, "size_bytes"},
		{"\"size_bytes\":7", "\"size_bytes\":281474976710656", OK, NULL},
		{"\"size_bytes\":7", "\"size_bytes\":281474976710657", ERR_VALUE, "size_bytes"},
		{"\"size_bytes\":7", "\"size_bytes\":\"7\"", ERR_TYPE, "size_bytes"},
		{"sha256:1", "sha512:1", ERR_VALUE, "hash"},
		{"sha256:1", "SHA256:1", ERR_VALUE, "hash"},
		{"sha256:1", "1", ERR_VALUE, "hash"},
		{"sha256:1", "sha256:", ERR_VALUE, "hash"},
		{"sha256:1", "sha256:11", ERR_VALUE, "hash"},
		{"sha256:1", "sha256:A", ERR_VALUE, "hash"},
		{"sha256:1", "sha256: ", ERR_VALUE, "hash"},
		{"\"swarm\":\"3", "\"swarm\":\"33", ERR_VALUE, "swarm"},
		{"\"swarm\":\"3", "\"swarm\":\"g", ERR_VALUE, "swarm"},
		{"\"swarm\":\"3", "\"swarm\":\"0x", ERR_VALUE, "swarm"},
		{"\"kernel\":{", "\"\":{", ERR_VALUE, "artifact name"},
		{"\"kernel\":{", "\"k\\u001bernel\":{", ERR_VALUE, "artifact name"},
		{"\"kernel\":{", "\"kernel\":[],\"x\":{", ERR_TYPE, "artifact"},
		{"\"signatures\":[]", "\"signatures\":{}", ERR_TYPE, "signatures"},
		{"\"signatures\":[]", "\"signatures\":null", ERR_TYPE, "signatures"},
		{"\"signatures\":[]", "\"signatures\":[[]]", ERR_TYPE, "signatures"},
		{"\"signatures\":[]", "\"critical\":\"cmdline\"", ERR_TYPE, "critical"},
		{"\"signatures\":[]", "\"critical\":[1]", ERR_TYPE, "critical"},
		{"\"signatures\":[]", "\"critical\":[\"\"]", ERR_VALUE, "critical"},
		{"\"initrd.img\"", "\"vmlinuz\"", ERR_DUPLICATE, "filename"},
		{"\"initrd.img\"", "\"vml\\u0069nuz\"", ERR_DUPLICATE, "filename"},
	};
	CHECK_EDITS(edits);
}

TEST(strict_json)
{
	static const struct edit edits[] = {
		{"42", "1e3", ERR_NUMBER, NULL},
		{"42", "-1", ERR_NUMBER, NULL},
		{"42", "42.0", ERR_NUMBER, NULL},
		{"42", "042", ERR_NUMBER, NULL},
		{"42", "9007199254740992", ERR_NUMBER, NULL},
		{"42", "18446744073709551658", ERR_NUMBER, NULL},
		{"42", "NaN", ERR_SYNTAX, NULL},
		{"42,", "42,\"release\":42,", ERR_DUPLICATE, NULL},
		{"42,", "42,\"rel\\u0065ase\":41,", ERR_DUPLICATE, NULL},
		{"\"size_bytes\":7", "\"size_bytes\":7,\"size_bytes\":8", ERR_DUPLICATE, NULL},
		{"\"signatures\":[]", "\"x\":[{\"a\":{\"b\":1,\"b\":1}}]", ERR_DUPLICATE, NULL},
		{"\"signatures\":[]", "\"signatures\":[{\"key_id\":\"\",\"key_id\":\"\"}]", ERR_DUPLICATE, NULL},
		{"\"signatures\":[]}", "\"signatures\":[]}}", ERR_TRAILING, NULL},
		{"\"signatures\":[]}", "\"signatures\":[]} x", ERR_TRAILING, NULL},
		{"\"signatures\":[]}", "\"signatures\":[]}\n \t\r", OK, NULL},
		{"\"signatures\":[]", "\"signatures\":[],", ERR_SYNTAX, NULL},
		{"quiet", "qu\xffiet", ERR_UTF8, NULL},
		{"quiet", "qu\\ud800iet", ERR_UTF8, NULL},
		{"{\"manifest", "\xef\xbb\xbf{\"manifest", ERR_SYNTAX, NULL},
		{"\"signatures\":[]", "'signatures':[]", ERR_SYNTAX, NULL},
	};
	CHECK_EDITS(edits);
	CHECK(fixture_read(&m, "[]", 2) == ERR_TYPE);
	CHECK(fixture_read(&m, "", 0) == ERR_TRUNCATED);
	CHECK(fixture_read(&m, "{}", 2) == ERR_MISSING);
}

TEST(depth)
{
	/* the value stands in the root already: 15 more are 16 */
	CHECK(edited("\"signatures\":[]", "\"x\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]") == OK);
	CHECK(edited("\"signatures\":[]", "\"x\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]") == ERR_DEPTH);
}

TEST(names_of_files)
{
	static const char *const good[] = {"vmlinuz", "a",   "a..b", "a.",           "vmlinuz 6.1", "kern\xc3\xa4l",
					   "part",    "bmt", "%2e",  "manifest.jso", "~",           "-rf"};
	static const char *const bad[] = {"",     ".",        "..",     "../x",        "a/b",     "/x",
					  "a\\b", ".hidden",  "a\nb",   "a\x7f",       "\x1b[2J", "\xc2\x85",
					  "\xff", "\xc0\xaf", "x.part", "vmlinuz.bmt", "x.sig",   "manifest.json"};
	char longest[257];
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		if (!CHECK(artifact_filename_ok(bytes_text(good[i]))))
			printf("# in: %s\n", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (!CHECK(!artifact_filename_ok(bytes_text(bad[i]))))
			printf("# in: no. %zu\n", i);
	CHECK(!artifact_filename_ok(bytes_of("a\0b", 3)));
	memset(longest, 'a', sizeof longest);
	CHECK(artifact_filename_ok(bytes_of(longest, 255)) && !artifact_filename_ok(bytes_of(longest, 256)));
	CHECK(edited("\"vmlinuz\"", "\"..\\u002fetc\"") == ERR_VALUE);
	CHECK(edited("\"vmlinuz\"", "\"vmlinuz\\u0000\"") == ERR_VALUE);
}

TEST(urls)
{
	static const char *const good[] = {"stable/x86_64/vmlinuz",
					   "/stable/x86_64/vmlinuz",
					   "http://h/x",
					   "https://h",
					   "http://[::1]:8080/k?h=sha256:00",
					   "a%20b",
					   "..a/b..",
					   "a/.../b",
					   "x?y=a:b",
					   "http://user@h:1/x",
					   "./x"};
	static const char *const bad[] = {"",
					  "//h/x",
					  "ftp://h/x",
					  "file:///etc/passwd",
					  "javascript:x",
					  "HTTP://h/x",
					  "http:///x",
					  "http://",
					  "https://?",
					  "..",
					  "../x",
					  "a/../b",
					  "a/..",
					  "/..",
					  "%2e%2e/x",
					  "a/.%2E/b",
					  "a/%2e./b",
					  "a%2f..%2fb",
					  "a\\..\\b",
					  "..%5cb",
					  "a b",
					  "a\tb",
					  "a%00b",
					  "a%0d%0ab",
					  "a%7f",
					  "a%",
					  "a%2",
					  "a%zz",
					  "a#b",
					  "http://h/../x",
					  "http://h/%2e%2E",
					  "\xff"};
	char longest[MANIFEST_URL_MAX + 1];
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		if (!CHECK(download_url_ok(bytes_text(good[i]))))
			printf("# in: %s\n", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (!CHECK(!download_url_ok(bytes_text(bad[i]))))
			printf("# in: %s\n", bad[i]);
	memset(longest, 'a', sizeof longest);
	CHECK(download_url_ok(bytes_of(longest, MANIFEST_URL_MAX)));
	CHECK(!download_url_ok(bytes_of(longest, MANIFEST_URL_MAX + 1)));
	CHECK(edited("stable/x86_64/vmlinuz", "%2e%2e/vmlinuz") == ERR_VALUE);
	CHECK(edited("stable/x86_64/vmlinuz", "") == ERR_VALUE);
}

TEST(architectures)
{
	CHECK(edited("\"x86_64\"", "\"amd64\"") == OK && bytes_is(m.arch, "x86_64"));
	CHECK(edited("\"x86_64\"", "\"aarch64\"") == OK && bytes_is(m.arch, "arm64"));
	CHECK(edited("\"x86_64\"", "\"arm64\"") == OK && bytes_is(m.arch, "arm64"));
	CHECK(edited("\"x86_64\"", "\"riscv64\"") == ERR_VALUE);
}

/* head, n times part with commas between and each '#' in it replaced by the number, tail. */
static char *repeated(const char *head, const char *part, size_t n, const char *tail)
{
	size_t room = strlen(head) + n * (2 * strlen(part) + 20) + strlen(tail) + 1, used;
	char *text = malloc(room);
	if (text == NULL)
		abort();
	used = (size_t)snprintf(text, room, "%s", head);
	for (size_t i = 0; i < n; i++) {
		used += (size_t)snprintf(text + used, room - used, "%s", i == 0 ? "" : ",");
		for (const char *c = part; *c != '\0'; c++)
			if (*c == '#')
				used += (size_t)snprintf(text + used, room - used, "%zu", i);
			else
				text[used++] = *c;
	}
	(void)snprintf(text + used, room - used, "%s", tail);
	return text;
}

static int with_repeated(const char *from, const char *head, const char *part, size_t n, const char *tail)
{
	char *to = repeated(head, part, n, tail);
	int err = edited(from, to);
	free(to);
	return err;
}

TEST(limits_of_numbers)
{
	static const char artifact[] = "\"a#\":{\"filename\":\"f#\",\"size_bytes\":1,\"hash\":\"" HASH_1 "\"}";
	CHECK(with_repeated("\"signatures\":[]", "\"signatures\":[", "{}", 64, "]") == OK && m.signatures_n == 64);
	CHECK(with_repeated("\"signatures\":[]", "\"signatures\":[", "{}", 65, "]") == ERR_LIMIT);
	CHECK(with_repeated("\"kernel\":", "", artifact, 62, ",\"kernel\":") == OK && m.artifacts_n == 64);
	CHECK(with_repeated("\"kernel\":", "", artifact, 63, ",\"kernel\":") == ERR_LIMIT);
	CHECK(with_repeated("\"signatures\":[]", "\"x\":[", "0", 65000, "]") == OK);
	CHECK(with_repeated("\"signatures\":[]", "\"x\":[", "0", 66000, "]") == ERR_LIMIT);
	CHECK(with_repeated("quiet", "", "ab", 682, "aa") == OK && m.cmdline.n == 2047);
	CHECK(with_repeated("quiet", "", "ab", 682, "aaa") == ERR_VALUE);
}

TEST(limit_of_bytes)
{
	size_t n = MANIFEST_BYTES_MAX;
	char *text = malloc(n + 1);
	memset(text, ' ', n + 1);
	memcpy(text, fixture_manifest, sizeof fixture_manifest - 1);
	CHECK(fixture_read(&m, text, n) == OK);
	CHECK(fixture_read(&m, text, n + 1) == ERR_LIMIT);
	free(text);
}

TEST(an_arena_that_is_too_small_is_an_error)
{
	struct bytes text = bytes_of(fixture_manifest, sizeof fixture_manifest - 1);
	int err = ERR_NO_SPACE;
	for (size_t room = 0; room < sizeof fixture_memory[0] && err != OK; room += 512) {
		struct arena a = arena_of(fixture_memory[0], room);
		err = manifest_read(&m, text, &a, &fixture_why);
		CHECK(err == OK || err == ERR_NO_SPACE);
	}
	CHECK(err == OK);
}

TEST(critical_names)
{
	CHECK(edited("\"signatures\":[]", "\"critical\":[\"cmdline\",\"tpm\",\"x\"]") == OK);
	CHECK(m.critical_unknown.n == 3); /* "tpm": the first one */
	CHECK(edited("\"signatures\":[]", "\"critical\":[\"release\",\"artifacts\",\"expires_at\"]") == OK);
	CHECK(m.critical_unknown.n == 0);
}

int main(void)
{
	RUN(reads_what_is_there);
	RUN(failure_leaves_the_manifest_alone);
	RUN(members_that_must_be_there);
	RUN(values_that_are_not_allowed);
	RUN(strict_json);
	RUN(depth);
	RUN(names_of_files);
	RUN(urls);
	RUN(architectures);
	RUN(limits_of_numbers);
	RUN(limit_of_bytes);
	RUN(an_arena_that_is_too_small_is_an_error);
	RUN(critical_names);
	return test_end();
}
