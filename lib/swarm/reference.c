#include "swarm/reference.h"

#include <string.h>

#include "core/hex.h"
#include "crypto/secret.h"

int reference_read(struct bytes in, struct reference *r)
{
	if (in.n != REFERENCE_BYTES && in.n != REFERENCE_ENCRYPTED_BYTES)
		return ERR_VALUE;
	*r = (struct reference){.encrypted = in.n == REFERENCE_ENCRYPTED_BYTES};
	memcpy(r->address, in.p, REFERENCE_BYTES);
	if (r->encrypted)
		memcpy(r->key, in.p + REFERENCE_BYTES, REFERENCE_KEY_BYTES);
	return OK;
}

int reference_parse(struct bytes text, struct reference *r)
{
	uint8_t bytes[REFERENCE_ENCRYPTED_BYTES];
	if (text.n != sizeof bytes && text.n != 2 * sizeof bytes)
		return ERR_VALUE;
	int err = hex_decode_any_case(text, bytes, text.n / 2);
	if (err == OK)
		err = reference_read(bytes_of(bytes, text.n / 2), r);
	secret_wipe(bytes, sizeof bytes);
	return err;
}

size_t reference_write(const struct reference *r, uint8_t out[static REFERENCE_ENCRYPTED_BYTES])
{
	memcpy(out, r->address, REFERENCE_BYTES);
	if (!r->encrypted)
		return REFERENCE_BYTES;
	memcpy(out + REFERENCE_BYTES, r->key, REFERENCE_KEY_BYTES);
	return REFERENCE_ENCRYPTED_BYTES;
}

void reference_text(const struct reference *r, char text[static REFERENCE_TEXT_BYTES])
{
	uint8_t bytes[REFERENCE_ENCRYPTED_BYTES];
	const size_t n = reference_write(r, bytes);
	hex_encode(bytes_of(bytes, n), text);
	secret_wipe(bytes, sizeof bytes);
	text[2 * n] = 0;
}

bool reference_is_zero(const struct reference *r)
{
	uint8_t any = 0;
	for (size_t i = 0; i < REFERENCE_BYTES; i++)
		any |= r->address[i] | r->key[i];
	return any == 0;
}
