#include "http/answer.h"

#include "core/decimal.h"
#include "core/err.h"

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* The value of field name (lower case), when line is that field. */
static bool field(struct bytes line, const char *name, struct bytes *value)
{
	struct bytes n = bytes_text(name);
	if (line.n <= n.n || line.p[n.n] != ':')
		return false;
	for (size_t i = 0; i < n.n; i++)
		if (lower(line.p[i]) != n.p[i])
			return false;
	line = bytes_skip(line, n.n + 1);
	while (line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t'))
		line = bytes_skip(line, 1);
	while (line.n > 0 && (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\t'))
		line.n--;
	*value = line;
	return true;
}

/* "HTTP/1.1 206 …" */
static bool status_line(struct bytes line, unsigned *status)
{
	uint64_t code;
	if (!bytes_starts(line, "HTTP/") || line.n < 12 || line.p[8] != ' ' ||
	    decimal_read(bytes_of(line.p + 9, 3), &code) != OK || (line.n > 12 && line.p[12] != ' '))
		return false;
	*status = (unsigned)code;
	return true;
}

static void take_length(struct answer *a, struct bytes value)
{
	uint64_t length;
	if (decimal_read(value, &length) != OK || (a->has_length && length != a->length)) {
		a->misfit = true;
		return;
	}
	a->has_length = true;
	a->length = length;
}

/* Whether a list of words, in either case, has this one (lower case). */
static bool lists(struct bytes value, const char *word)
{
	struct bytes w = bytes_text(word);
	while (value.n > 0) {
		size_t n = 0, same = 0;
		while (n < value.n && value.p[n] != ',')
			n++;
		struct bytes item = bytes_of(value.p, n);
		while (item.n > 0 && (item.p[0] == ' ' || item.p[0] == '\t'))
			item = bytes_skip(item, 1);
		while (item.n > 0 && (item.p[item.n - 1] == ' ' || item.p[item.n - 1] == '\t'))
			item.n--;
		while (item.n == w.n && same < w.n && lower(item.p[same]) == w.p[same])
			same++;
		if (item.n == w.n && same == w.n)
			return true;
		value = bytes_skip(value, n + 1);
	}
	return false;
}

static void take_coding(struct answer *a, struct bytes value)
{
	if (a->chunked || value.n != 7 || !lists(value, "chunked"))
		a->misfit = true;
	a->chunked = true;
}

static void take_range(struct answer *a, struct bytes value)
{
	struct range range;
	uint64_t size;
	if (a->has_range || content_range_read(value, &range, &size) != OK) {
		a->misfit = true;
		return;
	}
	a->has_range = true;
	a->range = range;
	a->range_size = size;
}

void answer_line(struct answer *a, struct bytes line)
{
	struct bytes value;
	unsigned status;
	while (line.n > 0 && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
		line.n--;
	if (status_line(line, &status))
		*a = (struct answer){.status = status, .close = line.p[7] == '0'}; /* HTTP/1.0 */
	else if (field(line, "content-length", &value))
		take_length(a, value);
	else if (field(line, "transfer-encoding", &value))
		take_coding(a, value);
	else if (field(line, "connection", &value))
		a->close |= lists(value, "close");
	else if (a->status == 206 && field(line, "content-range", &value))
		take_range(a, value);
}

static int judge_part(const struct answer *a, const struct asked *asked)
{
	if (asked->whole || !a->has_range || a->misfit)
		return ERR_PROTOCOL;
	if (a->range_size != asked->size)
		return ERR_SIZE;
	bool right = a->range.first == asked->offset && a->range.last - a->range.first == asked->length - 1;
	return right && (!a->has_length || a->length == asked->length) ? OK : ERR_PROTOCOL;
}

static int judge_whole(const struct answer *a, const struct asked *asked)
{
	if (a->has_length && a->length != asked->size)
		return ERR_SIZE;
	bool right = asked->whole || (asked->offset == 0 && asked->length == asked->size);
	return right && !a->misfit ? OK : ERR_PROTOCOL;
}

int answer_judge_document(const struct answer *a)
{
	const struct asked any = {.offset = 0, .length = a->length, .size = a->length, .whole = true};
	return a->status == 206 ? ERR_PROTOCOL : answer_judge(a, &any);
}

int answer_judge(const struct answer *a, const struct asked *asked)
{
	switch (a->status) {
	case 200:
		return judge_whole(a, asked);
	case 206:
		return judge_part(a, asked);
	case 403:
	case 404:
	case 410:
		return ERR_NOT_FOUND;
	case 416:
		return ERR_SIZE;
	default:
		return ERR_SOURCE;
	}
}
