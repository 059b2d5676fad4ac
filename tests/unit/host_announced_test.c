#include "host/announced.h"

#include "phase_fixture.h"

#define NOW ((struct wall){1767323045}) /* 2026-01-02T03:04:05Z */

static struct announced_place place;
static struct announced made[ANNOUNCED_N];

/* Whether url leads there in records. */
static bool leads(const char *url, const char *http_addr, const char *wanted_url, const char *wanted_addr)
{
	return announced_place_of(&place, url, http_addr) == OK && strcmp(place.url, wanted_url) == 0 &&
	       strcmp(place.http_addr, wanted_addr) == 0;
}

TEST(an_address_always_has_a_port)
{
	CHECK(leads("http://a.example:8080/m.json", NULL, "http://a.example:8080/m.json", "a.example:8080"));
	CHECK(leads("http://a.example/m.json", NULL, "http://a.example/m.json", "a.example:80"));
	CHECK(leads("https://a.example/x/m.json?y=:1", NULL, "https://a.example/x/m.json?y=:1", "a.example:443"));
	CHECK(leads("http://[2001:db8::12]/m.json", NULL, "http://[2001:db8::12]/m.json", "[2001:db8::12]:80"));
	CHECK(leads("http://[::1]:81/m.json", NULL, "http://[::1]:81/m.json", "[::1]:81"));
	CHECK(leads("http://127.0.0.1", NULL, "http://127.0.0.1", "127.0.0.1:80"));
}

TEST(another_address_takes_its_place_in_the_url)
{
	CHECK(leads("http://127.0.0.1:8080/a/m.json", "b.example:80", "http://b.example:80/a/m.json", "b.example:80"));
	CHECK(leads("https://a.example/m.json", "[2001:db8::1]:8443", "https://[2001:db8::1]:8443/m.json",
		    "[2001:db8::1]:8443"));
}

TEST(what_no_reader_takes_is_refused)
{
	static const char
		*const urls[] = {"",
				 "m.json",
				 "ftp://a.example/m.json",
				 "http://",
				 "http:///m.json",
				 "http://user@a.example/m.json",
				 "http://a.example:0/m.json",
				 "http://a.example:65536/m.json",
				 "http://0x7f.1/m.json",
				 "http://169.254.169.254/m.json",
				 "http://a.example/m .json",
				 "http://0.0.0.0:8080/m.json"},
		       *const addresses[] = {
			       "",       "a.example",     "a.example:",     "a.example:0",    "a.example:70000",
			       ":80",    "a.example:80/", "a.example:80?x", "u@a.example:80", "http://a.example:80",
			       "::1:80", "169.254.1.1:80"};
	static char long_url[KAD_RECORD_URL_MAX + 1];
	memset(&place, 0x55, sizeof place);
	const struct announced_place before = place;
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
		CHECK(announced_place_of(&place, urls[i], NULL) == ERR_VALUE);
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
		CHECK(announced_place_of(&place, "http://a.example:80/m.json", addresses[i]) == ERR_VALUE);
	CHECK(memcmp(&place, &before, sizeof place) == 0);
	(void)snprintf(long_url, sizeof long_url, "http://a.example/%0*d", KAD_RECORD_URL_MAX - 17, 0);
	CHECK(strlen(long_url) == KAD_RECORD_URL_MAX && announced_place_of(&place, long_url, NULL) == OK);
	CHECK(announced_place_of(&place, long_url, "ab.example:80") == ERR_VALUE);
}

static int write_for(const char *from, const char *to)
{
	static struct manifest m;
	char *text = fixture_edit(fixture_manifest, from, to);
	CHECK(fixture_read(&m, text, strlen(text)) == OK);
	const int err = announced_write(made, &m, &place, NOW, 90);
	free(text);
	return err;
}

static bool is(const struct announced *v, const char *key, const char *value)
{
	return bytes_is(bytes_of(v->key, v->key_n), key) && bytes_is(bytes_of(v->value, v->value_n), value);
}

#define REST(version)                                                             \
	"\"manifest_url\":\"http://a.example:80/"                                 \
	"m.json\",\"http_addr\":\"a.example:80\",\"manifest_version\":\"" version \
	"\",\"created_at\":\"2026-01-02T03:04:05Z\",\"ttl_secs\":90}"

TEST(the_record_stands_under_both_spellings)
{
	CHECK(announced_place_of(&place, "http://a.example:80/m.json", NULL) == OK);
	CHECK(write_for("stable", "stable") == OK);
	CHECK(is(&made[0], "/phase/stable/x86_64/manifest",
		 "{\"channel\":\"stable\",\"arch\":\"x86_64\"," REST("1.2.0")));
	CHECK(is(&made[1], "/phase/stable/amd64/manifest",
		 "{\"channel\":\"stable\",\"arch\":\"amd64\"," REST("1.2.0")));
	CHECK(write_for("\"x86_64\"", "\"aarch64\"") == OK);
	CHECK(bytes_is(bytes_of(made[0].key, made[0].key_n), "/phase/stable/arm64/manifest"));
	CHECK(bytes_is(bytes_of(made[1].key, made[1].key_n), "/phase/stable/aarch64/manifest"));
}

TEST(a_release_without_a_version_has_its_number)
{
	CHECK(write_for("\"version\":\"1.2.0\",", "") == OK);
	CHECK(is(&made[0], "/phase/stable/x86_64/manifest", "{\"channel\":\"stable\",\"arch\":\"x86_64\"," REST("42")));
}

TEST(a_channel_that_the_dht_has_no_keys_for)
{
	char name[KAD_RECORD_NAME_MAX + 2];
	memset(name, 'c', sizeof name);
	name[KAD_RECORD_NAME_MAX] = '\0';
	CHECK(write_for("stable", name) == OK && made[0].key_n > KAD_RECORD_NAME_MAX);
	const struct announced before = made[0];
	name[KAD_RECORD_NAME_MAX] = 'c';
	name[KAD_RECORD_NAME_MAX + 1] = '\0';
	CHECK(write_for("stable", name) == ERR_VALUE);
	CHECK(memcmp(&before, &made[0], sizeof before) == 0);
}

int main(void)
{
	RUN(an_address_always_has_a_port);
	RUN(another_address_takes_its_place_in_the_url);
	RUN(what_no_reader_takes_is_refused);
	RUN(the_record_stands_under_both_spellings);
	RUN(a_release_without_a_version_has_its_number);
	RUN(a_channel_that_the_dht_has_no_keys_for);
	return test_end();
}
