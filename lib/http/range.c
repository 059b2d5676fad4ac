#include "http/range.h"

#include "core/err.h"

static void skip_blanks(struct bytes *in)
{
	while (in->n > 0 && (in->p[0] == ' ' || in->p[0] == '\t'))
		*in = bytes_skip(*in, 1);
}

static bool take(struct bytes *in, uint8_t c)
{
	if (in->n == 0 || in->p[0] != c)
		return false;
	*in = bytes_skip(*in, 1);
	return true;
}

/* Digits as a number that stops growing at UINT64_MAX; *any says whether there were some. */
static uint64_t take_number(struct bytes *in, bool *any)
{
	uint64_t v = 0;
	*any = false;
	while (in->n > 0 && in->p[0] >= '0' && in->p[0] <= '9') {
		if (__builtin_mul_overflow(v, 10U, &v) || __builtin_add_overflow(v, (uint64_t)(in->p[0] - '0'), &v))
			v = UINT64_MAX;
		*in = bytes_skip(*in, 1);
		*any = true;
	}
	return v;
}

static bool take_unit(struct bytes *in)
{
	static const char unit[] = "bytes=";
	if (in->n < sizeof unit - 1)
		return false;
	for (size_t i = 0; i < 5; i++)
		if ((in->p[i] | 0x20) != unit[i])
			return false;
	if (in->p[5] != '=')
		return false;
	*in = bytes_skip(*in, 6);
	return true;
}

enum spec { SPEC_BAD, SPEC_REVERSED, SPEC_OUTSIDE, SPEC_INSIDE };

/* One of first-last, first-, -suffix; an end beyond the size is clamped. */
static enum spec take_spec(struct bytes *in, uint64_t size, struct range *r)
{
	bool has_first, has_last;
	skip_blanks(in);
	uint64_t first = take_number(in, &has_first);
	skip_blanks(in);
	if (!take(in, '-'))
		return SPEC_BAD;
	skip_blanks(in);
	uint64_t last = take_number(in, &has_last);
	skip_blanks(in);
	if ((!has_first && !has_last) || (in->n > 0 && in->p[0] != ','))
		return SPEC_BAD;
	if (!has_first) { /* the last bytes of the whole */
		if (last == 0 || size == 0)
			return SPEC_OUTSIDE;
		*r = (struct range){last >= size ? 0 : size - last, size - 1};
		return SPEC_INSIDE;
	}
	if (first == UINT64_MAX || last == UINT64_MAX)
		return SPEC_BAD;
	if (has_last && last < first)
		return SPEC_REVERSED;
	if (first >= size)
		return SPEC_OUTSIDE;
	*r = (struct range){first, has_last && last < size ? last : size - 1};
	return SPEC_INSIDE;
}

enum range_answer range_read(struct bytes header, uint64_t size, struct ranges *ranges)
{
	struct ranges found = {.n = 0};
	uint64_t left = size;
	bool whole = false, reversed = false;
	if (!take_unit(&header) || header.n == 0)
		return RANGE_WHOLE;
	do {
		struct range r;
		enum spec spec = take_spec(&header, size, &r);
		if (spec == SPEC_BAD)
			return RANGE_REFUSED;
		reversed |= spec == SPEC_REVERSED;
		if (spec != SPEC_INSIDE || whole)
			continue;
		whole = found.n == RANGES_MAX || r.last - r.first >= left; /* more bytes than the whole has */
		if (!whole) {
			left -= r.last - r.first + 1;
			found.v[found.n++] = r;
		}
	} while (take(&header, ','));
	if (whole)
		return RANGE_WHOLE;
	if (found.n == 0) /* an empty file has no range that could be asked for wrongly */
		return size == 0 && !reversed ? RANGE_WHOLE : RANGE_REFUSED;
	*ranges = found;
	return RANGE_PARTIAL;
}

int content_range_read(struct bytes header, struct range *range, uint64_t *size)
{
	bool any_first, any_last, any_size;
	if (!bytes_starts(header, "bytes "))
		return ERR_PROTOCOL;
	header = bytes_skip(header, 6);
	uint64_t first = take_number(&header, &any_first);
	if (!take(&header, '-'))
		return ERR_PROTOCOL;
	uint64_t last = take_number(&header, &any_last);
	if (!take(&header, '/'))
		return ERR_PROTOCOL;
	uint64_t whole = take_number(&header, &any_size);
	if (!any_first || !any_last || !any_size || header.n != 0 || whole == UINT64_MAX || first > last ||
	    last >= whole)
		return ERR_PROTOCOL;
	*range = (struct range){first, last};
	*size = whole;
	return OK;
}
