/* What the files of the command-line face share with each other, and nobody else. */
#ifndef HOST_CLI_PARTS_H
#define HOST_CLI_PARTS_H

#include "host/cli.h"

void cli_say(struct bytes text);        /* to stderr, as it is */
void cli_close_stdout(struct cli *cli); /* an error message when what was printed did not arrive */
void cli_read_options(struct cli *cli, int argc, char **argv, void *options);

#endif
