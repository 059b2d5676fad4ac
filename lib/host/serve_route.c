/* Which path is answered by what. */
#include <string.h>
#include <unistd.h>

#include "core/hex.h"
#include "host/serve_parts.h"
#include "phase/names.h"

/* Cuts a path at its slashes first and decodes each segment once, so that no encoded slash or NUL
 * can move a border. False: malformed. */
static bool cut_path(const char *url, struct serve_path *path)
{
	size_t n = 0;
	path->n = 0;
	if (url[0] != '/' || strlen(url) >= sizeof path->room)
		return false;
	while (*url == '/') {
		size_t start = n;
		if (path->n == SERVE_SEGMENTS_MAX)
			return false;
		for (url++; *url != 0 && *url != '/'; url++) {
			int high = -1, low = -1;
			if (*url == '%' &&
			    ((high = hex_digit((uint8_t)url[1])) < 0 || (low = hex_digit((uint8_t)url[2])) < 0))
				return false;
			path->room[n++] = (char)(*url == '%' ? high << 4 | low : *url);
			url += *url == '%' ? 2 : 0;
		}
		path->v[path->n++] = bytes_of(path->room + start, n - start);
	}
	return true;
}

#define REFERENCE_DIGITS_MIN 50 /* a CID in base 58 */

static enum MHD_Result not_found(struct serve *s, struct MHD_Connection *c)
{
	return serve_problem(s, c, 404, "Nothing is served under this path.");
}

static enum MHD_Result send_found(struct serve *s, struct MHD_Connection *c, const char *url,
				  struct catalogue_file *file, int fd, bool head)
{
	if (!names_ignored(bytes_text(file->name)))
		catalogue_hash_small(&s->catalogue, file);
	if (!serve_allows(s, file)) {
		(void)close(fd); /* only read from */
		return serve_problem(s, c, 404, "No release that the policy accepts has this file.");
	}
	struct serve_item *item = serve_item_make(s, url, file, fd, "application/octet-stream");
	return item == NULL ? MHD_NO : serve_file(s, c, item, head);
}

/* FILE.bmt where none lies: the one that was made for /chunks. */
static enum MHD_Result route_tree(struct serve *s, struct MHD_Connection *c, const char *url,
				  const struct serve_path *p, bool head)
{
	const struct bytes name = bytes_of(p->v[2].p, p->v[2].n - BYTES_LITERAL(".bmt").n);
	struct catalogue_file file;
	int fd, tree_fd;
	uint64_t n = 0;
	if (names_ignored(name) || catalogue_find(&s->catalogue, p->v[0], p->v[1], name, &file, &fd) != OK)
		return serve_problem(s, c, 404, "No such artifact.");
	bool known = file.hashed && serve_allows(s, &file);
	if (known && file.st.st_size > TREE_BLOCK_BYTES) {
		(void)close(fd); /* only read from */
		known = chunk_index_tree(&s->chunks, file.reference, &tree_fd, &n) == OK;
		fd = known ? tree_fd : -1;
	}
	if (!known) {
		if (fd >= 0)
			(void)close(fd); /* only read from */
		return serve_problem(s, c, 404, "No tree of this artifact is there yet.");
	}
	struct serve_item *item = serve_item_make_tree(s, url, &file, fd, n);
	return item == NULL ? MHD_NO : serve_file(s, c, item, head);
}

static enum MHD_Result route_artifact(struct serve *s, struct MHD_Connection *c, const char *url,
				      const struct serve_path *p, bool head)
{
	struct catalogue_file file;
	int fd;
	bool side = names_ignored(p->v[2]) && !bytes_ends(p->v[2], ".bmt") && !bytes_ends(p->v[2], ".sig");
	if (!side && catalogue_find(&s->catalogue, p->v[0], p->v[1], p->v[2], &file, &fd) == OK)
		return send_found(s, c, url, &file, fd, head);
	if (!side && bytes_ends(p->v[2], ".bmt"))
		return route_tree(s, c, url, p, head);
	return serve_problem(s, c, 404, "No such artifact.");
}

static enum MHD_Result route_blob(struct serve *s, struct MHD_Connection *c, const char *url,
				  const struct serve_path *p, bool head)
{
	uint8_t hash[SHA256_BYTES];
	struct catalogue_file file;
	int fd;
	struct bytes digits = bytes_of(p->v[2].p, p->v[2].n < 64 ? p->v[2].n : 64);
	if (!bytes_is(bytes_skip(p->v[2], 64), ".bin") || hex_decode(digits, hash, sizeof hash) != OK ||
	    !bytes_equal(p->v[1], bytes_of(digits.p, 2)) || catalogue_find_hash(&s->catalogue, hash, &file, &fd) != OK)
		return serve_problem(s, c, 404, "No artifact with this hash.");
	return send_found(s, c, url, &file, fd, head);
}

/* An artifact's bytes go out of its file; what else has a reference is put together from chunks. */
static enum MHD_Result route_reference(struct serve *s, struct MHD_Connection *c, const char *url,
				       const struct serve_path *p, bool head)
{
	uint8_t reference[REFERENCE_BYTES];
	struct reference any;
	struct catalogue_file file;
	int fd;
	if (reference_parse(p->v[1], &any) != OK)
		return serve_problem(s, c, 404, "No content has such a Swarm reference.");
	if (hex_decode(p->v[1], reference, sizeof reference) != OK ||
	    catalogue_find_reference(&s->catalogue, reference, &file, &fd) != OK)
		return bzz_site_route(&s->site, c, url, head);
	return send_found(s, c, url, &file, fd, head);
}

static enum MHD_Result route_chunk(struct serve *s, struct MHD_Connection *c, const char *url, struct bytes name,
				   bool head)
{
	uint8_t address[REFERENCE_BYTES], chunk[CHUNK_BYTES_MAX];
	struct catalogue_file file;
	char etag[80] = "\"";
	size_t n;
	if (hex_decode(name, address, sizeof address) != OK)
		return serve_problem(s, c, 404, "No chunk has such an address.");
	if (chunk_index_find(&s->chunks, address, chunk, &n, &file) != OK || !serve_allows(s, &file))
		return bzz_site_route(&s->site, c, url, head);
	hex_encode(bytes_of(address, sizeof address), etag + 1);
	memcpy(etag + 1 + 2 * sizeof address, "\"", 2);
	struct MHD_Response *r = MHD_create_response_from_buffer(n, chunk, MHD_RESPMEM_MUST_COPY);
	if (r == NULL)
		return MHD_NO;
	http_add_header(r, "Content-Type", "application/octet-stream");
	http_add_header(r, "Cache-Control", "public, max-age=31536000, immutable");
	http_add_header(r, "ETag", etag);
	atomic_fetch_add(&s->bytes_served_total, n);
	return http_queue(c, MHD_HTTP_OK, r);
}

static enum MHD_Result route_page(struct serve *s, struct MHD_Connection *c, const char *url, bool head)
{
	if (strcmp(url, "/") == 0)
		return serve_page_root(s, c);
	if (strcmp(url, "/health") == 0)
		return serve_page_health(s, c);
	if (strcmp(url, "/status") == 0)
		return serve_page_status(s, c);
	if (strcmp(url, "/metrics") == 0)
		return serve_page_metrics(s, c);
	if (strcmp(url, "/manifest.json") == 0)
		return serve_manifest(s, c, url, bytes_text(s->o.channel), bytes_text(s->o.arch), head);
	return not_found(s, c);
}

enum MHD_Result serve_route(void *serve, struct MHD_Connection *c, const char *url, bool head)
{
	struct serve *s = serve;
	struct serve_path p;
	struct serve_item *ready = serve_item_find(s, url);
	if (ready != NULL && s->o.policy == NULL)
		return serve_file(s, c, ready, head);
	/* whose paths have as many parts as they like; a channel of that name is none of a reference's length */
	if (strncmp(url, "/bzz/", 5) == 0 && strcspn(url + 5, "/") >= REFERENCE_DIGITS_MIN)
		return bzz_site_route(&s->site, c, url, head);
	if (!cut_path(url, &p))
		return serve_problem(s, c, 404, "The path is malformed.");
	if (p.n == 1)
		return route_page(s, c, url, head);
	if (p.n == 2 && bytes_is(p.v[0], "bytes"))
		return route_reference(s, c, url, &p, head);
	if (p.n == 2 && bytes_is(p.v[0], "chunks"))
		return route_chunk(s, c, url, p.v[1], head);
	if (p.n == 3 && bytes_is(p.v[0], "blobs"))
		return route_blob(s, c, url, &p, head);
	if (p.n == 3 && bytes_is(p.v[2], "manifest.json"))
		return serve_manifest(s, c, url, p.v[0], p.v[1], head);
	if (p.n == 3)
		return route_artifact(s, c, url, &p, head);
	return not_found(s, c);
}
