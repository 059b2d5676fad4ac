/* What becomes of announcements and URLs, hostile ones above all. */
#include "host/discover_candidate.h"
#include "test.h"

static struct why why;
static struct discover_candidate c;

static struct discover_announcement announcement(void)
{
	return (struct discover_announcement){
		.host = BYTES_LITERAL("host1.local"),
		.address = BYTES_LITERAL("10.77.0.1"),
		.interface = BYTES_LITERAL("eth0"),
		.port = 8080,
		.channel = BYTES_LITERAL("stable"),
		.arch = BYTES_LITERAL("x86_64"),
		.version = BYTES_LITERAL("1.2.0"),
	};
}

static int announced(const struct discover_announcement *a)
{
	why = (struct why){.what = ""};
	return discover_candidate_announced(&c, a, &why);
}

TEST(announcement_becomes_candidate)
{
	struct discover_announcement a = announcement();
	char line[CANDIDATE_JSON_MAX];
	CHECK(announced(&a) == OK);
	CHECK(discover_candidate_json(&c, (struct wall){1795225600}, line) == OK);
	CHECK(strcmp(line, "{\"manifest_url\":\"http://10.77.0.1:8080/stable/x86_64/manifest.json\","
			   "\"http_addr\":\"10.77.0.1:8080\",\"channel\":\"stable\",\"arch\":\"x86_64\","
			   "\"version\":\"1.2.0\",\"via\":\"mdns\",\"peer\":\"host1.local\","
			   "\"seen_at\":\"2026-11-21T01:46:40Z\"}\n") == 0);
	a.address = BYTES_LITERAL("fd77::1");
	a.arch = BYTES_LITERAL("aarch64"); /* asked for as announced, told as usual */
	CHECK(announced(&a) == OK);
	CHECK(strcmp(c.manifest_url, "http://[fd77::1]:8080/stable/aarch64/manifest.json") == 0);
	CHECK(strcmp(c.http_addr, "[fd77::1]:8080") == 0);
	CHECK(strcmp(c.arch, "arm64") == 0);
}

TEST(unusable_announcements)
{
	static const char *const addresses[] = {
		"",         "0.0.0.0", "127.0.0.1",   "255.255.255.255", "224.0.0.251",
		"::",       "::1",     "ff02::fb",    "fe80::1",         "::ffff:10.0.0.1",
		"host",     "10.0.0",  "10.0.0.1/24", "1.2.3.4:80",      "fd77::1%eth0",
		"[fd77::1]"};
	static const char *const channels[] = {"", ".", "..", "../x", "a/b", ".hidden", "a\nb", "a\\b", "\xff", "\x7f"};
	struct discover_announcement a;
	CHECK((a = announcement(), announced(&a)) == OK);
	char before[CANDIDATE_JSON_MAX], after[CANDIDATE_JSON_MAX];
	CHECK(discover_candidate_json(&c, (struct wall){0}, before) == OK);
	for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
		a = announcement();
		a.address = bytes_text(addresses[i]);
		CHECK(announced(&a) == ERR_VALUE && strcmp(why.what, "address") == 0);
	}
	for (size_t i = 0; i < sizeof channels / sizeof channels[0]; i++) {
		a = announcement();
		a.channel = bytes_text(channels[i]);
		CHECK(announced(&a) == ERR_VALUE && strcmp(why.what, "channel") == 0);
	}
	a = announcement();
	a.channel = BYTES_NONE;
	CHECK(announced(&a) == ERR_MISSING);
	a = announcement();
	a.arch = BYTES_NONE;
	CHECK(announced(&a) == ERR_MISSING);
	a.arch = BYTES_LITERAL("mips");
	CHECK(announced(&a) == ERR_VALUE && strcmp(why.what, "arch") == 0);
	a = announcement();
	a.port = 0;
	CHECK(announced(&a) == ERR_VALUE && strcmp(why.what, "port") == 0);
	CHECK(discover_candidate_json(&c, (struct wall){0}, after) == OK && strcmp(before, after) == 0); /* untouched */
}

TEST(text_records)
{
	struct discover_announcement a = {.port = 8080};
	discover_announcement_txt(&a, BYTES_LITERAL("channel=stable"));
	discover_announcement_txt(&a, BYTES_LITERAL("channel=other")); /* the first counts */
	discover_announcement_txt(&a, BYTES_LITERAL("ARCH=x86_64"));
	discover_announcement_txt(&a, BYTES_LITERAL("version=a=b"));
	discover_announcement_txt(&a, BYTES_LITERAL("colour=red"));
	discover_announcement_txt(&a, BYTES_LITERAL("=x"));
	discover_announcement_txt(&a, BYTES_LITERAL("http_port"));
	discover_announcement_txt(&a, BYTES_NONE);
	CHECK(bytes_is(a.channel, "stable") && bytes_is(a.arch, "x86_64") && bytes_is(a.version, "a=b"));
	CHECK(a.http_port.p == NULL && !discover_announcement_port_differs(&a));
	a.http_port = BYTES_LITERAL("8080");
	CHECK(!discover_announcement_port_differs(&a));
	a.http_port = BYTES_LITERAL("80800");
	CHECK(discover_announcement_port_differs(&a));
	a.http_port = BYTES_LITERAL("x");
	CHECK(discover_announcement_port_differs(&a));
}

/* The longest texts that DNS can carry, all of them to be escaped. */
TEST(hostile_text_fits)
{
	static char channel[DOCUMENT_NAME_MAX], version[DOCUMENT_NAME_MAX], host[DOCUMENT_NAME_MAX];
	struct discover_announcement a = announcement();
	char line[CANDIDATE_JSON_MAX];
	memset(channel, '"', sizeof channel);
	memset(version, '\033', sizeof version);
	memset(host, '\\', sizeof host);
	a.channel = bytes_of(channel, sizeof channel);
	a.version = bytes_of(version, sizeof version);
	a.host = bytes_of(host, sizeof host);
	CHECK(announced(&a) == OK);
	CHECK(discover_candidate_json(&c, (struct wall){0}, line) == OK);
	CHECK(strchr(line, '\033') == NULL && strchr(line, '\n') == line + strlen(line) - 1);
}

TEST(urls)
{
	static const struct {
		const char *url, *channel, *manifest;
	} good[] = {
		{"http://h", "stable", "http://h/stable/x86_64/manifest.json"},
		{"http://h/", "stable", "http://h/stable/x86_64/manifest.json"},
		{"https://h:8443/boot", "stable", "https://h:8443/boot/stable/x86_64/manifest.json"},
		{"http://[fd77::1]:8080", "a b", "http://[fd77::1]:8080/a%20b/x86_64/manifest.json"},
		{"http://h/", NULL, "http://h/manifest.json"},
		{"http://h/any/thing.json?x=1", "stable", "http://h/any/thing.json?x=1"},
	};
	static const char *const bad[] = {"",
					  "h",
					  "h:8080",
					  "ftp://h/",
					  "file:///x",
					  "http://",
					  "http:///x",
					  "http://h:x",
					  "http://h/a b",
					  "http://h/\n",
					  "http://h/#x",
					  "http://h/?a",
					  "http://h:99999/"};
	char out[CANDIDATE_URL_MAX + 1];
	static char url[CANDIDATE_URL_MAX + 64] = "http://h/";
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		CHECK(discover_manifest_url(good[i].url, good[i].channel, "x86_64", out) == OK);
		CHECK(strcmp(out, good[i].manifest) == 0);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK(discover_manifest_url(bad[i], "stable", "x86_64", out) != OK);
	memset(url + strlen(url), 'x', sizeof url - 1 - strlen(url));
	CHECK(discover_manifest_url(url, "stable", "x86_64", out) == ERR_LIMIT);
}

int main(void)
{
	RUN(announcement_becomes_candidate);
	RUN(unusable_announcements);
	RUN(text_records);
	RUN(hostile_text_fits);
	RUN(urls);
	return test_end();
}
