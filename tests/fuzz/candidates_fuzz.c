/* What a candidate may bring: URLs. Those taken are fit for a request line, and their root is a
 * part of them that reaches beyond the host's name. */
#include <assert.h>
#include <string.h>

#include "http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t host_begin(struct bytes url)
{
	return bytes_starts(url, "https://") ? 8 : 7;
}

static void check_root(struct bytes url, struct bytes root)
{
	size_t begin = host_begin(url), end = begin;
	while (end < url.n && url.p[end] != '/' && url.p[end] != '?' && url.p[end] != '#')
		end++;
	assert(end > begin);
	assert(root.p == url.p && root.n >= end && root.n <= url.n);
	assert(root.n == end || root.p[root.n - 1] == '/');
	assert(memchr(root.p, '?', root.n) == NULL && memchr(root.p, '#', root.n) == NULL);
}

/* Channel and architecture are the first two lines, the URL is the third. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes part[3], rest = bytes_of(data, size);
	for (size_t i = 0; i < 3; i++) {
		const uint8_t *end = i < 2 && rest.n > 0 ? memchr(rest.p, '\n', rest.n) : NULL;
		part[i] = bytes_of(rest.p, end == NULL ? rest.n : (size_t)(end - rest.p));
		rest = bytes_skip(rest, end == NULL ? rest.n : part[i].n + 1);
	}
	struct bytes url = part[2];
	if (!url_ok(url))
		return 0;
	assert(url.n > 7 && url.n <= URL_BYTES_MAX);
	for (size_t i = 0; i < url.n; i++)
		assert(url.p[i] > 0x20 && url.p[i] < 0x7f);
	struct bytes root = url_root(url, part[0], part[1]);
	check_root(url, root);
	assert(url_ok(root));
	if (!url_names_json(url)) /* what is put behind it is its path */
		assert(memchr(url.p, '?', url.n) == NULL && memchr(url.p, '#', url.n) == NULL);
	return 0;
}
