#include "efi/find_bridge.h"

#include "core/hex.h"
#include "fetch/gateway_url.h"

/* 64 digits, and perhaps the slash that says that there is a manifest of Swarm: a bridge sees that by itself. */
static bool is_reference(struct bytes manifest, uint8_t reference[static REFERENCE_BYTES])
{
	if (manifest.n == 2 * REFERENCE_BYTES + 1 && bytes_ends(manifest, "/"))
		manifest.n--;
	return hex_decode_any_case(manifest, reference, REFERENCE_BYTES) == OK;
}

void find_bridges(struct find *f, const struct boot_config *config, struct find_bridge_urls *urls)
{
	uint8_t reference[REFERENCE_BYTES];
	const struct boot_texts *bridges = &config->bridges;
	if (!is_reference(config->manifest, reference)) {
		report(f->report, "bridge: asked for files only: \"manifest\" is no reference of 64 hex digits");
		return;
	}
	for (size_t i = 0; i < bridges->n && i < BRIDGES_MAX; i++) {
		struct writer w = writer_of(urls->v[i], sizeof urls->v[i]);
		gateway_url_write(bridges->v[i], "/bzz/", reference, &w);
		find_add(f, writer_view(&w));
	}
}
