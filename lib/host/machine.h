/* What this machine is. */
#ifndef HOST_MACHINE_H
#define HOST_MACHINE_H

#include "host/cli.h"

/* Its architecture in the canonical spelling; NULL when nothing is published for it. */
const char *machine_arch(void);
/* What --arch means: given, which must be an architecture, in its own spelling; this machine's when
 * it was not given (NULL). Ends the program (status 2) when it is none. */
const char *machine_arch_option(struct cli *cli, const char *given);

#endif
