/* phase-manifest: the unsigned manifest of a release folder. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "core/decimal.h"
#include "host/file.h"
#include "host/manifest_make.h"
#include "phase/document.h"

#define RELEASE_UNSET UINT64_MAX
#define EXPIRES_DEFAULT_MS (30ULL * 86400 * 1000)
#define EXPIRES_MAX_MS (8000ULL * 366 * 86400 * 1000)

struct options {
	struct manifest_options make;
	uint64_t expires_ms;
};

static const struct cli_option options[] = {
	{'c', "channel", CLI_TEXT, offsetof(struct options, make.channel), "CHANNEL", "folder of the channel (stable)"},
	{'a', "arch", CLI_TEXT, offsetof(struct options, make.arch), "ARCH", "x86_64 or arm64 (this machine's)"},
	{'r', "release", CLI_UINT, offsetof(struct options, make.release), "N",
	 "the release number; must only ever grow (required)"},
	{0, "version", CLI_TEXT, offsetof(struct options, make.version), "V",
	 "what people call it (the release number)"},
	{0, "cmdline", CLI_TEXT, offsetof(struct options, make.cmdline), "S",
	 "the kernel's exact command line, signed"},
	{0, "expires", CLI_DURATION, offsetof(struct options, expires_ms), "D", "how long it holds: 12h, 30d (30d)"},
	{0, "role", CLI_TEXTS, offsetof(struct options, make.roles), "NAME=FILE", "FILE is the artifact NAME"},
	{0, "trees", CLI_FLAG, offsetof(struct options, make.trees), NULL,
	 "write FILE.bmt beside each artifact: lets any 4 KiB be checked"},
};

static const struct cli_program program = {
	.name = "phase-manifest",
	.operands = "STORE",
	.summary = "Print the unsigned manifest of the release in STORE/CHANNEL/ARCH.",
	.text = "Files are known by name: vmlinuz*, bzImage, Image, kernel; initramfs*, initrd*; rootfs.*;\n"
		"*.dtb; *.efi. Any other file is an artifact of its own name.\n\n"
		"example:\n"
		"  phase-manifest --release 42 --cmdline 'console=ttyS0' store | phase-sign --key a.key",
	.options = options,
	.options_n = sizeof options / sizeof options[0],
	.operands_min = 1,
	.operands_max = 1,
};

static int64_t now(struct cli *cli)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	uint64_t s;
	if (epoch == NULL)
		return clock_wall_s();
	if (decimal_read(bytes_text(epoch), &s) != OK || s > INT64_MAX / 2)
		cli_usage(cli, "SOURCE_DATE_EPOCH: '%s' is not a number of seconds", epoch);
	return (int64_t)s;
}

int main(int argc, char **argv)
{
	struct options o = {.make = {.channel = "stable", .release = RELEASE_UNSET}, .expires_ms = EXPIRES_DEFAULT_MS};
	struct utsname machine;
	struct bytes document;
	struct cli cli;
	o.make.arch = uname(&machine) == 0 ? machine.machine : "x86_64";
	char version[] = "-V"; /* --version V is this program's own option; alone it asks for ours */
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		argv[1] = version;
	cli_start(&cli, &program, argc, argv, &o);
	if (o.make.release == RELEASE_UNSET)
		cli_usage(&cli, "--release N is required: a number that only ever grows");
	if (o.make.release > JSON_UINT_MAX)
		cli_usage(&cli, "--release: larger than 2^53 - 1");
	if (arch_canonical(bytes_text(o.make.arch)) == NULL)
		cli_usage(&cli, "--arch: '%s' is none of x86_64, amd64, arm64, aarch64", o.make.arch);
	if (o.expires_ms > EXPIRES_MAX_MS)
		cli_usage(&cli, "--expires: too far away");
	o.make.store = cli.operands.v[0];
	o.make.created_at.s = now(&cli);
	o.make.expires_at.s = o.make.created_at.s + (int64_t)(o.expires_ms / 1000);
	int err = manifest_make(&cli, &o.make, &document);
	if (err == OK) {
		(void)fwrite(document.p, 1, document.n, stdout); /* cli_end checks stdout */
		free((void *)(uintptr_t)document.p);
	}
	return cli_end(&cli, err);
}
