#include "host/record_exchange.h"

#include "p2p_pair.h"

#define KEY BYTES_LITERAL("/phase/stable/x86_64/manifest")

static struct pair_side one, two;
static struct kad_contact provider; /* two */
static struct record_exchange exchange;
static struct bytes kept;
static unsigned told_n, asked_n;
static int told_err;
static uint8_t told[KAD_RECORD_BYTES_MAX];
static size_t told_bytes_n;

static struct bytes find(void *context, struct bytes key)
{
	CHECK(context == &kept);
	asked_n++;
	return bytes_equal(key, KEY) ? kept : BYTES_NONE;
}

static void begin(bool serves)
{
	CHECK(uv_loop_init(&pair_loop) == 0);
	pair_side_begin(&one, 1, "one/1", NULL);
	pair_side_begin(&two, 2, "two/2", NULL);
	exchange = (struct record_exchange){.find = find, .context = &kept};
	CHECK(!serves || record_exchange_serve(&exchange, two.node) == OK);
	kad_contact_init(&provider, &two.id);
	CHECK(kad_contact_add(&provider, bytes_of(two.address, two.address_n), KAD_SCOPE_LOOPBACK, KAD_CONTACT_BYTES));
	told_n = asked_n = 0;
}

static void end(void)
{
	pair_side_end(&one);
	pair_side_end(&two);
	CHECK(uv_run(&pair_loop, UV_RUN_DEFAULT) == 0 && uv_loop_close(&pair_loop) == 0);
}

static void on_told(struct p2p_node *node, const struct peer_id *peer, int err, struct bytes answer, void *context)
{
	CHECK(node == one.node && peer_id_equal(peer, &two.id) && context == &told);
	told_err = err;
	told_bytes_n = answer.n;
	CHECK(answer.n <= sizeof told);
	if (answer.n > 0 && answer.n <= sizeof told)
		memcpy(told, answer.p, answer.n);
	told_n++;
}

static int ask(struct bytes key)
{
	const unsigned before = told_n;
	CHECK(record_exchange_ask(one.node, &provider, key, on_told, &told) == OK);
	CHECK(pair_until_n(&told_n, before + 1));
	return told_err;
}

TEST(a_provider_tells_its_record)
{
	static uint8_t longest[KAD_RECORD_BYTES_MAX];
	memset(longest, 'r', sizeof longest);
	begin(true);
	kept = BYTES_LITERAL("{\"any\":\"record\"}");
	CHECK(ask(KEY) == OK && bytes_equal(bytes_of(told, told_bytes_n), kept));
	kept = bytes_of(longest, sizeof longest);
	CHECK(ask(KEY) == OK && bytes_equal(bytes_of(told, told_bytes_n), kept));
	CHECK(asked_n == 2 && one.connected_n == 1);
	end();
}

TEST(what_it_has_not_is_refused)
{
	static uint8_t key[KAD_RECORD_KEY_BYTES_MAX + 1];
	memset(key, '/', sizeof key);
	begin(true);
	kept = BYTES_LITERAL("a record");
	CHECK(ask(BYTES_LITERAL("/phase/testing/x86_64/manifest")) == ERR_CLOSED && asked_n == 1);
	CHECK(ask(BYTES_LITERAL("")) == ERR_CLOSED && asked_n == 2);
	CHECK(ask(bytes_of(key, sizeof key - 1)) == ERR_CLOSED && asked_n == 3);
	CHECK(ask(bytes_of(key, sizeof key)) == ERR_CLOSED && asked_n == 3); /* too long to be looked at */
	CHECK(ask(KEY) == OK && told_bytes_n == kept.n && one.connected_n == 1);
	end();
}

TEST(who_does_not_speak_it_is_told_apart)
{
	begin(false);
	CHECK(ask(KEY) == ERR_NOT_FOUND);
	end();
}

/* Of a server that is another program. */
static int tell_too_much(void *context, struct p2p_node *node, const struct peer_id *from, struct bytes request,
			 struct writer *w)
{
	static const uint8_t zeros[KAD_RECORD_BYTES_MAX + 1];
	(void)context, (void)node, (void)from, (void)request;
	write_bytes(w, bytes_of(zeros, sizeof zeros));
	return OK;
}

TEST(an_answer_longer_than_a_record_is_not_taken)
{
	static struct p2p_server server = {.name = RECORD_EXCHANGE_PROTOCOL,
					   .answer = tell_too_much,
					   .request_bytes_max = 1000,
					   .answer_bytes_max = KAD_RECORD_BYTES_MAX + 1,
					   .idle_ms = PAIR_PATIENCE_MS};
	begin(false);
	CHECK(p2p_serve(two.node, &server) == OK);
	CHECK(ask(KEY) == ERR_LIMIT && told_bytes_n == 0);
	end();
}

int main(void)
{
	RUN(a_provider_tells_its_record);
	RUN(what_it_has_not_is_refused);
	RUN(who_does_not_speak_it_is_told_apart);
	RUN(an_answer_longer_than_a_record_is_not_taken);
	return test_end();
}
