#include "p2p/dns.h"

#include "test.h"

static uint8_t buffer[DNS_MESSAGE_BYTES_MAX];
static struct dns_message m;
static struct dns_record r;

/* An answer of an mDNS responder: PTR, SRV with a pointer, TXT, A and AAAA. */
static size_t answer(void)
{
	struct writer w = writer_of(buffer, sizeof buffer);
	static const uint8_t head[] = {0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 4};
	write_bytes(&w, bytes_of(head, sizeof head));
	/* 12: _phase-image._tcp.local PTR "one.two"._phase-image._tcp.local */
	write_bytes(&w, BYTES_LITERAL("\x0c_Phase-image\x04_tcp\x05local\0"));
	write_bytes(&w, BYTES_LITERAL("\0\x0c\0\x01\0\0\x11\x94\0\x0a\x07one.two\xc0\x0c"));
	size_t instance = w.n - 10;
	write_u8(&w, 0xc0);
	write_u8(&w, (uint8_t)instance);
	write_bytes(&w, BYTES_LITERAL("\0\x21\x80\x01\0\0\0\x78\0\x0d\0\0\0\0\x1f\x90\x04host\xc0\x1e"));
	size_t host = w.n - 7;
	write_u8(&w, 0xc0);
	write_u8(&w, (uint8_t)instance);
	write_bytes(&w, BYTES_LITERAL("\0\x10\x80\x01\0\0\x11\x94\0\x16\x0e"
				      "channel=stable\x06"
				      "ARCH=x"));
	write_u8(&w, 0xc0);
	write_u8(&w, (uint8_t)host);
	write_bytes(&w, BYTES_LITERAL("\0\x01\x80\x01\0\0\0\x78\0\x04\x0a\0\x02\x02"));
	write_u8(&w, 0xc0);
	write_u8(&w, (uint8_t)host);
	write_bytes(&w, BYTES_LITERAL("\0\x1c\x80\x01\0\0\0\x78\0\x10\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x02"));
	CHECK(!w.full);
	return w.n;
}

TEST(queries)
{
	static const char wire[] = "\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x04"
				   "boot\x07"
				   "example\0\0\x01\0\x01";
	struct writer w = writer_of(buffer, sizeof buffer);
	CHECK(dns_query_write(&w, 0x1234, bytes_text("Boot.example."), DNS_A, true) == OK);
	CHECK(bytes_equal(writer_view(&w), bytes_of(wire, sizeof wire - 1)));
	CHECK(dns_message_read(&m, writer_view(&w)) == OK && m.id == 0x1234 && !m.answer && m.question_type == DNS_A);
	CHECK(dns_name_is(&m.question, bytes_text("boot.EXAMPLE")) && dns_record_read(&m, &r) == ERR_NOT_FOUND);
}

TEST(names_that_are_none)
{
	static char longer[300];
	static const char *const bad[] = {"", ".", "a..b", ".a", "a b", "a/b", "a\\b", "a..", "\xc3\xa4.de"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct writer w = writer_of(buffer, sizeof buffer);
		CHECK(dns_query_write(&w, 1, bytes_text(bad[i]), DNS_A, true) == ERR_VALUE);
	}
	memset(longer, 'a', sizeof longer);
	struct writer w = writer_of(buffer, sizeof buffer);
	CHECK(dns_query_write(&w, 1, bytes_of(longer, 64), DNS_A, true) == ERR_VALUE);
	for (size_t i = 50; i < sizeof longer; i += 50)
		longer[i] = '.';
	w = writer_of(buffer, sizeof buffer);
	CHECK(dns_query_write(&w, 1, bytes_of(longer, 254), DNS_A, true) == ERR_VALUE);
	w = writer_of(buffer, sizeof buffer);
	CHECK(dns_query_write(&w, 1, bytes_of(longer, 253), DNS_A, true) == OK);
	w = writer_of(buffer, 20);
	CHECK(dns_query_write(&w, 1, bytes_text("boot.example"), DNS_A, true) == ERR_NO_SPACE);
}

TEST(what_a_responder_says)
{
	struct bytes value;
	CHECK(dns_message_read(&m, bytes_of(buffer, answer())) == OK && m.answer && m.rcode == 0 && m.question.n == 0);
	CHECK(dns_record_read(&m, &r) == OK && r.type == DNS_PTR && r.ttl_s == 4500);
	CHECK(dns_name_is(&r.name, bytes_text("_phase-image._tcp.local")));
	CHECK(dns_name_is(&r.target, bytes_text("one\\.two._phase-image._tcp.local")));
	CHECK(dns_record_read(&m, &r) == OK && r.type == DNS_SRV && r.port == 8080);
	CHECK(dns_name_is(&r.target, bytes_text("host.local")) && r.name.text[3] == '\\');
	CHECK(dns_record_read(&m, &r) == OK && r.type == DNS_TXT);
	CHECK(dns_txt_value(&r, "channel", &value) && bytes_is(value, "stable"));
	CHECK(dns_txt_value(&r, "arch", &value) && bytes_is(value, "x") && !dns_txt_value(&r, "chan", &value));
	CHECK(dns_record_read(&m, &r) == OK && r.type == DNS_A && r.data.p[0] == 10);
	CHECK(dns_record_read(&m, &r) == OK && r.type == DNS_AAAA && dns_name_is(&r.name, bytes_text("host.local")));
	CHECK(dns_record_read(&m, &r) == ERR_NOT_FOUND && dns_record_read(&m, &r) == ERR_NOT_FOUND);
}

/* A message: its flags, how many records in each section; then a question for "a" (A). */
static struct writer begin(uint16_t flags, uint8_t answers, uint8_t authorities, uint8_t more)
{
	struct writer w = writer_of(buffer, sizeof buffer);
	write_be16(&w, 7);
	write_be16(&w, flags);
	write_be16(&w, 1);
	write_be16(&w, answers);
	write_be16(&w, authorities);
	write_be16(&w, more);
	write_bytes(&w, BYTES_LITERAL("\1a\0\0\1\0\1"));
	return w;
}

/* Names of one letter. */
static void write_head(struct writer *w, char name, enum dns_type type, uint8_t n)
{
	write_u8(w, 1);
	write_u8(w, (uint8_t)name);
	write_u8(w, 0);
	write_be16(w, (uint16_t)type);
	write_bytes(w, BYTES_LITERAL("\0\1\0\0\0\x3c\0"));
	write_u8(w, n);
}

static void write_a(struct writer *w, char name, uint8_t last)
{
	write_head(w, name, DNS_A, 4);
	write_bytes(w, BYTES_LITERAL("\x0a\0\0"));
	write_u8(w, last);
}

static void write_alias(struct writer *w, char name, char target)
{
	write_head(w, name, DNS_CNAME, 3);
	write_u8(w, 1);
	write_u8(w, (uint8_t)target);
	write_u8(w, 0);
}

TEST(sections_are_told_apart)
{
	static const enum dns_section sections[] = {DNS_ANSWERS, DNS_ANSWERS, DNS_AUTHORITIES, DNS_ADDITIONALS};
	struct writer w = begin(0x8180, 2, 1, 1);
	for (uint8_t i = 0; i < 4; i++)
		write_a(&w, 'a', i);
	CHECK(dns_message_read(&m, writer_view(&w)) == OK);
	for (uint8_t i = 0; i < 4; i++)
		CHECK(dns_record_read(&m, &r) == OK && r.data.p[3] == i && r.section == sections[i]);
	CHECK(dns_record_read(&m, &r) == ERR_NOT_FOUND);
	w = begin(0x8180, 0, 0, 1);
	write_a(&w, 'a', 9);
	CHECK(dns_message_read(&m, writer_view(&w)) == OK);
	CHECK(dns_record_read(&m, &r) == OK && r.section == DNS_ADDITIONALS);
	CHECK(dns_record_read(&m, &r) == ERR_NOT_FOUND);
}

TEST(aliases)
{
	static struct dns_name name;
	struct writer w = begin(0x8180, 1, 0, 0);
	write_a(&w, 'a', 1);
	CHECK(dns_message_read(&m, writer_view(&w)) == OK);
	CHECK(dns_alias_follow(&m, &name) == OK && dns_name_is(&name, bytes_text("a")));
	w = begin(0x8180, 4, 1, 0); /* in any order */
	write_alias(&w, 'b', 'c');
	write_a(&w, 'c', 1);
	write_alias(&w, 'a', 'b');
	write_alias(&w, 'x', 'y');
	write_alias(&w, 'c', 'd'); /* no answer */
	CHECK(dns_message_read(&m, writer_view(&w)) == OK);
	CHECK(dns_alias_follow(&m, &name) == OK && dns_name_is(&name, bytes_text("c")));
	CHECK(dns_record_read(&m, &r) == OK && dns_name_is(&r.name, bytes_text("b"))); /* nothing was used up */
	w = begin(0x8180, 2, 0, 0);
	write_alias(&w, 'a', 'b');
	write_alias(&w, 'b', 'a');
	CHECK(dns_message_read(&m, writer_view(&w)) == OK && dns_alias_follow(&m, &name) == ERR_LIMIT);
	CHECK(dns_name_is(&name, bytes_text("c"))); /* untouched */
	for (uint8_t n = DNS_ALIASES_MAX; n <= DNS_ALIASES_MAX + 1; n++) {
		w = begin(0x8180, n, 0, 0);
		for (uint8_t i = 0; i < n; i++)
			write_alias(&w, (char)('a' + i), (char)('a' + i + 1));
		CHECK(dns_message_read(&m, writer_view(&w)) == OK);
		CHECK(dns_alias_follow(&m, &name) == (n == DNS_ALIASES_MAX ? OK : ERR_LIMIT));
	}
}

static unsigned read_all(size_t n, int *err)
{
	unsigned records = 0;
	if ((*err = dns_message_read(&m, bytes_of(buffer, n))) != OK)
		return 0;
	while ((*err = dns_record_read(&m, &r)) == OK)
		records++;
	return records;
}

TEST(cut_at_every_byte)
{
	int err;
	size_t n = answer();
	for (size_t cut = 0; cut < n; cut++)
		CHECK(read_all(cut, &err) < 5 && err == ERR_PROTOCOL);
	CHECK(read_all(n, &err) == 5 && err == ERR_NOT_FOUND);
}

TEST(pointers_that_lead_astray)
{
	int err;
	size_t n = answer();
	for (size_t at = 12; at < n; at++) { /* every byte made a pointer to each low place: it must end */
		for (uint8_t to = 0; to < 64; to++) {
			(void)answer();
			buffer[at] = 0xc0;
			buffer[at + 1 < n ? at + 1 : at] = to;
			CHECK(read_all(n, &err) <= 5);
		}
	}
	(void)answer();
	buffer[12] = 0xc0;
	buffer[13] = 12; /* itself */
	CHECK(read_all(n, &err) == 0 && err == ERR_PROTOCOL);
}

TEST(records_of_the_wrong_size)
{
	static const uint8_t head[] = {0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0};
	static const uint8_t types[] = {DNS_A, DNS_AAAA, DNS_SRV, DNS_PTR};
	for (size_t i = 0; i < sizeof types; i++) {
		int err;
		struct writer w = writer_of(buffer, sizeof buffer);
		write_bytes(&w, bytes_of(head, sizeof head));
		write_bytes(&w, BYTES_LITERAL("\x01"
					      "a\0\0"));
		write_u8(&w, types[i]);
		write_bytes(&w, BYTES_LITERAL("\0\x01\0\0\0\0\0\x03\0\0\0"));
		CHECK(read_all(w.n, &err) == 0 && err == ERR_PROTOCOL);
	}
}

int main(void)
{
	RUN(queries);
	RUN(names_that_are_none);
	RUN(what_a_responder_says);
	RUN(sections_are_told_apart);
	RUN(aliases);
	RUN(cut_at_every_byte);
	RUN(pointers_that_lead_astray);
	RUN(records_of_the_wrong_size);
	return test_end();
}
