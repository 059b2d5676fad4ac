#include "host/cli_json.h"

#include <stdlib.h>
#include <string.h>

bool cli_json_text(cJSON *object, const char *name, struct bytes text)
{
	char *copy = text.n == 0 ? strdup("") : strndup((const char *)text.p, text.n);
	bool added = copy != NULL && cJSON_AddStringToObject(object, name, copy) != NULL;
	free(copy);
	return added;
}

int cli_json_print(cJSON *o)
{
	char *text = o == NULL ? NULL : cJSON_PrintUnformatted(o);
	int err = text == NULL ? ERR_NO_MEMORY : OK;
	if (text != NULL)
		cli_print(bytes_text(text));
	if (text != NULL)
		cli_print(BYTES_LITERAL("\n"));
	cJSON_free(text);
	cJSON_Delete(o);
	return err;
}
