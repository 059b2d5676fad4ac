#include "swarm/underlay.h"

#include "p2p/multiaddr.h"
#include "swarm_fixture.h"

static uint8_t wire[4096], made[4096];

TEST(bees_lists)
{
	const cJSON *row;
	int i;
	for (i = 0; (row = fixture_row("underlay_list", i)) != NULL; i++) {
		const struct bytes field = fixture_bytes(row, "hex", wire, sizeof wire);
		const cJSON *text, *texts = cJSON_GetObjectItem(row, "addrs");
		struct bytes addresses[4], address;
		size_t n = 0, found;
		struct writer w = writer_of(made, 1024), list = writer_of(made + 1024, 1024);
		struct underlay u = underlay_of(field);
		cJSON_ArrayForEach(text, texts)
		{
			const size_t begun = w.n;
			CHECK(multiaddr_parse(&w, bytes_text(text->valuestring)) == OK);
			addresses[n++] = bytes_of(made + begun, w.n - begun);
			CHECK(underlay_next(&u, &address) && bytes_equal(address, addresses[n - 1]));
		}
		CHECK(!underlay_next(&u, &address) && underlay_check(field, &found) == OK && found == n);
		underlay_write(&list, addresses, n);
		CHECK(bytes_equal(writer_view(&list), field));
	}
	CHECK(i == 3);
}

TEST(limits)
{
	static const uint8_t address[] = {4, 127, 0, 0, 1, 6, 6, 0x62};
	struct bytes addresses[UNDERLAY_ADDRESSES_MAX + 1];
	size_t n = 0;
	for (size_t i = 0; i <= UNDERLAY_ADDRESSES_MAX; i++)
		addresses[i] = bytes_of(address, sizeof address);
	struct writer w = writer_of(made, sizeof made);
	underlay_write(&w, addresses, UNDERLAY_ADDRESSES_MAX);
	CHECK(underlay_check(writer_view(&w), &n) == OK && n == UNDERLAY_ADDRESSES_MAX);
	for (size_t cut = 1; cut < w.n; cut++)
		CHECK(underlay_check(bytes_of(made, cut), &n) == (cut % 9 == 1 ? OK : ERR_VALUE));
	w = writer_of(made, sizeof made);
	underlay_write(&w, addresses, UNDERLAY_ADDRESSES_MAX + 1);
	CHECK(underlay_check(writer_view(&w), &n) == ERR_VALUE);
	CHECK(underlay_check(BYTES_NONE, &n) == ERR_VALUE);
	memset(made, 4, sizeof made);
	CHECK(underlay_check(bytes_of(made, UNDERLAY_BYTES_MAX), &n) == OK && n == 1);
	CHECK(underlay_check(bytes_of(made, UNDERLAY_BYTES_MAX + 1), &n) == ERR_VALUE);
}

/* A list with a protocol that nobody here knows, and one with junk: the others are found. */
TEST(unknown_addresses_are_passed_over)
{
	static const uint8_t list[] = {0x99, 3, 0x90, 0x03, 7, 8, 4, 127, 0, 0, 1, 6, 6, 0x62, 0, 2, 6, 1};
	struct underlay u = underlay_of(bytes_of(list, sizeof list));
	struct bytes address;
	size_t n;
	CHECK(underlay_check(bytes_of(list, sizeof list), &n) == OK && n == 4);
	CHECK(underlay_next(&u, &address) && address.p == list + 6 && address.n == 8);
	CHECK(!underlay_next(&u, &address));
}

int main(void)
{
	RUN(bees_lists);
	RUN(limits);
	RUN(unknown_addresses_are_passed_over);
	return fixture_end();
}
