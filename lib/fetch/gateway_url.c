#include "fetch/gateway_url.h"

#include "core/hex.h"

struct bytes gateway_url_root(struct bytes gateway)
{
	while (gateway.n > 0 && gateway.p[gateway.n - 1] == '/')
		gateway.n--;
	return gateway;
}

void gateway_url_write(struct bytes gateway, const char *path, const uint8_t address[static REFERENCE_BYTES],
		       struct writer *w)
{
	char text[2 * REFERENCE_BYTES];
	hex_encode(bytes_of(address, REFERENCE_BYTES), text);
	write_bytes(w, gateway_url_root(gateway));
	write_text(w, path);
	write_bytes(w, bytes_of(text, sizeof text));
}
