/* phase-manifest: the unsigned manifest of a release folder. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"
#include "host/file.h"
#include "host/machine.h"
#include "host/manifest_make.h"
#include "phase/manifest.h"

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
	{0, "redundancy", CLI_LEVEL, offsetof(struct options, make.redundancy), "LEVEL",
	 "Swarm references of this redundancy: 0 to 4, or none to paranoid (none)"},
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
		"  phase-manifest --release 42 --cmdline 'console=ttyS0' store | phase-sign --key a.key > next &&\n"
		"      mv next store/stable/x86_64/manifest.json",
	.options = options,
	.options_n = sizeof options / sizeof options[0],
	.operands_min = 1,
	.operands_max = 1,
};

/* NAME=FILE; no file can be two artifacts, and no artifact two files. */
static void check_roles(struct cli *cli, const struct cli_texts *roles)
{
	for (size_t i = 0; i < roles->n; i++) {
		const char *pair = roles->v[i], *equals = strchr(pair, '=');
		size_t n = equals == NULL ? 0 : (size_t)(equals - pair);
		if (equals == NULL || !name_is_printable(bytes_of(pair, n)) || equals[1] == 0)
			cli_usage(cli, "--role: '%s' is not NAME=FILE", pair);
		for (size_t k = 0; k < i; k++) {
			const char *other = strchr(roles->v[k], '=');
			if (strcmp(other, equals) == 0)
				cli_usage(cli, "--role: '%s' is given two names", equals + 1);
			if ((size_t)(other - roles->v[k]) == n && memcmp(roles->v[k], pair, n) == 0)
				cli_usage(cli, "--role: '%.*s' is given two files", (int)n, pair);
		}
	}
}

/* What manifest_read would refuse later is a mistake in the command line now. */
static void check_texts(struct cli *cli, const struct manifest_options *o)
{
	if (!name_is_safe(bytes_text(o->channel)))
		cli_usage(cli, "--channel: '%s' is not a name: it is a single folder, and not a hidden one",
			  o->channel);
	if (o->version != NULL && !name_is_printable(bytes_text(o->version)))
		cli_usage(cli, "--version: longer than %d bytes, or with control characters", MANIFEST_NAME_MAX);
	if (o->cmdline != NULL && strlen(o->cmdline) > MANIFEST_CMDLINE_MAX)
		cli_usage(cli, "--cmdline: longer than %d bytes, which is all that a kernel takes",
			  MANIFEST_CMDLINE_MAX);
	if (o->cmdline != NULL && !utf8_printable(bytes_text(o->cmdline)))
		cli_usage(cli, "--cmdline: control characters or invalid UTF-8 in it");
	check_roles(cli, &o->roles);
}

int main(int argc, char **argv)
{
	struct options o = {.make = {.channel = "stable", .release = RELEASE_UNSET}, .expires_ms = EXPIRES_DEFAULT_MS};
	char text[WALL_TEXT_BYTES];
	struct bytes document;
	struct cli cli;
	cli_start(&cli, &program, argc, argv, &o);
	if (o.make.release == RELEASE_UNSET)
		cli_usage(&cli, "--release N is required: a number that only ever grows");
	if (o.make.release == 0)
		cli_usage(&cli, "--release 0: 0 means that there is none; begin with 1");
	if (o.make.release > JSON_UINT_MAX)
		cli_usage(&cli, "--release: larger than 2^53 - 1");
	o.make.arch = machine_arch_option(&cli, o.make.arch);
	check_texts(&cli, &o.make);
	if (o.expires_ms > EXPIRES_MAX_MS)
		cli_usage(&cli, "--expires: too far away");
	o.make.store = cli.operands.v[0];
	o.make.created_at = cli_source_date(&cli, text);
	o.make.expires_at.s = o.make.created_at.s + (int64_t)(o.expires_ms / 1000);
	if (wall_write(o.make.expires_at, text) != OK)
		cli_usage(&cli, "--expires: beyond the year 9999");
	int err = manifest_make(&cli, &o.make, &document);
	if (err == OK) {
		cli_print(document);
		file_free(document);
	}
	return cli_end(&cli, err);
}
