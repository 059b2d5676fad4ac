/* The configuration of SWFETCH.EFI and its load options, cut where the first byte says. */
#include <assert.h>
#include <stdalign.h>

#include "fetch/boot_config.h"
#include "http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static alignas(16) uint8_t memory[BOOT_CONFIG_ARENA_BYTES];
	static struct boot_config c;
	struct arena a = arena_of(memory, sizeof memory);
	struct boot_options o;
	struct why why;
	if (size < 1)
		return 0;
	size_t options_n = data[0] < size - 1 ? data[0] : size - 1;
	struct bytes options = bytes_of(data + 1, options_n), text = bytes_skip(bytes_of(data, size), 1 + options_n);
	c.providers.n = 0;
	if (boot_config_read(&c, text, &a, &why) != OK)
		c = (struct boot_config){.attempts = 1};
	if (boot_options_read(&o, options, &why) == OK && boot_config_override(&c, &o, &why) == OK)
		for (size_t i = 0; i < c.providers.n; i++)
			assert(url_ok(c.providers.v[i]));
	assert(c.providers.n <= BOOT_TEXTS_MAX && c.bridges.n <= BOOT_TEXTS_MAX && c.resolvers.n <= BOOT_TEXTS_MAX);
	return 0;
}
