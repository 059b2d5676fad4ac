#include "fetch/artifact_url.h"

#include "core/hex.h"

bool artifact_url_absolute(const struct artifact *a)
{
	return bytes_http_scheme(a->download_url) > 0;
}

void artifact_url_write(struct bytes root, const struct manifest *m, const struct artifact *a, const char *suffix,
			struct writer *w)
{
	struct bytes given = a->download_url;
	write_bytes(w, root);
	if (given.n > 0 && !artifact_url_absolute(a))
		write_bytes(w, given.p[0] == '/' ? bytes_skip(given, 1) : given);
	else
		manifest_write_url(m->channel, m->arch, a->filename, w);
	write_text(w, suffix);
}

static void write_gateway(struct bytes gateway, const char *path, const uint8_t address[static REFERENCE_BYTES],
			  struct writer *w)
{
	char text[2 * REFERENCE_BYTES];
	while (gateway.n > 0 && gateway.p[gateway.n - 1] == '/')
		gateway.n--;
	hex_encode(bytes_of(address, REFERENCE_BYTES), text);
	write_bytes(w, gateway);
	write_text(w, path);
	write_bytes(w, bytes_of(text, sizeof text));
}

bool artifact_url_write_gateway(struct bytes gateway, const struct artifact *a, struct writer *w)
{
	if (a->has_swarm)
		write_gateway(gateway, "/bytes/", a->swarm, w);
	return a->has_swarm;
}

void artifact_url_write_chunk(struct bytes gateway, const uint8_t address[static REFERENCE_BYTES], struct writer *w)
{
	write_gateway(gateway, "/chunks/", address, w);
}
