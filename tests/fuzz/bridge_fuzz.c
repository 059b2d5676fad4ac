/* Any bytes as what a bridge and its client say: refused, or what was read can be written, and reads as the same; in
 * pieces as in one. */
#include <stdlib.h>
#include <string.h>

#include "swarm/bridge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void need(bool holds)
{
	if (!holds)
		abort();
}

static void as_request(struct bytes line)
{
	struct bridge_request r, again;
	uint8_t out[BRIDGE_LINE_BYTES_MAX];
	struct writer w = writer_of(out, sizeof out);
	if (bridge_request_read(&r, line, NULL) != OK)
		return;
	bridge_request_write(&w, &r);
	need(!w.full && bridge_request_read(&again, bytes_of(out, w.n - 1), NULL) == OK);
	need(again.type == r.type && memcmp(again.hash, r.hash, sizeof r.hash) == 0);
	need(again.ranged == r.ranged && again.offset == r.offset && again.length == r.length);
}

static void as_answer(struct bytes line)
{
	struct bridge_answer a, again;
	uint8_t out[BRIDGE_LINE_BYTES_MAX];
	struct writer w = writer_of(out, sizeof out);
	if (bridge_answer_read(&a, line, NULL) != OK)
		return;
	if (!a.ok)
		bridge_answer_write_error(&w, bytes_of(a.error, a.error_n));
	else if (a.has_total)
		bridge_answer_write_part(&w, a.size, a.total);
	else
		bridge_answer_write(&w, a.size);
	need(!w.full && bridge_answer_read(&again, bytes_of(out, w.n - 1), NULL) == OK);
	need(again.ok == a.ok && again.size == a.size && again.has_total == a.has_total && again.total == a.total);
	need(again.error_n <= a.error_n && memcmp(again.error, a.error, again.error_n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n == 0)
		return 0;
	uint8_t *exact = malloc(n); /* a sanitizer sees a byte too far */
	if (exact == NULL)
		return 0;
	memcpy(exact, data, n);
	struct bridge_line whole = {.n = 0}, pieces = {.n = 0};
	size_t used = 0, at = 0, more = 0;
	const int err = bridge_line_take(&whole, bytes_of(exact, n), &used);
	int piecewise = OK;
	while (at < n && piecewise == OK && !pieces.whole) {
		const size_t step = 1 + exact[at] % 7;
		piecewise = bridge_line_take(&pieces, bytes_of(exact + at, step < n - at ? step : n - at), &more);
		at += piecewise == OK ? more : 0;
	}
	need(piecewise == err);
	if (err == OK) {
		need(at == used && pieces.whole == whole.whole);
		need(bytes_equal(bridge_line_text(&pieces), bridge_line_text(&whole)));
		as_request(bridge_line_text(&whole));
		as_answer(bridge_line_text(&whole));
	}
	as_request(bytes_of(exact, n));
	as_answer(bytes_of(exact, n));
	free(exact);
	return 0;
}
