/* Records of strangers: what is read is printable, has a URL that leads nowhere forbidden, and written and read
 * again it is the same. The first byte chooses the key. */
#include <assert.h>

#include "core/utf8.h"
#include "kad/record.h"
#include "kad/record_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t memory[2][KAD_RECORD_ARENA_BYTES], made[4 * KAD_RECORD_BYTES_MAX];
	struct arena a = arena_of(memory[0], sizeof memory[0]), b = arena_of(memory[1], sizeof memory[1]);
	struct kad_record r, again;
	struct why why;
	struct bytes authority;
	uint64_t left_s = 0;
	if (size == 0)
		return 0;
	const struct bytes key = data[0] % 2 == 0 ? BYTES_LITERAL("/phase/stable/x86_64/manifest")
						  : BYTES_LITERAL("/phase/testing/aarch64/manifest");
	const struct bytes value = bytes_of(data + 1, size - 1);
	const struct wall now = {1767323045};
	if (kad_record_rules.check(key, value, KAD_SCOPE_PRIVATE, now, &left_s) == OK) {
		assert(left_s <= KAD_RECORD_TTL_MAX_S);
		assert(kad_record_read(&r, key, value, KAD_SCOPE_PRIVATE, &a, &why) == OK);
	}
	a = arena_of(memory[0], sizeof memory[0]);
	(void)kad_record_read_key(value, &authority, &(const char *){NULL});
	if (kad_record_read(&r, key, value, KAD_SCOPE_LOOPBACK, &a, &why) != OK)
		return 0;
	assert(kad_record_url_ok(r.manifest_url, KAD_SCOPE_LOOPBACK, &authority));
	(void)kad_record_judge(&r, now);
	if (r.bare)
		return 0;
	assert(utf8_printable(r.http_addr) && utf8_printable(r.manifest_version));
	struct writer w = writer_of(made, sizeof made);
	const int err = kad_record_write(&w, &r);
	assert(err == OK);
	if (w.n > KAD_RECORD_BYTES_MAX)
		return 0;
	assert(kad_record_read(&again, key, writer_view(&w), KAD_SCOPE_LOOPBACK, &b, &why) == OK);
	assert(kad_record_same_provider(&r, &again) && kad_record_order(&r, &again) == 0);
	return 0;
}
