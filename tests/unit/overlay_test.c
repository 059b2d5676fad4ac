/* Overlay addresses, nearness and prices, against bee's own. */
#include "swarm/overlay.h"

#include "swarm/price.h"
#include "swarm_fixture.h"

TEST(addresses_are_bees)
{
	const cJSON *row;
	int i;
	for (i = 0; (row = fixture_row("overlay", i)) != NULL; i++) {
		uint8_t owner[20], nonce[32], wanted[32], overlay[32];
		fixture_bytes(row, "eth_address", owner, sizeof owner);
		fixture_bytes(row, "nonce", nonce, sizeof nonce);
		fixture_bytes(row, "overlay", wanted, sizeof wanted);
		const int network = cJSON_GetObjectItem(row, "network_id")->valueint;
		overlay_address(owner, (uint64_t)network, nonce, overlay);
		CHECK(memcmp(overlay, wanted, 32) == 0);
		overlay_address(owner, (uint64_t)network + (UINT64_C(1) << 56), nonce, overlay);
		CHECK(memcmp(overlay, wanted, 32) != 0);
	}
	CHECK(i == 4);
}

TEST(orders_and_prices_are_bees)
{
	cJSON *json = test_vectors("swarm-pricing.json");
	const cJSON *row;
	uint8_t a[32] = {0}, b[32], target[32];
	unsigned n = 0;
	cJSON_ArrayForEach(row, cJSON_GetObjectItem(json, "price_by_po"))
	{
		const unsigned order = (unsigned)cJSON_GetObjectItem(row, "po")->valueint;
		memset(b, 0xff, sizeof b); /* the bits behind the first that differs count for nothing */
		for (unsigned i = 0; i < order; i++)
			b[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
		CHECK(overlay_order(a, b) == order && overlay_order(b, a) == order);
		CHECK(price_of(a, b) == (uint64_t)cJSON_GetObjectItem(row, "price")->valueint);
		n++;
	}
	CHECK(n == 32);
	cJSON_ArrayForEach(row, cJSON_GetObjectItem(json, "po_examples"))
	{
		fixture_bytes(row, "a", a, sizeof a);
		fixture_bytes(row, "b", b, sizeof b);
		CHECK(overlay_order(a, b) == (unsigned)cJSON_GetObjectItem(row, "po")->valueint);
	}
	row = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "distance_cmp"), 0);
	fixture_bytes(row, "target", target, sizeof target);
	fixture_bytes(row, "x", a, sizeof a);
	fixture_bytes(row, "y", b, sizeof b);
	CHECK(overlay_compare(target, a, b) < 0 && overlay_compare(target, b, a) > 0);
	CHECK(overlay_compare(target, a, a) == 0);
	/* the last bit decides when all others are equal, though the order cannot tell */
	memcpy(b, a, sizeof b);
	b[31] ^= 1;
	CHECK(overlay_compare(a, a, b) < 0 && overlay_compare(b, a, b) > 0 && overlay_order(a, b) == 31);
	cJSON_Delete(json);
}

int main(void)
{
	RUN(addresses_are_bees);
	RUN(orders_and_prices_are_bees);
	return fixture_end();
}
