#include "swarm/bridge.h"

#include "core/hex.h"
#include "test.h"

#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct bytes made(struct writer *w)
{
	return bytes_of(w->p, w->n);
}

TEST(a_request_is_read_as_it_was_written)
{
	static const struct {
		const char *line;
		enum bridge_type type;
		bool ranged;
		uint64_t offset, length;
	} all[] = {
		{"{\"type\":\"manifest\",\"hash\":\"" HASH "\"}\n", BRIDGE_MANIFEST, false, 0, UINT64_MAX},
		{"{\"type\":\"artifact\",\"hash\":\"" HASH "\"}\n", BRIDGE_ARTIFACT, false, 0, UINT64_MAX},
		{"{\"type\":\"chunk\",\"hash\":\"" HASH "\"}\n", BRIDGE_CHUNK, false, 0, UINT64_MAX},
		{"{\"type\":\"artifact\",\"hash\":\"" HASH "\",\"offset\":7}\n", BRIDGE_ARTIFACT, true, 7, UINT64_MAX},
		{"{\"type\":\"artifact\",\"hash\":\"" HASH "\",\"offset\":4096,\"length\":9007199254740991}\n",
		 BRIDGE_ARTIFACT, true, 4096, 9007199254740991},
	};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		struct bridge_request r;
		char hash[64], out[BRIDGE_LINE_BYTES_MAX];
		struct writer w = writer_of(out, sizeof out);
		const struct bytes line = bytes_text(all[i].line);
		CHECK(bridge_request_read(&r, bytes_of(line.p, line.n - 1), NULL) == OK);
		hex_encode(bytes_of(r.hash, sizeof r.hash), hash);
		CHECK(r.type == all[i].type && memcmp(hash, HASH, 64) == 0);
		CHECK(r.ranged == all[i].ranged && r.offset == all[i].offset && r.length == all[i].length);
		bridge_request_write(&w, &r);
		CHECK(!w.full && bytes_equal(made(&w), line));
	}
}

TEST(a_request_in_any_order_and_case)
{
	struct bridge_request r;
	CHECK(bridge_request_read(
		      &r,
		      BYTES_LITERAL(" { \"length\" : 0 , \"hash\":\"AABBCCDDEEFF00112233445566778899aabbccddeeff00"
				    "112233445566778899\", \"\\u0074ype\": \"artifact\" } \r"),
		      NULL) == OK);
	CHECK(r.type == BRIDGE_ARTIFACT && r.hash[0] == 0xaa && r.ranged && r.offset == 0 && r.length == 0);
}

TEST(what_is_no_request)
{
	static const struct {
		const char *line;
		int err;
	} all[] = {
		{"", ERR_TRUNCATED},
		{"GET / HTTP/1.1", ERR_SYNTAX},
		{"[]", ERR_TYPE},
		{"{}", ERR_MISSING},
		{"{\"type\":\"manifest\"}", ERR_MISSING},
		{"{\"hash\":\"" HASH "\"}", ERR_MISSING},
		{"{\"type\":\"rootfs\",\"hash\":\"" HASH "\"}", ERR_VALUE},
		{"{\"type\":1,\"hash\":\"" HASH "\"}", ERR_VALUE},
		{"{\"type\":\"artifact\",\"hash\":1}", ERR_TYPE},
		{"{\"type\":\"artifact\",\"hash\":\"\"}", ERR_VALUE},
		{"{\"type\":\"artifact\",\"hash\":\"" HASH "00\"}", ERR_VALUE},
		{"{\"type\":\"artifact\",\"hash\":\"" HASH HASH "\"}", ERR_VALUE},
		{"{\"type\":\"artifact\",\"hash\":"
		 "\"zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"}",
		 ERR_VALUE},
		{"{\"type\":\"artifact\",\"hash\":\"" HASH "\",\"lengths\":1}", ERR_VALUE},
		{"{\"type\":\"artifact\",\"hash\":\"" HASH "\",\"offset\":\"1\"}", ERR_TYPE},
		{"{\"type\":\"artifact\",\"hash\":\"" HASH "\",\"offset\":-1}", ERR_NUMBER},
		{"{\"type\":\"artifact\",\"hash\":\"" HASH "\",\"offset\":9007199254740992}", ERR_NUMBER},
		{"{\"type\":\"artifact\",\"hash\":\"" HASH "\",\"length\":1.5}", ERR_NUMBER},
		{"{\"type\":\"artifact\",\"type\":\"artifact\",\"hash\":\"" HASH "\"}", ERR_DUPLICATE},
		{"{\"type\":\"artifact\",\"hash\":\"" HASH "\"}{}", ERR_TRAILING},
		{"{\"type\":\"artifact\",\"hash\":\"" HASH "\"", ERR_TRUNCATED},
	};
	const struct bridge_request before = {.type = BRIDGE_ARTIFACT, .offset = 77, .length = 78};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		struct bridge_request r = before;
		struct why why = {.what = NULL};
		if (!CHECK(bridge_request_read(&r, bytes_text(all[i].line), &why) == all[i].err))
			printf("# %s: %s\n", all[i].line,
			       err_text(bridge_request_read(&r, bytes_text(all[i].line), &why)));
		CHECK(r.type == before.type && r.offset == before.offset && r.length == before.length &&
		      why.what != NULL);
	}
}

TEST(every_cut_of_a_request_is_refused)
{
	static const char whole[] = "{\"type\":\"artifact\",\"hash\":\"" HASH "\",\"offset\":4096,\"length\":17}";
	struct bridge_request r;
	for (size_t n = 0; n < sizeof whole - 1; n++)
		CHECK(bridge_request_read(&r, bytes_of(whole, n), NULL) != OK);
	CHECK(bridge_request_read(&r, bytes_of(whole, sizeof whole - 1), NULL) == OK);
}

TEST(answers)
{
	struct bridge_answer a;
	char out[BRIDGE_LINE_BYTES_MAX];
	struct writer w = writer_of(out, sizeof out);
	bridge_answer_write(&w, 1234);
	CHECK(bytes_is(made(&w), "{\"ok\":true,\"size\":1234}\n"));
	CHECK(bridge_answer_read(&a, bytes_of(out, w.n - 1), NULL) == OK);
	CHECK(a.ok && a.size == 1234 && !a.has_total && a.error_n == 0);
	w = writer_of(out, sizeof out);
	bridge_answer_write_part(&w, 0, 1234);
	CHECK(bytes_is(made(&w), "{\"ok\":true,\"size\":0,\"total\":1234}\n"));
	CHECK(bridge_answer_read(&a, bytes_of(out, w.n - 1), NULL) == OK);
	CHECK(a.ok && a.size == 0 && a.has_total && a.total == 1234);
	w = writer_of(out, sizeof out);
	bridge_answer_write_error(&w, BYTES_LITERAL("not \"found\"\n"));
	CHECK(bytes_is(made(&w), "{\"ok\":false,\"error\":\"not \\\"found\\\"\\n\"}\n"));
	CHECK(bridge_answer_read(&a, bytes_of(out, w.n - 1), NULL) == OK);
	CHECK(!a.ok && bytes_is(bytes_of(a.error, a.error_n), "not \"found\"\n"));
	/* as others write them, and with what we do not know */
	CHECK(bridge_answer_read(&a, BYTES_LITERAL("{ \"ok\": true, \"size\": 5, \"via\": [1, {}] }"), NULL) == OK);
	CHECK(a.ok && a.size == 5);
}

TEST(what_is_no_answer)
{
	static const struct {
		const char *line;
		int err;
	} all[] = {
		{"", ERR_TRUNCATED},
		{"true", ERR_TYPE},
		{"{\"size\":1}", ERR_MISSING},
		{"{\"ok\":1,\"size\":1}", ERR_TYPE},
		{"{\"ok\":true}", ERR_MISSING},
		{"{\"ok\":true,\"size\":\"1\"}", ERR_TYPE},
		{"{\"ok\":true,\"size\":1,\"total\":\"1\"}", ERR_TYPE},
		{"{\"ok\":true,\"size\":-1}", ERR_NUMBER},
		{"{\"ok\":false}", ERR_MISSING},
		{"{\"ok\":false,\"error\":1}", ERR_MISSING},
		{"{\"ok\":true,\"size\":1} x", ERR_TRAILING},
	};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		struct bridge_answer a = {.size = 77};
		struct why why = {.what = NULL};
		CHECK(bridge_answer_read(&a, bytes_text(all[i].line), &why) == all[i].err);
		CHECK(a.size == 77 && why.what != NULL);
	}
}

TEST(an_error_is_cut_to_a_line)
{
	struct bridge_answer a;
	static uint8_t out[2 * BRIDGE_LINE_BYTES_MAX], error[2 * BRIDGE_LINE_BYTES_MAX];
	static const char *const patterns[] = {"x", "\x01", "\xc3\xa4", "\xf0\x9f\x98\x80", "\""};
	for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
		const size_t step = strlen(patterns[i]);
		for (size_t n = 0; n + step <= sizeof error; n += step)
			memcpy(error + n, patterns[i], step);
		struct writer w = writer_of(out, sizeof out);
		bridge_answer_write_error(&w, bytes_of(error, sizeof error / step * step));
		CHECK(w.n <= BRIDGE_LINE_BYTES_MAX && w.n > BRIDGE_LINE_BYTES_MAX - 16 && out[w.n - 1] == '\n');
		CHECK(bridge_answer_read(&a, bytes_of(out, w.n - 1), NULL) == OK && !a.ok);
		CHECK(a.error_n > 0 && a.error_n % step == 0 && memcmp(a.error, error, a.error_n) == 0);
	}
	struct writer w = writer_of(out, sizeof out);
	bridge_answer_write_error(&w, BYTES_NONE);
	CHECK(bytes_is(made(&w), "{\"ok\":false,\"error\":\"\"}\n"));
}

TEST(a_line_in_pieces_of_every_size)
{
	static const char text[] = "{\"ok\":true,\"size\":3}\nabc";
	const struct bytes in = bytes_of(text, sizeof text - 1);
	for (size_t step = 1; step <= in.n; step++) {
		struct bridge_line l = {.n = 0};
		size_t at = 0, used = 0;
		while (!l.whole) {
			const size_t n = step < in.n - at ? step : in.n - at;
			if (!CHECK(n > 0 && bridge_line_take(&l, bytes_of(in.p + at, n), &used) == OK))
				return;
			CHECK(used == n || l.whole);
			at += used;
		}
		CHECK(at == in.n - 3 && bytes_is(bridge_line_text(&l), "{\"ok\":true,\"size\":3}"));
		CHECK(bridge_line_take(&l, bytes_of(in.p + at, 1), &used) == ERR_TRAILING);
	}
}

TEST(a_line_that_is_too_long)
{
	static uint8_t in[BRIDGE_LINE_BYTES_MAX + 1];
	size_t used = 0;
	memset(in, 'x', sizeof in);
	in[BRIDGE_LINE_BYTES_MAX - 1] = '\n';
	struct bridge_line l = {.n = 0};
	CHECK(bridge_line_take(&l, bytes_of(in, BRIDGE_LINE_BYTES_MAX), &used) == OK);
	CHECK(l.whole && l.n == BRIDGE_LINE_BYTES_MAX - 1 && used == BRIDGE_LINE_BYTES_MAX);
	in[BRIDGE_LINE_BYTES_MAX - 1] = 'x';
	in[BRIDGE_LINE_BYTES_MAX] = '\n';
	l = (struct bridge_line){.n = 0};
	CHECK(bridge_line_take(&l, bytes_of(in, sizeof in), &used) == ERR_LIMIT);
	l = (struct bridge_line){.n = 0};
	int err = OK;
	size_t taken = 0;
	for (; taken < sizeof in && err == OK; taken++)
		err = bridge_line_take(&l, bytes_of(in, 1), &used);
	CHECK(err == ERR_LIMIT && taken == BRIDGE_LINE_BYTES_MAX);
	l = (struct bridge_line){.n = 0};
	CHECK(bridge_line_take(&l, BYTES_NONE, &used) == OK && used == 0 && !l.whole);
}

int main(void)
{
	RUN(a_request_is_read_as_it_was_written);
	RUN(a_request_in_any_order_and_case);
	RUN(what_is_no_request);
	RUN(every_cut_of_a_request_is_refused);
	RUN(answers);
	RUN(what_is_no_answer);
	RUN(an_error_is_cut_to_a_line);
	RUN(a_line_in_pieces_of_every_size);
	RUN(a_line_that_is_too_long);
	return test_end();
}
