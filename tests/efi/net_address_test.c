#include "efi/net_address.h"

#include "../unit/test.h"

TEST(what_is_read_is_written)
{
	static const char *const texts[] = {
		"0.0.0.0",
		"10.0.2.15",
		"255.255.255.255",
		"127.0.0.1",
		"::",
		"::1",
		"fe80::2",
		"fd00:1:2:3:4:5:6:7",
		"2001:db8::1",
		"1::",
		"2001:db8:0:1::1",
		"2001:0:0:1::1",
		"1:0:2:3:4:5:6:7",
		"::ffff:a00:1",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct net_address a;
		struct net_address_text text;
		CHECK(net_address_read(bytes_text(texts[i]), &a) == OK && a.six == (strchr(texts[i], ':') != NULL));
		CHECK(strcmp(net_address_text(&text, &a), texts[i]) == 0);
	}
}

/* RFC 5952: one spelling out of many. */
TEST(other_spellings)
{
	static const char *const pairs[][2] = {
		{"[::1]", "::1"},
		{"[FE80::A]", "fe80::a"},
		{"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
		{"0:0:0:0:0:0:0:0", "::"},
		{"1:0:0:2:0:0:0:3", "1:0:0:2::3"},
		{"1:0:0:2:3:0:0:4", "1::2:3:0:0:4"},
		{"1::2:3:4:5:6:7", "1:0:2:3:4:5:6:7"},
		{"0:1:2:3:4:5:6::", "0:1:2:3:4:5:6:0"},
	};
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		struct net_address a;
		struct net_address_text text;
		CHECK(net_address_read(bytes_text(pairs[i][0]), &a) == OK);
		CHECK(strcmp(net_address_text(&text, &a), pairs[i][1]) == 0);
	}
}

TEST(bytes_in_network_order)
{
	struct net_address a;
	CHECK(net_address_read(bytes_text("10.20.30.40"), &a) == OK && memcmp(a.ip, "\x0a\x14\x1e\x28\0", 5) == 0);
	CHECK(net_address_read(bytes_text("1234:5::6"), &a) == OK && memcmp(a.ip, "\x12\x34\0\5\0\0", 6) == 0 &&
	      a.ip[14] == 0 && a.ip[15] == 6);
}

TEST(what_is_none)
{
	static const char *const bad[] = {
		"",
		"host",
		"1.2.3",
		"1.2.3.4.5",
		"1.2.3.256",
		"1.2.3.04",
		"1.2.3.",
		".1.2.3",
		"1..2.3",
		"1.2.3.4 ",
		" 1.2.3.4",
		"1.2.3.-4",
		"+1.2.3.4",
		"0x1.2.3.4",
		"1.2.3.0004",
		"[1.2.3.4]",
		":",
		":::",
		"1:2",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9",
		"1::2::3",
		"::1::",
		"12345::",
		"g::",
		"1:2:3:4:5:6:7:",
		":1:2:3:4:5:6:7",
		"1:2:3:4::5:6:7:8",
		"[]",
		"[::1",
		"::1]",
		"[[::1]]",
		"fe80::1%eth0",
		"::1.2.3.4",
		"1:",
		":1",
		"::1 ",
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct net_address a = {.six = true, .ip = {7}}, before = a;
		if (!CHECK(net_address_read(bytes_text(bad[i]), &a) == ERR_VALUE))
			printf("# '%s'\n", bad[i]);
		CHECK(memcmp(&a, &before, sizeof a) == 0);
	}
	struct net_address a;
	CHECK(net_address_read(bytes_of("1.2.3.4\0", 8), &a) == ERR_VALUE);
}

/* Whatever is read: written and read again it is the same. */
TEST(every_text_cut_and_changed)
{
	static const char whole[] = "[1234:50::6a:0:7]";
	for (size_t n = 0; n < sizeof whole; n++) {
		for (size_t at = 0; at < n; at++) {
			for (int c = 0; c < 256; c++) {
				char text[sizeof whole];
				struct net_address a, again;
				struct net_address_text out;
				memcpy(text, whole, sizeof text);
				text[at] = (char)c;
				if (net_address_read(bytes_of(text, n), &a) != OK)
					continue;
				CHECK(net_address_read(bytes_text(net_address_text(&out, &a)), &again) == OK);
				CHECK(again.six == a.six && memcmp(again.ip, a.ip, a.six ? 16 : 4) == 0);
			}
		}
	}
}

int main(void)
{
	RUN(what_is_read_is_written);
	RUN(other_spellings);
	RUN(bytes_in_network_order);
	RUN(what_is_none);
	RUN(every_text_cut_and_changed);
	return test_end();
}
