/* The head of a hostile server's answer: what is found right gives exactly the bytes asked for. */
#include <assert.h>
#include <string.h>

#include "core/err.h"
#include "http/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct answer a = {.status = 0};
	if (size < 4)
		return 0;
	struct asked asked = {.size = 1 + data[0] * 7U, .whole = data[3] & 1};
	asked.offset = asked.whole ? 0 : data[1] % asked.size;
	asked.length = asked.whole ? asked.size : 1 + data[2] % (asked.size - asked.offset);
	struct bytes head = bytes_of(data + 4, size - 4);
	while (head.n > 0) {
		const uint8_t *end = memchr(head.p, '\n', head.n);
		size_t n = end == NULL ? head.n : (size_t)(end - head.p) + 1;
		answer_line(&a, bytes_of(head.p, n));
		head = bytes_skip(head, n);
	}
	if (answer_judge(&a, &asked) != OK)
		return 0;
	assert(a.status == 200 || a.status == 206);
	assert(!a.misfit && (!a.has_length || a.length == asked.length));
	assert(a.status == 200 ? asked.length == asked.size
			       : a.range.first == asked.offset && a.range.last == asked.offset + asked.length - 1);
	return 0;
}
