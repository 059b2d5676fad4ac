/* URLs on the command line. */
#ifndef HOST_CLI_URL_H
#define HOST_CLI_URL_H

#include "host/cli.h"

/* Ends the program (usage) unless url is one of http or https, and says what it lacks. option: "--gateway". */
void cli_url(struct cli *cli, const char *option, const char *url);

#endif
