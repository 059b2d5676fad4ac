/* JSON that programs print, made with cJSON. */
#ifndef HOST_CLI_JSON_H
#define HOST_CLI_JSON_H

#include <cjson/cJSON.h>

#include "host/cli.h"

/* Adds a member whose value is the text, which has no NUL inside. False: no memory. */
bool cli_json_text(cJSON *object, const char *name, struct bytes text);
/* Prints o on a line of its own on stdout, and deletes it. ERR_NO_MEMORY when o is NULL or cannot
 * be printed. That stdout takes it is seen by cli_end. */
MUST_CHECK int cli_json_print(cJSON *o);

#endif
