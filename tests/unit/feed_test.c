/* Feeds: ids and addresses as bee's, updates of both forms, and the search for the newest. */
#include "swarm/feed.h"

#include "core/hex.h"
#include "test.h"

static struct bmt_scratch scratch;

static size_t decode(const cJSON *json, const char *name, uint8_t *out, size_t room)
{
	const char *text = test_text(json, name);
	CHECK(strlen(text) / 2 <= room && hex_decode(bytes_text(text), out, strlen(text) / 2) == OK);
	return strlen(text) / 2;
}

TEST(ids_and_addresses_are_bees)
{
	cJSON *json = test_vectors("swarm-feeds.json");
	const cJSON *v;
	unsigned n = 0;
	cJSON_ArrayForEach(v, cJSON_GetObjectItem(json, "sequence"))
	{
		uint8_t topic[32], owner[20], id[32], address[32], wanted[32];
		const uint64_t number = (uint64_t)cJSON_GetNumberValue(cJSON_GetObjectItem(v, "index"));
		decode(v, "topic", topic, 32);
		if (decode(v, "owner", owner, 20) == 0)
			continue;
		feed_id(bytes_of(topic, 32), number, id);
		decode(v, "id", wanted, 32);
		CHECK(memcmp(id, wanted, 32) == 0);
		feed_address(bytes_of(topic, 32), owner, number, address);
		decode(v, "address", wanted, 32);
		CHECK(memcmp(address, wanted, 32) == 0);
		n++;
	}
	CHECK(n == 3);
	cJSON_Delete(json);
}

TEST(ids_of_feeds_by_time)
{
	cJSON *json = test_vectors("swarm-feeds.json");
	const cJSON *v;
	unsigned n = 0;
	cJSON_ArrayForEach(v, cJSON_GetObjectItem(json, "epoch"))
	{
		uint8_t topic[32], owner[20], id[32], address[32], wanted[32];
		const uint64_t start = (uint64_t)cJSON_GetNumberValue(cJSON_GetObjectItem(v, "start"));
		const uint8_t level = (uint8_t)cJSON_GetNumberValue(cJSON_GetObjectItem(v, "level"));
		decode(v, "topic", topic, 32);
		decode(v, "owner", owner, 20);
		feed_epoch_id(bytes_of(topic, 32), start, level, id);
		decode(v, "id", wanted, 32);
		CHECK(memcmp(id, wanted, 32) == 0);
		soc_address(id, owner, address);
		decode(v, "address", wanted, 32);
		CHECK(memcmp(address, wanted, 32) == 0);
		n++;
	}
	CHECK(n == 5);
	cJSON_Delete(json);
}

TEST(a_signed_update_is_found_where_it_should_be)
{
	cJSON *json = test_vectors("swarm-feeds.json");
	const cJSON *v = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "sequence"), 3);
	uint8_t data[200], topic[32], address[32], id[32], found[32];
	struct chunk c;
	const size_t n = decode(v, "chunk_hex", data, sizeof data);
	decode(v, "topic", topic, 32);
	decode(v, "address", address, 32);
	CHECK(chunk_check(address, bytes_of(data, n), KECCAK_SCALAR, &scratch, &c) == OK);
	CHECK(c.kind == CHUNK_SINGLE_OWNER && bytes_is(bytes_skip(c.content, 8), "data"));
	feed_id(bytes_of(topic, 32), 0, id);
	CHECK(memcmp(c.id, id, 32) == 0);
	feed_address(bytes_of(topic, 32), c.owner, 0, found);
	CHECK(memcmp(found, address, 32) == 0);
	cJSON_Delete(json);
}

TEST(the_older_form_is_known_by_its_length)
{
	cJSON *json = test_vectors("swarm-feeds.json");
	const cJSON *v = cJSON_GetObjectItem(json, "v1_payload_example");
	uint8_t content[100], payload[FEED_LEGACY_BYTES_MAX], bytes[100] = {0};
	struct reference r, untouched;
	uint64_t time_s = 0;
	const size_t n = decode(v, "wrapped_chunk_hex", content, sizeof content);
	CHECK(feed_is_legacy(bytes_of(content, n), &time_s, &r));
	CHECK(time_s == 0x6553f100 && !r.encrypted && r.address[0] == 0x23);
	CHECK(feed_write_legacy(time_s, &r, payload) == n - 8 && memcmp(payload, content + 8, n - 8) == 0);
	memset(&r, 0x5a, sizeof r);
	untouched = r;
	for (size_t i = 0; i < sizeof bytes; i++)
		if (i != 48 && i != 80)
			CHECK(!feed_is_legacy(bytes_of(bytes, i), &time_s, &r));
	CHECK(memcmp(&r, &untouched, sizeof r) == 0);
	CHECK(feed_is_legacy(bytes_of(bytes, 80), &time_s, &r) && r.encrypted);
	bytes[8 + 3] = 1; /* in the year 2106 and after: content that happens to be as long */
	CHECK(!feed_is_legacy(bytes_of(bytes, 80), &time_s, &r));
	CHECK(feed_write_legacy(0, &r, payload) == 72);
	cJSON_Delete(json);
}

/* Searches a feed with updates 0..n-1 and, beyond a gap, gap_to more; answers in reverse order. Gives
 * how many were asked. */
static unsigned search(struct feed_search *s, uint64_t first, uint64_t n, uint64_t gap_to, unsigned silent_times)
{
	unsigned asked = 0, silent = 0;
	feed_search_init(s, first);
	while (!feed_search_done(s)) {
		uint64_t numbers[FEED_PROBES], number;
		unsigned k = 0;
		while (feed_search_want(s, &number))
			numbers[k++] = number;
		if (!CHECK(k > 0) || !CHECK(asked < 2000))
			break;
		asked += k;
		while (k-- > 0) {
			const bool there = numbers[k] < n || (numbers[k] > n && numbers[k] <= gap_to);
			const bool lost = numbers[k] == n - 1 && silent++ < silent_times;
			feed_search_answer(s, numbers[k], lost ? FEED_NO_ANSWER : there ? FEED_THERE : FEED_NOT_THERE);
		}
	}
	return asked;
}

TEST(the_newest_is_found_in_few_rounds)
{
	struct feed_search s;
	for (uint64_t n = 0; n < 700; n++) {
		CHECK(search(&s, 0, n, 0, 0) <= 5 * FEED_PROBES);
		CHECK(s.any == (n > 0) && (n == 0 || s.newest == n - 1) && !s.in_doubt);
	}
	for (uint64_t n = 1000; n < 1ULL << 40; n = n * 3 + 1) {
		CHECK(search(&s, 0, n, 0, 0) <= 20 * FEED_PROBES && s.newest == n - 1);
		CHECK(search(&s, n - 3, n, 0, 0) <= 3 * FEED_PROBES && s.newest == n - 1);
	}
}

TEST(a_gap_is_the_end)
{
	struct feed_search s;
	for (uint64_t n = 1; n < 40; n++) {
		(void)search(&s, 0, n, n + 200, 0);
		CHECK(s.any);
		/* unseen gaps are the price of few questions; but what follows the newest was asked for, and is not
		 * there */
		CHECK(s.newest == n - 1 || s.newest == n + 200);
	}
	(void)search(&s, 0, 1, 10, 0);
	CHECK(s.newest == 0);
}

TEST(silence_is_asked_again_and_then_doubted)
{
	struct feed_search s;
	(void)search(&s, 0, 6, 0, FEED_PATIENCE - 1);
	CHECK(s.newest == 5 && !s.in_doubt);
	(void)search(&s, 0, 6, 0, 1000);
	CHECK(s.newest == 4 && s.in_doubt);
	feed_search_init(&s, 0);
	feed_search_answer(&s, 12345, FEED_THERE); /* nobody asked */
	feed_search_answer(&s, 0, FEED_THERE);     /* not yet */
	CHECK(!s.any && !feed_search_done(&s));
}

TEST(what_a_source_cannot_read_ends_a_search)
{
	enum feed_answer a = FEED_NO_ANSWER;
	CHECK(feed_answer_of(ERR_IO, &a) == ERR_IO && feed_answer_of(ERR_NO_MEMORY, &a) == ERR_NO_MEMORY);
	CHECK(a == FEED_NO_ANSWER); /* untouched */
	CHECK(feed_answer_of(ERR_NOT_FOUND, &a) == OK && a == FEED_NOT_THERE);
	CHECK(feed_answer_of(OK, &a) == OK && a == FEED_THERE);
	a = FEED_NOT_THERE;
	CHECK(feed_answer_of(ERR_HASH, &a) == OK && a == FEED_THERE);
}

TEST(numbers_end)
{
	struct feed_search s;
	feed_search_init(&s, UINT64_MAX);
	CHECK(feed_search_done(&s) && !s.any);
	feed_search_init(&s, FEED_NUMBERS - 3);
	uint64_t number;
	while (!feed_search_done(&s)) {
		uint64_t numbers[FEED_PROBES];
		unsigned k = 0;
		while (feed_search_want(&s, &number))
			numbers[k++] = number;
		if (!CHECK(k > 0))
			break;
		for (unsigned i = 0; i < k; i++)
			feed_search_answer(&s, numbers[i], FEED_THERE);
	}
	CHECK(s.any && s.newest == FEED_NUMBERS - 1);
}

int main(void)
{
	RUN(ids_and_addresses_are_bees);
	RUN(ids_of_feeds_by_time);
	RUN(a_signed_update_is_found_where_it_should_be);
	RUN(the_older_form_is_known_by_its_length);
	RUN(the_newest_is_found_in_few_rounds);
	RUN(a_gap_is_the_end);
	RUN(silence_is_asked_again_and_then_doubted);
	RUN(what_a_source_cannot_read_ends_a_search);
	RUN(numbers_end);
	return test_end();
}
