#include "phase/manifest.h"

#include "core/hex.h"

#include "core/utf8.h"

static const char *const understood[] = {
	"algorithm",    "arch",       "artifacts", "channel",    "cmdline", "created_at",       "critical",
	"download_url", "expires_at", "filename",  "hash",       "key_id",  "manifest_version", "release",
	"signature",    "signatures", "signed_at", "size_bytes", "swarm",   "version",
};

_Static_assert(sizeof(struct manifest) + DOCUMENT_SIGNED_PREFIX_MAX + 64 <= 65536, "MANIFEST_ARENA_BYTES is too small");

static bool is_text(struct bytes text)
{
	return text.n <= MANIFEST_NAME_MAX && utf8_printable(text);
}

static bool is_cmdline(struct bytes text)
{
	return text.n <= MANIFEST_CMDLINE_MAX && utf8_printable(text);
}

bool artifact_filename_ok(struct bytes filename)
{
	return name_is_safe(filename) && !bytes_is(filename, "manifest.json") && !bytes_ends(filename, ".bmt") &&
	       !bytes_ends(filename, ".part") && !bytes_ends(filename, ".sig");
}

/* One octet off the front, percent-decoded; -1 when the encoding is broken. */
static int take_octet(struct bytes *url)
{
	uint8_t c = url->p[0];
	if (c != '%') {
		*url = bytes_skip(*url, 1);
		return c;
	}
	int high = url->n < 3 ? -1 : hex_digit(url->p[1]), low = url->n < 3 ? -1 : hex_digit(url->p[2]);
	*url = bytes_skip(*url, 3);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* Walks the path as the most obliging server would read it: octets decoded once, and then both
 * slashes separate. Nothing of it may be a control character or climb. */
static bool path_ok(struct bytes path)
{
	size_t segment_n = 0, dots_n = 0;
	while (path.n > 0) {
		int c = take_octet(&path);
		if (c < 0x20 || c == 0x7f)
			return false;
		if (c != '/' && c != '\\') {
			segment_n++;
			dots_n += c == '.';
			continue;
		}
		if (segment_n == 2 && dots_n == 2)
			return false;
		segment_n = dots_n = 0;
	}
	return !(segment_n == 2 && dots_n == 2);
}

bool download_url_ok(struct bytes url)
{
	if (url.n == 0 || url.n > MANIFEST_URL_MAX || !utf8_printable(url) || bytes_starts(url, "//"))
		return false;
	bool absolute = bytes_http_scheme(url) > 0;
	struct bytes rest = bytes_skip(url, bytes_http_scheme(url));
	if (absolute && (rest.n == 0 || rest.p[0] == '/' || rest.p[0] == '?'))
		return false; /* no host */
	bool path_begun = absolute;
	for (size_t i = 0; i < rest.n; i++) {
		uint8_t c = rest.p[i];
		if (c == ' ' || c == '\\' || c == '#' || (c == ':' && !path_begun))
			return false; /* the colon would end the name of another scheme */
		path_begun |= c == '/' || c == '?';
	}
	return path_ok(rest);
}

static int read_artifact(struct document *d, const struct json_node *node, struct artifact *a)
{
	int err;
	*a = (struct artifact){.role = BYTES_NONE};
	size_t start = d->strings.n;
	json_key(&d->json, node, &d->strings);
	a->role = bytes_of(d->strings.p + start, d->strings.n - start);
	if (!name_is_printable(a->role))
		return document_misfit(d, ERR_VALUE, "artifact name", node);
	d->part = a->role;
	if (node->type != JSON_OBJECT)
		return document_misfit(d, ERR_TYPE, "artifact", node);
	if ((err = document_text(d, node, "filename", true, artifact_filename_ok, &a->filename)) != OK ||
	    (err = document_uint(d, node, "size_bytes", true, &a->size)) != OK ||
	    (err = document_hex(d, node, "hash", true, "sha256:", a->sha256, sizeof a->sha256, NULL)) != OK ||
	    (err = document_text(d, node, "download_url", false, download_url_ok, &a->download_url)) != OK ||
	    (err = document_hex(d, node, "swarm", false, "", a->swarm, sizeof a->swarm, &a->has_swarm)) != OK)
		return err;
	if (a->size == 0 || a->size > MANIFEST_SIZE_MAX)
		return document_misfit(d, ERR_VALUE, "size_bytes", json_member(&d->json, node, "size_bytes"));
	return OK;
}

static int read_artifacts(struct document *d, struct manifest *m)
{
	const struct json_node *object;
	int err = document_member(d, json_root(&d->json), "artifacts", true, JSON_OBJECT, &object);
	if (err != OK)
		return err;
	if (object->n > MANIFEST_ARTIFACTS_MAX)
		return document_misfit(d, ERR_LIMIT, "artifacts", object);
	for (const struct json_node *e = json_child(&d->json, object); e != NULL; e = json_next(&d->json, e)) {
		struct artifact *a = &m->artifacts[m->artifacts_n];
		if ((err = read_artifact(d, e, a)) != OK)
			return err;
		for (size_t i = 0; i < m->artifacts_n; i++)
			if (bytes_equal(m->artifacts[i].filename, a->filename))
				return document_misfit(d, ERR_DUPLICATE, "filename",
						       json_member(&d->json, e, "filename"));
		m->artifacts_n++;
	}
	d->part = BYTES_NONE;
	if (manifest_artifact(m, "kernel") == NULL && manifest_artifact(m, "uki") == NULL)
		return document_misfit(d, ERR_MISSING, "kernel", object);
	return OK;
}

static int read_dates(struct document *d, struct manifest *m)
{
	int err;
	if ((err = document_wall(d, "created_at", true, &m->created_at, NULL)) != OK ||
	    (err = document_wall(d, "expires_at", true, &m->expires_at, NULL)) != OK)
		return err;
	if (m->created_at.s >= m->expires_at.s)
		return document_misfit(d, ERR_VALUE, "expires_at",
				       json_member(&d->json, json_root(&d->json), "expires_at"));
	return OK;
}

static int read_members(struct document *d, struct manifest *m)
{
	const struct json_node *root = json_root(&d->json);
	int err;
	if ((err = document_version(d, "manifest_version", true)) != OK ||
	    (err = document_text(d, root, "version", false, is_text, &m->version)) != OK ||
	    (err = document_uint(d, root, "release", true, &m->release)) != OK ||
	    (err = document_text(d, root, "channel", true, name_is_safe, &m->channel)) != OK ||
	    (err = document_arch(d, true, &m->arch)) != OK || (err = read_dates(d, m)) != OK ||
	    (err = document_text(d, root, "cmdline", false, is_cmdline, &m->cmdline)) != OK ||
	    (err = read_artifacts(d, m)) != OK ||
	    (err = document_critical(d, understood, sizeof understood / sizeof understood[0], &m->critical_unknown)) !=
		    OK)
		return err;
	m->has_cmdline = json_member(&d->json, root, "cmdline") != NULL;
	return document_signatures(d, m->signatures, &m->signatures_n);
}

int manifest_read(struct manifest *m, struct bytes text, struct arena *a, struct why *why)
{
	struct document d;
	int err = document_open(&d, text, a, why);
	if (err != OK)
		return err;
	struct manifest *read = arena_take(a, sizeof *read); /* too large for a firmware stack */
	if (read == NULL)
		return why_not(why, ERR_NO_SPACE, "arena", 0, BYTES_NONE);
	*read = (struct manifest){.json = d.json};
	if ((err = read_members(&d, read)) != OK ||
	    (err = document_message(&d, MANIFEST_SIGNED_PREFIX, a, &read->message)) != OK)
		return err;
	*m = *read;
	return OK;
}

const struct artifact *manifest_artifact(const struct manifest *m, const char *role)
{
	for (size_t i = 0; i < m->artifacts_n; i++)
		if (bytes_is(m->artifacts[i].role, role))
			return &m->artifacts[i];
	return NULL;
}
