#include "core/err.h"

#include <stddef.h>

const char *err_text(int err)
{
	switch (err) {
	case OK:
		return "done";
#define ERR_CASE(name, value, class, text) \
	case ERR_##name:                   \
		return text;
		ERR_TABLE(ERR_CASE)
#undef ERR_CASE
	default:
		return "unknown error";
	}
}

enum err_class err_class(int err)
{
	switch (err) {
#define ERR_CASE(name, value, class, text) \
	case ERR_##name:                   \
		return ERR_CLASS_##class;
		ERR_TABLE(ERR_CASE)
#undef ERR_CASE
	default:
		return ERR_CLASS_NONE;
	}
}

int why_not(struct why *why, enum err err, const char *what, uint64_t at, struct bytes id)
{
	if (why != NULL)
		*why = (struct why){.err = err, .what = what, .at = at, .id = id};
	return err;
}
