#include "crypto/self_test.h"

#include <string.h>

#include "core/err.h"
#include "core/hex.h"
#include "crypto/chacha20poly1305.h"
#include "crypto/ed25519.h"
#include "crypto/hkdf.h"
#include "crypto/keccak.h"
#include "crypto/secp256k1.h"
#include "crypto/sha256.h"
#include "crypto/spki.h"
#include "crypto/x25519.h"

#define LANE_MESSAGES (2 * KECCAK_LANES_MAX + 1) /* whole groups of every kind of lanes, and one over */

static bool is(const uint8_t *p, size_t n, const char *hex)
{
	uint8_t want[SECP256K1_RECOVERABLE_BYTES];
	return n <= sizeof want && hex_decode(bytes_text(hex), want, n) == OK && memcmp(p, want, n) == 0;
}

/* FIPS 180-4: one block, and one whose padding takes a second. */
static bool sha256_right(void)
{
	uint8_t one[SHA256_BYTES], two[SHA256_BYTES];
	sha256_of(BYTES_LITERAL("abc"), one);
	sha256_of(BYTES_LITERAL("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), two);
	return is(one, sizeof one, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") &&
	       is(two, sizeof two, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* Alone, and in all lanes that this processor has. */
static bool keccak256_right(void)
{
	static const char zeros64[] = "ad3228b676f7d3cd4284a5443f17f1962b36e491b30a40b2405849e597ba5fb5";
	uint8_t hash[KECCAK256_BYTES], in[LANE_MESSAGES * 64] = {0}, out[LANE_MESSAGES * KECCAK256_BYTES];
	keccak256_of(BYTES_LITERAL("abc"), hash);
	bool right = is(hash, sizeof hash, "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
	for (enum keccak_kind kind = 0; kind < KECCAK_KINDS; kind++) {
		if (!keccak_can(kind))
			continue;
		memset(out, 0, sizeof out);
		keccak256_many(kind, in, 64, 64, out, KECCAK256_BYTES, LANE_MESSAGES);
		for (size_t i = 0; i < LANE_MESSAGES; i++)
			right = is(out + i * KECCAK256_BYTES, KECCAK256_BYTES, zeros64) && right;
	}
	return right;
}

/* RFC 8032, section 7.1, TEST 2, signed again; another message or another signature is refused. */
static bool ed25519_right(void)
{
	uint8_t seed[ED25519_SEED_BYTES], made[ED25519_SIGNATURE_BYTES];
	uint8_t key[ED25519_KEY_BYTES], signature[ED25519_SIGNATURE_BYTES];
	const struct bytes message = BYTES_LITERAL("r");
	if (hex_decode(BYTES_LITERAL("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"), key,
		       sizeof key) != OK ||
	    hex_decode(BYTES_LITERAL("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
				     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
		       signature, sizeof signature) != OK ||
	    hex_decode(BYTES_LITERAL("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"), seed,
		       sizeof seed) != OK ||
	    ed25519_verify(key, message, signature) != OK || ed25519_verify(key, BYTES_NONE, signature) == OK)
		return false;
	ed25519_sign(seed, message, made);
	if (memcmp(made, signature, sizeof made) != 0)
		return false;
	for (size_t i = 0; i < sizeof signature; i += 7) {
		signature[i] ^= 1;
		if (ed25519_verify(key, message, signature) == OK)
			return false;
		signature[i] ^= 1;
	}
	return true;
}

/* The owner of a single-owner chunk that bee signed; signed again with his key. */
static bool secp256k1_right(void)
{
	uint8_t secret[SECP256K1_SECRET_BYTES], made[SECP256K1_RECOVERABLE_BYTES], public[SECP256K1_KEY_BYTES];
	uint8_t digest[SECP256K1_DIGEST_BYTES], signature[SECP256K1_RECOVERABLE_BYTES], key[SECP256K1_KEY_BYTES];
	uint8_t address[SECP256K1_ADDRESS_BYTES];
	if (hex_decode(BYTES_LITERAL("a2c777d3f9d288427648904cb6b832fb4cc189c3883a004fabaf61c3e81607f3"), digest,
		       sizeof digest) != OK ||
	    hex_decode(BYTES_LITERAL("5acd384febc133b7b245e5ddc62d82d2cded9182d2716126cd8844509af65a05"
				     "3deb418208027f548e3e88343af6f84a8772fb3cebc0a1833a0ea7ec0c1348311b"),
		       signature, sizeof signature) != OK ||
	    secp256k1_recover(digest, signature, key) != OK || secp256k1_verify(key, digest, signature) != OK)
		return false;
	secp256k1_address(key, address);
	if (hex_decode(BYTES_LITERAL("634fb5a872396d9693e5c9f9d7233cfa93f395c093371017ff44aa9ae6564cdd"), secret,
		       sizeof secret) != OK ||
	    secp256k1_public(secret, public) != OK || memcmp(public, key, sizeof key) != 0 ||
	    secp256k1_sign(secret, digest, made) != OK || memcmp(made, signature, sizeof made) != 0)
		return false;
	digest[0] ^= 1;
	return is(address, sizeof address, "8d3766440f0d7b949a5e32995d09619a7f86e632") &&
	       secp256k1_verify(key, digest, signature) == ERR_SIGNATURE;
}

/* RFC 6979, appendix A.2.5; another message is refused. */
static bool p256_right(void)
{
	uint8_t key[91], signature[72];
	const struct bytes k = bytes_of(key, sizeof key), s = bytes_of(signature, sizeof signature);
	return hex_decode(BYTES_LITERAL("3059301306072a8648ce3d020106082a8648ce3d03010703420004"
					"60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
					"7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"),
			  key, sizeof key) == OK &&
	       hex_decode(BYTES_LITERAL("3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
					"022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"),
			  signature, sizeof signature) == OK &&
	       spki_verify(SPKI_P256, k, BYTES_LITERAL("sample"), s) == OK &&
	       spki_verify(SPKI_P256, k, BYTES_LITERAL("simple"), s) == ERR_SIGNATURE;
}

/* RFC 7748, section 6.1; with a point of small order nothing is shared. */
static bool x25519_right(void)
{
	uint8_t alice[X25519_BYTES], bob[X25519_BYTES], key[X25519_BYTES], shared[X25519_BYTES];
	const uint8_t nowhere[X25519_BYTES] = {1};
	if (hex_decode(BYTES_LITERAL("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"), alice,
		       sizeof alice) != OK ||
	    hex_decode(BYTES_LITERAL("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"), bob,
		       sizeof bob) != OK ||
	    x25519(alice, bob, shared) != OK || x25519(alice, nowhere, key) != ERR_KEY)
		return false;
	x25519_public(alice, key);
	return is(key, sizeof key, "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a") &&
	       is(shared, sizeof shared, "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
}

/* Key and nonce of RFC 8439, appendix A.5; a changed tag opens nothing. */
static bool chacha20poly1305_right(void)
{
	static const uint8_t said[] = "in place";
	uint8_t key[CHACHA20POLY1305_KEY_BYTES], text[8], tag[CHACHA20POLY1305_TAG_BYTES];
	if (hex_decode(BYTES_LITERAL("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0"), key,
		       sizeof key) != OK)
		return false;
	memcpy(text, said, sizeof text);
	chacha20poly1305_seal(key, 0x0807060504030201, BYTES_LITERAL("beside"), text, sizeof text, tag);
	if (!is(text, sizeof text, "44a0d2006b891ce5") || !is(tag, sizeof tag, "f9726ccfcee8634c574ffc609aca8b05") ||
	    !chacha20poly1305_open(key, 0x0807060504030201, BYTES_LITERAL("beside"), text, sizeof text, tag) ||
	    memcmp(text, said, sizeof text) != 0)
		return false;
	tag[15] ^= 1;
	return !chacha20poly1305_open(key, 0x0807060504030201, BYTES_LITERAL("beside"), text, sizeof text, tag);
}

/* RFC 5869, test case 1: 42 bytes, which take a second block. */
static bool hkdf_sha256_right(void)
{
	uint8_t secret[22], salt[13], out[42];
	memset(secret, 0x0b, sizeof secret);
	for (size_t i = 0; i < sizeof salt; i++)
		salt[i] = (uint8_t)i;
	hkdf_sha256(bytes_of(salt, sizeof salt), bytes_of(secret, sizeof secret),
		    BYTES_LITERAL("\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9"), out, sizeof out);
	return is(out, sizeof out,
		  "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

const struct self_test *self_tests(size_t *n)
{
	static const struct self_test tests[] = {{"SHA-256", sha256_right},
						 {"Keccak-256", keccak256_right},
						 {"Ed25519", ed25519_right},
						 {"secp256k1", secp256k1_right},
						 {"P-256", p256_right},
						 {"X25519", x25519_right},
						 {"ChaCha20-Poly1305", chacha20poly1305_right},
						 {"HKDF-SHA256", hkdf_sha256_right}};
	*n = sizeof tests / sizeof tests[0];
	return tests;
}
