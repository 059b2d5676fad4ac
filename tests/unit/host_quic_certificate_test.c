#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "core/err.h"
#include "core/hex.h"
#include "host/quic_certificate.h"
#include "p2p/tls_extension.h"
#include "test.h"

static uint8_t der[QUIC_CERTIFICATE_BYTES_MAX + 1];
static const struct wall today = {1790000000}, year_1970 = {1000}, year_5000 = {95617584000};

static struct bytes certificate_of(const cJSON *one)
{
	const char *hex = test_text(one, "cert_der");
	if (strlen(hex) / 2 > sizeof der || hex_decode(bytes_text(hex), der, strlen(hex) / 2) != OK)
		abort();
	return bytes_of(der, strlen(hex) / 2);
}

TEST(the_certificates_of_the_specification)
{
	cJSON *all = test_vectors("tls-certificates.json"), *one;
	unsigned good = 0, bad = 0;
	cJSON_ArrayForEach(one, all)
	{
		struct peer_id peer = {.n = 0}, expected;
		const struct bytes certificate = certificate_of(one);
		const int err = quic_certificate_peer(certificate, today, &peer);
		if (cJSON_IsTrue(cJSON_GetObjectItem(one, "ext_signature_valid"))) {
			CHECK(err == OK);
			CHECK(peer_id_parse(&expected, bytes_text(test_text(one, "expected_peer_id"))) == OK);
			CHECK(peer_id_equal(&peer, &expected));
			CHECK(quic_certificate_peer(certificate, year_1970, &peer) == ERR_NOT_YET);
			CHECK(quic_certificate_peer(certificate, year_5000, &peer) == ERR_EXPIRED);
			good++;
		} else {
			CHECK(err == ERR_SIGNATURE && peer.n == 0);
			bad++;
		}
	}
	CHECK(good == 3 && bad == 1);
	cJSON_Delete(all);
}

/* Every byte counts: the certificate signs what stands in it, and the host signs its key. */
TEST(changed_and_cut)
{
	cJSON *all = test_vectors("tls-certificates.json");
	struct peer_id peer = {.n = 0};
	const struct bytes certificate = certificate_of(cJSON_GetArrayItem(all, 0));
	for (size_t bit = 0; bit < 8 * certificate.n; bit++) {
		der[bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (!CHECK(quic_certificate_peer(certificate, today, &peer) != OK))
			printf("# bit %zu\n", bit);
		der[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	for (size_t n = 0; n < certificate.n; n++)
		CHECK(quic_certificate_peer(bytes_of(der, n), today, &peer) == ERR_PROTOCOL);
	CHECK(quic_certificate_peer(bytes_of(der, certificate.n + 1), today, &peer) == ERR_PROTOCOL);
	CHECK(quic_certificate_peer(bytes_of(der, sizeof der), today, &peer) == ERR_PROTOCOL);
	CHECK(peer.n == 0 && quic_certificate_peer(certificate, today, &peer) == OK);
	cJSON_Delete(all);
}

/* --- certificates of our own making, each with one thing that is wrong --- */

enum flaw {
	NO_FLAW,
	CRITICAL,         /* ours is: allowed, rust-libp2p does so */
	KNOWN_CRITICAL,   /* another one that everybody knows */
	UNKNOWN_CRITICAL, /* one that nobody knows */
	UNKNOWN,          /* the same, not critical */
	MISSING,
	TWICE,
	GARBAGE,      /* in the place of ours */
	OTHER_KEY,    /* the host has signed another key */
	OTHER_SIGNER, /* not self-signed */
	VERSION_1,
	SHA_1,
	EXPIRED,
	NOT_YET,
	TRAILING, /* a byte behind it */
};

static void add(X509 *x, const char *oid, int critical, const uint8_t *value, size_t n)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	CHECK(ASN1_OCTET_STRING_set(octets, value, (int)n) == 1);
	X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, critical, octets);
	CHECK(X509_add_ext(x, extension, -1) == 1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(octets);
	ASN1_OBJECT_free(object);
}

static void add_extensions(X509 *x, EVP_PKEY *key, enum flaw flaw)
{
	uint8_t seed[ED25519_SEED_BYTES], extension[TLS_EXTENSION_ED25519_BYTES], spki[256], *p = spki;
	static const uint8_t usage[] = {3, 2, 7, 0x80};
	memset(seed, 3, sizeof seed);
	const int n = i2d_PUBKEY(key, &p);
	CHECK(n > 0 && n < (int)sizeof spki);
	spki[n - 1] ^= flaw == OTHER_KEY;
	CHECK(tls_extension_make(seed, bytes_of(spki, (size_t)n), extension) == OK);
	if (flaw == GARBAGE)
		extension[0] = 0x31;
	for (unsigned i = 0; i < (flaw == MISSING ? 0U : flaw == TWICE ? 2U : 1U); i++)
		add(x, TLS_EXTENSION_OID, flaw == CRITICAL, extension, sizeof extension);
	if (flaw == KNOWN_CRITICAL)
		add(x, "2.5.29.15", 1, usage, sizeof usage);
	if (flaw == UNKNOWN_CRITICAL || flaw == UNKNOWN)
		add(x, "1.3.6.1.4.1.53594.1.2", flaw == UNKNOWN_CRITICAL, usage, sizeof usage);
}

static struct bytes make(enum flaw flaw)
{
	EVP_PKEY *key = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	uint8_t *p = der;
	CHECK(X509_set_version(x, flaw == VERSION_1 ? X509_VERSION_1 : X509_VERSION_3) == 1);
	CHECK(ASN1_INTEGER_set(X509_get_serialNumber(x), 7) == 1);
	CHECK(ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(today.s + (flaw == NOT_YET ? 1000 : -1000))) != NULL);
	CHECK(ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(today.s + (flaw == EXPIRED ? -500 : 2000))) != NULL);
	CHECK(X509_set_pubkey(x, key) == 1);
	add_extensions(x, key, flaw);
	CHECK(X509_sign(x, flaw == OTHER_SIGNER ? other : key, flaw == SHA_1 ? EVP_sha1() : EVP_sha256()) > 0);
	const int n = i2d_X509(x, NULL);
	CHECK(n > 0 && n < (int)sizeof der && i2d_X509(x, &p) == n);
	X509_free(x);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	der[n] = 0;
	return bytes_of(der, (size_t)n + (flaw == TRAILING));
}

TEST(one_thing_wrong)
{
	static const struct {
		enum flaw flaw;
		int err;
	} rows[] = {
		{NO_FLAW, OK},
		{CRITICAL, OK},
		{KNOWN_CRITICAL, OK},
		{UNKNOWN, OK},
		{UNKNOWN_CRITICAL, ERR_CRITICAL},
		{MISSING, ERR_PROTOCOL},
		{TWICE, ERR_PROTOCOL},
		{GARBAGE, ERR_PROTOCOL},
		{OTHER_KEY, ERR_SIGNATURE},
		{OTHER_SIGNER, ERR_SIGNATURE},
		{VERSION_1, ERR_PROTOCOL},
		{SHA_1, ERR_SIGNATURE},
		{EXPIRED, ERR_EXPIRED},
		{NOT_YET, ERR_NOT_YET},
		{TRAILING, ERR_PROTOCOL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct peer_id peer = {.n = 0};
		const int err = quic_certificate_peer(make(rows[i].flaw), today, &peer);
		if (!CHECK(err == rows[i].err && (peer.n > 0) == (err == OK)))
			printf("# row %zu: %s\n", i, err_text(err));
	}
}

int main(void)
{
	RUN(the_certificates_of_the_specification);
	RUN(changed_and_cut);
	RUN(one_thing_wrong);
	return test_end();
}
