#include "swarm/content_hash.h"

#include <assert.h>

#include "core/hex.h"
#include "core/multibase.h"
#include "core/varint.h"

#define NAMESPACE 0xe4 /* multicodec swarm-ns */
#define CID_VERSION 1
#define KECCAK256 0x1b                               /* multicodec keccak-256 */
#define TEXT_MAX (1 + 2 * CONTENT_HASH_CID_BYTES)    /* in base 16, the longest */
#define TEXT_BYTES_MAX (CONTENT_HASH_CID_BYTES + 16) /* what is longer is refused for it, not cut */

static const char prefixes[] = "fbkz"; /* of enum content_hash_base */

/* 01 codec 1b length reference, to the end. */
static int read_cid(struct reader *r, bool encrypted_too, enum content_hash_codec *codec, struct reference *reference,
		    struct why *why)
{
	const uint64_t version = varint_read(r), content = varint_read(r), hash = varint_read(r), n = varint_read(r);
	struct reference found;
	if (r->dead)
		return why_not(why, ERR_TRUNCATED, "content hash", WHY_NOWHERE, BYTES_NONE);
	if (version != CID_VERSION)
		return why_not(why, ERR_VALUE, "version of the CID", WHY_NOWHERE, BYTES_NONE);
	if (content != CONTENT_HASH_MANIFEST && content != CONTENT_HASH_FEED &&
	    (encrypted_too || content != CONTENT_HASH_NAMESPACE))
		return why_not(why, ERR_VALUE, "not a name of Swarm content", WHY_NOWHERE, BYTES_NONE);
	if (hash != KECCAK256)
		return why_not(why, ERR_VALUE, "not a Keccak-256 hash", WHY_NOWHERE, BYTES_NONE);
	if (n != REFERENCE_BYTES && (!encrypted_too || n != REFERENCE_ENCRYPTED_BYTES))
		return why_not(why, ERR_VALUE, "length of the reference", WHY_NOWHERE, BYTES_NONE);
	const struct bytes digest = read_bytes(r, n);
	if (r->dead)
		return why_not(why, ERR_TRUNCATED, "content hash", WHY_NOWHERE, BYTES_NONE);
	if (!reader_done(r))
		return why_not(why, ERR_TRAILING, "content hash", WHY_NOWHERE, r->left);
	const int err = reference_read(digest, &found);
	if (err != OK)
		return err;
	*codec = (enum content_hash_codec)content;
	*reference = found;
	return OK;
}

static void write_cid(struct writer *w, enum content_hash_codec codec, const struct reference *r)
{
	uint8_t digest[REFERENCE_ENCRYPTED_BYTES];
	const size_t n = reference_write(r, digest);
	varint_write(w, CID_VERSION);
	varint_write(w, (uint64_t)codec);
	varint_write(w, KECCAK256);
	varint_write(w, n);
	write_bytes(w, bytes_of(digest, n));
}

int content_hash_read(struct bytes in, enum content_hash_codec *codec, struct reference *r, struct why *why)
{
	struct reader reader = reader_of(in);
	const uint64_t space = varint_read(&reader);
	if (reader.dead)
		return why_not(why, ERR_TRUNCATED, "content hash", WHY_NOWHERE, BYTES_NONE);
	if (space != NAMESPACE)
		return why_not(why, ERR_VALUE, "content hash of another system than Swarm", WHY_NOWHERE, BYTES_NONE);
	return read_cid(&reader, true, codec, r, why);
}

size_t content_hash_write(enum content_hash_codec codec, const struct reference *r,
			  uint8_t out[static CONTENT_HASH_BYTES_MAX])
{
	struct writer w = writer_of(out, CONTENT_HASH_BYTES_MAX);
	varint_write(&w, NAMESPACE);
	write_cid(&w, codec, r);
	assert(!w.full);
	return w.n;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

/* The bytes behind the letter that names the base. */
static int decode(struct bytes text, uint8_t out[static TEXT_BYTES_MAX], size_t *n)
{
	uint8_t copy[TEXT_MAX];
	const struct bytes digits = bytes_of(copy, text.n - 1);
	struct writer w = writer_of(out, TEXT_BYTES_MAX);
	const bool base58 = text.p[0] == 'z';
	int err;
	for (size_t i = 0; i < digits.n; i++)
		copy[i] = base58 ? text.p[i + 1] : lower(text.p[i + 1]);
	switch (base58 ? 'z' : lower(text.p[0])) {
	case 'f':
		w.n = digits.n / 2;
		err = digits.n % 2 != 0 ? ERR_VALUE : hex_decode(digits, out, digits.n / 2);
		break;
	case 'b':
		err = multibase_read(&w, MULTIBASE_32, digits);
		break;
	case 'k':
		err = multibase_read(&w, MULTIBASE_36, digits);
		break;
	case 'z':
		err = base58 ? multibase_read(&w, MULTIBASE_58, digits) : ERR_VALUE;
		break;
	default:
		err = ERR_VALUE;
		break;
	}
	*n = w.n;
	return err;
}

int content_hash_cid_read(struct bytes text, enum content_hash_codec *codec, struct reference *r, struct why *why)
{
	uint8_t bytes[TEXT_BYTES_MAX];
	size_t n;
	if (text.n < 2 || text.n > TEXT_MAX || decode(text, bytes, &n) != OK)
		return why_not(why, ERR_VALUE, "not a CID", WHY_NOWHERE, text);
	struct reader reader = reader_of(bytes_of(bytes, n));
	return read_cid(&reader, false, codec, r, why);
}

void content_hash_cid_write(struct writer *w, enum content_hash_base base, enum content_hash_codec codec,
			    const struct reference *r)
{
	static const enum multibase bases[] = {[CONTENT_HASH_BASE32] = MULTIBASE_32,
					       [CONTENT_HASH_BASE36] = MULTIBASE_36,
					       [CONTENT_HASH_BASE58] = MULTIBASE_58};
	uint8_t bytes[CONTENT_HASH_CID_BYTES];
	char digits[2 * CONTENT_HASH_CID_BYTES];
	struct writer cid = writer_of(bytes, sizeof bytes);
	assert(!r->encrypted);
	write_cid(&cid, codec, r);
	assert(cid.n == sizeof bytes);
	write_u8(w, (uint8_t)prefixes[base]);
	if (base != CONTENT_HASH_BASE16) {
		multibase_write(w, bases[base], writer_view(&cid));
		return;
	}
	hex_encode(writer_view(&cid), digits);
	write_bytes(w, bytes_of(digits, sizeof digits));
}
