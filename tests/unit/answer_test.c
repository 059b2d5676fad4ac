#include "http/answer.h"

#include "core/err.h"
#include "test.h"

static int judge(const char *head, struct asked asked)
{
	struct answer a = {.status = 0};
	while (*head != 0) {
		const char *end = strchr(head, '\n');
		size_t n = end == NULL ? strlen(head) : (size_t)(end - head + 1);
		answer_line(&a, bytes_of(head, n));
		head += n;
	}
	return answer_judge(&a, &asked);
}

static const struct asked part = {.offset = 10, .length = 5, .size = 100};
static const struct asked whole = {.offset = 0, .length = 100, .size = 100, .whole = true};
static const struct asked all = {.offset = 0, .length = 100, .size = 100}; /* as a range */

TEST(what_was_asked_for)
{
	CHECK(judge("HTTP/1.1 206 Partial Content\r\ncontent-RANGE:  bytes 10-14/100 \r\nContent-Length: 5\r\n",
		    part) == OK);
	CHECK(judge("HTTP/1.1 206\r\nContent-Range: bytes 10-14/100\r\n", part) == OK);
	CHECK(judge("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n", whole) == OK);
	CHECK(judge("HTTP/1.1 200 OK\r\n", whole) == OK);
	CHECK(judge("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n", all) == OK);
	CHECK(judge("HTTP/1.1 103 Early\r\nContent-Length: 7\r\nHTTP/1.1 200 OK\r\nContent-Length: 100\r\n", whole) ==
	      OK);
}

TEST(something_else)
{
	CHECK(judge("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n", part) == ERR_PROTOCOL);
	CHECK(judge("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n", whole) == ERR_SIZE);
	CHECK(judge("HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Length: 101\r\n", whole) == ERR_PROTOCOL);
	CHECK(judge("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n", whole) == ERR_PROTOCOL);
	CHECK(judge("HTTP/1.1 206 P\r\nContent-Range: bytes 10-14/101\r\n", part) == ERR_SIZE);
	CHECK(judge("HTTP/1.1 206 P\r\nContent-Range: bytes 11-15/100\r\n", part) == ERR_PROTOCOL);
	CHECK(judge("HTTP/1.1 206 P\r\nContent-Range: bytes 10-15/100\r\n", part) == ERR_PROTOCOL);
	CHECK(judge("HTTP/1.1 206 P\r\nContent-Range: bytes 10-14/100\r\nContent-Length: 6\r\n", part) == ERR_PROTOCOL);
	CHECK(judge("HTTP/1.1 206 P\r\nContent-Range: bytes 10-14/100\r\nContent-Range: bytes 10-14/100\r\n", part) ==
	      ERR_PROTOCOL);
	CHECK(judge("HTTP/1.1 206 P\r\n", part) == ERR_PROTOCOL);
	CHECK(judge("HTTP/1.1 206 P\r\nContent-Range: bytes 0-99/100\r\n", whole) == ERR_PROTOCOL);
	CHECK(judge("HTTP/1.1 416 R\r\nContent-Range: bytes */50\r\n", part) == ERR_SIZE);
	CHECK(judge("HTTP/1.1 404 N\r\n", part) == ERR_NOT_FOUND);
	CHECK(judge("HTTP/1.1 302 F\r\nLocation: http://elsewhere/\r\n", part) == ERR_SOURCE);
	CHECK(judge("HTTP/1.1 500 E\r\n", part) == ERR_SOURCE);
	CHECK(judge("", part) == ERR_SOURCE);
	CHECK(judge("HTTP/1.1 20x\r\n", part) == ERR_SOURCE);
	CHECK(judge("HTTP/1.1 2000\r\n", whole) == ERR_SOURCE);
}

int main(void)
{
	RUN(what_was_asked_for);
	RUN(something_else);
	return test_end();
}
