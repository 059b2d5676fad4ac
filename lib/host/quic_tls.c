#include "host/quic_tls.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>

#include "crypto/secret.h"
#include "host/clock.h"
#include "host/quic_certificate.h"
#include "host/random.h"
#include "p2p/tls_extension.h"

#define HOUR_S 3600
#define LIFE_S (100LL * 365 * 24 * HOUR_S)
#define SERIAL_BYTES 8

/* The ciphers and groups that QUIC has. Without the compatibility mode, which QUIC forbids. */
static const char priorities[] =
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:"
	"-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:%DISABLE_TLS13_COMPAT_MODE";
static const char alpn[] = "libp2p";

/* --- the certificate --- */

static int add_extension(gnutls_x509_crt_t certificate, const uint8_t seed[static ED25519_SEED_BYTES])
{
	uint8_t extension[TLS_EXTENSION_ED25519_BYTES];
	gnutls_pubkey_t key;
	gnutls_datum_t spki = {NULL, 0};
	if (gnutls_pubkey_init(&key) < 0)
		return ERR_NO_MEMORY;
	int err = ERR_CRYPTO;
	if (gnutls_pubkey_import_x509(key, certificate, 0) >= 0 &&
	    gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &spki) >= 0)
		err = tls_extension_make(seed, bytes_of(spki.data, spki.size), extension);
	if (err == OK &&
	    gnutls_x509_crt_set_extension_by_oid(certificate, TLS_EXTENSION_OID, extension, sizeof extension, 0) < 0)
		err = ERR_CRYPTO;
	gnutls_free(spki.data);
	gnutls_pubkey_deinit(key);
	return err;
}

/* Fills and signs the certificate of key. */
static int sign(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key, const uint8_t seed[static ED25519_SEED_BYTES])
{
	uint8_t serial[SERIAL_BYTES];
	const int64_t now = clock_wall_s();
	int err = random_fill(serial, sizeof serial);
	if (err != OK)
		return err;
	serial[0] = (serial[0] & 0x7f) | 0x40; /* a positive number of this length */
	if (gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0) <
		    0 ||
	    gnutls_x509_crt_set_version(certificate, 3) < 0 || gnutls_x509_crt_set_key(certificate, key) < 0 ||
	    gnutls_x509_crt_set_serial(certificate, serial, sizeof serial) < 0 ||
	    gnutls_x509_crt_set_activation_time(certificate, (time_t)(now - HOUR_S)) < 0 ||
	    gnutls_x509_crt_set_expiration_time(certificate, (time_t)(now + LIFE_S)) < 0 ||
	    gnutls_x509_crt_set_dn(certificate, "CN=libp2p", NULL) < 0)
		return ERR_CRYPTO;
	err = add_extension(certificate, seed);
	if (err == OK && gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0) < 0)
		err = ERR_CRYPTO;
	return err;
}

int quic_identity_make(struct quic_identity *identity, const uint8_t seed[static ED25519_SEED_BYTES])
{
	gnutls_certificate_credentials_t credentials = NULL;
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t certificate = NULL;
	int err = ERR_NO_MEMORY;
	if (gnutls_certificate_allocate_credentials(&credentials) < 0 || gnutls_x509_privkey_init(&key) < 0 ||
	    gnutls_x509_crt_init(&certificate) < 0)
		goto out;
	err = sign(certificate, key, seed);
	if (err == OK && gnutls_certificate_set_x509_key(credentials, &certificate, 1, key) < 0)
		err = ERR_CRYPTO;
out:
	if (certificate != NULL)
		gnutls_x509_crt_deinit(certificate);
	if (key != NULL)
		gnutls_x509_privkey_deinit(key);
	if (err == OK)
		identity->credentials = credentials;
	else if (credentials != NULL)
		gnutls_certificate_free_credentials(credentials);
	return err;
}

void quic_identity_free(struct quic_identity *identity)
{
	gnutls_certificate_free_credentials(identity->credentials);
	identity->credentials = NULL;
}

/* --- a session --- */

/* GnuTLS refuses another protocol, but not a client that names none. */
static bool speaks_libp2p(gnutls_session_t session)
{
	gnutls_datum_t name;
	return gnutls_alpn_get_selected_protocol(session, &name) == 0 && bytes_is(bytes_of(name.data, name.size), alpn);
}

/* Called within the handshake, when ALPN is agreed: not zero ends it, with the alert bad_certificate. */
static int on_certificate(gnutls_session_t session)
{
	struct quic_tls_peer *p = gnutls_db_get_ptr(session);
	struct peer_id peer;
	unsigned n = 0;
	const gnutls_datum_t *list = gnutls_certificate_get_peers(session, &n);
	if (list == NULL || n != 1 || !speaks_libp2p(session))
		p->err = ERR_PROTOCOL;
	else
		p->err = quic_certificate_peer(bytes_of(list[0].data, list[0].size), (struct wall){.s = clock_wall_s()},
					       &peer);
	if (p->err == OK && p->expects && !peer_id_equal(&p->peer, &peer))
		p->err = ERR_KEY;
	if (p->err == OK)
		p->peer = peer;
	return p->err == OK ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

int quic_tls_begin(gnutls_session_t *session, enum quic_tls_role role, const struct quic_identity *identity,
		   struct quic_tls_peer *peer)
{
	gnutls_session_t s;
	char name[sizeof alpn];
	const gnutls_datum_t names = {(unsigned char *)name, sizeof alpn - 1};
	for (size_t i = 0; i < sizeof alpn; i++)
		name[i] = alpn[i];
	/* A client has to show its certificate whatever list of authorities the server sends. */
	if (gnutls_init(&s, role == QUIC_TLS_SERVER ? GNUTLS_SERVER | GNUTLS_NO_AUTO_SEND_TICKET
						    : GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT | GNUTLS_NO_TICKETS) < 0)
		return ERR_CRYPTO;
	if (gnutls_priority_set_direct(s, priorities, NULL) < 0 ||
	    gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, identity->credentials) < 0 ||
	    gnutls_alpn_set_protocols(s, &names, 1, GNUTLS_ALPN_MANDATORY) < 0) {
		gnutls_deinit(s);
		return ERR_CRYPTO;
	}
	/* The session's other pointer is ngtcp2's; that of a database of sessions, of which there is none, is free. */
	gnutls_db_set_ptr(s, peer);
	gnutls_session_set_verify_function(s, on_certificate);
	if (role == QUIC_TLS_SERVER) {
		gnutls_certificate_server_set_request(s, GNUTLS_CERT_REQUIRE);
		gnutls_certificate_send_x509_rdn_sequence(s, 1); /* which leaves it out */
	}
	*session = s;
	return OK;
}
