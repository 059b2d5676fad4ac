#include "p2p/tls_extension.h"

#include <assert.h>
#include <string.h>

#include "core/err.h"

#define DER_SEQUENCE 0x30
#define DER_OCTETS 0x04

static const char prefix[] = "libp2p-tls-handshake:";
#define PREFIX_BYTES (sizeof prefix - 1)

/* The content of an element; lengths as DER has them: the shortest form, and two bytes are enough here. */
static struct bytes read_element(struct reader *r, uint8_t tag)
{
	if (read_u8(r) != tag)
		r->dead = true;
	uint32_t n = read_u8(r);
	if (n == 0x81) {
		n = read_u8(r);
		r->dead = r->dead || n < 0x80;
	} else if (n == 0x82) {
		n = read_be16(r);
		r->dead = r->dead || n < 0x100;
	} else if (n >= 0x80) {
		r->dead = true;
	}
	return read_bytes(r, n);
}

int tls_extension_read(struct tls_extension *extension, struct bytes der)
{
	struct reader outer = reader_of(der), r = reader_of(read_element(&outer, DER_SEQUENCE));
	struct tls_extension found;
	found.key = read_element(&r, DER_OCTETS);
	found.signature = read_element(&r, DER_OCTETS);
	if (!reader_done(&outer) || !reader_done(&r))
		return ERR_PROTOCOL;
	if (found.key.n > PEER_KEY_BYTES_MAX || found.signature.n > TLS_EXTENSION_SIGNATURE_BYTES_MAX)
		return ERR_LIMIT;
	*extension = found;
	return OK;
}

/* What is signed. */
static int write_signed(struct writer *w, struct bytes spki)
{
	if (spki.n > TLS_EXTENSION_SPKI_BYTES_MAX)
		return ERR_KEY;
	write_text(w, prefix);
	write_bytes(w, spki);
	assert(!w->full);
	return OK;
}

int tls_extension_verify(const struct tls_extension *extension, struct bytes spki, struct peer_id *peer)
{
	uint8_t message[PREFIX_BYTES + TLS_EXTENSION_SPKI_BYTES_MAX];
	struct writer w = writer_of(message, sizeof message);
	struct peer_key key;
	int err = write_signed(&w, spki);
	if (err == OK)
		err = peer_key_read(&key, extension->key);
	if (err == OK)
		err = peer_key_verify(&key, writer_view(&w), extension->signature);
	if (err == OK)
		peer_id_of_key(peer, extension->key);
	return err;
}

int tls_extension_make(const uint8_t seed[static ED25519_SEED_BYTES], struct bytes spki,
		       uint8_t der[static TLS_EXTENSION_ED25519_BYTES])
{
	uint8_t message[PREFIX_BYTES + TLS_EXTENSION_SPKI_BYTES_MAX], key[ED25519_KEY_BYTES];
	struct writer m = writer_of(message, sizeof message);
	const int err = write_signed(&m, spki);
	if (err != OK)
		return err;
	uint8_t *p = der;
	*p++ = DER_SEQUENCE;
	*p++ = TLS_EXTENSION_ED25519_BYTES - 2;
	*p++ = DER_OCTETS;
	*p++ = PEER_KEY_ED25519_BYTES;
	ed25519_public(seed, key);
	peer_key_ed25519(key, p);
	p += PEER_KEY_ED25519_BYTES;
	*p++ = DER_OCTETS;
	*p++ = ED25519_SIGNATURE_BYTES;
	ed25519_sign(seed, writer_view(&m), p);
	return OK;
}
