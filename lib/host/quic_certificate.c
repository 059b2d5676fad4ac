#include "host/quic_certificate.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "core/err.h"
#include "p2p/tls_extension.h"

#define SECURITY_BITS_MIN 112 /* of the self-signature: SHA-256 with any key that is judged, and no SHA-1 */

static const uint8_t oid[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xa2, 0x5a, 0x01, 0x01}; /* TLS_EXTENSION_OID */

static bool is_ours(X509_EXTENSION *extension)
{
	const ASN1_OBJECT *object = X509_EXTENSION_get_object(extension);
	return OBJ_length(object) == sizeof oid && memcmp(OBJ_get0_data(object), oid, sizeof oid) == 0;
}

/* The one extension that counts; no other may be critical unless libcrypto knows it. */
static int find_extension(const X509 *certificate, struct tls_extension *found)
{
	bool has = false;
	for (int i = 0; i < X509_get_ext_count(certificate); i++) {
		X509_EXTENSION *extension = X509_get_ext(certificate, i);
		if (!is_ours(extension)) {
			if (X509_EXTENSION_get_critical(extension) && !X509_supported_extension(extension))
				return ERR_CRITICAL;
			continue;
		}
		const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
		const struct bytes der = bytes_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
		if (has || tls_extension_read(found, der) != OK)
			return ERR_PROTOCOL;
		has = true;
	}
	return has ? OK : ERR_PROTOCOL;
}

static int check_dates(const X509 *certificate, struct wall now)
{
	time_t t = (time_t)now.s;
	const int begins = X509_cmp_time(X509_get0_notBefore(certificate), &t);
	const int ends = X509_cmp_time(X509_get0_notAfter(certificate), &t);
	if (begins == 0 || ends == 0)
		return ERR_PROTOCOL;
	return begins > 0 ? ERR_NOT_YET : ends < 0 ? ERR_EXPIRED : OK;
}

static int check_own_signature(X509 *certificate)
{
	int bits;
	if (X509_get_signature_info(certificate, NULL, NULL, &bits, NULL) != 1 || bits < SECURITY_BITS_MIN)
		return ERR_SIGNATURE;
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	if (key == NULL)
		return ERR_KEY;
	return X509_verify(certificate, key) == 1 ? OK : ERR_SIGNATURE;
}

static int check(X509 *certificate, struct wall now, struct peer_id *peer)
{
	uint8_t spki[TLS_EXTENSION_SPKI_BYTES_MAX], *p = spki;
	struct tls_extension extension;
	X509_PUBKEY *key = X509_get_X509_PUBKEY(certificate);
	const int n = i2d_X509_PUBKEY(key, NULL);
	if (X509_get_version(certificate) != X509_VERSION_3)
		return ERR_PROTOCOL;
	/* What is too large is not tried: the time that a signature takes grows with the key. */
	if (n <= 0 || n > (int)sizeof spki || i2d_X509_PUBKEY(key, &p) != n)
		return ERR_KEY;
	int err = find_extension(certificate, &extension);
	if (err == OK)
		err = check_dates(certificate, now);
	if (err == OK)
		err = check_own_signature(certificate);
	if (err == OK)
		err = tls_extension_verify(&extension, bytes_of(spki, (size_t)n), peer);
	return err;
}

int quic_certificate_peer(struct bytes der, struct wall now, struct peer_id *peer)
{
	const unsigned char *p = der.p;
	if (der.n > QUIC_CERTIFICATE_BYTES_MAX)
		return ERR_PROTOCOL;
	X509 *certificate = d2i_X509(NULL, &p, (long)der.n);
	const int err = certificate != NULL && p == der.p + der.n ? check(certificate, now, peer) : ERR_PROTOCOL;
	X509_free(certificate);
	ERR_clear_error();
	return err;
}
