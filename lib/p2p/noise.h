/* Noise_XX_25519_ChaChaPoly_SHA256 as libp2p has it (specs/noise): two strangers make a channel that
 * only they can read, and each learns whose key the other has.
 *
 * A frame is two bytes of length, big-endian, and a Noise message. Frames are opened in place, in the
 * caller's buffer: noise_take wants a frame whole, uses none of it before, and gives a view of what
 * it said. So the caller's buffer has NOISE_FRAME_BYTES_MAX. To send, the caller puts text behind
 * NOISE_HEAD_BYTES and calls noise_seal, which makes a frame of it where it stands.
 *
 * After an error the machine is dead: every call returns that error. Secrets are wiped when they have
 * served, and by noise_end. It has no deadline of its own. */
#ifndef P2P_NOISE_H
#define P2P_NOISE_H

#include "core/bytes.h"
#include "crypto/chacha20poly1305.h"
#include "crypto/ed25519.h"
#include "crypto/sha256.h"
#include "crypto/x25519.h"
#include "p2p/peer_id.h"

#define NOISE_HEAD_BYTES 2
#define NOISE_MESSAGE_BYTES_MAX 65535
#define NOISE_FRAME_BYTES_MAX (NOISE_HEAD_BYTES + NOISE_MESSAGE_BYTES_MAX)
#define NOISE_TAIL_BYTES CHACHA20POLY1305_TAG_BYTES
#define NOISE_TEXT_BYTES_MAX (NOISE_MESSAGE_BYTES_MAX - NOISE_TAIL_BYTES) /* of one frame */
/* The second message of a peer with an RSA key of 8192 bits has 2250; more is refused. */
#define NOISE_HANDSHAKE_BYTES_MAX 4096
#define NOISE_OUT_BYTES_MAX 320 /* the longest handshake frame made here */
#define NOISE_MUXERS_MAX 8      /* of the other side's list; of what is more nothing is seen */

enum noise_role { NOISE_INITIATOR, NOISE_RESPONDER };

/* What one side brings; all but the muxers from a source of randomness. Static and ephemeral keys are
 * for one connection, the seed of the Ed25519 identity may last. */
struct noise_secrets {
	uint8_t identity_seed[ED25519_SEED_BYTES];
	uint8_t static_secret[X25519_BYTES];
	uint8_t ephemeral_secret[X25519_BYTES];
};

enum noise_stage { NOISE_E, NOISE_E_EE_S_ES, NOISE_S_SE, NOISE_OPEN };

struct noise {
	int err;
	enum noise_role role;
	enum noise_stage stage;   /* which message is next */
	const char *muxer;        /* that is listed to the other side; NULL: none */
	bool muxer_agreed;        /* it has listed it, too */
	bool expects;             /* peer must be as it was given */
	struct peer_id peer;      /* of the other side; in OPEN it is proven */
	struct noise_secrets own; /* wiped with the last handshake message */
	uint8_t remote_static[X25519_BYTES], remote_ephemeral[X25519_BYTES];
	uint8_t hash[SHA256_BYTES], chain[SHA256_BYTES], key[CHACHA20POLY1305_KEY_BYTES];
	bool keyed;
	uint64_t number; /* of the handshake's next text under key */
	uint8_t send_key[CHACHA20POLY1305_KEY_BYTES], take_key[CHACHA20POLY1305_KEY_BYTES];
	uint64_t send_number, take_number;
	size_t out_n, out_sent;
	uint8_t out[NOISE_OUT_BYTES_MAX];
};

/* muxer: a protocol id of at most 64 bytes, or NULL; it must outlive n. expected: who the other side must
 * be, or NULL: whoever it is. */
void noise_init(struct noise *n, enum noise_role role, const struct noise_secrets *secrets, const char *muxer,
		const struct peer_id *expected);
/* Takes one frame from in[0..in_n): *used is its length, or 0 while it is not whole, or while an answer is
 * still to be sent. *text: what it says, empty for the handshake's.
 * ERR_PROTOCOL: not this protocol; ERR_LIMIT: a handshake frame too long, or 2^64 - 1 frames;
 * ERR_SIGNATURE: somebody changed a frame, or the other side does not have the key it shows; ERR_KEY: a
 * key that cannot be judged, or not the expected peer's. */
MUST_CHECK int noise_take(struct noise *n, uint8_t *in, size_t in_n, size_t *used, struct bytes *text);
/* The handshake's frames to be sent: a view into the machine, of which n bytes went out. */
struct bytes noise_out(const struct noise *n);
void noise_sent(struct noise *n, size_t sent);
/* Whether both sides know each other; what is out is still to be sent, first. */
bool noise_open(const struct noise *n);
/* Makes a frame where it stands: frame[2..2 + text_n) is the text, 1 to NOISE_TEXT_BYTES_MAX bytes; there is
 * room for NOISE_TAIL_BYTES behind it. *frame_n: how long it became. Only when open. */
MUST_CHECK int noise_seal(struct noise *n, uint8_t *frame, size_t text_n, size_t *frame_n);
void noise_end(struct noise *n); /* wipes it */

#endif
