#include "http/url.h"

#include "core/arch.h"

static size_t authority_end(struct bytes url, size_t from)
{
	while (from < url.n && url.p[from] != '/' && url.p[from] != '?' && url.p[from] != '#')
		from++;
	return from;
}

bool url_ok(struct bytes url)
{
	size_t scheme = bytes_http_scheme(url);
	if (scheme == 0 || url.n > URL_BYTES_MAX)
		return false;
	size_t end = authority_end(url, scheme);
	if (end == scheme)
		return false;
	for (size_t i = 0; i < url.n; i++) {
		uint8_t c = url.p[i];
		if (c <= 0x20 || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '`' || c == '{' ||
		    c == '}' || c == '|' || c == '^' || (c == '@' && i < end))
			return false;
	}
	return true;
}

bool url_names_json(struct bytes url)
{
	size_t host_end = authority_end(url, bytes_http_scheme(url)), end = host_end;
	struct bytes suffix = BYTES_LITERAL(".json");
	while (end < url.n && url.p[end] != '?' && url.p[end] != '#')
		end++;
	if (end < url.n)
		return true; /* nothing can be put behind a query */
	return end > host_end + suffix.n && bytes_equal(bytes_skip(url, end - suffix.n), suffix);
}

/* Cuts "/name" off the end. */
static bool cut(struct bytes *path, struct bytes name)
{
	if (path->n <= name.n || path->p[path->n - name.n - 1] != '/' ||
	    !bytes_equal(bytes_skip(*path, path->n - name.n), name))
		return false;
	path->n -= name.n + 1;
	return true;
}

struct bytes url_root(struct bytes url, struct bytes channel, struct bytes arch)
{
	size_t host_end = authority_end(url, bytes_http_scheme(url)), end = host_end;
	while (end < url.n && url.p[end] != '?' && url.p[end] != '#')
		end++;
	struct bytes path = bytes_of(url.p, end);
	if (end == host_end)
		return bytes_of(url.p, host_end); /* no path: the caller adds the slash */
	if (cut(&path, BYTES_LITERAL("manifest.json"))) {
		struct bytes before = path;
		const char *other = arch_other(arch);
		if ((cut(&path, arch) || (other != NULL && cut(&path, bytes_text(other)))) && cut(&path, channel) &&
		    path.n >= host_end)
			return bytes_of(url.p, path.n + 1);
		return bytes_of(url.p, before.n + 1);
	}
	while (path.p[path.n - 1] != '/')
		path.n--;
	return path;
}
