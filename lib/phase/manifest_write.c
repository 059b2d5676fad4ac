/* manifest_read's inverse; a file of its own because no firmware writes manifests. */
#include <string.h>

#include "core/hex.h"
#include "phase/manifest.h"

static void write_member(struct writer *w, const char *name, struct bytes value)
{
	write_text(w, ",\"");
	write_text(w, name);
	write_text(w, "\":");
	json_write_string(w, value);
}

static void write_hex_member(struct writer *w, const char *name, const char *prefix, struct bytes value)
{
	char digits[2 * SHA256_BYTES];
	hex_encode(value, digits);
	write_text(w, ",\"");
	write_text(w, name);
	write_text(w, "\":\"");
	write_text(w, prefix);
	write_bytes(w, bytes_of(digits, 2 * value.n));
	write_text(w, "\"");
}

static void write_number_member(struct writer *w, const char *name, uint64_t value)
{
	write_text(w, ",\"");
	write_text(w, name);
	write_text(w, "\":");
	write_decimal(w, value);
}

/* Percent-encodes what RFC 3986 has no place for in a path segment. */
static void write_segment(struct writer *w, struct bytes segment)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=@";
	static const char digits[] = "0123456789ABCDEF";
	for (size_t i = 0; i < segment.n; i++) {
		uint8_t c = segment.p[i];
		if (memchr(plain, c, sizeof plain - 1) != NULL) {
			write_u8(w, c);
			continue;
		}
		write_u8(w, '%');
		write_u8(w, (uint8_t)digits[c >> 4]);
		write_u8(w, (uint8_t)digits[c & 15]);
	}
}

void manifest_write_url(struct bytes channel, struct bytes arch, struct bytes filename, struct writer *w)
{
	write_segment(w, channel);
	write_text(w, "/");
	write_segment(w, arch);
	write_text(w, "/");
	write_segment(w, filename);
}

static void write_artifact(const struct artifact *a, struct writer *w)
{
	json_write_string(w, a->role);
	write_text(w, ":{\"filename\":");
	json_write_string(w, a->filename);
	write_number_member(w, "size_bytes", a->size);
	write_hex_member(w, "hash", "sha256:", bytes_of(a->sha256, SHA256_BYTES));
	if (a->download_url.n > 0)
		write_member(w, "download_url", a->download_url);
	if (a->has_swarm)
		write_hex_member(w, "swarm", "", bytes_of(a->swarm, sizeof a->swarm));
	write_text(w, "}");
}

int manifest_write(const struct manifest *m, struct writer *w)
{
	char created[WALL_TEXT_BYTES], expires[WALL_TEXT_BYTES];
	if (wall_write(m->created_at, created) != OK || wall_write(m->expires_at, expires) != OK)
		return ERR_VALUE;
	write_text(w, "{\"manifest_version\":1");
	if (m->version.n > 0)
		write_member(w, "version", m->version);
	write_number_member(w, "release", m->release);
	write_member(w, "channel", m->channel);
	write_member(w, "arch", m->arch);
	write_member(w, "created_at", bytes_of(created, sizeof created));
	write_member(w, "expires_at", bytes_of(expires, sizeof expires));
	if (m->has_cmdline)
		write_member(w, "cmdline", m->cmdline);
	write_text(w, ",\"artifacts\":{");
	for (size_t i = 0; i < m->artifacts_n; i++) {
		if (i > 0)
			write_text(w, ",");
		write_artifact(&m->artifacts[i], w);
	}
	write_text(w, "},\"signatures\":[]}\n");
	return w->full ? ERR_LIMIT : OK;
}
