/* The handshake with ourselves in pieces of every size, its messages against bee's, and what must not pass. */
#include "swarm/handshake.h"

#include "swarm_fixture.h"

static struct handshake a, b;
static struct identity self, other;
static uint8_t wire[8 * HANDSHAKE_BYTES_MAX], observed[64];
static struct bytes seen;

static void begin(enum bzz_generation generation)
{
	fixture_identity(&self, 0);
	seen = fixture_bytes(fixture_row("v15", 0), "underlay_hex", observed, sizeof observed);
	handshake_init(&a, HANDSHAKE_DIALER, generation, &self, seen, FIXTURE_NOW, 1000);
	handshake_init(&b, HANDSHAKE_LISTENER, generation, &self, seen, FIXTURE_NOW, 1000);
}

/* Moves at most step bytes; whether there were any. */
static bool move(struct handshake *from, struct handshake *to, size_t step)
{
	struct bytes out = handshake_out(from);
	out.n = out.n < step ? out.n : step;
	if (out.n > 0)
		CHECK(handshake_take(to, out) == OK);
	handshake_sent(from, out.n);
	return out.n > 0;
}

TEST(with_ourselves)
{
	for (enum bzz_generation generation = BZZ_15; generation < BZZ_GENERATIONS; generation++)
		for (size_t step = 1; step < 400; step += step < 8 ? 1 : 37) {
			begin(generation);
			CHECK(handshake_out(&b).n == 0 && handshake_out(&a).n == 11);
			while (move(&a, &b, step) || move(&b, &a, step))
				CHECK(!handshake_done(&a));
			CHECK(handshake_closes(&a) && handshake_closes(&b) && handshake_done(&b) &&
			      !handshake_done(&a));
			CHECK(handshake_ended(&a) == OK && handshake_done(&a) && handshake_ended(&b) == OK);
			CHECK(bytes_equal(a.record.overlay, bytes_of(self.overlay, 32)) && !a.full_node);
			CHECK(bytes_equal(b.record.underlay, seen) && b.record.nonce.n == 32);
			CHECK(handshake_deadline(&a) == UINT64_MAX && handshake_tick(&a, UINT64_MAX - 1) == OK);
			/* nothing more is to be said */
			CHECK(handshake_take(&a, BYTES_LITERAL("x")) == ERR_PROTOCOL);
		}
}

/* What leaves here is what bee would send, byte by byte. */
TEST(messages_are_bees)
{
	const cJSON *v15 = cJSON_GetObjectItem(fixture_row("v15", 0), "wire"), *v14 = fixture_row("v14", 0);
	begin(BZZ_15);
	CHECK(bytes_equal(handshake_out(&a), fixture_bytes(v15, "syn_framed_hex", wire, sizeof wire)));
	CHECK(handshake_take(&b, handshake_out(&a)) == OK);
	handshake_sent(&a, handshake_out(&a).n);
	CHECK(bytes_equal(handshake_out(&b), fixture_bytes(v15, "synack_framed_hex", wire, sizeof wire)));
	CHECK(handshake_take(&a, handshake_out(&b)) == OK);
	CHECK(bytes_equal(handshake_out(&a), fixture_bytes(v15, "ack_framed_hex", wire, sizeof wire)));
	begin(BZZ_14);
	CHECK(handshake_take(&b, fixture_bytes(v14, "syn_framed_hex", wire, sizeof wire)) == OK);
	CHECK(handshake_take(&a, handshake_out(&b)) == OK);
	handshake_sent(&a, 11);
	CHECK(bytes_equal(handshake_out(&a), fixture_bytes(v14, "ack_framed_hex", wire, sizeof wire)));
	CHECK(handshake_take(&b, handshake_out(&a)) == OK);
}

TEST(a_full_node)
{
	begin(BZZ_15);
	self.full_node = true;
	while (move(&a, &b, 1000) || move(&b, &a, 1000)) {
	}
	CHECK(a.full_node && b.full_node);
}

/* The SynAck of another network, and with another clock. */
TEST(strangers)
{
	begin(BZZ_15);
	fixture_identity(&other, 1);
	handshake_init(&b, HANDSHAKE_LISTENER, BZZ_15, &other, seen, FIXTURE_NOW, 1000);
	CHECK(move(&a, &b, 100));
	CHECK(handshake_take(&a, handshake_out(&b)) == ERR_NETWORK);
	CHECK(handshake_out(&a).n == 0 && !handshake_closes(&a) && !handshake_done(&a));
	CHECK(handshake_take(&a, BYTES_NONE) == ERR_NETWORK && handshake_ended(&a) == ERR_NETWORK);
	begin(BZZ_15);
	a.now.s -= 61;
	CHECK(move(&a, &b, 100));
	CHECK(handshake_take(&a, handshake_out(&b)) == ERR_NOT_YET);
	begin(BZZ_15);
	self.signatures[BZZ_15][40] ^= 1;
	CHECK(move(&a, &b, 100));
	CHECK(handshake_take(&a, handshake_out(&b)) == ERR_SIGNATURE);
}

/* Every message cut by the end of the stream, and with every bit flipped: no crash, no false friend. */
TEST(cut_and_flipped)
{
	const cJSON *v15 = cJSON_GetObjectItem(fixture_row("v15", 0), "wire");
	const struct bytes synack = fixture_bytes(v15, "synack_framed_hex", wire, sizeof wire);
	for (size_t n = 0; n < synack.n; n++) {
		begin(BZZ_15);
		CHECK(handshake_take(&a, bytes_of(wire, n)) == OK && handshake_ended(&a) == ERR_PROTOCOL);
		CHECK(!handshake_done(&a) && !handshake_closes(&a));
	}
	for (size_t bit = 0; bit < 8 * synack.n; bit++) {
		begin(BZZ_15);
		wire[bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (handshake_take(&a, synack) == OK && a.stage == HANDSHAKE_END)
			CHECK(bytes_equal(a.record.overlay, bytes_of(self.overlay, 32)) &&
			      bytes_equal(a.record.underlay, seen));
		wire[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
}

TEST(out_of_turn_and_too_long)
{
	static const struct {
		const char *hex;
		int err;
	} synacks[] = {
		{"00", ERR_PROTOCOL},              /* nothing */
		{"040a020a00", ERR_PROTOCOL},      /* no observed underlay */
		{"050a030a0199", ERR_NETWORK},     /* an empty list of them; then no Ack */
		{"070a030a01991200", ERR_NETWORK}, /* an empty Ack: network 0 */
		{"090a030a019912021"
		 "00a",
		 ERR_VALUE}, /* of our network, without a record */
	};
	for (size_t i = 0; i < sizeof synacks / sizeof synacks[0]; i++) {
		const size_t n = strlen(synacks[i].hex) / 2;
		CHECK(hex_decode(bytes_text(synacks[i].hex), wire, n) == OK);
		begin(BZZ_15);
		CHECK(handshake_take(&a, bytes_of(wire, n)) == synacks[i].err);
	}
	begin(BZZ_15);
	CHECK(handshake_take(&b, BYTES_LITERAL("\x81\x40")) == ERR_LIMIT); /* 8193 bytes: a huge welcome */
	begin(BZZ_15);
	CHECK(handshake_take(&b, BYTES_LITERAL("\x02\x08\x01")) == ERR_PROTOCOL);
	begin(BZZ_15);
	CHECK(handshake_ended(&b) == ERR_PROTOCOL);
	/* observed: 21 of them */
	struct bytes many[UNDERLAY_ADDRESSES_MAX + 1];
	for (size_t i = 0; i <= UNDERLAY_ADDRESSES_MAX; i++)
		many[i] = seen;
	struct writer w = writer_of(wire, sizeof wire), list = writer_of(wire + 1024, 1024);
	underlay_write(&list, many, UNDERLAY_ADDRESSES_MAX + 1);
	const size_t begun = frame_begin(&w);
	write_bytes(&w, BYTES_LITERAL("\x0a\xbe\x01")); /* 190 */
	write_bytes(&w, writer_view(&list));
	frame_end(&w, begun);
	CHECK(list.n == 190 && handshake_take(&b, writer_view(&w)) == ERR_PROTOCOL);
}

TEST(silence)
{
	begin(BZZ_15);
	CHECK(handshake_deadline(&a) == 1000 + HANDSHAKE_MS && handshake_tick(&a, 1000 + HANDSHAKE_MS - 1) == OK);
	CHECK(handshake_tick(&a, 1000 + HANDSHAKE_MS) == ERR_TIMEOUT);
	CHECK(handshake_take(&a, BYTES_LITERAL("x")) == ERR_TIMEOUT && handshake_deadline(&a) == UINT64_MAX);
}

/* The longest that we may say fits. */
TEST(long_lists)
{
	static char welcome[IDENTITY_WELCOME_BYTES_MAX];
	static const uint8_t long_name[] = {53, 92};
	uint8_t address[94], nonce[32] = {0}, owner[20] = {0};
	struct bytes many[UNDERLAY_ADDRESSES_MAX];
	memset(welcome, 'w', sizeof welcome);
	memset(address, 'a', sizeof address);
	memcpy(address, long_name, sizeof long_name);
	for (size_t i = 0; i < UNDERLAY_ADDRESSES_MAX; i++)
		many[i] = bytes_of(address, sizeof address);
	CHECK(identity_init(&other, owner, 10, nonce, many, UNDERLAY_ADDRESSES_MAX, bytes_of(welcome, sizeof welcome),
			    FIXTURE_NOW) == OK);
	struct writer list = writer_of(wire, 4096);
	underlay_write(&list, many, UNDERLAY_ADDRESSES_MAX);
	begin(BZZ_15);
	handshake_init(&b, HANDSHAKE_LISTENER, BZZ_15, &other, writer_view(&list), FIXTURE_NOW, 0);
	CHECK(move(&a, &b, 1000) && handshake_out(&b).n > 2 * 1900);
	CHECK(handshake_take(&a, handshake_out(&b)) == ERR_SIGNATURE); /* read to its end, and unsigned */
}

int main(void)
{
	RUN(with_ourselves);
	RUN(messages_are_bees);
	RUN(a_full_node);
	RUN(strangers);
	RUN(cut_and_flipped);
	RUN(out_of_turn_and_too_long);
	RUN(silence);
	RUN(long_lists);
	return fixture_end();
}
