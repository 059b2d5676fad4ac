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

bool artifact_url_write_gateway(struct bytes gateway, const struct artifact *a, struct writer *w)
{
	char reference[2 * sizeof a->swarm];
	if (!a->has_swarm)
		return false;
	while (gateway.n > 0 && gateway.p[gateway.n - 1] == '/')
		gateway.n--;
	hex_encode(bytes_of(a->swarm, sizeof a->swarm), reference);
	write_bytes(w, gateway);
	write_text(w, "/bytes/");
	write_bytes(w, bytes_of(reference, sizeof reference));
	return true;
}
