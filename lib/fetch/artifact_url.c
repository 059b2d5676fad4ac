#include "fetch/artifact_url.h"

#include "fetch/gateway_url.h"

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

bool artifact_url_write_gateway(struct bytes gateway, const struct artifact *a, struct writer *w)
{
	if (a->has_swarm)
		gateway_url_write(gateway, "/bytes/", a->swarm, w);
	return a->has_swarm;
}
