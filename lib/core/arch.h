/* Processor architectures: each has a canonical name and an alias, and both are read everywhere. */
#ifndef CORE_ARCH_H
#define CORE_ARCH_H

#include "core/bytes.h"

#define ARCH_NAMES "x86_64, amd64, arm64, aarch64" /* for messages */

/* The canonical spelling ("x86_64" for amd64, "arm64" for aarch64), or NULL for anything else. */
const char *arch_canonical(struct bytes arch);
/* The other spelling: "amd64" for x86_64, "x86_64" for amd64, and so on; NULL for anything else. */
const char *arch_other(struct bytes arch);

#endif
