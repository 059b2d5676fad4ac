#include "core/wall.h"

#include <time.h>

#include "core/err.h"
#include "test.h"

#define FIRST_S (-62135596800) /* 0001-01-01T00:00:00Z */
#define LAST_S 253402300799    /* 9999-12-31T23:59:59Z */

static const struct {
	const char *text;
	int64_t s;
} good[] = {
	{"1970-01-01T00:00:00Z", 0},
	{"1970-01-01T00:00:01Z", 1},
	{"1969-12-31T23:59:59Z", -1},
	{"2026-11-21T02:00:00Z", 1795226400},
	{"2038-01-19T03:14:08Z", 2147483648},
	{"1901-12-13T20:45:51Z", -2147483649},
	{"2106-02-07T06:28:16Z", 4294967296},
	{"0001-01-01T00:00:00Z", FIRST_S},
	{"9999-12-31T23:59:59Z", LAST_S},
	{"2000-02-29T00:00:00Z", 951782400},
	{"2024-02-29T23:59:59Z", 1709251199},
	{"2100-02-28T23:59:59Z", 4107542399},
	/* offsets */
	{"1970-01-01T01:00:00+01:00", 0},
	{"1969-12-31T14:30:00-09:30", 0},
	{"1970-01-01T00:00:00+00:00", 0},
	{"1970-01-01T00:00:00-00:00", 0},
	{"1970-01-01T23:59:00+23:59", 0},
	{"1996-12-19T16:39:57-08:00", 851042397}, /* RFC 3339 section 5.8 */
	{"1937-01-01T12:00:27.87+00:20", -1041337173},
	{"1985-04-12T23:20:50.52Z", 482196050},
	/* fractions are dropped, not rounded */
	{"1970-01-01T00:00:00.999999999Z", 0},
	{"1970-01-01T00:00:07.0Z", 7},
	{"1970-01-01T00:00:00.123456789012345678901234567890+00:00", 0},
	{"1969-12-31T23:59:59.5Z", -1},
	/* lower case */
	{"1970-01-01t00:00:00z", 0},
	/* leap seconds, RFC 3339 section 5.8: the same second in two time zones */
	{"1990-12-31T23:59:60Z", 662687999},
	{"1990-12-31T15:59:60-08:00", 662687999},
	{"2016-12-31T23:59:60.5Z", 1483228799},
	{"9999-12-31T23:59:60Z", LAST_S},
	/* an offset that leads to the last years from the inside */
	{"0001-01-01T23:59:00+23:59", FIRST_S},
	{"9999-12-31T00:00:59-23:59", LAST_S},
};

static const char *const bad[] = {
	"",
	"Z",
	"1970",
	"1970-01-01",
	"1970-01-01T",
	"1970-01-01T00:00",
	"1970-01-01T00:00Z",
	"1970-01-01T00:00:00",
	"1970-01-01T00:00:0Z",
	"1970-1-01T00:00:00Z",
	"1970-01-1T00:00:00Z",
	"70-01-01T00:00:00Z",
	"01970-01-01T00:00:00Z",
	"+1970-01-01T00:00:00Z",
	"-970-01-01T00:00:00Z",
	"19 0-01-01T00:00:00Z",
	"1970-01-01 00:00:00Z",
	"1970-01-01_00:00:00Z",
	"1970/01/01T00:00:00Z",
	"19700101T000000Z",
	"1970-01-01T00.00.00Z",
	"1970-01-01T00:00:00 Z",
	" 1970-01-01T00:00:00Z",
	"1970-01-01T00:00:00Z ",
	"1970-01-01T00:00:00Z\n",
	"1970-01-01T00:00:00ZZ",
	"1970-01-01T00:00:00UTC",
	"1970-W01-4T00:00:00Z",
	"1970-001T00:00:00Z",
	/* fields out of their range */
	"0000-01-01T00:00:00Z",
	"1970-00-01T00:00:00Z",
	"1970-13-01T00:00:00Z",
	"1970-01-00T00:00:00Z",
	"1970-01-32T00:00:00Z",
	"1970-04-31T00:00:00Z",
	"1970-06-31T00:00:00Z",
	"1970-09-31T00:00:00Z",
	"1970-11-31T00:00:00Z",
	"1970-02-29T00:00:00Z",
	"1900-02-29T00:00:00Z",
	"2100-02-29T00:00:00Z",
	"2024-02-30T00:00:00Z",
	"1970-01-01T24:00:00Z",
	"1970-01-01T00:60:00Z",
	"1970-01-01T00:00:61Z",
	"1970-01-01T99:00:00Z",
	"1970-99-01T00:00:00Z",
	/* leap seconds where none can be */
	"1990-12-31T23:58:60Z",
	"1990-12-31T22:59:60Z",
	"1990-12-31T23:59:60+01:00",
	"1970-01-01T00:00:60Z",
	/* fractions */
	"1970-01-01T00:00:00.Z",
	"1970-01-01T00:00:00,5Z",
	"1970-01-01T00:00:00.5",
	"1970-01-01T00:00:00..5Z",
	"1970-01-01T00:00:00.5.5Z",
	"1970-01-01T00:00:00.-5Z",
	"1970-01-01T00:00:00.5eZ",
	"1970-01-01T00:00.5Z",
	/* offsets */
	"1970-01-01T00:00:00+",
	"1970-01-01T00:00:00+01",
	"1970-01-01T00:00:00+0100",
	"1970-01-01T00:00:00+01:",
	"1970-01-01T00:00:00+01:0",
	"1970-01-01T00:00:00+1:00",
	"1970-01-01T00:00:00+24:00",
	"1970-01-01T00:00:00+01:60",
	"1970-01-01T00:00:00 01:00",
	"1970-01-01T00:00:00\xe2\x88\22201:00",
	"1970-01-01T00:00:00+01:00Z",
	"1970-01-01T00:00:00Z+01:00",
	"1970-01-01T00:00:00+01:00:00",
	/* offsets that lead out of years 0001..9999 of UTC */
	"0001-01-01T00:00:00+00:01",
	"0001-01-01T23:58:59+23:59",
	"9999-12-31T23:59:59-00:01",
	"9999-12-31T00:01:00-23:59",
};

#define GOOD_N (sizeof good / sizeof good[0])

TEST(dates_that_are_read)
{
	for (size_t i = 0; i < GOOD_N; i++) {
		struct wall t = {.s = INT64_MIN};
		if (!CHECK(wall_read(bytes_text(good[i].text), &t) == OK && t.s == good[i].s))
			printf("# %s: %lld\n", good[i].text, (long long)t.s);
	}
}

TEST(dates_that_are_refused)
{
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct wall t = {.s = 42};
		if (!CHECK(wall_read(bytes_text(bad[i]), &t) == ERR_VALUE && t.s == 42))
			printf("# %s: %lld\n", bad[i], (long long)t.s);
	}
	struct wall t = {.s = 42};
	CHECK(wall_read(BYTES_LITERAL("1970-01-01T00:00:00\0Z"), &t) == ERR_VALUE && t.s == 42);
	CHECK(wall_read(BYTES_NONE, &t) == ERR_VALUE && t.s == 42);
}

static bool there_and_back(int64_t s)
{
	char text[WALL_TEXT_BYTES];
	struct wall again;
	return wall_write((struct wall){s}, text) == OK && wall_read(bytes_of(text, sizeof text), &again) == OK &&
	       again.s == s;
}

/* Cut anywhere and any bit flipped: refused, or read as a date that can be written. */
TEST(survives_every_cut_and_every_flipped_bit)
{
	for (size_t i = 0; i < GOOD_N; i++) {
		uint8_t copy[80];
		size_t n = strlen(good[i].text);
		struct wall t;
		memcpy(copy, good[i].text, n);
		for (size_t cut = 0; cut < n; cut++)
			CHECK(wall_read(bytes_of(copy, cut), &t) == ERR_VALUE);
		for (size_t bit = 0; bit < 8 * n; bit++) {
			copy[bit / 8] ^= (uint8_t)(1U << bit % 8);
			CHECK(wall_read(bytes_of(copy, n), &t) != OK || there_and_back(t.s));
			copy[bit / 8] ^= (uint8_t)(1U << bit % 8);
		}
	}
}

/* Written as libc would write it, and read back; s in the range of years 1 to 9999. */
static bool agrees_with_libc(int64_t s)
{
	time_t libc_s = (time_t)s;
	struct tm tm;
	char want[96] = "", got[WALL_TEXT_BYTES];
	if (gmtime_r(&libc_s, &tm) == NULL || timegm(&tm) != libc_s)
		return false;
	(void)snprintf(want, sizeof want, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
		       tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	return wall_write((struct wall){s}, got) == OK && bytes_is(bytes_of(got, sizeof got), want) &&
	       there_and_back(s);
}

TEST(agrees_with_libc_at_random_times)
{
	uint64_t state = 20261121;
	for (unsigned i = 0; i < 300000; i++) {
		state = state * 6364136223846793005U + 1442695040888963407U;
		int64_t s = FIRST_S + (int64_t)((state >> 16) % (uint64_t)(LAST_S - FIRST_S + 1));
		if (!CHECK(agrees_with_libc(s))) {
			printf("# at %lld\n", (long long)s);
			break;
		}
	}
}

TEST(agrees_with_libc_on_both_sides_of_every_month)
{
	for (int y = 0; y < 9999; y++)
		for (int m = 0; m < 12; m++) {
			struct tm tm = {.tm_year = y + 1 - 1900, .tm_mon = m, .tm_mday = 1};
			int64_t s = timegm(&tm);
			if (!CHECK(agrees_with_libc(s) && (s == FIRST_S || agrees_with_libc(s - 1))))
				return;
		}
}

TEST(only_years_1_to_9999_are_written)
{
	static const int64_t out[] = {FIRST_S - 1, LAST_S + 1, INT64_MIN, INT64_MIN + 1, INT64_MAX, -62167219200};
	char text[WALL_TEXT_BYTES + 1];
	memset(text, 'x', sizeof text);
	for (size_t i = 0; i < sizeof out / sizeof out[0]; i++)
		CHECK(wall_write((struct wall){out[i]}, text) == ERR_VALUE && text[0] == 'x');
	CHECK(wall_write((struct wall){LAST_S}, text) == OK && text[WALL_TEXT_BYTES] == 'x');
	CHECK(bytes_is(bytes_of(text, WALL_TEXT_BYTES), "9999-12-31T23:59:59Z"));
	CHECK(wall_write((struct wall){FIRST_S}, text) == OK);
	CHECK(bytes_is(bytes_of(text, WALL_TEXT_BYTES), "0001-01-01T00:00:00Z"));
}

int main(void)
{
	RUN(dates_that_are_read);
	RUN(dates_that_are_refused);
	RUN(survives_every_cut_and_every_flipped_bit);
	RUN(agrees_with_libc_at_random_times);
	RUN(agrees_with_libc_on_both_sides_of_every_month);
	RUN(only_years_1_to_9999_are_written);
	return test_end();
}
