#include "host/p2p_request.h"

#include "p2p_pair.h"

#define ECHO_NAME "/test/echo/1.0.0"
#define MUTE_NAME "/test/mute/1.0.0"
#define LARGE_BYTES 100000

static struct pair_side one, two;
static const char *const echo_names[] = {"/test/not-spoken/1.0.0", ECHO_NAME}, *const mute_names[] = {MUTE_NAME};
static unsigned answers_n, asked_n, gone_n;
static int answer_err;
static size_t answer_n;
static uint8_t answer_first, large[LARGE_BYTES];

/* Says the request again; one that begins with 'x' is refused, one with 'n' gets no answer. */
static int echo(void *context, struct p2p_node *node, const struct peer_id *from, struct bytes request,
		struct writer *w)
{
	CHECK(context == &answers_n && node == two.node && peer_id_equal(from, &one.id));
	asked_n++;
	if (request.n > 0 && request.p[0] == 'x')
		return ERR_VALUE;
	if (request.n == 0 || request.p[0] != 'n')
		write_bytes(w, request);
	return OK;
}

/* Takes requests and says nothing. */
static void mute_gone(struct p2p_stream *s, int err)
{
	(void)s, (void)err;
	gone_n++;
}

static const struct p2p_stream_user mute_user = {.gone = mute_gone};
static const struct p2p_service mute = {.name = MUTE_NAME, .user = &mute_user};
static struct p2p_server echo_server;

static void begin(uint64_t idle_ms)
{
	CHECK(uv_loop_init(&pair_loop) == 0);
	pair_side_begin(&one, 1, "one/1", NULL);
	pair_side_begin(&two, 2, "two/2", &(struct p2p_limits){.idle_ms = idle_ms});
	echo_server = (struct p2p_server){.name = ECHO_NAME,
					  .answer = echo,
					  .context = &answers_n,
					  .request_bytes_max = LARGE_BYTES,
					  .answer_bytes_max = LARGE_BYTES,
					  .idle_ms = PAIR_PATIENCE_MS};
	CHECK(p2p_serve(two.node, &echo_server) == OK && p2p_node_handle(two.node, &mute) == OK);
	answers_n = asked_n = gone_n = 0;
}

static void end(void)
{
	pair_side_end(&one);
	pair_side_end(&two);
	CHECK(uv_run(&pair_loop, UV_RUN_DEFAULT) == 0 && uv_loop_close(&pair_loop) == 0);
}

static void on_answer(struct p2p_node *node, const struct peer_id *peer, int err, struct bytes answer, void *context)
{
	CHECK(node == one.node && peer_id_equal(peer, &two.id) && context == &one);
	answers_n++;
	answer_err = err;
	answer_n = answer.n;
	answer_first = answer.n > 0 ? answer.p[0] : 0;
}

static int ask(const char *const *names, size_t names_n, struct bytes request, size_t max, uint64_t timeout_ms)
{
	const struct bytes address = bytes_of(two.address, two.address_n);
	const struct p2p_question q = {.peer = &two.id,
				       .addresses = &address,
				       .addresses_n = 1,
				       .protocols = names,
				       .protocols_n = names_n,
				       .request = request,
				       .answer_bytes_max = max,
				       .timeout_ms = timeout_ms};
	return p2p_request(one.node, &q, on_answer, &one);
}

static int ask_echo(struct bytes request, size_t max)
{
	const unsigned before = answers_n;
	CHECK(ask(echo_names, 2, request, max, PAIR_PATIENCE_MS) == OK);
	CHECK(pair_until_n(&answers_n, before + 1));
	return answer_err;
}

TEST(a_request_is_answered)
{
	begin(0);
	memset(large, 'a', sizeof large);
	CHECK(ask_echo(BYTES_LITERAL("hello"), 100) == OK && answer_n == 5 && answer_first == 'h');
	CHECK(one.connected_n == 1);
	CHECK(ask_echo(bytes_of(large, sizeof large), sizeof large) == OK && answer_n == sizeof large);
	CHECK(ask_echo(BYTES_LITERAL("no answer"), 0) == OK && answer_n == 0);
	CHECK(one.connected_n == 1); /* one connection for all */
	end();
}

TEST(what_goes_wrong_is_told)
{
	begin(0);
	CHECK(ask_echo(BYTES_LITERAL("x"), 100) == ERR_CLOSED);
	CHECK(ask_echo(BYTES_LITERAL("x"), 0) == ERR_CLOSED);
	CHECK(ask_echo(BYTES_LITERAL("n"), 100) == ERR_CLOSED);
	CHECK(ask_echo(BYTES_LITERAL("longer than that"), 5) == ERR_LIMIT);
	CHECK(ask(echo_names, 1, BYTES_LITERAL("a"), 100, PAIR_PATIENCE_MS) == OK);
	CHECK(pair_until_n(&answers_n, 5) && answer_err == ERR_NOT_FOUND);
	CHECK(ask_echo(BYTES_LITERAL("hello"), 100) == OK); /* and the connection has not suffered */
	CHECK(one.connected_n == 1 && one.disconnected_n == 0);
	end();
}

TEST(who_does_not_answer_is_not_waited_for)
{
	begin(0);
	CHECK(ask_echo(BYTES_LITERAL("a connection stands"), 100) == OK);
	CHECK(ask(mute_names, 1, BYTES_LITERAL("a"), 100, 500) == OK);
	CHECK(pair_until_n(&answers_n, 2) && answer_err == ERR_TIMEOUT);
	CHECK(pair_until_n(&gone_n, 1)); /* the other side was told */
	end();
}

TEST(a_connection_that_the_other_side_closes_meanwhile_is_made_anew)
{
	begin(0);
	CHECK(ask_echo(BYTES_LITERAL("first"), 100) == OK);
	const unsigned before = answers_n;
	CHECK(ask(echo_names, 2, BYTES_LITERAL("second"), 100, PAIR_PATIENCE_MS) == OK);
	p2p_node_disconnect(two.node, &one.id);
	CHECK(pair_until_n(&answers_n, before + 1) && answer_err == OK && answer_n == 6);
	CHECK(one.connected_n == 2);
	end();
}

TEST(many_at_once)
{
	begin(0);
	for (unsigned i = 0; i < 40; i++)
		CHECK(ask(echo_names, 2, BYTES_LITERAL("one of many"), 100, PAIR_PATIENCE_MS) == OK);
	CHECK(pair_until_n(&answers_n, 40) && answer_err == OK && asked_n == 40);
	CHECK(one.connected_n == 1);
	end();
}

TEST(a_node_that_ends_tells_who_waits)
{
	begin(0);
	CHECK(ask(mute_names, 1, BYTES_LITERAL("a"), 100, PAIR_PATIENCE_MS) == OK);
	CHECK(pair_until_n(&one.connected_n, 1));
	CHECK(ask(mute_names, 1, BYTES_LITERAL("b"), 100, PAIR_PATIENCE_MS) == OK);
	struct p2p_node *node = one.node;
	p2p_node_end(node);
	CHECK(pair_until(&one.ended) && answers_n == 2 && answer_err == ERR_INTERRUPTED);
	end();
}

/* --- a stream by hand: several requests on one --- */

static unsigned got_n;
static bool by_hand_ended;
static int by_hand_err;

static void by_hand_data(struct p2p_stream *s, struct bytes data)
{
	got_n += (unsigned)data.n;
	p2p_stream_consumed(s, data.n);
}

static void by_hand_gone(struct p2p_stream *s, int err)
{
	(void)s;
	by_hand_ended = true;
	by_hand_err = err;
}

static const struct p2p_stream_user by_hand = {.data = by_hand_data, .gone = by_hand_gone};

TEST(a_stream_takes_one_request_after_the_other)
{
	struct p2p_stream *s;
	begin(0);
	CHECK(ask_echo(BYTES_LITERAL("a"), 100) == OK);
	got_n = 0;
	by_hand_ended = false;
	CHECK(p2p_stream_open(one.node, &two.id, echo_names, 2, &by_hand, NULL, &s) == OK);
	/* two whole ones, and the beginning of a third */
	CHECK(p2p_stream_send(s, BYTES_LITERAL("\3abc\2de\4f")) == OK);
	CHECK(pair_until_n(&got_n, 7) && got_n == 7);
	CHECK(p2p_stream_send(s, BYTES_LITERAL("ghi\0")) == OK);
	CHECK(pair_until_n(&got_n, 12) && asked_n == 5);
	p2p_stream_close(s);
	CHECK(pair_until(&by_hand_ended) && by_hand_err == OK);
	end();
}

TEST(a_request_that_is_cut_off_or_too_long_is_refused)
{
	static const char *const bad[] = {"\4f", "\377\377\377\377\377\377\377\377\377\1", "\240\215\6a", "\200"};
	struct p2p_stream *s;
	begin(0);
	CHECK(ask_echo(BYTES_LITERAL("a"), 100) == OK);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		by_hand_ended = false;
		CHECK(p2p_stream_open(one.node, &two.id, echo_names, 2, &by_hand, NULL, &s) == OK);
		CHECK(p2p_stream_send(s, bytes_text(bad[i])) == OK);
		p2p_stream_close(s);
		CHECK(pair_until(&by_hand_ended) && by_hand_err == ERR_CLOSED);
	}
	CHECK(asked_n == 1);
	end();
}

TEST(a_request_byte_by_byte_has_its_time)
{
	struct p2p_stream *s;
	begin(0);
	echo_server.request_ms = 50;
	CHECK(ask_echo(BYTES_LITERAL("a"), 100) == OK);
	by_hand_ended = false;
	CHECK(p2p_stream_open(one.node, &two.id, echo_names, 2, &by_hand, NULL, &s) == OK);
	CHECK(p2p_stream_send(s, BYTES_LITERAL("\240\215\1")) == OK); /* 18080 bytes are to come */
	for (unsigned i = 0; i < 18000 && !by_hand_ended; i++) {
		CHECK(p2p_stream_send(s, BYTES_LITERAL("s")) == OK);
		pair_turn();
	}
	CHECK(by_hand_ended && by_hand_err == ERR_CLOSED && asked_n == 1);
	end();
}

int main(void)
{
	RUN(a_request_is_answered);
	RUN(what_goes_wrong_is_told);
	RUN(who_does_not_answer_is_not_waited_for);
	RUN(a_connection_that_the_other_side_closes_meanwhile_is_made_anew);
	RUN(many_at_once);
	RUN(a_node_that_ends_tells_who_waits);
	RUN(a_stream_takes_one_request_after_the_other);
	RUN(a_request_that_is_cut_off_or_too_long_is_refused);
	RUN(a_request_byte_by_byte_has_its_time);
	return test_end();
}
