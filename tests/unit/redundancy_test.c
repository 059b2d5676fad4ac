/* Spans, tables and shapes of redundancy levels against bee's. */
#include "swarm/redundancy.h"

#include "core/hex.h"
#include "swarm/bmt.h"
#include "test.h"

static int number(const cJSON *object, const char *name)
{
	return (int)cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static void check_table(unsigned level, bool encrypted, const cJSON *table, int most)
{
	CHECK(redundancy_children_max(level, encrypted) == (unsigned)most);
	for (int i = 0; i <= most; i++) {
		const int parities = (int)cJSON_GetNumberValue(cJSON_GetArrayItem(table, i));
		CHECK(redundancy_parities(level, encrypted, (unsigned)i) == (unsigned)parities);
		CHECK((i << encrypted) + parities <= REDUNDANCY_REFERENCES_MAX);
	}
}

TEST(tables_are_bees)
{
	cJSON *json = test_vectors("swarm-redundancy.json");
	const cJSON *tables = cJSON_GetObjectItem(json, "tables"), *t;
	unsigned n = 0;
	cJSON_ArrayForEach(t, tables)
	{
		const unsigned level = (unsigned)(t->string[0] - '0');
		check_table(level, false, cJSON_GetObjectItem(t, "parities_by_data_shards_0_to_128"),
			    number(t, "max_data_shards"));
		check_table(level, true, cJSON_GetObjectItem(t, "enc_parities_by_data_shards_0_to_64"),
			    number(t, "max_enc_data_shards"));
		CHECK(REDUNDANCY_REPLICAS(level) == (unsigned)number(t, "replicas"));
		n++;
	}
	CHECK(n == REDUNDANCY_LEVEL_MAX);
	for (unsigned i = 0; i <= 128; i++)
		CHECK(redundancy_parities(0, false, i) == 0);
	cJSON_Delete(json);
}

TEST(roots_have_the_shape_of_their_size)
{
	cJSON *json = test_vectors("swarm-redundancy.json");
	const cJSON *c;
	unsigned n = 0;
	cJSON_ArrayForEach(c, cJSON_GetObjectItem(json, "cases"))
	{
		uint8_t span[8], written[8];
		struct redundancy_span s;
		struct redundancy_shape shape;
		const uint64_t size = (uint64_t)number(c, "len");
		const unsigned level = size > CHUNK_PAYLOAD_MAX ? (unsigned)number(c, "level") : 0;
		CHECK(hex_decode(bytes_text(test_text(c, "root_span_hex")), span, 8) == OK);
		CHECK(redundancy_span_read(span, &s) == OK && s.size == size && s.level == level);
		redundancy_span_write(size, level, written);
		CHECK(memcmp(span, written, 8) == 0);
		if (size <= CHUNK_PAYLOAD_MAX)
			continue;
		redundancy_shape(size, level, false, &shape);
		CHECK(shape.children_n == (unsigned)number(c, "root_data_refs"));
		CHECK(shape.parities_n == (unsigned)number(c, "root_parity_refs"));
		CHECK(shape.payload_bytes == (size_t)number(c, "root_payload_len"));
		n++;
	}
	CHECK(n > 20);
	cJSON_Delete(json);
}

TEST(children_add_up_at_every_size)
{
	for (unsigned level = 0; level <= REDUNDANCY_LEVEL_MAX; level++) {
		for (uint64_t size = 4097; size <= REDUNDANCY_SIZE_MAX; size += 1 + size / 7) {
			for (int encrypted = 0; encrypted < 2; encrypted++) {
				struct redundancy_shape s;
				redundancy_shape(size, level, encrypted, &s);
				CHECK(s.children_n >= 2 && s.children_n <= redundancy_children_max(level, encrypted));
				CHECK(s.last_size >= 1 && s.last_size <= s.child_size);
				CHECK(s.child_size * (s.children_n - 1) + s.last_size == size);
				CHECK(s.payload_bytes <= CHUNK_PAYLOAD_MAX);
			}
		}
	}
}

TEST(spans_that_no_file_has_are_refused)
{
	struct redundancy_span s = {.size = 7, .level = 3};
	for (unsigned last = 0; last < 256; last++) {
		const uint8_t span[8] = {1, 0, 0, 0, 0, 0, 0, (uint8_t)last};
		const int err = redundancy_span_read(span, &s);
		const unsigned level = last & 0x7f;
		if (last == 0 || (last > 0x80 && level <= REDUNDANCY_LEVEL_MAX))
			CHECK(err == OK && s.size == 1 && s.level == level);
		else
			CHECK(err == (last > 0x80 ? ERR_VERSION : ERR_LIMIT));
	}
	const uint8_t most[8] = {0, 0, 0, 0, 0, 0, 1, 0}, over[8] = {1, 0, 0, 0, 0, 0, 1, 0};
	const uint8_t hidden[8] = {1, 0, 0, 0, 0, 0, 1, 0x81};
	CHECK(redundancy_span_read(most, &s) == OK && s.size == REDUNDANCY_SIZE_MAX);
	CHECK(redundancy_span_read(over, &s) == ERR_LIMIT && redundancy_span_read(hidden, &s) == ERR_LIMIT);
	CHECK(s.size == REDUNDANCY_SIZE_MAX); /* untouched */
}

TEST(levels_have_numbers_and_names)
{
	static const char *const names[] = {"none", "medium", "strong", "insane", "paranoid"};
	static const char *const bad[] = {"",      "5",       "-1",
					  "+1",    "1 ",      "Medium",
					  "mediu", "mediums", "18446744073709551617"};
	uint64_t level = 7;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK(redundancy_level_read(bytes_text(bad[i]), &level) == ERR_VALUE && level == 7);
	for (size_t i = 0; i <= REDUNDANCY_LEVEL_MAX; i++) {
		const char digit[] = {(char)('0' + i), 0};
		CHECK(redundancy_level_read(bytes_text(names[i]), &level) == OK && level == i);
		CHECK(redundancy_level_read(bytes_text(digit), &level) == OK && level == i);
	}
}

int main(void)
{
	RUN(tables_are_bees);
	RUN(roots_have_the_shape_of_their_size);
	RUN(children_add_up_at_every_size);
	RUN(levels_have_numbers_and_names);
	RUN(spans_that_no_file_has_are_refused);
	return test_end();
}
