#include "p2p/tls_extension.h"

#include "core/err.h"
#include "core/hex.h"
#include "test.h"

static uint8_t key[1300], signature[1300], spki[1300];

static struct bytes member(const cJSON *o, const char *name, uint8_t *to, size_t room)
{
	const char *hex = test_text(o, name);
	const size_t n = strlen(hex) / 2;
	if (n > room || hex_decode(bytes_text(hex), to, n) != OK)
		abort();
	return bytes_of(to, n);
}

/* Host and firmware judge alike. */
TEST(the_certificates_of_the_specification)
{
	cJSON *all = test_vectors("tls-certificates.json"), *one;
	unsigned n = 0;
	cJSON_ArrayForEach(one, all)
	{
		const struct tls_extension e = {.key = member(one, "host_key_pb", key, sizeof key),
						.signature = member(one, "ext_signature", signature, sizeof signature)};
		const struct bytes certified = member(one, "spki", spki, sizeof spki);
		struct peer_id peer = {.n = 0}, expected;
		const int err = tls_extension_verify(&e, certified, &peer);
		if (cJSON_IsTrue(cJSON_GetObjectItem(one, "ext_signature_valid"))) {
			CHECK(err == OK);
			CHECK(peer_id_parse(&expected, bytes_text(test_text(one, "derived_peer_id"))) == OK);
			CHECK(err != OK || peer_id_equal(&peer, &expected));
			spki[certified.n - 1] ^= 1;
			CHECK(tls_extension_verify(&e, certified, &peer) != OK);
		} else {
			CHECK(err == ERR_SIGNATURE && peer.n == 0);
		}
		n++;
	}
	CHECK(n == 4);
	cJSON_Delete(all);
}

static uint8_t made[TLS_EXTENSION_ED25519_BYTES];

static void make(void)
{
	uint8_t seed[ED25519_SEED_BYTES];
	memset(seed, 7, sizeof seed);
	CHECK(tls_extension_make(seed, BYTES_LITERAL("a key of a certificate"), made) == OK);
}

TEST(made_and_read_again)
{
	struct tls_extension e;
	struct peer_id peer = {.n = 0}, own;
	uint8_t public[ED25519_KEY_BYTES], protobuf[PEER_KEY_ED25519_BYTES], seed[ED25519_SEED_BYTES];
	make();
	CHECK(tls_extension_read(&e, bytes_of(made, sizeof made)) == OK);
	CHECK(tls_extension_verify(&e, BYTES_LITERAL("a key of a certificate"), &peer) == OK);
	CHECK(tls_extension_verify(&e, BYTES_LITERAL("b key of a certificate"), &peer) == ERR_SIGNATURE);
	CHECK(tls_extension_verify(&e, BYTES_LITERAL("a key of a certificates"), &peer) == ERR_SIGNATURE);
	memset(seed, 7, sizeof seed);
	ed25519_public(seed, public);
	peer_key_ed25519(public, protobuf);
	peer_id_of_key(&own, bytes_of(protobuf, sizeof protobuf));
	CHECK(peer_id_equal(&own, &peer));
}

TEST(changed_and_cut)
{
	make();
	for (size_t bit = 0; bit < 8 * sizeof made; bit++) {
		struct tls_extension e;
		struct peer_id peer;
		made[bit / 8] ^= (uint8_t)(1U << bit % 8);
		int err = tls_extension_read(&e, bytes_of(made, sizeof made));
		if (err == OK)
			err = tls_extension_verify(&e, BYTES_LITERAL("a key of a certificate"), &peer);
		CHECK(err != OK);
		made[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	for (size_t n = 0; n < sizeof made; n++) {
		struct tls_extension e;
		CHECK(tls_extension_read(&e, bytes_of(made, n)) == ERR_PROTOCOL);
	}
}

TEST(spellings)
{
	const struct {
		struct bytes der;
		int err;
	} rows[] = {
		{BYTES_LITERAL("\x30\x06\x04\x01k\x04\x01s"), OK},
		{BYTES_LITERAL("\x30\x04\x04\x00\x04\x00"), OK},
		{BYTES_LITERAL("\x30\x06\x04\x01k\x04\x01s\x00"), ERR_PROTOCOL},         /* behind it */
		{BYTES_LITERAL("\x30\x07\x04\x01k\x04\x01s\x00"), ERR_PROTOCOL},         /* within it */
		{BYTES_LITERAL("\x30\x81\x06\x04\x01k\x04\x01s"), ERR_PROTOCOL},         /* longer than need be */
		{BYTES_LITERAL("\x30\x82\x00\x06\x04\x01k\x04\x01s"), ERR_PROTOCOL},     /* and more so */
		{BYTES_LITERAL("\x30\x83\x00\x00\x06\x04\x01k\x04\x01s"), ERR_PROTOCOL}, /* three bytes */
		{BYTES_LITERAL("\x30\x84\xff\xff\xff\xff\x04\x01k\x04\x01s"), ERR_PROTOCOL},
		{BYTES_LITERAL("\x30\x80\x04\x01k\x04\x01s\x00\x00"), ERR_PROTOCOL}, /* without an end */
		{BYTES_LITERAL("\x31\x06\x04\x01k\x04\x01s"), ERR_PROTOCOL},         /* a set */
		{BYTES_LITERAL("\x30\x06\x24\x01k\x04\x01s"), ERR_PROTOCOL},         /* constructed */
		{BYTES_LITERAL("\x30\x06\x04\x02k\x04\x01s"), ERR_PROTOCOL},         /* across the border */
		{BYTES_LITERAL("\x30\x03\x04\x01k"), ERR_PROTOCOL},
		{BYTES_LITERAL("\x30\x09\x04\x01k\x04\x01s\x04\x01x"), ERR_PROTOCOL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct tls_extension e = {.key = BYTES_NONE};
		CHECK(tls_extension_read(&e, rows[i].der) == rows[i].err);
		CHECK(rows[i].err == OK || e.key.p == NULL);
	}
}

TEST(too_large)
{
	static uint8_t large[4096];
	struct tls_extension e;
	struct peer_id peer;
	uint8_t seed[ED25519_SEED_BYTES] = {0};
	for (unsigned which = 0; which < 2; which++) {
		const uint16_t key_n = which == 0 ? PEER_KEY_BYTES_MAX + 1 : 300;
		const uint16_t signature_n = which == 1 ? TLS_EXTENSION_SIGNATURE_BYTES_MAX + 1 : 300;
		struct writer w = writer_of(large, sizeof large);
		write_be16(&w, 0x3082);
		write_be16(&w, (uint16_t)(8 + key_n + signature_n));
		write_be16(&w, 0x0482);
		write_be16(&w, key_n);
		w.n += key_n;
		write_be16(&w, 0x0482);
		write_be16(&w, signature_n);
		w.n += signature_n;
		CHECK(tls_extension_read(&e, writer_view(&w)) == ERR_LIMIT);
	}
	make();
	CHECK(tls_extension_read(&e, bytes_of(made, sizeof made)) == OK);
	CHECK(tls_extension_verify(&e, bytes_of(large, TLS_EXTENSION_SPKI_BYTES_MAX + 1), &peer) == ERR_KEY);
	CHECK(tls_extension_make(seed, bytes_of(large, TLS_EXTENSION_SPKI_BYTES_MAX + 1), made) == ERR_KEY);
}

int main(void)
{
	RUN(the_certificates_of_the_specification);
	RUN(made_and_read_again);
	RUN(changed_and_cut);
	RUN(spellings);
	RUN(too_large);
	return test_end();
}
