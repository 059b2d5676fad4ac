#include "swarm/bzz_address.h"

#include <string.h>

#include "core/hex.h"
#include "crypto/keccak.h"
#include "swarm/content_hash.h"

/* What stands before the next slash; *more: whether there is one, *rest: what stands behind it. */
static struct bytes part(struct bytes text, struct bytes *rest, bool *more)
{
	const uint8_t *slash = text.n == 0 ? NULL : memchr(text.p, '/', text.n);
	*more = slash != NULL;
	if (slash == NULL) {
		*rest = BYTES_NONE;
		return text;
	}
	const size_t n = (size_t)(slash - text.p);
	*rest = bytes_skip(text, n + 1);
	return bytes_of(text.p, n);
}

static int parse_feed(struct bytes text, struct bzz_address *a, const char **what)
{
	bool more;
	const struct bytes owner = part(text, &text, &more);
	*what = "the owner has 40 hex digits";
	if (!more ||
	    hex_decode_any_case(bytes_skip(owner, bytes_starts(owner, "0x") ? 2 : 0), a->owner, sizeof a->owner) != OK)
		return ERR_VALUE;
	const struct bytes topic = part(text, &a->path, &a->has_path);
	*what = "the topic is 64 hex digits, or a text";
	a->is_feed = true;
	if (topic.n == 0)
		return ERR_VALUE;
	if (hex_decode(topic, a->topic, KECCAK256_BYTES) != OK) /* as bzz-put reads it */
		keccak256_of(topic, a->topic);
	a->topic_n = KECCAK256_BYTES;
	return OK;
}

int bzz_address_parse(struct bytes text, struct bzz_address *address, const char **what)
{
	struct bzz_address a = {.is_feed = false};
	struct bytes left = text;
	if (bytes_starts(left, "bzz://"))
		left = bytes_skip(left, 6);
	else if (bytes_starts(left, "/bzz/"))
		left = bytes_skip(left, 5);
	if (bytes_starts(left, "feeds/")) {
		int err = parse_feed(bytes_skip(left, 6), &a, what);
		if (err == OK)
			*address = a;
		return err;
	}
	enum content_hash_codec codec;
	const struct bytes reference = part(left, &a.path, &a.has_path);
	if (reference_parse(reference, &a.reference) == OK ||
	    content_hash_cid_read(reference, &codec, &a.reference, NULL) == OK) {
		*address = a;
		return OK;
	}
	*what = reference.n > 0 && memchr(reference.p, '.', reference.n) != NULL
			? "names are not resolved here: give the reference that the name stands for"
			: "a reference has 64 hex digits, or 128 when the content is encrypted";
	return ERR_VALUE;
}

const char *bzz_address_shown(struct bytes text, char *buf, size_t room)
{
	const size_t digits = (size_t)2 * REFERENCE_BYTES;
	struct writer w = writer_of(buf, room - 1);
	size_t run = 0;
	for (size_t i = 0; i < text.n; i++) {
		run = hex_digit(text.p[i]) >= 0 ? run + 1 : 0;
		if (run <= digits)
			write_u8(&w, text.p[i]);
		else if (run == digits + 1)
			write_text(&w, "...");
	}
	buf[w.n] = 0;
	return buf;
}
