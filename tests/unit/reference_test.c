/* References as bytes and as text. */
#include "swarm/reference.h"

#include "test.h"

static const char plain[] = "00433b21bbe4225c0d1ab23c6ccfb3a50a4143cdfd197732005076fe243d89d1";
static const char mixed[] = "C3F57b4b55af644bf7631b83f7dfc248c65f86043d206cf8535387ce00a82e1a"
			    "8abf1502f557f15026716030fb6384792583daf39608a3cd02ff2f47e9bc6e4F";
static const char lower[] = "c3f57b4b55af644bf7631b83f7dfc248c65f86043d206cf8535387ce00a82e1a"
			    "8abf1502f557f15026716030fb6384792583daf39608a3cd02ff2f47e9bc6e4f";

TEST(text_and_bytes_say_the_same)
{
	struct reference r, again;
	uint8_t bytes[REFERENCE_ENCRYPTED_BYTES];
	char text[REFERENCE_TEXT_BYTES];
	CHECK(reference_parse(bytes_text(plain), &r) == OK && !r.encrypted);
	reference_text(&r, text);
	CHECK(strcmp(text, plain) == 0);
	CHECK(reference_write(&r, bytes) == 32);
	CHECK(reference_read(bytes_of(bytes, 32), &again) == OK && memcmp(&r, &again, sizeof r) == 0);
	CHECK(reference_parse(bytes_text(mixed), &r) == OK && r.encrypted);
	reference_text(&r, text);
	CHECK(strcmp(text, lower) == 0);
	CHECK(reference_write(&r, bytes) == 64);
	CHECK(reference_read(bytes_of(bytes, 64), &again) == OK && memcmp(&r, &again, sizeof r) == 0);
}

TEST(only_two_lengths_are_references)
{
	struct reference r = {.encrypted = true};
	uint8_t bytes[130] = {0};
	for (size_t n = 0; n < sizeof bytes; n++)
		if (n != 32 && n != 64)
			CHECK(reference_read(bytes_of(bytes, n), &r) == ERR_VALUE);
	for (size_t n = 0; n < 128; n++)
		if (n != 64)
			CHECK(reference_parse(bytes_of(lower, n), &r) == ERR_VALUE);
	CHECK(r.encrypted);
}

TEST(every_other_character_is_refused)
{
	struct reference r;
	char text[sizeof plain];
	for (size_t at = 0; at < 64; at += 21) {
		for (int c = 0; c < 256; c++) {
			memcpy(text, plain, sizeof text);
			text[at] = (char)c;
			const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
			CHECK((reference_parse(bytes_of(text, 64), &r) == OK) == digit);
		}
	}
}

TEST(zero_is_none)
{
	struct reference r = {.encrypted = true};
	CHECK(reference_is_zero(&r));
	r.key[31] = 1;
	CHECK(!reference_is_zero(&r));
	r = (struct reference){.address = {1}};
	CHECK(!reference_is_zero(&r));
}

int main(void)
{
	RUN(text_and_bytes_say_the_same);
	RUN(only_two_lengths_are_references);
	RUN(every_other_character_is_refused);
	RUN(zero_is_none);
	return test_end();
}
