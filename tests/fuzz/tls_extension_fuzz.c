/* The extension of strangers' certificates: views within it, bounded, and one spelling only. The first two bytes
 * say how much of the input is the extension, the rest is the certificate's key. */
#include <assert.h>
#include <string.h>

#include "core/err.h"
#include "p2p/tls_extension.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_length(struct writer *w, size_t n)
{
	if (n >= 0x100)
		write_u8(w, 0x82);
	else if (n >= 0x80)
		write_u8(w, 0x81);
	if (n >= 0x100)
		write_be16(w, (uint16_t)n);
	else
		write_u8(w, (uint8_t)n);
}

static size_t element_n(size_t n)
{
	return n + (n >= 0x100 ? 4 : n >= 0x80 ? 3 : 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t made[4096];
	struct reader r = reader_of(bytes_of(data, size));
	const size_t n = read_be16(&r) % (r.left.n + 1);
	const struct bytes der = read_bytes(&r, n);
	struct tls_extension e;
	struct peer_id peer = {.n = 0};
	if (tls_extension_read(&e, der) != OK)
		return 0;
	assert(e.key.n <= PEER_KEY_BYTES_MAX && e.signature.n <= TLS_EXTENSION_SIGNATURE_BYTES_MAX);
	struct writer w = writer_of(made, sizeof made);
	write_u8(&w, 0x30);
	write_length(&w, element_n(e.key.n) + element_n(e.signature.n));
	write_u8(&w, 4);
	write_length(&w, e.key.n);
	write_bytes(&w, e.key);
	write_u8(&w, 4);
	write_length(&w, e.signature.n);
	write_bytes(&w, e.signature);
	assert(bytes_equal(writer_view(&w), der));
	const int err = tls_extension_verify(&e, r.left, &peer);
	assert((err == OK) == (peer.n > 0));
	return 0;
}
