/* The manifest of a release from bridges, for a configuration that names it by its reference. */
#ifndef EFI_FIND_BRIDGE_H
#define EFI_FIND_BRIDGE_H

#include "efi/find.h"

struct find_bridge_urls {
	uint8_t v[BRIDGES_MAX][URL_BYTES_MAX + sizeof "/bzz/" + 2 * REFERENCE_BYTES];
};

/* Adds the bridges of the configuration to those who are asked for the manifest, or says why they cannot be. urls:
 * memory for what is asked, which must outlive f. */
void find_bridges(struct find *f, const struct boot_config *config, struct find_bridge_urls *urls);

#endif
