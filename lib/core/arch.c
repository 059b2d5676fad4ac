#include "core/arch.h"

static const char *const names[][2] = {{"x86_64", "amd64"}, {"arm64", "aarch64"}};

const char *arch_canonical(struct bytes arch)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (bytes_is(arch, names[i][0]) || bytes_is(arch, names[i][1]))
			return names[i][0];
	return NULL;
}

const char *arch_other(struct bytes arch)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		for (size_t k = 0; k < 2; k++)
			if (bytes_is(arch, names[i][k]))
				return names[i][1 - k];
	return NULL;
}
