/* Names with anybody's bytes: what is read is written as it was. */
#include <assert.h>

#include "swarm/content_hash.h"
#include "swarm/namehash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum content_hash_codec codec, again;
	struct reference r, same;
	struct why why;
	uint8_t out[128], hash[KECCAK256_BYTES];
	const struct bytes in = bytes_of(data, size);
	if (content_hash_read(in, &codec, &r, &why) == OK) {
		const size_t n = content_hash_write(codec, &r, out);
		assert(bytes_equal(in, bytes_of(out, n)));
	}
	if (content_hash_cid_read(in, &codec, &r, &why) == OK) {
		for (unsigned base = CONTENT_HASH_BASE16; base <= CONTENT_HASH_BASE58; base++) {
			struct writer w = writer_of(out, sizeof out);
			content_hash_cid_write(&w, (enum content_hash_base)base, codec, &r);
			const int err = content_hash_cid_read(writer_view(&w), &again, &same, &why);
			assert(err == OK && again == codec &&
			       bytes_equal(bytes_of(same.address, REFERENCE_BYTES),
					   bytes_of(r.address, REFERENCE_BYTES)));
		}
	}
	const int err = namehash_of(in, hash);
	assert(err == OK || err == ERR_VALUE || err == ERR_LIMIT);
	return 0;
}
