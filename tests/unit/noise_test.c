#include "p2p/noise.h"

#include "core/err.h"
#include "core/hex.h"
#include "test.h"

static cJSON *session;
static struct noise_secrets secrets[2];
static uint8_t wire[3][1024];
static size_t wire_n[3];
static uint8_t buffer[NOISE_FRAME_BYTES_MAX + 8];

static void decode(const cJSON *json, const char *name, uint8_t *out, size_t n)
{
	CHECK(strlen(test_text(json, name)) == 2 * n && hex_decode(bytes_text(test_text(json, name)), out, n) == OK);
}

/* The keys and the three messages of js-libp2p's recorded session; frames as they went. */
static void load(void)
{
	static const char *const names[] = {"initiator", "responder"}, *const messages[] = {"msg1", "msg2", "msg3"};
	session = test_vectors("libp2p-noise-xx-session.json");
	for (size_t i = 0; i < 2; i++) {
		const cJSON *side = cJSON_GetObjectItem(session, names[i]);
		decode(side, "identity_seed", secrets[i].identity_seed, 32);
		decode(side, "noise_static_priv", secrets[i].static_secret, 32);
		decode(side, "noise_ephemeral_priv", secrets[i].ephemeral_secret, 32);
	}
	for (size_t i = 0; i < 3; i++) {
		const size_t n = strlen(test_text(session, messages[i])) / 2;
		wire[i][0] = (uint8_t)(n >> 8);
		wire[i][1] = (uint8_t)n;
		wire_n[i] = n + 2;
		decode(session, messages[i], wire[i] + 2, n);
	}
}

static void begin(struct noise *n, enum noise_role role, const struct peer_id *expected)
{
	noise_init(n, role, &secrets[role], "/yamux/1.0.0", expected);
}

/* Gives n a frame; what it says to it must be said, or 0. */
static int give(struct noise *n, const uint8_t *frame, size_t frame_n)
{
	struct bytes text;
	size_t used;
	memcpy(buffer, frame, frame_n);
	const int err = noise_take(n, buffer, frame_n, &used, &text);
	CHECK(used == (err == OK ? frame_n : 0) && text.n == 0);
	return err;
}

static bool says(struct noise *n, unsigned message)
{
	const bool right = bytes_equal(noise_out(n), bytes_of(wire[message], wire_n[message]));
	noise_sent(n, noise_out(n).n);
	return right && noise_out(n).n == 0;
}

static struct peer_id peer_of(const char *side)
{
	struct peer_id id;
	CHECK(peer_id_parse(&id, bytes_text(test_text(cJSON_GetObjectItem(session, side), "peer_id"))) == OK);
	return id;
}

/* Both machines after the handshake. */
static void open_both(struct noise *i, struct noise *r)
{
	begin(i, NOISE_INITIATOR, NULL);
	begin(r, NOISE_RESPONDER, NULL);
	CHECK(says(i, 0) && give(r, wire[0], wire_n[0]) == OK && says(r, 1));
	CHECK(give(i, wire[1], wire_n[1]) == OK && says(i, 2) && give(r, wire[2], wire_n[2]) == OK);
	CHECK(noise_open(i) && noise_open(r));
}

/* Every byte of the handshake is the one that js-libp2p sent, in both roles. */
TEST(the_recorded_session_is_made_again)
{
	struct noise i, r;
	uint8_t want[32];
	open_both(&i, &r);
	const struct peer_id first = peer_of("initiator"), second = peer_of("responder");
	CHECK(peer_id_equal(&i.peer, &second) && peer_id_equal(&r.peer, &first));
	CHECK(i.muxer_agreed && r.muxer_agreed);
	decode(session, "handshake_hash", want, 32);
	CHECK(memcmp(i.hash, want, 32) == 0 && memcmp(r.hash, want, 32) == 0);
	decode(session, "key_initiator_to_responder", want, 32);
	CHECK(memcmp(i.send_key, want, 32) == 0 && memcmp(r.take_key, want, 32) == 0);
	decode(session, "key_responder_to_initiator", want, 32);
	CHECK(memcmp(i.take_key, want, 32) == 0 && memcmp(r.send_key, want, 32) == 0);
	static const struct noise_secrets none;
	CHECK(memcmp(&i.own, &none, sizeof none) == 0 && memcmp(&r.own, &none, sizeof none) == 0);
}

/* All that the two then said, opened and sealed. */
TEST(the_recorded_frames)
{
	static const char *const names[] = {"transport_initiator", "transport_responder"};
	struct noise side[2];
	unsigned frames = 0;
	open_both(&side[0], &side[1]);
	for (size_t s = 0; s < 2; s++) {
		const cJSON *json;
		cJSON_ArrayForEach(json, cJSON_GetObjectItem(session, names[s]))
		{
			static uint8_t made[4096], plain[4096];
			const size_t n = strlen(test_text(json, "plaintext")) / 2;
			size_t frame_n, used;
			struct bytes text;
			CHECK(n + 18 <= sizeof made);
			decode(json, "plaintext", made + 2, n);
			decode(json, "plaintext", plain, n);
			CHECK(noise_seal(&side[s], made, n, &frame_n) == OK && frame_n == n + 18);
			decode(json, "ciphertext", buffer, n + 16);
			CHECK(memcmp(made + 2, buffer, n + 16) == 0);
			for (size_t cut = 0; cut < frame_n; cut++)
				CHECK(noise_take(&side[1 - s], made, cut, &used, &text) == OK && used == 0);
			CHECK(noise_take(&side[1 - s], made, sizeof made, &used, &text) == OK && used == frame_n);
			CHECK(bytes_equal(text, bytes_of(plain, n)));
			frames++;
		}
	}
	CHECK(frames == 101);
}

TEST(the_largest_frame)
{
	static uint8_t frame[NOISE_FRAME_BYTES_MAX];
	struct noise i, r;
	struct bytes text;
	size_t n, used;
	open_both(&i, &r);
	memset(frame, 0x5a, sizeof frame);
	CHECK(noise_seal(&i, frame, NOISE_TEXT_BYTES_MAX, &n) == OK && n == sizeof frame);
	CHECK(noise_take(&r, frame, n, &used, &text) == OK && used == n && text.n == NOISE_TEXT_BYTES_MAX);
	CHECK(text.p[0] == 0x5a && text.p[text.n - 1] == 0x5a);
	CHECK(noise_seal(&i, frame, 1, &n) == OK);
	r.take_number = UINT64_MAX;
	CHECK(noise_take(&r, frame, n, &used, &text) == ERR_LIMIT);
	i.send_number = UINT64_MAX;
	CHECK(noise_seal(&i, frame, 1, &n) == ERR_LIMIT);
}

/* A frame twice, out of order, too short, or with any bit flipped ends the channel. */
TEST(changed_frames)
{
	struct noise i, r, kept;
	uint8_t frame[64];
	struct bytes text;
	size_t n, used;
	open_both(&i, &r);
	kept = r;
	memset(frame, 7, sizeof frame);
	CHECK(noise_seal(&i, frame, 20, &n) == OK);
	for (size_t bit = 16; bit < 8 * n; bit++) {
		r = kept;
		memcpy(buffer, frame, n);
		buffer[bit / 8] ^= (uint8_t)(1U << bit % 8);
		CHECK(noise_take(&r, buffer, n, &used, &text) == ERR_SIGNATURE && text.n == 0);
		CHECK(noise_take(&r, frame, n, &used, &text) == ERR_SIGNATURE && used == 0 && !noise_open(&r));
	}
	r = kept;
	memcpy(buffer, frame, n);
	CHECK(noise_take(&r, buffer, n, &used, &text) == OK && used == n);
	memcpy(buffer, frame, n);
	CHECK(noise_take(&r, buffer, n, &used, &text) == ERR_SIGNATURE);
	r = kept;
	static const uint8_t shorter[17] = {0, 15};
	memcpy(buffer, shorter, sizeof shorter);
	CHECK(noise_take(&r, buffer, 17, &used, &text) == ERR_PROTOCOL);
}

/* Handshake messages with any bit flipped, cut, or longer are refused in either role. */
TEST(changed_handshakes)
{
	struct noise i, r, kept;
	for (unsigned message = 0; message < 3; message++) {
		begin(&i, NOISE_INITIATOR, NULL);
		begin(&r, NOISE_RESPONDER, NULL);
		if (message >= 1)
			CHECK(says(&i, 0));
		if (message == 2)
			CHECK(give(&r, wire[0], wire_n[0]) == OK && says(&r, 1));
		kept = message == 1 ? i : r;
		for (size_t bit = 16; bit < 8 * wire_n[message]; bit++) {
			uint8_t changed[1024];
			struct noise n = kept;
			memcpy(changed, wire[message], wire_n[message]);
			changed[bit / 8] ^= (uint8_t)(1U << bit % 8);
			const int err = give(&n, changed, wire_n[message]);
			/* of the first one nothing is proven yet */
			CHECK(message == 0 ? err == OK || err == ERR_KEY : err == ERR_SIGNATURE || err == ERR_KEY);
			CHECK(!noise_open(&n));
		}
		for (size_t n = 0; n < wire_n[message] + 3; n++) {
			uint8_t cut[1024] = {0};
			struct noise m = kept;
			memcpy(cut, wire[message], wire_n[message]);
			cut[0] = (uint8_t)(n >> 8);
			cut[1] = (uint8_t)n;
			const int err = give(&m, cut, n + 2);
			CHECK((err == OK) == (n + 2 == wire_n[message]));
		}
	}
	struct bytes text;
	size_t used;
	begin(&r, NOISE_RESPONDER, NULL);
	buffer[0] = 0x10;
	buffer[1] = 0x01;
	CHECK(noise_take(&r, buffer, 2, &used, &text) == ERR_LIMIT);
}

TEST(who_is_expected)
{
	struct noise n;
	const struct peer_id right = peer_of("responder"), wrong = peer_of("initiator");
	begin(&n, NOISE_INITIATOR, &right);
	CHECK(says(&n, 0) && give(&n, wire[1], wire_n[1]) == OK && noise_open(&n));
	begin(&n, NOISE_INITIATOR, &wrong);
	CHECK(says(&n, 0) && give(&n, wire[1], wire_n[1]) == ERR_KEY && !noise_open(&n) && noise_out(&n).n == 0);
}

/* rust-libp2p lists no muxers. */
TEST(the_end_wipes)
{
	struct noise i, r;
	static const uint8_t zeros[32];
	size_t n;
	open_both(&i, &r);
	noise_end(&i);
	CHECK(memcmp(i.send_key, zeros, 32) == 0 && memcmp(i.take_key, zeros, 32) == 0 && !noise_open(&i));
	CHECK(noise_seal(&i, buffer, 1, &n) == ERR_CLOSED && noise_out(&i).n == 0);
}

TEST(a_muxer_that_one_side_does_not_list)
{
	struct noise i, r;
	uint8_t frame[NOISE_OUT_BYTES_MAX];
	noise_init(&i, NOISE_INITIATOR, &secrets[0], NULL, NULL);
	noise_init(&r, NOISE_RESPONDER, &secrets[1], "/yamux/1.0.0", NULL);
	for (unsigned k = 0; k < 3; k++) {
		struct noise *from = k == 1 ? &r : &i, *to = k == 1 ? &i : &r;
		const struct bytes out = noise_out(from);
		memcpy(frame, out.p, out.n);
		noise_sent(from, out.n);
		CHECK(give(to, frame, out.n) == OK);
	}
	CHECK(noise_open(&i) && noise_open(&r) && !i.muxer_agreed && !r.muxer_agreed);
}

/* Nothing is taken while an answer is still to be sent. */
TEST(one_after_the_other)
{
	struct noise r;
	struct bytes text;
	size_t used;
	begin(&r, NOISE_RESPONDER, NULL);
	CHECK(give(&r, wire[0], wire_n[0]) == OK);
	memcpy(buffer, wire[2], wire_n[2]);
	CHECK(noise_take(&r, buffer, wire_n[2], &used, &text) == OK && used == 0);
	noise_sent(&r, 10);
	CHECK(bytes_equal(noise_out(&r), bytes_of(wire[1] + 10, wire_n[1] - 10)));
	noise_sent(&r, wire_n[1] - 10);
	CHECK(noise_take(&r, buffer, wire_n[2], &used, &text) == OK && used == wire_n[2] && noise_open(&r));
}

int main(void)
{
	load();
	RUN(the_recorded_session_is_made_again);
	RUN(the_recorded_frames);
	RUN(the_largest_frame);
	RUN(changed_frames);
	RUN(changed_handshakes);
	RUN(who_is_expected);
	RUN(the_end_wipes);
	RUN(a_muxer_that_one_side_does_not_list);
	RUN(one_after_the_other);
	cJSON_Delete(session);
	return test_end();
}
