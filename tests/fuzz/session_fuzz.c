/* A hostile Swarm peer that has shaken hands: what it says inside the channel, in pieces, to a session that serves and
 * has asked for a chunk and for forgiveness. The first byte says how the text is cut into frames, the rest is the
 * text: frames of Yamux. The session stays within its slots, and answers each question of its owner once. */
#include <assert.h>
#include <string.h>

#include "core/err.h"
#include "p2p/peer_key.h"
#include "swarm/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct session open_a, open_b, b;
static struct identity identity;
static struct session_config config = {.identity = &identity, .serves = true, .status = {.mode = "full"}};
static uint8_t in[NOISE_FRAME_BYTES_MAX];
static unsigned answers;

static void sign(void)
{
	static const uint8_t address[] = {4, 127, 0, 0, 1, 6, 6, 0x62}, nonce[32], secret[32] = {1};
	static uint8_t key[64], owner[20], digest[32], protobuf[PEER_KEY_ED25519_BYTES];
	static const struct bytes here = {address, sizeof address};
	assert(secp256k1_public(secret, key) == OK);
	secp256k1_address(key, owner);
	assert(identity_init(&identity, owner, 10, nonce, &here, 1, BYTES_NONE, (struct wall){1700000000}) == OK);
	for (enum bzz_generation g = BZZ_15; g < BZZ_GENERATIONS; g++) {
		identity_digest(&identity, g, digest);
		assert(secp256k1_sign(secret, digest, identity.signatures[g]) == OK);
	}
	config.key = bytes_of(protobuf, sizeof protobuf);
	config.addresses = &here;
	config.addresses_n = 1;
}

static void on_event(struct session *s, const struct session_event *e, const uint8_t *frame, size_t frame_n)
{
	const struct retrieval_delivery d = {.data = bytes_of(in, 100)};
	const struct pseudosettle_ack ack = {.amount = e->amount, .at_s = 5};
	(void)frame;
	(void)frame_n;
	switch (e->type) {
	case SESSION_DELIVERED:
	case SESSION_FAILED:
		assert(e->tag == 7);
		answers++;
		break;
	case SESSION_SETTLED:
	case SESSION_UNSETTLED:
		answers += 16;
		break;
	case SESSION_WANTED:
		assert(session_deliver(s, e->stream, &d));
		break;
	case SESSION_PAYMENT:
		assert(session_acknowledge(s, e->stream, e->amount % 2 ? &ack : NULL));
		break;
	case SESSION_RECORD:
		(void)!bzz_record_check(&e->record, session_generation(s), 10, (struct wall){1700000000});
		break;
	case SESSION_NOTHING:
	case SESSION_READY:
	case SESSION_ANNOUNCED:
	default:
		break;
	}
}

/* Takes what is in the buffer; whether the session lives. */
static bool take(struct session *s, size_t n, uint64_t now)
{
	struct session_event e;
	size_t used, at = 0;
	do {
		if (session_take(s, in + at, n - at, &used, &e, now) != OK)
			return false;
		assert(used <= n - at);
		at += used;
		on_event(s, &e, in, n);
		if (s == &b)
			session_sent(s, session_out(s).n);
	} while (e.type != SESSION_NOTHING || (used > 0 && at < n));
	return true;
}

static void move(struct session *from, struct session *to)
{
	const struct bytes out = session_out(from);
	if (out.n == 0)
		return;
	const size_t n = out.n;
	memcpy(in, out.p, n);
	session_sent(from, n);
	assert(take(to, n, 0));
}

static void open_both(void)
{
	struct noise_secrets secrets;
	const struct session_start start = {.secrets = &secrets,
					    .remote = BYTES_LITERAL("\x04\x7f\0\0\x01\x06\x06\x62"),
					    .now = {1700000000}};
	sign();
	memset(&secrets, 1, sizeof secrets);
	session_init(&open_a, CONNECTION_DIALER, &config, &start, 0);
	memset(&secrets, 2, sizeof secrets);
	session_init(&open_b, CONNECTION_LISTENER, &config, &start, 0);
	for (unsigned i = 0; i < 20; i++) {
		move(&open_a, &open_b);
		move(&open_b, &open_a);
	}
	assert(open_a.ready && open_b.ready);
}

/* One frame with this text. */
static bool say(struct noise *n, const uint8_t *text, size_t text_n)
{
	size_t frame_n;
	memcpy(in + NOISE_HEAD_BYTES, text, text_n);
	return noise_seal(n, in, text_n, &frame_n) == OK && take(&b, frame_n, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t address[32] = {1};
	if (!open_a.ready)
		open_both();
	if (size < 2)
		return 0;
	struct noise n = open_a.connection.noise;
	b = open_b;
	answers = 0;
	assert(session_ask(&b, address, 7, 0) == OK && session_settle(&b, 450000, 0) == OK);
	session_sent(&b, session_out(&b).n);
	const size_t step = data[0] + 1U;
	bool lives = true;
	for (size_t at = 1; lives && at < size; at += step)
		lives = say(&n, data + at, size - at < step ? size - at : step);
	if (lives && session_tick(&b, SESSION_STREAM_MS) == OK && take(&b, 0, SESSION_STREAM_MS))
		assert(answers == 17); /* both, once */
	assert((answers & 15) <= 1 && answers <= 17);
	return 0;
}
