/* The table that nginx 1.22 gave for a file of 1,000 bytes, and Content-Range from hostile servers. */
#include "http/range.h"

#include "core/err.h"
#include "test.h"

struct row {
	const char *header;
	uint64_t size;
	enum range_answer answer;
	size_t n;
	uint64_t first, last;
};

static const struct row rows[] = {
	{"bytes=0-99", 1000, RANGE_PARTIAL, 1, 0, 99},
	{"bytes=0-0", 1000, RANGE_PARTIAL, 1, 0, 0},
	{"bytes=999-999", 1000, RANGE_PARTIAL, 1, 999, 999},
	{"bytes=500-", 1000, RANGE_PARTIAL, 1, 500, 999},
	{"bytes=-100", 1000, RANGE_PARTIAL, 1, 900, 999},
	{"bytes=-1000", 1000, RANGE_PARTIAL, 1, 0, 999},
	{"bytes=-5000", 1000, RANGE_PARTIAL, 1, 0, 999},
	{"bytes=-0", 1000, RANGE_REFUSED, 0, 0, 0},
	{"bytes=0-999", 1000, RANGE_PARTIAL, 1, 0, 999},
	{"bytes=0-1000", 1000, RANGE_PARTIAL, 1, 0, 999},
	{"bytes=0-99999", 1000, RANGE_PARTIAL, 1, 0, 999},
	{"bytes=1000-", 1000, RANGE_REFUSED, 0, 0, 0},
	{"bytes=1000-1001", 1000, RANGE_REFUSED, 0, 0, 0},
	{"bytes=9223372036854775807-", 1000, RANGE_REFUSED, 0, 0, 0},
	{"bytes=5-2", 1000, RANGE_REFUSED, 0, 0, 0},
	{"bytes=-", 1000, RANGE_REFUSED, 0, 0, 0},
	{"bytes=a-b", 1000, RANGE_REFUSED, 0, 0, 0},
	{"bytes=0-1-2", 1000, RANGE_REFUSED, 0, 0, 0},
	{"bytes=+1-2", 1000, RANGE_REFUSED, 0, 0, 0},
	{"bytes=0x1-2", 1000, RANGE_REFUSED, 0, 0, 0},
	{"bytes=18446744073709551616-", 1000, RANGE_REFUSED, 0, 0, 0},
	{"bytes=0-99999999999999999999999999", 1000, RANGE_REFUSED, 0, 0, 0},
	{"bytes=", 1000, RANGE_WHOLE, 0, 0, 0},
	{"bytes= 0-1", 1000, RANGE_PARTIAL, 1, 0, 1},
	{"bytes=0 - 1", 1000, RANGE_PARTIAL, 1, 0, 1},
	{"bytes=0-1 ", 1000, RANGE_PARTIAL, 1, 0, 1},
	{"bytes=0-9,20-29", 1000, RANGE_PARTIAL, 2, 0, 9},
	{"bytes=0-9, 20-29", 1000, RANGE_PARTIAL, 2, 0, 9},
	{"bytes=0-99,50-149", 1000, RANGE_PARTIAL, 2, 0, 99},
	{"bytes=20-29,0-9", 1000, RANGE_PARTIAL, 2, 20, 29},
	{"bytes=-10,0-9", 1000, RANGE_PARTIAL, 2, 990, 999},
	{"bytes=0-9,2000-3000", 1000, RANGE_PARTIAL, 1, 0, 9},
	{"bytes=0-9,5-2", 1000, RANGE_PARTIAL, 1, 0, 9},
	{"bytes=2000-,3000-", 1000, RANGE_REFUSED, 0, 0, 0},
	{"bytes=0-,0-", 1000, RANGE_WHOLE, 0, 0, 0},
	{"bytes=0-,0-9", 1000, RANGE_WHOLE, 0, 0, 0},
	{"bytes=0-,-1000", 1000, RANGE_WHOLE, 0, 0, 0},
	{"bytes=0-9,", 1000, RANGE_REFUSED, 0, 0, 0},
	{"bytes=,0-9", 1000, RANGE_REFUSED, 0, 0, 0},
	{"bytes=0-9,,20-29", 1000, RANGE_REFUSED, 0, 0, 0},
	{"bytes=0-9,x", 1000, RANGE_REFUSED, 0, 0, 0},
	{"Bytes=0-9", 1000, RANGE_PARTIAL, 1, 0, 9},
	{"BYTES=0-9", 1000, RANGE_PARTIAL, 1, 0, 9},
	{"items=0-9", 1000, RANGE_WHOLE, 0, 0, 0},
	{"bytes 0-9", 1000, RANGE_WHOLE, 0, 0, 0},
	{"bytes=0-9", 0, RANGE_WHOLE, 0, 0, 0},
	{"bytes=0-", 0, RANGE_WHOLE, 0, 0, 0},
	{"bytes=-5", 0, RANGE_WHOLE, 0, 0, 0},
	{"bytes=5-2", 0, RANGE_REFUSED, 0, 0, 0},
	{"", 1000, RANGE_WHOLE, 0, 0, 0},
	{"bytes=0-18446744073709551614", UINT64_MAX, RANGE_PARTIAL, 1, 0, UINT64_MAX - 1},
};

TEST(as_nginx_answers)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ranges r = {.n = 0};
		const struct row *row = &rows[i];
		enum range_answer answer = range_read(bytes_text(row->header), row->size, &r);
		bool good = answer == row->answer && r.n == row->n &&
			    (r.n == 0 || (r.v[0].first == row->first && r.v[0].last == row->last));
		if (!CHECK(good))
			printf("# %s of %llu\n", row->header, (unsigned long long)row->size);
	}
}

TEST(too_many_ranges_are_the_whole)
{
	char header[400] = "bytes=0-0";
	struct ranges r;
	for (int i = 0; i < RANGES_MAX - 1; i++)
		memcpy(header + strlen(header), ",0-0", 5);
	CHECK(range_read(bytes_text(header), 1000, &r) == RANGE_PARTIAL && r.n == RANGES_MAX);
	memcpy(header + strlen(header), ",0-0", 5);
	CHECK(range_read(bytes_text(header), 1000, &r) == RANGE_WHOLE);
}

TEST(content_range)
{
	static const char *const bad[] = {"",
					  "bytes",
					  "bytes 0-9",
					  "bytes 0-9/",
					  "bytes 9-0/100",
					  "bytes 0-100/100",
					  "bytes */100",
					  "bytes 0-9/*",
					  "bytes 0-9/100 ",
					  "bytes  0-9/100",
					  "bytes -9/100",
					  "bytes 0-/100",
					  "items 0-9/100",
					  "bytes 0-9/18446744073709551616",
					  "bytes 99999999999999999999999-9/10"};
	struct range r = {7, 7};
	uint64_t size = 7;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK(content_range_read(bytes_text(bad[i]), &r, &size) == ERR_PROTOCOL);
	CHECK(r.first == 7 && size == 7);
	CHECK(content_range_read(bytes_text("bytes 5-9/100"), &r, &size) == OK);
	CHECK(r.first == 5 && r.last == 9 && size == 100);
}

int main(void)
{
	RUN(as_nginx_answers);
	RUN(too_many_ranges_are_the_whole);
	RUN(content_range);
	return test_end();
}
