#include "phase/floor.h"

#include <stdalign.h>

#include "test.h"

static alignas(16) uint8_t memory[FLOOR_ARENA_BYTES];
static const char text[] =
	"{\"channel\":\"stable\",\"arch\":\"x86_64\",\"release\":42,\"accepted_at\":\"2026-11-21T02:00:00Z\"}\n";

static int read_floor(struct floor *f, const char *from, size_t n)
{
	struct arena a = arena_of(memory, sizeof memory);
	return floor_read(f, bytes_of(from, n), &a, NULL);
}

TEST(reads_what_it_writes)
{
	struct floor f;
	uint8_t buf[FLOOR_BYTES_MAX];
	struct writer w = writer_of(buf, sizeof buf);
	CHECK(read_floor(&f, text, sizeof text - 1) == OK);
	CHECK(bytes_is(f.channel, "stable") && bytes_is(f.arch, "x86_64") && f.release == 42);
	CHECK(floor_write(&f, &w) == OK);
	CHECK(bytes_is(writer_view(&w), text));
}

TEST(a_damaged_floor_is_an_error_and_never_zero)
{
	struct floor f = {.release = 7};
	char spoiled[sizeof text];
	for (size_t n = 0; n < sizeof text - 2; n++)
		CHECK(read_floor(&f, text, n) != OK);
	for (size_t i = 0; i < sizeof text - 2; i++) {
		memcpy(spoiled, text, sizeof text);
		spoiled[i] = '\0';
		CHECK(read_floor(&f, spoiled, sizeof text - 1) != OK);
	}
	CHECK(read_floor(&f, "42\n", 3) == ERR_TYPE);
	CHECK(read_floor(&f, "", 0) != OK);
	CHECK(f.release == 7);
}

TEST(the_longest_channel_fits)
{
	char name[DOCUMENT_NAME_MAX];
	uint8_t buf[FLOOR_BYTES_MAX], filename[FLOOR_FILENAME_MAX];
	struct writer w = writer_of(buf, sizeof buf), path = writer_of(filename, sizeof filename);
	memset(name, '"', sizeof name);
	struct floor f = {.channel = bytes_of(name, sizeof name),
			  .arch = BYTES_LITERAL("arm64"),
			  .release = JSON_UINT_MAX};
	CHECK(floor_write(&f, &w) == OK);
	CHECK(read_floor(&f, (const char *)buf, w.n) == OK && f.channel.n == sizeof name);
	floor_filename(f.channel, f.arch, &path);
	CHECK(bytes_ends(bytes_text((const char *)filename), "\"-arm64.json"));
	CHECK(!path.full && strlen((const char *)filename) == sizeof name + 11);
}

TEST(more_than_a_floor_is_refused)
{
	struct floor f;
	char big[FLOOR_BYTES_MAX + 1];
	memset(big, ' ', sizeof big);
	memcpy(big, text, sizeof text - 1);
	CHECK(read_floor(&f, big, FLOOR_BYTES_MAX) == OK);
	CHECK(read_floor(&f, big, FLOOR_BYTES_MAX + 1) == ERR_LIMIT);
	memset(big, '[', sizeof big);
	CHECK(read_floor(&f, big, FLOOR_BYTES_MAX) == ERR_DEPTH);
}

TEST(a_date_that_cannot_be_written)
{
	uint8_t buf[FLOOR_BYTES_MAX];
	struct writer w = writer_of(buf, sizeof buf);
	struct floor f = {.channel = BYTES_LITERAL("c"), .arch = BYTES_LITERAL("arm64"), .accepted_at = {INT64_MAX}};
	CHECK(floor_write(&f, &w) == ERR_VALUE);
	f.accepted_at.s = 0;
	w = writer_of(buf, 20);
	CHECK(floor_write(&f, &w) == ERR_NO_SPACE);
}

int main(void)
{
	RUN(reads_what_it_writes);
	RUN(a_damaged_floor_is_an_error_and_never_zero);
	RUN(the_longest_channel_fits);
	RUN(more_than_a_floor_is_refused);
	RUN(a_date_that_cannot_be_written);
	return test_end();
}
