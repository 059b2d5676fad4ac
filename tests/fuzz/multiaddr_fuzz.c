/* Addresses that strangers send: read within bounds, and what is one has a text that gives it back. */
#include <assert.h>

#include "core/err.h"
#include "p2p/multiaddr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t text[MULTIADDR_TEXT_MAX], address[MULTIADDR_BYTES_MAX];
	struct writer w = writer_of(text, sizeof text), back = writer_of(address, sizeof address);
	if (multiaddr_check(bytes_of(data, size)) == OK) {
		assert(multiaddr_write_text(&w, bytes_of(data, size)) == OK);
		assert(multiaddr_parse(&back, writer_view(&w)) == OK);
		assert(bytes_equal(writer_view(&back), bytes_of(data, size)));
	}
	back = writer_of(address, sizeof address);
	if (multiaddr_parse(&back, bytes_of(data, size)) == OK)
		assert(multiaddr_check(writer_view(&back)) == OK);
	return 0;
}
