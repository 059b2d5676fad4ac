/* The hash that ENS knows a name by: of 32 zeros, and then of each label from the right with what is
 * there already (EIP-137). Only names that every normalization leaves alone but for upper case: without
 * tables of Unicode, what else there is cannot be told from what merely looks like it. */
#ifndef SWARM_NAMEHASH_H
#define SWARM_NAMEHASH_H

#include "core/err.h"
#include "crypto/keccak.h"

#define NAMEHASH_NAME_MAX 255 /* that a host name may have; ENS knows no limit */

/* name: labels of a-z, A-Z, 0-9, "-" and "_" between dots; empty: the root. ERR_LIMIT; ERR_VALUE: an
 * empty label, another character, or "--" as in "xn--", where an encoded name may begin. */
MUST_CHECK int namehash_of(struct bytes name, uint8_t out[static KECCAK256_BYTES]);

#endif
