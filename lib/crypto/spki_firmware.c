#include <bearssl_ec.h>
#include <string.h>

#include "core/err.h"
#include "crypto/sha256.h"
#include "crypto/spki.h"

#define NUMBER_BYTES 32
#define POINT_BYTES 65 /* with the format byte */
#define DER_SEQUENCE 0x30
#define DER_INTEGER 0x02

/* All that stands before a point on P-256: one spelling of many. */
static const uint8_t p256_head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
				    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

/* A number in its shortest form, as 32 bytes. False: it is none, or is longer. */
static bool read_number(struct reader *r, uint8_t out[static NUMBER_BYTES])
{
	const uint8_t tag = read_u8(r), length = read_u8(r);
	struct bytes number = read_bytes(r, length);
	if (r->dead || tag != DER_INTEGER || number.n == 0 || number.p[0] >= 0x80 ||
	    (number.n > 1 && number.p[0] == 0 && number.p[1] < 0x80))
		return false;
	if (number.p[0] == 0)
		number = bytes_skip(number, 1);
	if (number.n > NUMBER_BYTES)
		return false;
	memset(out, 0, NUMBER_BYTES);
	if (number.n > 0)
		memcpy(out + NUMBER_BYTES - number.n, number.p, number.n);
	return true;
}

/* The library's own reader takes more spellings than libcrypto, and all of us are to judge alike. */
static bool read_signature(struct bytes der, uint8_t raw[static 2 * NUMBER_BYTES])
{
	struct reader r = reader_of(der);
	return read_u8(&r) == DER_SEQUENCE && read_u8(&r) == r.left.n && read_number(&r, raw) &&
	       read_number(&r, raw + NUMBER_BYTES) && reader_done(&r);
}

static bool on_curve(const uint8_t *point)
{
	static const uint8_t one[] = {1};
	uint8_t product[POINT_BYTES];
	memcpy(product, point, POINT_BYTES);
	return br_ec_p256_m31.mul(product, sizeof product, one, sizeof one, BR_EC_secp256r1) == 1;
}

int spki_verify(enum spki_kind kind, struct bytes key, struct bytes message, struct bytes signature)
{
	uint8_t raw[2 * NUMBER_BYTES], digest[SHA256_BYTES], point[POINT_BYTES];
	if (kind != SPKI_P256 || key.n != sizeof p256_head + POINT_BYTES ||
	    memcmp(key.p, p256_head, sizeof p256_head) != 0 || key.p[sizeof p256_head] != 4)
		return ERR_KEY;
	memcpy(point, key.p + sizeof p256_head, POINT_BYTES);
	if (!on_curve(point))
		return ERR_KEY;
	if (!read_signature(signature, raw))
		return ERR_SIGNATURE;
	sha256_of(message, digest);
	const br_ec_public_key public = {.curve = BR_EC_secp256r1, .q = point, .qlen = sizeof point};
	return br_ecdsa_i31_vrfy_raw(&br_ec_p256_m31, digest, sizeof digest, &public, raw, sizeof raw) == 1
		       ? OK
		       : ERR_SIGNATURE;
}
