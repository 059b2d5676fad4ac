/* A hostile resolver's or neighbour's message: reading ends, and stays within it. */
#include <assert.h>

#include "p2p/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dns_message m;
	static struct dns_record r;
	static struct dns_name name;
	struct bytes value;
	unsigned records = 0;
	if (dns_message_read(&m, bytes_of(data, size)) != OK)
		return 0;
	if (dns_alias_follow(&m, &name) == OK)
		assert(name.n <= sizeof name.text);
	while (dns_record_read(&m, &r) == OK) {
		assert(r.data.p >= data && r.data.n <= size && r.name.n <= sizeof r.name.text);
		assert(r.target.n <= sizeof r.target.text);
		if (dns_txt_value(&r, "channel", &value))
			assert(value.p >= r.data.p && value.n <= r.data.n);
		records++;
	}
	assert(records <= size);
	return 0;
}
