/* Names of service instances, and which addresses nobody else can reach. */
#include "host/mdns_name.h"

#include <string.h>

#include "core/utf8.h"
#include "test.h"

static char name[MDNS_NAME_BYTES];

static const char *named(const char *channel, const char *host)
{
	memset(name, 'x', sizeof name);
	mdns_instance_name(bytes_text(channel), BYTES_LITERAL("x86_64"), bytes_text(host), name);
	return name;
}

TEST(short_names_are_whole)
{
	CHECK(strcmp(named("stable", "rack7"), "phase-stable-x86_64 on rack7") == 0);
	CHECK(strcmp(named("", ""), "phase--x86_64 on ") == 0);
}

TEST(a_channel_uses_all_of_the_label)
{
	named("a-channel-with-a-name-that-is-far-longer-than-any-label", "rack7");
	CHECK(strlen(name) == MDNS_NAME_BYTES - 1);
	CHECK(bytes_starts(bytes_text(name), "phase-a-channel-with-a-name-that-is-far-lon"));
	CHECK(strcmp(name + strlen(name) - strlen("-x86_64 on rack7"), "-x86_64 on rack7") == 0);
}

/* The cut falls on each byte of the characters: never in the middle of one, never far before. */
TEST(cuts_fall_between_characters)
{
	static const char *const characters[] = {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
	for (size_t c = 0; c < sizeof characters / sizeof characters[0]; c++) {
		for (size_t before = 0; before < 8; before++) {
			char channel[256];
			struct writer w = writer_of(channel, sizeof channel - 1);
			write_bytes(&w, bytes_of("aaaaaaaa", before));
			for (unsigned i = 0; i < 40; i++)
				write_text(&w, characters[c]);
			channel[w.n] = 0;
			named(channel, channel);
			CHECK(utf8_valid(bytes_text(name)));
			CHECK(strlen(name) < MDNS_NAME_BYTES);
			CHECK(strlen(name) + 2 * (strlen(characters[c]) - 1) >= MDNS_NAME_BYTES - 1);
			CHECK(strstr(name, "-x86_64 on ") != NULL);
		}
	}
}

TEST(what_is_no_text_is_shown_as_questions)
{
	static const char turned[] = {'h', (char)0xe2, (char)0x80, (char)0xae, 0}; /* a right-to-left override */
	CHECK(strcmp(named("a\xff\x1b", turned), "phase-a?"
						 "?-x86_64 on h?") == 0);
}

TEST(loopback_is_local_and_nothing_else)
{
	static const char *const local[] = {"http://127.0.0.1:8080", "http://127.255.3.4:1", "http://[::1]:80",
					    "http://[::ffff:127.0.0.1]:80"};
	static const char *const open[] = {"http://0.0.0.0:8080",
					   "http://[::]:8080",
					   "http://10.0.0.1:80",
					   "http://128.0.0.1:80",
					   "http://[fe80::1]:80",
					   "http://[::2]:80",
					   "http://[::ffff:10.0.0.1]:80",
					   "http://[fd77::1]:80",
					   "http://127.example:80",
					   "nothing",
					   ""};
	for (size_t i = 0; i < sizeof local / sizeof local[0]; i++)
		CHECK(mdns_url_is_local(local[i]));
	for (size_t i = 0; i < sizeof open / sizeof open[0]; i++)
		CHECK(!mdns_url_is_local(open[i]));
}

int main(void)
{
	RUN(short_names_are_whole);
	RUN(a_channel_uses_all_of_the_label);
	RUN(cuts_fall_between_characters);
	RUN(what_is_no_text_is_shown_as_questions);
	RUN(loopback_is_local_and_nothing_else);
	return test_end();
}
