/* Sessions of QUIC's TLS, over plain pipes: against each other, and against strangers who lack something. */
#include "host/quic_tls.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <time.h>

#include "p2p/peer_key.h"
#include "test.h"

struct end {
	gnutls_session_t s;
	struct quic_identity identity;
	struct quic_tls_peer peer;
	struct end *other;
	uint8_t in[65536];
	size_t in_n;
	int result; /* of the handshake: 1 while it goes on */
};

static struct end client, server;

static ssize_t push(gnutls_transport_ptr_t p, const void *data, size_t n)
{
	struct end *to = ((struct end *)p)->other;
	if (n > sizeof to->in - to->in_n)
		abort();
	memcpy(to->in + to->in_n, data, n);
	to->in_n += n;
	return (ssize_t)n;
}

static ssize_t pull(gnutls_transport_ptr_t p, void *data, size_t n)
{
	struct end *e = p;
	if (e->in_n == 0) {
		gnutls_transport_set_errno(e->s, EAGAIN);
		return -1;
	}
	n = n < e->in_n ? n : e->in_n;
	memcpy(data, e->in, n);
	memmove(e->in, e->in + n, e->in_n - n);
	e->in_n -= n;
	return (ssize_t)n;
}

static void join(struct end *e, struct end *other)
{
	e->other = other;
	e->in_n = 0;
	e->result = 1;
	gnutls_transport_set_ptr(e->s, e);
	gnutls_transport_set_push_function(e->s, push);
	gnutls_transport_set_pull_function(e->s, pull);
}

static void begin(struct end *e, enum quic_tls_role role, uint8_t who)
{
	uint8_t seed[ED25519_SEED_BYTES];
	memset(seed, who, sizeof seed);
	memset(&e->peer, 0, sizeof e->peer);
	CHECK(quic_identity_make(&e->identity, seed) == OK);
	CHECK(quic_tls_begin(&e->s, role, &e->identity, &e->peer) == OK);
}

static void begin_both(void)
{
	begin(&client, QUIC_TLS_CLIENT, 1);
	begin(&server, QUIC_TLS_SERVER, 2);
}

static void step(struct end *e)
{
	if (e->result != 1)
		return;
	const int result = gnutls_handshake(e->s);
	if (result == 0 || gnutls_error_is_fatal(result))
		e->result = result;
}

static void shake(void)
{
	join(&client, &server);
	join(&server, &client);
	for (unsigned i = 0; i < 20; i++) {
		step(&client);
		step(&server);
	}
}

static void end_both(void)
{
	gnutls_deinit(client.s);
	gnutls_deinit(server.s);
	quic_identity_free(&client.identity);
	quic_identity_free(&server.identity);
}

static struct peer_id id_of(uint8_t who)
{
	uint8_t seed[ED25519_SEED_BYTES], key[ED25519_KEY_BYTES], protobuf[PEER_KEY_ED25519_BYTES];
	struct peer_id id;
	memset(seed, who, sizeof seed);
	ed25519_public(seed, key);
	peer_key_ed25519(key, protobuf);
	peer_id_of_key(&id, bytes_of(protobuf, sizeof protobuf));
	return id;
}

TEST(two_of_ours)
{
	const struct peer_id one = id_of(1), two = id_of(2);
	begin_both();
	shake();
	CHECK(client.result == 0 && server.result == 0 && client.peer.err == OK && server.peer.err == OK);
	CHECK(peer_id_equal(&client.peer.peer, &two) && peer_id_equal(&server.peer.peer, &one));
	CHECK(gnutls_protocol_get_version(client.s) == GNUTLS_TLS1_3);
	end_both();
	begin_both();
	client.peer.expects = server.peer.expects = true;
	client.peer.peer = two;
	server.peer.peer = one;
	shake();
	CHECK(client.result == 0 && server.result == 0);
	end_both();
	begin_both();
	client.peer.expects = true;
	client.peer.peer = one;
	shake();
	CHECK(client.result < 0 && client.peer.err == ERR_KEY && server.result != 0);
	end_both();
}

static const gnutls_datum_t libp2p = {(unsigned char[]){'l', 'i', 'b', 'p', '2', 'p'}, 6};
static const gnutls_datum_t h3 = {(unsigned char[]){'h', '3'}, 2};

/* A client that is not ours, with these credentials, protocol and priorities. */
static void strange_client(gnutls_certificate_credentials_t credentials, const gnutls_datum_t *alpn,
			   const char *priorities)
{
	gnutls_deinit(client.s);
	CHECK(gnutls_init(&client.s, GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT) == 0);
	CHECK(gnutls_priority_set_direct(client.s, priorities, NULL) == 0);
	CHECK(gnutls_credentials_set(client.s, GNUTLS_CRD_CERTIFICATE, credentials) == 0);
	if (alpn != NULL)
		CHECK(gnutls_alpn_set_protocols(client.s, alpn, 1, 0) == 0);
}

static const char good[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3";

TEST(strangers)
{
	gnutls_certificate_credentials_t none;
	CHECK(gnutls_certificate_allocate_credentials(&none) == 0);
	/* in order, but for what it lacks below */
	begin_both();
	strange_client(client.identity.credentials, &libp2p, good);
	shake();
	CHECK(client.result == 0 && server.result == 0);
	end_both();
	/* no certificate: the server is the last to know */
	begin_both();
	strange_client(none, &libp2p, good);
	shake();
	CHECK(server.result < 0);
	end_both();
	/* another protocol, or none */
	for (unsigned i = 0; i < 2; i++) {
		begin_both();
		strange_client(client.identity.credentials, i == 0 ? &h3 : NULL, good);
		shake();
		CHECK(server.result < 0);
		end_both();
	}
	begin_both();
	strange_client(client.identity.credentials, &libp2p, "NORMAL:-VERS-ALL:+VERS-TLS1.2");
	shake();
	CHECK(server.result < 0 && client.result != 0);
	end_both();
	gnutls_certificate_free_credentials(none);
}

/* A good certificate of TLS, that names no peer. */
static gnutls_certificate_credentials_t nameless(void)
{
	gnutls_certificate_credentials_t credentials = NULL;
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t x = NULL;
	CHECK(gnutls_certificate_allocate_credentials(&credentials) == 0);
	CHECK(gnutls_x509_privkey_init(&key) == 0 && gnutls_x509_crt_init(&x) == 0);
	CHECK(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0) ==
	      0);
	CHECK(gnutls_x509_crt_set_version(x, 3) == 0 && gnutls_x509_crt_set_key(x, key) == 0);
	CHECK(gnutls_x509_crt_set_serial(x, "1", 1) == 0);
	CHECK(gnutls_x509_crt_set_activation_time(x, time(NULL) - 1000) == 0);
	CHECK(gnutls_x509_crt_set_expiration_time(x, time(NULL) + 1000) == 0);
	CHECK(gnutls_x509_crt_sign2(x, x, key, GNUTLS_DIG_SHA256, 0) == 0);
	CHECK(gnutls_certificate_set_x509_key(credentials, &x, 1, key) >= 0);
	gnutls_x509_crt_deinit(x);
	gnutls_x509_privkey_deinit(key);
	return credentials;
}

TEST(a_certificate_that_names_no_peer)
{
	gnutls_certificate_credentials_t credentials = nameless();
	begin_both();
	strange_client(credentials, &libp2p, good);
	shake();
	CHECK(server.result < 0 && server.peer.err == ERR_PROTOCOL && server.peer.peer.n == 0);
	end_both();
	begin_both();
	CHECK(gnutls_credentials_set(server.s, GNUTLS_CRD_CERTIFICATE, credentials) == 0);
	shake();
	CHECK(client.result < 0 && client.peer.err == ERR_PROTOCOL && client.peer.peer.n == 0 && server.result != 0);
	end_both();
	gnutls_certificate_free_credentials(credentials);
}

/* What a client shows is its own certificate and another one. */
static gnutls_pcert_st shown[2];
static gnutls_privkey_t shown_key;

static int show_two(gnutls_session_t session, const gnutls_datum_t *authorities, int authorities_n,
		    const gnutls_pk_algorithm_t *algorithms, int algorithms_n, gnutls_pcert_st **list, unsigned *n,
		    gnutls_privkey_t *key)
{
	(void)session, (void)authorities, (void)authorities_n, (void)algorithms, (void)algorithms_n;
	*list = shown;
	*n = 2;
	*key = shown_key;
	return 0;
}

TEST(two_certificates)
{
	gnutls_x509_crt_t *one, *two;
	gnutls_x509_privkey_t key;
	gnutls_certificate_credentials_t both;
	unsigned n;
	begin_both();
	CHECK(gnutls_certificate_get_x509_crt(client.identity.credentials, 0, &one, &n) == 0 && n == 1);
	CHECK(gnutls_certificate_get_x509_crt(server.identity.credentials, 0, &two, &n) == 0 && n == 1);
	CHECK(gnutls_certificate_get_x509_key(client.identity.credentials, 0, &key) == 0);
	CHECK(gnutls_pcert_import_x509(&shown[0], one[0], 0) == 0);
	CHECK(gnutls_pcert_import_x509(&shown[1], two[0], 0) == 0);
	CHECK(gnutls_privkey_init(&shown_key) == 0 && gnutls_privkey_import_x509(shown_key, key, 0) == 0);
	CHECK(gnutls_certificate_allocate_credentials(&both) == 0);
	gnutls_certificate_set_retrieve_function2(both, show_two);
	strange_client(both, &libp2p, good);
	shake();
	CHECK(server.result < 0 && server.peer.err == ERR_PROTOCOL);
	end_both();
	gnutls_certificate_free_credentials(both);
	gnutls_pcert_deinit(&shown[0]);
	gnutls_pcert_deinit(&shown[1]);
	gnutls_privkey_deinit(shown_key);
	gnutls_x509_privkey_deinit(key);
	gnutls_x509_crt_deinit(one[0]);
	gnutls_x509_crt_deinit(two[0]);
	gnutls_free(one);
	gnutls_free(two);
}

int main(void)
{
	RUN(two_of_ours);
	RUN(strangers);
	RUN(a_certificate_that_names_no_peer);
	RUN(two_certificates);
	return test_end();
}
