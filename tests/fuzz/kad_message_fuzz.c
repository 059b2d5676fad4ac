/* Messages of strangers: views within the message, and what was read is written and read again as the same. */
#include <assert.h>

#include "core/err.h"
#include "kad/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void within(struct bytes v, const uint8_t *data, size_t size)
{
	assert(v.n == 0 || (v.p >= data && v.p + v.n <= data + size));
}

static unsigned copy_peers(struct writer *w, const struct kad_message *m, enum kad_field field)
{
	struct kad_contact c;
	unsigned n = 0;
	for (struct kad_peers p = kad_message_peers(m, field); kad_peers_next(&p, KAD_SCOPE_LOOPBACK, &c); n++)
		kad_message_write_peer(w, field, &c);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t made[1 << 17];
	struct kad_message m, again;
	if (size > KAD_REQUEST_BYTES_MAX || kad_message_read(&m, bytes_of(data, size)) != OK)
		return 0;
	within(m.key, data, size);
	within(m.record_key, data, size);
	within(m.value, data, size);
	within(m.time_received, data, size);
	struct writer w = writer_of(made, sizeof made), nowhere = writer_of(made, 0);
	kad_message_begin(&w, m.type, m.key);
	if (m.has_record)
		kad_message_write_record(&w, m.record_key, m.value, m.time_received);
	const unsigned closer = copy_peers(&w, &m, KAD_CLOSER), providers = copy_peers(&w, &m, KAD_PROVIDERS);
	assert(!w.full && kad_message_read(&again, writer_view(&w)) == OK);
	assert(again.type == m.type && bytes_equal(again.key, m.key) && bytes_equal(again.value, m.value));
	assert(copy_peers(&nowhere, &again, KAD_CLOSER) == closer);
	assert(copy_peers(&nowhere, &again, KAD_PROVIDERS) == providers);
	return 0;
}
