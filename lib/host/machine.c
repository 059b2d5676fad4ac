#include "host/machine.h"

#include <sys/utsname.h>

#include "core/arch.h"

const char *machine_arch(void)
{
	struct utsname machine;
	return uname(&machine) == 0 ? arch_canonical(bytes_text(machine.machine)) : NULL;
}

const char *machine_arch_option(struct cli *cli, const char *given)
{
	const char *arch = given != NULL ? given : machine_arch();
	if (arch == NULL)
		cli_usage(cli, "nothing is published for this machine's architecture: name another with --arch");
	if (arch_canonical(bytes_text(arch)) == NULL)
		cli_usage(cli, "--arch: '%s' is none of " ARCH_NAMES, arch);
	return arch;
}
