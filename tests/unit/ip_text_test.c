#include "p2p/ip_text.h"

#include "core/err.h"
#include "test.h"

/* RFC 5952's examples and RFC 4291's: read, and written again in one form. */
TEST(ip6_one_form)
{
	static const char *const rows[][2] = {
		{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"2001:0db8::0001", "2001:db8::1"},
		{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		{"2001:DB8::A", "2001:db8::a"},
		{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
		{"::", "::"},
		{"0:0:0:0:0:0:0:0", "::"},
		{"::1", "::1"},
		{"1::", "1::"},
		{"fe80::", "fe80::"},
		{"::ffff:192.0.2.1", "::ffff:c000:201"},
		{"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
		{"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
		{"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
		{"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
		{"64:ff9b::1.2.3.4", "64:ff9b::102:304"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint8_t ip[16], text[40];
		struct writer w = writer_of(text, sizeof text);
		CHECK(ip_text_read6(bytes_text(rows[i][0]), ip) == OK);
		ip_text_write6(&w, ip);
		if (!CHECK(bytes_is(writer_view(&w), rows[i][1])))
			printf("# %s\n", rows[i][0]);
	}
}

TEST(ip6_that_are_none)
{
	static const char *const bad[] = {"",
					  ":",
					  ":::",
					  "1",
					  "1:2:3:4:5:6:7",
					  "1:2:3:4:5:6:7:8:9",
					  "1::2::3",
					  "12345::",
					  ":1::2",
					  "1::2:",
					  "g::",
					  "1:2:3:4:5:6:7:8::",
					  "::1:2:3:4:5:6:7:8",
					  "fe80::1%eth0",
					  "::1.2.3",
					  "::1.2.3.4:5",
					  "1:2:3:4:5:6:7:1.2.3.4",
					  "::1.2.3.04",
					  " ::1",
					  "::1 ",
					  "1.2.3.4"};
	uint8_t ip[16] = {7};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (!CHECK(ip_text_read6(bytes_text(bad[i]), ip) == ERR_VALUE && ip[0] == 7))
			printf("# %s\n", bad[i]);
}

TEST(ip4)
{
	static const char *const bad[] = {"",         "1",          "1.2.3",    "1.2.3.4.", "1.2.3.4.5",
					  "01.2.3.4", "256.1.1.1",  "1..2.3",   "1.2.3.+4", "1.2.3.4 ",
					  ".1.2.3",   "1.2.3.0004", "0x1.2.3.4"};
	uint8_t ip[4], text[16];
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK(ip_text_read4(bytes_text(bad[i]), ip) == ERR_VALUE);
	struct writer w = writer_of(text, sizeof text);
	CHECK(ip_text_read4(bytes_text("255.0.10.199"), ip) == OK && ip[0] == 255 && ip[1] == 0 && ip[3] == 199);
	ip_text_write4(&w, ip);
	CHECK(bytes_is(writer_view(&w), "255.0.10.199"));
}

int main(void)
{
	RUN(ip6_one_form);
	RUN(ip6_that_are_none);
	RUN(ip4);
	return test_end();
}
