/* The manifest out of Swarm, for a configuration that says it is there. */
#ifndef EFI_FIND_SWARM_H
#define EFI_FIND_SWARM_H

#include "efi/find.h"
#include "efi/native.h"

struct find_swarm_with {
	struct report *report;
	struct net *net;
	struct web *web;
	struct native *native; /* NULL: none */
	const struct boot_config *config;
	enum keccak_kind kind;
};

/* Gets what boot.manifest names, if that is in Swarm, and offers it. shown: the name for people, which f keeps. A
 * failure is told, and others may have a manifest: OK; ERR_INTERRUPTED. Blocks. */
MUST_CHECK int find_swarm(struct find *f, const struct find_swarm_with *with, const char *shown);

#endif
