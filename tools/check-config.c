/* check-config: whether a configuration is one that SWFETCH.EFI takes, by the same reader.
 * tools/esp.sh asks it, so that a mistake is told here and not by a machine that does not boot. */
#include <stdlib.h>

#include "fetch/boot_config.h"
#include "host/cli.h"
#include "host/file.h"

static const struct cli_program program = {
	.name = "check-config",
	.operands = "CONFIG",
	.summary = "Say whether CONFIG is a configuration that SWFETCH.EFI takes.",
	.operands_min = 1,
	.operands_max = 1,
};

int main(int argc, char **argv)
{
	struct cli cli;
	cli_start(&cli, &program, argc, argv, NULL);
	const char *path = cli.operands.v[0];
	struct bytes text = BYTES_NONE;
	int err = file_read(path, BOOT_CONFIG_BYTES_MAX, &text);
	if (err != OK) {
		cli_fail(&cli, err, path, NULL);
		return cli_end(&cli, err);
	}
	struct boot_config *config = malloc(sizeof *config);
	uint8_t *room = malloc(BOOT_CONFIG_ARENA_BYTES);
	if (config != NULL && room != NULL) {
		struct arena arena = arena_of(room, BOOT_CONFIG_ARENA_BYTES);
		struct why why = {0};
		char name[128];
		err = boot_config_read(config, text, &arena, &why);
		if (err != OK)
			cli_fail(&cli, err, path, &why);
		else if (config->unknown.n > 0)
			cli_warn(&cli, "%s: %s: a member that is not known here", path,
				 cli_quote(config->unknown, name, sizeof name));
	} else {
		err = ERR_NO_MEMORY;
	}
	free(room);
	free(config);
	file_free(text);
	return cli_end(&cli, err);
}
