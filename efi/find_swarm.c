#include "efi/find_swarm.h"

#include "crypto/secret.h"
#include "efi/swarm_file.h"

static int get(struct find *f, const struct find_swarm_with *with, const struct bzz_address *address, const char *shown)
{
	struct platform *p = with->report->platform;
	const struct boot_config *c = with->config;
	uint8_t *text;
	size_t n = 0;
	const bool joined = with->native != NULL && native_join(with->native) == OK;
	const struct swarm_file_with file = {.report = with->report,
					     .net = with->net,
					     .web = with->web,
					     .native = joined ? with->native : NULL,
					     .gateways = c->gateways.v,
					     .gateways_n = c->http ? c->gateways.n : 0,
					     .kind = with->kind};
	int err = platform_pages(p, MANIFEST_BYTES_MAX, &text);
	if (err != OK)
		return err;
	err = swarm_file_get(&file, address, text, MANIFEST_BYTES_MAX, &n);
	if (err == OK)
		find_offer(f, bytes_text(shown), text, n);
	else
		platform_give_pages(p, text, MANIFEST_BYTES_MAX);
	return err;
}

int find_swarm(struct find *f, const struct find_swarm_with *with, const char *shown)
{
	struct bzz_address address;
	const char *what;
	const struct boot_config *c = with->config;
	const struct bytes manifest = c->manifest;
	if (with->native == NULL && (c->gateways.n == 0 || !c->http) && c->bridges.n > 0 && c->bridge)
		return OK; /* bridges are asked with the providers */
	if (manifest.n == 0 || url_ok(manifest) || bzz_address_parse(manifest, &address, &what) != OK)
		return OK;
	const int err = get(f, with, &address, shown);
	secret_wipe(&address, sizeof address);
	if (platform_interrupted(with->report->platform))
		return ERR_INTERRUPTED;
	if (err != OK)
		find_offer_failed(f, bytes_text(shown), err);
	return OK;
}
