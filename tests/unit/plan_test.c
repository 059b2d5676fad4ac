#include "phase/plan.h"

#include "phase_fixture.h"

static struct manifest m;
static struct plan p;
static const char base[] =
	"{\"kernel\":\"/boot/next/vmlinuz\",\"initrd\":[\"/boot/next/initrd.img\"],\"cmdline\":\"quiet\","
	"\"release\":42,\"channel\":\"stable\",\"arch\":\"x86_64\",\"manifest\":\"/boot/next/manifest.json\","
	"\"sources\":[{\"url\":\"http://h/\",\"bytes\":7,\"bad\":0}]}";

#define ZEROS_31 "00000000000000000000000000000000000000000000000000000000000000"
#define ARTIFACT(role, name) "\"" role "\":{\"filename\":\"" name "\",\"size_bytes\":7,\"hash\":\"" HASH_2 "\"}"

static int read_plan(const char *text)
{
	struct arena a = arena_of(fixture_memory[1], sizeof fixture_memory[1]);
	fixture_why = (struct why){.err = OK};
	return plan_read(&p, bytes_text(text), &a, &fixture_why);
}

static int edited(const char *from, const char *to)
{
	char *text = fixture_edit(base, from, to);
	int err = read_plan(text);
	free(text);
	return err;
}

static int manifest_with(const char *more)
{
	char *text = fixture_edit(fixture_manifest, "\"kernel\":", more);
	int err = fixture_read(&m, text, strlen(text));
	free(text);
	return err;
}

TEST(initial_ram_disks_in_numeric_order)
{
	const struct artifact *v[PLAN_INITRDS_MAX];
	static const char *const want[] = {"initrd.img", "one", "two", "nine", "ten", "high"};
	static const char more[] =
		ARTIFACT("initramfs.10", "ten") "," ARTIFACT("initramfs.2", "two") "," ARTIFACT("initramfs.63", "high") "," ARTIFACT("initramfs.9", "nine") "," ARTIFACT(
			"initramfs.1",
			"one") "," ARTIFACT("initramfs.",
					    "x1") "," ARTIFACT("initramfs.01",
							       "x2") "," ARTIFACT("initramfs.x",
										  "x3") "," ARTIFACT("initramfs.0",
												     "x4") "," ARTIFACT("initramfs.99999999999999999999",
															"x5") "," ARTIFACT("initramfsx",
																	   "x6") ","
																		 "\"kernel\":";
	CHECK(manifest_with(more) == OK);
	if (!CHECK(plan_initrds(&m, v) == 6))
		return;
	for (size_t i = 0; i < 6; i++)
		CHECK(bytes_is(v[i]->filename, want[i]));
}

TEST(the_manifest_that_it_was_made_from)
{
	CHECK(read_plan(base) == OK && !p.has_manifest_sha256);
	CHECK(edited("\"release\":42", "\"release\":42,\"manifest_sha256\":\"" ZEROS_31 "7f\"") == OK);
	CHECK(p.has_manifest_sha256 && p.manifest_sha256[31] == 0x7f && p.manifest_sha256[0] == 0);
	CHECK(edited("\"release\":42", "\"release\":42,\"manifest_sha256\":\"" ZEROS_31 "\"") == ERR_VALUE);
	CHECK(edited("\"release\":42", "\"release\":42,\"manifest_sha256\":7") == ERR_TYPE);
}

TEST(the_kernel_or_else_the_unified_image)
{
	CHECK(manifest_with(ARTIFACT("uki", "linux.efi") ",\"kernel\":") == OK);
	CHECK(bytes_is(plan_kernel(&m)->filename, "vmlinuz"));
	CHECK(manifest_with("\"uki\":") == OK);
	CHECK(bytes_is(plan_kernel(&m)->role, "uki"));
}

TEST(reads_a_plan)
{
	CHECK(read_plan(base) == OK);
	CHECK(strcmp((const char *)p.kernel.p, "/boot/next/vmlinuz") == 0 && p.uki.n == 0 && p.dtb.n == 0);
	CHECK(p.initrds_n == 1 && strcmp((const char *)p.initrds[0].p, "/boot/next/initrd.img") == 0);
	CHECK(strcmp((const char *)p.cmdline.p, "quiet") == 0);
	CHECK(strcmp((const char *)p.manifest.p, "/boot/next/manifest.json") == 0);
	CHECK(p.release == 42 && bytes_is(p.channel, "stable") && bytes_is(p.arch, "x86_64"));
}

TEST(many_paths_each_with_its_nul)
{
	CHECK(edited("[\"/boot/next/initrd.img\"]", "[\"a\",\"b\\u0020\",\"c\"],\"dtb\":\"d\"") == OK);
	CHECK(p.initrds_n == 3 && strcmp((const char *)p.initrds[0].p, "a") == 0 &&
	      strcmp((const char *)p.initrds[1].p, "b ") == 0 && strcmp((const char *)p.initrds[2].p, "c") == 0);
	CHECK(strcmp((const char *)p.dtb.p, "d") == 0 && strcmp((const char *)p.kernel.p, "/boot/next/vmlinuz") == 0);
	CHECK(edited("\"initrd\":[\"/boot/next/initrd.img\"],", "") == OK && p.initrds_n == 0);
}

TEST(plans_that_are_refused)
{
	static const struct {
		const char *from, *to;
		int err;
	} edits[] = {
		{"\"kernel\"", "\"kernels\"", ERR_MISSING},
		{"\"kernel\"", "\"uki\":\"u\",\"kernel\"", ERR_VALUE},
		{"\"/boot/next/vmlinuz\"", "\"\"", ERR_VALUE},
		{"/boot/next/vmlinuz", "/boot/next\\u0000/vmlinuz", ERR_VALUE},
		{"\"/boot/next/vmlinuz\"", "7", ERR_TYPE},
		{"[\"/boot/next/initrd.img\"]", "\"/boot/next/initrd.img\"", ERR_TYPE},
		{"\"/boot/next/initrd.img\"", "\"a\\u0000b\"", ERR_VALUE},
		{"\"/boot/next/initrd.img\"", "[]", ERR_TYPE},
		{"\"quiet\"", "\"a\\u0000b\"", ERR_VALUE},
		{"\"manifest\"", "\"m\"", ERR_MISSING},
		{"42", "-1", ERR_NUMBER},
		{"\"x86_64\"", "\"z80\"", ERR_VALUE},
		{"\"stable\"", "\"../x\"", ERR_VALUE},
		{"\"sources\":[{\"url\":\"http://h/\",\"bytes\":7,\"bad\":0}]}", "", ERR_SYNTAX},
	};
	for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
		int err = edited(edits[i].from, edits[i].to);
		if (!CHECK(err == edits[i].err || (edits[i].err == ERR_SYNTAX && err == ERR_TRUNCATED)))
			printf("# in: %s -> %s: %s\n", edits[i].from, edits[i].to, err_text(err));
	}
}

TEST(a_plan_must_say_what_its_manifest_says)
{
	static const char *const edits[][3] = {
		{"42", "41", "release"},
		{"\"stable\"", "\"testing\"", "channel"},
		{"\"x86_64\"", "\"arm64\"", "arch"},
		{"\"quiet\"", "\"quiet init=/bin/sh\"", "cmdline"},
		{"\"cmdline\":\"quiet\",", "", "cmdline"},
		{"\"kernel\"", "\"uki\"", "kernel"},
		{"[\"/boot/next/initrd.img\"]", "[]", "initrd"},
		{"[\"/boot/next/initrd.img\"]", "[\"a\",\"b\"]", "initrd"},
		{"\"kernel\"", "\"dtb\":\"d\",\"kernel\"", "dtb"},
	};
	CHECK(manifest_with("\"kernel\":") == OK);
	CHECK(read_plan(base) == OK && plan_matches(&p, &m, &fixture_why) == OK);
	for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
		CHECK(edited(edits[i][0], edits[i][1]) == OK);
		CHECK(plan_matches(&p, &m, &fixture_why) == ERR_VALUE && strcmp(fixture_why.what, edits[i][2]) == 0);
	}
	CHECK(edited("\"x86_64\"", "\"amd64\"") == OK && plan_matches(&p, &m, &fixture_why) == OK);
}

int main(void)
{
	RUN(initial_ram_disks_in_numeric_order);
	RUN(the_manifest_that_it_was_made_from);
	RUN(the_kernel_or_else_the_unified_image);
	RUN(reads_a_plan);
	RUN(many_paths_each_with_its_nul);
	RUN(plans_that_are_refused);
	RUN(a_plan_must_say_what_its_manifest_says);
	return test_end();
}
