#include "kad/record.h"

#include "core/hex.h"
#include "kad/record_url.h"
#include "test.h"

#define KEY BYTES_LITERAL("/phase/stable/x86_64/manifest")

static uint8_t memory[KAD_RECORD_ARENA_BYTES];
static struct kad_record record;

static int read_scoped(struct bytes key, struct bytes value, enum kad_scope least)
{
	struct arena a = arena_of(memory, sizeof memory);
	struct why why = {.what = ""};
	return kad_record_read(&record, key, value, least, &a, &why);
}

static int read(struct bytes key, struct bytes value)
{
	return read_scoped(key, value, KAD_SCOPE_LOOPBACK);
}

static const char good[] = "{\"channel\":\"stable\",\"arch\":\"x86_64\",\"manifest_url\":\"http://10.0.0.1:8080/stable/"
			   "x86_64/manifest.json\",\"http_addr\":\"10.0.0.1:8080\",\"manifest_version\":\"0.1.0\","
			   "\"created_at\":\"2026-01-02T03:04:05Z\",\"ttl_secs\":3600}";

/* good with what replaced by with. */
static struct bytes changed(const char *what, const char *with)
{
	static char room[8192];
	const char *at = strstr(good, what);
	if (at == NULL)
		abort();
	(void)snprintf(room, sizeof room, "%.*s%s%s", (int)(at - good), good, with, at + strlen(what));
	return bytes_text(room);
}

TEST(records_of_the_other_implementation)
{
	cJSON *json = test_vectors("phase-dht.json"), *item;
	unsigned n = 0;
	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(json, "records"))
	{
		const struct bytes key = bytes_text(test_text(item, "key_text")),
				   value = bytes_text(test_text(item, "value"));
		uint8_t made[512];
		struct writer w = writer_of(made, sizeof made);
		CHECK(read(key, value) == OK && !record.bare && record.ttl_s == 3600);
		CHECK(record.created_at.s == 1767323045 && kad_record_write(&w, &record) == OK);
		/* Ours says Z where theirs says +00:00, and the one name of the architecture. */
		struct kad_record first = record;
		struct bytes text = writer_view(&w);
		static uint8_t kept[512];
		memcpy(kept, text.p, text.n);
		uint8_t other[KAD_RECORD_ARENA_BYTES];
		struct arena a = arena_of(other, sizeof other);
		CHECK(kad_record_read(&record, key, bytes_of(kept, text.n), KAD_SCOPE_LOOPBACK, &a, NULL) == OK);
		CHECK(kad_record_same_provider(&first, &record) && kad_record_order(&first, &record) == 0);
		CHECK(bytes_equal(first.manifest_version, record.manifest_version) && record.ttl_s == first.ttl_s);
		CHECK(bytes_equal(first.channel, record.channel) && first.arch == record.arch);
		n++;
	}
	CHECK(n == 3);
	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(json, "hostile_values_ours_must_reject"))
	{
		CHECK(read(KEY, bytes_text(item->valuestring)) != OK);
		n++;
	}
	CHECK(n == 10);
	CHECK(read(KEY, changed("2026-01-02T03:04:05Z", "2999-01-01T00:00:00Z")) == OK);
	CHECK(kad_record_judge(&record, (struct wall){1767323045}) == ERR_NOT_YET);
	cJSON_Delete(json);
}

TEST(keys)
{
	struct bytes channel;
	const char *arch;
	uint8_t made[128];
	static const char *const archs[] = {"x86_64", "amd64", "arm64", "aarch64"};
	for (size_t i = 0; i < 4; i++) {
		struct writer w = writer_of(made, sizeof made);
		kad_record_write_key(&w, BYTES_LITERAL("testing"), bytes_text(archs[i]));
		CHECK(kad_record_read_key(writer_view(&w), &channel, &arch) == OK && bytes_is(channel, "testing"));
		CHECK(bytes_is(bytes_text(arch), i < 2 ? "x86_64" : "arm64"));
	}
	static const char *const bad[] = {"",
					  "/phase/",
					  "/phase//manifest",
					  "/phase/manifest",
					  "/phase/stable/manifest",
					  "/phase//x86_64/manifest",
					  "/phase/stable/sparc/manifest",
					  "/phase/stable/x86_64",
					  "phase/stable/x86_64/manifest",
					  "/phase/stable/x86_64/manifest/",
					  "/phase/a/b/x86_64/manifest",
					  "/phase/st\nble/x86_64/manifest",
					  "/ipns/stable/x86_64/manifest"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK(kad_record_read_key(bytes_text(bad[i]), &channel, &arch) == ERR_VALUE);
}

TEST(what_makes_a_record_none)
{
	CHECK(read(KEY, bytes_text(good)) == OK);
	CHECK(read(BYTES_LITERAL("/phase/stable/amd64/manifest"), bytes_text(good)) == OK);
	CHECK(read(BYTES_LITERAL("/phase/testing/x86_64/manifest"), bytes_text(good)) == ERR_VALUE);
	CHECK(read(BYTES_LITERAL("/phase/stable/arm64/manifest"), bytes_text(good)) == ERR_VALUE);
	static const char *const members[] = {"channel",          "arch",       "manifest_url", "http_addr",
					      "manifest_version", "created_at", "ttl_secs"};
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		CHECK(read(KEY, changed(members[i], "else")) == ERR_MISSING);
	CHECK(read(KEY, changed("3600", "\"3600\"")) == ERR_TYPE && read(KEY, changed("3600", "0")) == ERR_VALUE);
	CHECK(read(KEY, changed("3600", "-1")) == ERR_NUMBER && read(KEY, changed("\"stable\"", "1")) == ERR_TYPE);
	CHECK(read(KEY, changed("2026-01-02T03:04:05Z", "yesterday")) == ERR_VALUE);
	CHECK(read(KEY, changed("0.1.0", "\\u001b[2J")) == ERR_VALUE);
	CHECK(read(KEY, changed("\"0.1.0\"", "\"0.1.0\",\"new\":[1,{}]")) == OK);
	CHECK(read(KEY, changed("\"0.1.0\"", "\"0.1.0\",\"channel\":\"stable\"")) == ERR_DUPLICATE);
	CHECK(read(KEY, changed("http_addr\":\"10.0.0.1:8080", "http_addr\":\"10.0.0.1:8081")) == ERR_VALUE);
	CHECK(read(KEY, changed("http_addr\":\"10.0.0.1:8080", "http_addr\":\"10.0.0.2:8080")) == ERR_VALUE);
	CHECK(read(KEY, BYTES_LITERAL("[]")) == ERR_TYPE && read(KEY, BYTES_NONE) == ERR_LIMIT);
	static uint8_t large[KAD_RECORD_BYTES_MAX + 1];
	CHECK(read(KEY, bytes_of(large, sizeof large)) == ERR_LIMIT);
	for (size_t n = 0; n < sizeof good - 1; n++)
		CHECK(read(KEY, bytes_of(good, n)) != OK);
	for (size_t bit = 0; bit < 8 * (sizeof good - 1); bit++) {
		static char flipped[sizeof good];
		memcpy(flipped, good, sizeof good);
		flipped[bit / 8] = (char)(flipped[bit / 8] ^ 1 << bit % 8);
		if (read(KEY, bytes_of(flipped, sizeof good - 1)) == OK)
			CHECK(bytes_is(record.channel, "stable") && bytes_starts(record.manifest_url, "http"));
	}
}

/* All values of the longest kind fit the arena that the header promises. */
TEST(the_arena_suffices)
{
	static char room[KAD_RECORD_BYTES_MAX + 1], filler[KAD_RECORD_BYTES_MAX];
	memset(filler, 'x', sizeof filler);
	const size_t base = sizeof good - 1;
	const struct bytes long_one =
		changed("0.1.0", (filler[KAD_RECORD_BYTES_MAX - base + 5] = 0, (const char *)filler));
	CHECK(long_one.n == KAD_RECORD_BYTES_MAX);
	memcpy(room, long_one.p, long_one.n);
	CHECK(read(KEY, bytes_of(room, long_one.n)) == OK);
	CHECK(record.manifest_version.n == KAD_RECORD_BYTES_MAX - base + 5);
}

TEST(urls)
{
	struct bytes authority;
	static const char *const fine[] = {"http://a.example/x",        "https://a.example:8443",
					   "http://8.8.8.8/m.json?a#b", "http://[2a00::1]:80/",
					   "http://a.example/%7Ex",     "http://xn--a.b-c.example/",
					   "http://[2002:808:808::1]/", "http://[2001:0:808:808:0:1:f7f7:f7f7]/",
					   "http://my.atlan/",          "http://lan.example/"};
	static const char *const bad[] = {"",
					  "http://",
					  "http:///x",
					  "ftp://a.example/",
					  "file:///etc/passwd",
					  "http://good:8080@evil/manifest.json",
					  "http://a.example:0/",
					  "http://a.example:65536/",
					  "http://a.example:/",
					  "http://a.example:80:80/",
					  "http://a b/",
					  "http://a.example/\x7f",
					  "http://a.example/\\x",
					  "http://2130706433/",
					  "http://0x7f.1/",
					  "http://127.1/",
					  "http://1.2.3.4.5/",
					  "http://8.8.8.8./",
					  "http://a..example/",
					  "http://.example/",
					  "http://a.example%2f/",
					  "http://169.254.169.254/latest",
					  "http://[fe80::1]/",
					  "http://[fe80::1%25eth0]/",
					  "http://[::]/",
					  "http://[::127.0.0.2]/",
					  "http://[::8.8.8.8]/",
					  "http://[2002:a9fe:a9fe::]/",
					  "http://[2001:0:808:808:0:1:5601:5601]/",
					  "http://[::ffff:169.254.169.254]/",
					  "http://0.0.0.0/",
					  "http://[2a00::1/"};
	for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++)
		CHECK(kad_record_url_ok(bytes_text(fine[i]), KAD_SCOPE_PUBLIC, &authority));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK(!kad_record_url_ok(bytes_text(bad[i]), KAD_SCOPE_NONE, &authority));
	/* Whom a stranger may send us to depends on who he is. */
	static const char *const near[] = {"http://127.0.0.1/", "http://LocalHost/", "http://a.localhost:1/",
					   "http://[::1]/",     "http://10.0.0.1/",  "http://192.168.1.1/",
					   "http://[fd00::1]/", "http://172.16.0.1/"};
	for (size_t i = 0; i < sizeof near / sizeof near[0]; i++) {
		CHECK(kad_record_url_ok(bytes_text(near[i]), KAD_SCOPE_LOOPBACK, &authority));
		CHECK(kad_record_url_ok(bytes_text(near[i]), KAD_SCOPE_PRIVATE, &authority) == (i >= 4));
		CHECK(!kad_record_url_ok(bytes_text(near[i]), KAD_SCOPE_PUBLIC, &authority));
	}
	static const char *const told_within[] = {
		"http://router/",
		"http://instance-data/latest",
		"http://router.local/",
		"http://ROUTER.Local:8080/",
		"http://metadata.google.internal/",
		"http://a.home.arpa/",
		"http://nas.lan/",
		"http://nas.localdomain/",
		"http://lan/",
		"http://[2002:a00:1::]/",   /* 6to4 of 10.0.0.1 */
		"http://[64:ff9b::a00:1]/", /* NAT64 of it */
		"http://[::ffff:10.0.0.1]/",
		"http://[2001:0:a00:1:0:1:f7f7:f7f7]/",    /* Teredo, by a server there */
		"http://[2001:0:808:808:0:1:f5ff:fffe]/"}; /* for a client there */
	for (size_t i = 0; i < sizeof told_within / sizeof told_within[0]; i++) {
		CHECK(kad_record_url_ok(bytes_text(told_within[i]), KAD_SCOPE_PRIVATE, &authority));
		CHECK(!kad_record_url_ok(bytes_text(told_within[i]), KAD_SCOPE_PUBLIC, &authority));
	}
	static const char *const of_this_machine[] = {
		"http://ip6-localhost/",         "http://ip6-loopback/",
		"http://localhost.localdomain/", "http://localhost6/",
		"http://[2002:7f00:1::]/",       "http://[::ffff:127.0.0.1]/",
		"http://[64:ff9b::7f00:1]/",     "http://[2001:0:808:808:0:1:80ff:fffe]/"};
	for (size_t i = 0; i < sizeof of_this_machine / sizeof of_this_machine[0]; i++) {
		CHECK(kad_record_url_ok(bytes_text(of_this_machine[i]), KAD_SCOPE_LOOPBACK, &authority));
		CHECK(!kad_record_url_ok(bytes_text(of_this_machine[i]), KAD_SCOPE_PRIVATE, &authority));
	}
	const struct bytes plain = BYTES_LITERAL("http://a.example/x"), tls = BYTES_LITERAL("https://a.example/x");
	const struct bytes host = BYTES_LITERAL("a.example");
	CHECK(kad_record_url_at(plain, host, BYTES_LITERAL("a.example:80")) && kad_record_url_at(plain, host, host));
	CHECK(kad_record_url_at(tls, host, BYTES_LITERAL("a.example:443")));
	CHECK(!kad_record_url_at(tls, host, BYTES_LITERAL("a.example:80")));
}

TEST(a_url_alone)
{
	CHECK(read(KEY, BYTES_LITERAL("http://10.0.0.1/stable/x86_64/manifest.json")) == OK && record.bare);
	CHECK(bytes_is(record.channel, "stable") && bytes_is(bytes_text(record.arch), "x86_64"));
	CHECK(kad_record_judge(&record, (struct wall){0}) == OK);
	CHECK(read_scoped(KEY, BYTES_LITERAL("http://10.0.0.1/m.json"), KAD_SCOPE_PUBLIC) == ERR_VALUE);
}

TEST(age)
{
	const int64_t made = 1767323045;
	CHECK(read(KEY, bytes_text(good)) == OK);
	CHECK(kad_record_judge(&record, (struct wall){made}) == OK);
	CHECK(kad_record_judge(&record, (struct wall){made + 3600}) == OK);
	CHECK(kad_record_judge(&record, (struct wall){made + 3601}) == ERR_EXPIRED);
	CHECK(kad_record_judge(&record, (struct wall){made - KAD_RECORD_SKEW_S}) == OK);
	CHECK(kad_record_judge(&record, (struct wall){made - KAD_RECORD_SKEW_S - 1}) == ERR_NOT_YET);
	CHECK(read(KEY, changed("3600", "9007199254740991")) == OK);
	CHECK(kad_record_judge(&record, (struct wall){made + KAD_RECORD_TTL_MAX_S}) == OK);
	CHECK(kad_record_judge(&record, (struct wall){made + KAD_RECORD_TTL_MAX_S + 1}) == ERR_EXPIRED);
}

TEST(rules)
{
	const struct kad_rules *r = &kad_record_rules;
	const struct wall now = {1767323045 + 600};
	uint64_t left;
	CHECK(r->check(KEY, bytes_text(good), KAD_SCOPE_PRIVATE, now, &left) == OK && left == 3000);
	CHECK(r->check(KEY, bytes_text(good), KAD_SCOPE_PUBLIC, now, &left) == ERR_VALUE);
	CHECK(r->check(KEY, bytes_text(good), KAD_SCOPE_PRIVATE, (struct wall){now.s + 7200}, &left) == ERR_EXPIRED);
	CHECK(r->check(BYTES_LITERAL("/ipns/x"), bytes_text(good), KAD_SCOPE_NONE, now, &left) == ERR_VALUE);
	CHECK(r->check(BYTES_LITERAL("x"), bytes_text(good), KAD_SCOPE_NONE, now, &left) == ERR_VALUE);
	static uint8_t newer[sizeof good + 32], elsewhere[sizeof good + 32];
	struct bytes b = changed("03:04:05", "03:04:06");
	memcpy(newer, b.p, b.n);
	const struct bytes fresh = bytes_of(newer, b.n);
	CHECK(r->meet(KEY, bytes_text(good), fresh, now) == KAD_REPLACES);
	CHECK(r->meet(KEY, fresh, bytes_text(good), now) == KAD_OLDER);
	/* Both are dated ahead, so one is as good as the other. */
	CHECK(r->meet(KEY, fresh, bytes_text(good), (struct wall){now.s - 700}) == KAD_REPLACES);
	CHECK(r->meet(KEY, bytes_text(good), fresh, (struct wall){now.s - 700}) == KAD_REPLACES);
	b = changed("http_addr\":\"10.0.0.1:8080", "http_addr\":\"10.0.0.2:8080");
	CHECK(read(KEY, b) != OK);
	b = BYTES_LITERAL("http://10.0.0.2:8080/m.json");
	memcpy(elsewhere, b.p, b.n);
	CHECK(r->meet(KEY, bytes_text(good), bytes_of(elsewhere, b.n), now) == KAD_BESIDE);
	CHECK(r->meet(KEY, bytes_of(elsewhere, b.n), bytes_text(good), now) == KAD_BESIDE);
}

TEST(blobs)
{
	uint64_t left;
	const struct bytes key =
		BYTES_LITERAL("/phase/blob/b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9");
	const struct wall now = {1};
	CHECK(kad_record_rules.check(key, BYTES_LITERAL("hello world"), KAD_SCOPE_PUBLIC, now, &left) == OK);
	CHECK(left == KAD_RECORD_TTL_MAX_S);
	CHECK(kad_record_rules.check(key, BYTES_LITERAL("hello worle"), KAD_SCOPE_PUBLIC, now, &left) == ERR_HASH);
	CHECK(kad_record_rules.check(bytes_of(key.p, key.n - 1), BYTES_LITERAL("hello world"), KAD_SCOPE_PUBLIC, now,
				     &left) == ERR_HASH);
}

TEST(writing)
{
	uint8_t made[512];
	CHECK(read(KEY, bytes_text(good)) == OK);
	struct writer w = writer_of(made, sizeof made);
	CHECK(kad_record_write(&w, &record) == OK && bytes_is(writer_view(&w), good));
	for (size_t room = 0; room < sizeof good - 1; room++) {
		w = writer_of(made, room);
		CHECK(kad_record_write(&w, &record) == ERR_NO_SPACE && w.n == 0);
	}
	record.created_at.s = INT64_MAX;
	w = writer_of(made, sizeof made);
	CHECK(kad_record_write(&w, &record) == ERR_VALUE);
}

TEST(the_key_of_providers_is_a_multihash)
{
	uint8_t key[KAD_RECORD_PROVIDED_BYTES], wanted[SHA256_BYTES];
	const struct bytes hash = BYTES_LITERAL("d2f23502aaea27372b314038e3b0aae39ccd46f0bd37029e0e71d453fa6ff6fc");
	CHECK(hex_decode(hash, wanted, sizeof wanted) == OK);
	kad_record_provided(KEY, key);
	CHECK(key[0] == 0x12 && key[1] == 0x20 && memcmp(key + 2, wanted, sizeof wanted) == 0);
}

int main(void)
{
	RUN(records_of_the_other_implementation);
	RUN(keys);
	RUN(what_makes_a_record_none);
	RUN(the_arena_suffices);
	RUN(urls);
	RUN(a_url_alone);
	RUN(age);
	RUN(rules);
	RUN(blobs);
	RUN(writing);
	RUN(the_key_of_providers_is_a_multihash);
	return test_end();
}
