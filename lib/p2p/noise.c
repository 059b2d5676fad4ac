#include "p2p/noise.h"

#include <assert.h>
#include <string.h>

#include "core/err.h"
#include "core/protobuf.h"
#include "crypto/hkdf.h"
#include "crypto/secret.h"
#include "p2p/peer_key.h"

#define NAME "Noise_XX_25519_ChaChaPoly_SHA256"
#define SIGNED_PREFIX "noise-libp2p-static-key:"
#define SIGNED_BYTES (sizeof SIGNED_PREFIX - 1 + X25519_BYTES)
#define MUXER_BYTES_MAX 64

static_assert(sizeof NAME - 1 == SHA256_BYTES, "the name is as long as a hash, so it is not hashed");

/* NoiseHandshakePayload, and NoiseExtensions in it */
enum { PAYLOAD_KEY = 1, PAYLOAD_SIGNATURE = 2, PAYLOAD_EXTENSIONS = 4, EXTENSION_MUXERS = 2 };

static int dies(struct noise *n, int err)
{
	noise_end(n);
	n->err = err;
	return err;
}

/* Noise specification, section 5.2 */

static void mix_hash(struct noise *n, struct bytes data)
{
	struct sha256 h;
	sha256_init(&h);
	sha256_add(&h, bytes_of(n->hash, sizeof n->hash));
	sha256_add(&h, data);
	sha256_end(&h, n->hash);
}

static void mix_key(struct noise *n, const uint8_t secret[static X25519_BYTES])
{
	uint8_t out[2 * SHA256_BYTES];
	hkdf_sha256(bytes_of(n->chain, sizeof n->chain), bytes_of(secret, X25519_BYTES), BYTES_NONE, out, sizeof out);
	memcpy(n->chain, out, sizeof n->chain);
	memcpy(n->key, out + SHA256_BYTES, sizeof n->key);
	n->keyed = true;
	n->number = 0;
	secret_wipe(out, sizeof out);
}

static int mix_shared(struct noise *n, const uint8_t *secret, const uint8_t *key)
{
	uint8_t shared[X25519_BYTES];
	const int err = x25519(secret, key, shared);
	if (err != OK)
		return err;
	mix_key(n, shared);
	secret_wipe(shared, sizeof shared);
	return OK;
}

/* EncryptAndHash: the text last written, text_n bytes of it, where it stands. */
static void encrypt_and_hash(struct noise *n, struct writer *w, size_t text_n)
{
	uint8_t tag[CHACHA20POLY1305_TAG_BYTES];
	assert(!w->full && text_n <= w->n);
	uint8_t *text = w->p + w->n - text_n;
	if (n->keyed) {
		chacha20poly1305_seal(n->key, n->number++, bytes_of(n->hash, sizeof n->hash), text, text_n, tag);
		write_bytes(w, bytes_of(tag, sizeof tag));
		text_n += sizeof tag;
	}
	mix_hash(n, bytes_of(text, text_n));
}

/* DecryptAndHash: in place; the text is in[0..in_n - 16). */
static int decrypt_and_hash(struct noise *n, uint8_t *in, size_t in_n)
{
	struct sha256 h;
	if (in_n < CHACHA20POLY1305_TAG_BYTES)
		return ERR_PROTOCOL;
	const size_t text_n = in_n - CHACHA20POLY1305_TAG_BYTES;
	const uint8_t *tag = in + text_n;
	uint8_t before[SHA256_BYTES];
	memcpy(before, n->hash, sizeof before);
	sha256_init(&h); /* now, because the cipher text is gone later */
	sha256_add(&h, bytes_of(before, sizeof before));
	sha256_add(&h, bytes_of(in, in_n));
	sha256_end(&h, n->hash);
	return chacha20poly1305_open(n->key, n->number++, bytes_of(before, sizeof before), in, text_n, tag)
		       ? OK
		       : ERR_SIGNATURE;
}

/* What proves that the holder of an identity has this static key. */
static void signed_text(const uint8_t key[static X25519_BYTES], uint8_t text[static SIGNED_BYTES])
{
	memcpy(text, SIGNED_PREFIX, sizeof SIGNED_PREFIX - 1);
	memcpy(text + sizeof SIGNED_PREFIX - 1, key, X25519_BYTES);
}

/* -> e, and what it is in the other messages, too */
static void write_e(struct noise *n, struct writer *w)
{
	uint8_t key[X25519_BYTES];
	x25519_public(n->own.ephemeral_secret, key);
	write_bytes(w, bytes_of(key, sizeof key));
	mix_hash(n, bytes_of(key, sizeof key));
}

static void write_s(struct noise *n, struct writer *w)
{
	uint8_t key[X25519_BYTES];
	x25519_public(n->own.static_secret, key);
	write_bytes(w, bytes_of(key, sizeof key));
	encrypt_and_hash(n, w, sizeof key);
}

static void write_payload(struct noise *n, struct writer *w)
{
	uint8_t static_key[X25519_BYTES], key[ED25519_KEY_BYTES], protobuf[PEER_KEY_ED25519_BYTES];
	uint8_t text[SIGNED_BYTES], signature[ED25519_SIGNATURE_BYTES];
	const size_t begun = w->n;
	x25519_public(n->own.static_secret, static_key);
	signed_text(static_key, text);
	ed25519_public(n->own.identity_seed, key);
	peer_key_ed25519(key, protobuf);
	ed25519_sign(n->own.identity_seed, bytes_of(text, sizeof text), signature);
	protobuf_write_bytes(w, PAYLOAD_KEY, bytes_of(protobuf, sizeof protobuf));
	protobuf_write_bytes(w, PAYLOAD_SIGNATURE, bytes_of(signature, sizeof signature));
	if (n->muxer != NULL) {
		const size_t extensions = protobuf_write_begin(w, PAYLOAD_EXTENSIONS);
		protobuf_write_bytes(w, EXTENSION_MUXERS, bytes_text(n->muxer));
		protobuf_write_end(w, extensions);
	}
	encrypt_and_hash(n, w, w->n - begun);
}

/* One message as a frame into out. */
static int write_message(struct noise *n)
{
	struct writer w = writer_of(n->out, sizeof n->out);
	int err = OK;
	write_be16(&w, 0); /* its length, later */
	if (n->stage == NOISE_E) {
		/* -> e */
		write_e(n, &w);
		mix_hash(n, BYTES_NONE); /* the payload, which is empty */
	} else if (n->stage == NOISE_E_EE_S_ES) {
		/* <- e, ee, s, es */
		write_e(n, &w);
		err = mix_shared(n, n->own.ephemeral_secret, n->remote_ephemeral);
		if (err != OK)
			return err;
		write_s(n, &w);
		err = mix_shared(n, n->own.static_secret, n->remote_ephemeral);
		if (err != OK)
			return err;
		write_payload(n, &w);
	} else {
		/* -> s, se */
		write_s(n, &w);
		err = mix_shared(n, n->own.static_secret, n->remote_ephemeral);
		if (err != OK)
			return err;
		write_payload(n, &w);
	}
	assert(!w.full);
	n->out[0] = (uint8_t)((w.n - NOISE_HEAD_BYTES) >> 8);
	n->out[1] = (uint8_t)(w.n - NOISE_HEAD_BYTES);
	n->out_n = w.n;
	n->out_sent = 0;
	n->stage++;
	return OK;
}

static int read_extensions(struct noise *n, struct bytes extensions)
{
	struct reader r = reader_of(extensions);
	struct protobuf_field f;
	unsigned muxers = 0;
	while (protobuf_next(&r, &f))
		if (f.number == EXTENSION_MUXERS && protobuf_bytes(&r, &f).p != NULL && muxers++ < NOISE_MUXERS_MAX &&
		    n->muxer != NULL && bytes_is(f.bytes, n->muxer))
			n->muxer_agreed = true;
	return r.dead ? ERR_PROTOCOL : OK;
}

static int read_payload(struct noise *n, struct bytes payload)
{
	struct reader r = reader_of(payload);
	struct protobuf_field f;
	struct bytes key_bytes = BYTES_NONE, signature = BYTES_NONE, extensions = BYTES_NONE;
	struct peer_key key;
	struct peer_id id;
	uint8_t text[SIGNED_BYTES];
	while (protobuf_next(&r, &f)) {
		if (f.number == PAYLOAD_KEY)
			key_bytes = protobuf_bytes(&r, &f);
		else if (f.number == PAYLOAD_SIGNATURE)
			signature = protobuf_bytes(&r, &f);
		else if (f.number == PAYLOAD_EXTENSIONS)
			extensions = protobuf_bytes(&r, &f);
	}
	if (r.dead)
		return ERR_PROTOCOL;
	int err = peer_key_read(&key, key_bytes);
	if (err != OK)
		return err;
	peer_id_of_key(&id, key_bytes);
	if (n->expects && !peer_id_equal(&id, &n->peer))
		return ERR_KEY;
	signed_text(n->remote_static, text);
	err = peer_key_verify(&key, bytes_of(text, sizeof text), signature);
	if (err != OK)
		return err;
	n->peer = id;
	return read_extensions(n, extensions);
}

/* s and the payload, as both later messages have them: of the other side's secrets, mine is what shares. */
static int read_s_and_payload(struct noise *n, uint8_t *in, size_t in_n)
{
	const size_t s_n = X25519_BYTES + CHACHA20POLY1305_TAG_BYTES;
	if (in_n < s_n)
		return ERR_PROTOCOL;
	int err = decrypt_and_hash(n, in, s_n);
	if (err != OK)
		return err;
	memcpy(n->remote_static, in, X25519_BYTES);
	err = mix_shared(n, n->own.ephemeral_secret, n->remote_static);
	if (err == OK)
		err = decrypt_and_hash(n, in + s_n, in_n - s_n);
	if (err != OK)
		return err;
	return read_payload(n, bytes_of(in + s_n, in_n - s_n - CHACHA20POLY1305_TAG_BYTES));
}

static int read_e(struct noise *n, const uint8_t *in, size_t in_n)
{
	if (in_n < X25519_BYTES)
		return ERR_PROTOCOL;
	memcpy(n->remote_ephemeral, in, X25519_BYTES);
	mix_hash(n, bytes_of(n->remote_ephemeral, X25519_BYTES));
	return OK;
}

static int read_message(struct noise *n, uint8_t *in, size_t in_n)
{
	int err = OK;
	if (n->stage == NOISE_E) {
		/* -> e; specs/noise: the first message has no payload */
		err = in_n == X25519_BYTES ? read_e(n, in, in_n) : ERR_PROTOCOL;
		if (err == OK)
			mix_hash(n, BYTES_NONE);
	} else if (n->stage == NOISE_E_EE_S_ES) {
		/* <- e, ee, s, es */
		err = read_e(n, in, in_n);
		if (err == OK)
			err = mix_shared(n, n->own.ephemeral_secret, n->remote_ephemeral);
		if (err == OK)
			err = read_s_and_payload(n, in + X25519_BYTES, in_n - X25519_BYTES);
	} else {
		/* -> s, se */
		err = read_s_and_payload(n, in, in_n);
	}
	if (err == OK)
		n->stage++;
	return err;
}

/* Split: a key for each direction. */
static void split(struct noise *n)
{
	uint8_t out[2 * SHA256_BYTES];
	const bool first = n->role == NOISE_INITIATOR;
	hkdf_sha256(bytes_of(n->chain, sizeof n->chain), BYTES_NONE, BYTES_NONE, out, sizeof out);
	memcpy(first ? n->send_key : n->take_key, out, SHA256_BYTES);
	memcpy(first ? n->take_key : n->send_key, out + SHA256_BYTES, SHA256_BYTES);
	secret_wipe(out, sizeof out);
	secret_wipe(&n->own, sizeof n->own);
	secret_wipe(n->key, sizeof n->key);
	secret_wipe(n->chain, sizeof n->chain);
}

void noise_init(struct noise *n, enum noise_role role, const struct noise_secrets *secrets, const char *muxer,
		const struct peer_id *expected)
{
	assert(muxer == NULL || bytes_text(muxer).n <= MUXER_BYTES_MAX);
	*n = (struct noise){.role = role, .muxer = muxer, .own = *secrets, .expects = expected != NULL};
	if (expected != NULL)
		n->peer = *expected;
	memcpy(n->hash, NAME, sizeof n->hash);
	memcpy(n->chain, NAME, sizeof n->chain);
	mix_hash(n, BYTES_NONE); /* the prologue, which is empty */
	if (role == NOISE_INITIATOR)
		(void)write_message(n); /* e alone: nothing that fails */
}

static int take_handshake(struct noise *n, uint8_t *in, size_t in_n)
{
	int err = read_message(n, in, in_n);
	if (err == OK && n->stage != NOISE_OPEN)
		err = write_message(n);
	if (err == OK && n->stage == NOISE_OPEN)
		split(n);
	return err == OK ? OK : dies(n, err);
}

int noise_take(struct noise *n, uint8_t *in, size_t in_n, size_t *used, struct bytes *text)
{
	*used = 0;
	*text = BYTES_NONE;
	if (n->err != OK || in_n < NOISE_HEAD_BYTES || (n->stage != NOISE_OPEN && noise_out(n).n > 0))
		return n->err;
	const size_t frame_n = (size_t)in[0] << 8 | in[1];
	if (n->stage != NOISE_OPEN && frame_n > NOISE_HANDSHAKE_BYTES_MAX)
		return dies(n, ERR_LIMIT);
	if (in_n - NOISE_HEAD_BYTES < frame_n)
		return OK;
	if (n->stage != NOISE_OPEN) {
		const int err = take_handshake(n, in + NOISE_HEAD_BYTES, frame_n);
		*used = err == OK ? NOISE_HEAD_BYTES + frame_n : 0;
		return err;
	}
	if (frame_n < NOISE_TAIL_BYTES)
		return dies(n, ERR_PROTOCOL);
	if (n->take_number == UINT64_MAX)
		return dies(n, ERR_LIMIT);
	uint8_t *p = in + NOISE_HEAD_BYTES;
	const size_t text_n = frame_n - NOISE_TAIL_BYTES;
	if (!chacha20poly1305_open(n->take_key, n->take_number++, BYTES_NONE, p, text_n, p + text_n))
		return dies(n, ERR_SIGNATURE);
	*used = NOISE_HEAD_BYTES + frame_n;
	*text = bytes_of(p, text_n);
	return OK;
}

struct bytes noise_out(const struct noise *n)
{
	return n->err != OK ? BYTES_NONE : bytes_of(n->out + n->out_sent, n->out_n - n->out_sent);
}

void noise_sent(struct noise *n, size_t sent)
{
	assert(sent <= n->out_n - n->out_sent);
	n->out_sent += sent;
}

bool noise_open(const struct noise *n)
{
	return n->err == OK && n->stage == NOISE_OPEN;
}

int noise_seal(struct noise *n, uint8_t *frame, size_t text_n, size_t *frame_n)
{
	if (n->err != OK)
		return n->err;
	assert(n->stage == NOISE_OPEN && text_n > 0 && text_n <= NOISE_TEXT_BYTES_MAX);
	if (n->send_number == UINT64_MAX)
		return dies(n, ERR_LIMIT);
	uint8_t *text = frame + NOISE_HEAD_BYTES;
	chacha20poly1305_seal(n->send_key, n->send_number++, BYTES_NONE, text, text_n, text + text_n);
	frame[0] = (uint8_t)((text_n + NOISE_TAIL_BYTES) >> 8);
	frame[1] = (uint8_t)(text_n + NOISE_TAIL_BYTES);
	*frame_n = NOISE_HEAD_BYTES + text_n + NOISE_TAIL_BYTES;
	return OK;
}

void noise_end(struct noise *n)
{
	secret_wipe(n, sizeof *n);
	n->err = ERR_CLOSED;
}
