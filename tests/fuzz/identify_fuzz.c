/* What strangers say about themselves: views within the message, and what was read is written and read
 * again as the same; envelopes with it. */
#include <assert.h>

#include "core/err.h"
#include "core/varint.h"
#include "p2p/envelope.h"
#include "p2p/identify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void within(struct bytes v, const uint8_t *data, size_t size)
{
	assert(v.n == 0 || (v.p >= data && v.p + v.n <= data + size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct identify id, again;
	static struct peer_record record;
	static uint8_t made[2 * IDENTIFY_BYTES_MAX];
	if (envelope_read(&record, bytes_of(data, size)) == OK)
		for (size_t i = 0; i < record.addresses_n; i++)
			within(record.addresses[i], data, size);
	if (identify_read(&id, bytes_of(data, size)) != OK)
		return 0;
	within(id.key, data, size);
	within(id.signed_record, data, size);
	for (size_t i = 0; i < id.protocols_n; i++)
		within(id.protocols[i], data, size);
	for (size_t i = 0; i < id.addresses_n; i++)
		within(id.addresses[i], data, size);
	struct writer w = writer_of(made, sizeof made);
	assert(identify_write(&w, &id) == OK);
	struct reader r = reader_of(writer_view(&w));
	const uint64_t n = varint_read(&r);
	assert(n == r.left.n && identify_read(&again, r.left) == OK);
	assert(again.addresses_n == id.addresses_n && again.protocols_n == id.protocols_n);
	assert(bytes_equal(again.key, id.key) && bytes_equal(again.agent_version, id.agent_version));
	return 0;
}
