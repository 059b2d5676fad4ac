#include "core/wall.h"

#include "core/err.h"

#define DAY_S 86400

/* Days since 1970-01-01 of a proleptic Gregorian date, and back, counting years from March so
 * that the leap day is the last of a year; an era is 400 years of 146,097 days. */
static int64_t days_from_date(int64_t y, int64_t m, int64_t d)
{
	y -= m <= 2;
	int64_t era = y / 400, year = y % 400; /* y >= 0 here */
	int64_t day = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + year * 365 + year / 4 - year / 100 + day - 719468;
}

static void date_from_days(int64_t days, int64_t *y, int64_t *m, int64_t *d)
{
	days += 719468; /* >= 0 here: year 0001 and later */
	int64_t era = days / 146097, rest = days % 146097;
	int64_t year = (rest - rest / 1460 + rest / 36524 - rest / 146096) / 365;
	int64_t day = rest - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * day + 2) / 153;
	*d = day - (153 * month + 2) / 5 + 1;
	*m = month < 10 ? month + 3 : month - 9;
	*y = year + era * 400 + (*m <= 2);
}

static int64_t month_days(int64_t y, int64_t m)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
	return m == 2 && leap ? 29 : days[m - 1];
}

static int64_t take_digits(struct reader *r, unsigned n)
{
	int64_t v = 0;
	for (unsigned i = 0; i < n; i++) {
		uint8_t c = read_u8(r);
		if (c < '0' || c > '9')
			r->dead = true;
		else
			v = v * 10 + (c - '0');
	}
	return v;
}

static void expect(struct reader *r, uint8_t a, uint8_t b)
{
	uint8_t c = read_u8(r);
	if (c != a && c != b)
		r->dead = true;
}

static void skip_fraction(struct reader *r)
{
	if (r->dead || r->left.n == 0 || r->left.p[0] != '.')
		return;
	(void)read_u8(r);
	(void)take_digits(r, 1);
	while (!r->dead && r->left.n > 0 && r->left.p[0] >= '0' && r->left.p[0] <= '9')
		(void)read_u8(r);
}

/* Seconds east of UTC. */
static int64_t take_offset(struct reader *r)
{
	uint8_t c = read_u8(r);
	if (c == 'Z' || c == 'z')
		return 0;
	int64_t h = take_digits(r, 2);
	expect(r, ':', ':');
	int64_t m = take_digits(r, 2);
	if ((c != '+' && c != '-') || h > 23 || m > 59)
		r->dead = true;
	return (c == '-' ? -1 : 1) * (h * 3600 + m * 60);
}

/* "YYYY-MM-DDThh:mm:ss" as if it were UTC; dead when a field is out of its range. *leap: second 60. */
static int64_t take_date_time(struct reader *r, bool *leap)
{
	int64_t y = take_digits(r, 4);
	expect(r, '-', '-');
	int64_t mo = take_digits(r, 2);
	expect(r, '-', '-');
	int64_t d = take_digits(r, 2);
	expect(r, 'T', 't');
	int64_t h = take_digits(r, 2);
	expect(r, ':', ':');
	int64_t mi = take_digits(r, 2);
	expect(r, ':', ':');
	int64_t s = take_digits(r, 2);
	*leap = s == 60;
	if (*leap)
		s = 59;
	if (r->dead || y < 1 || mo < 1 || mo > 12 || d < 1 || d > month_days(y, mo) || h > 23 || mi > 59 || s > 59) {
		r->dead = true;
		return 0;
	}
	return days_from_date(y, mo, d) * DAY_S + h * 3600 + mi * 60 + s;
}

static bool is_writable(int64_t s)
{
	return s >= days_from_date(1, 1, 1) * DAY_S && s < days_from_date(10000, 1, 1) * DAY_S;
}

int wall_read(struct bytes text, struct wall *out)
{
	struct reader r = reader_of(text);
	bool leap;
	int64_t s = take_date_time(&r, &leap);
	skip_fraction(&r);
	s -= take_offset(&r);
	if (!reader_done(&r) || !is_writable(s) || (leap && (s + 1) % DAY_S != 0))
		return ERR_VALUE;
	out->s = s;
	return OK;
}

static void put_digits(char *p, int64_t v, unsigned n)
{
	for (unsigned i = n; i > 0; i--, v /= 10)
		p[i - 1] = (char)('0' + v % 10);
}

int wall_write(struct wall t, char out[static WALL_TEXT_BYTES])
{
	if (!is_writable(t.s))
		return ERR_VALUE;
	int64_t rest = (t.s % DAY_S + DAY_S) % DAY_S, y, m, d;
	date_from_days((t.s - rest) / DAY_S, &y, &m, &d);
	static const char form[] = "0000-00-00T00:00:00Z";
	for (unsigned i = 0; i < WALL_TEXT_BYTES; i++)
		out[i] = form[i];
	put_digits(out, y, 4);
	put_digits(out + 5, m, 2);
	put_digits(out + 8, d, 2);
	put_digits(out + 11, rest / 3600, 2);
	put_digits(out + 14, rest / 60 % 60, 2);
	put_digits(out + 17, rest % 60, 2);
	return OK;
}
