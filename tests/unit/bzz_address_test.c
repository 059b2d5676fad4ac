#include "swarm/bzz_address.h"

#include "core/err.h"
#include "test.h"

#define REFERENCE "2387e8e7d8a48c2a9339c97c1dc3461a9a7aa07e994c5cb8b38fd7c1b3e6ea48"
#define OWNER "8d3766440f0d7b949a5e32995d09619a7f86e632"

static struct bzz_address a;
static const char *what;

static int parse(const char *text)
{
	memset(&a, 0x55, sizeof a);
	what = NULL;
	return bzz_address_parse(bytes_text(text), &a, &what);
}

TEST(references_and_paths)
{
	static const char *const plain[] = {REFERENCE, "bzz://" REFERENCE, "/bzz/" REFERENCE};
	for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
		CHECK(parse(plain[i]) == OK && !a.is_feed && !a.has_path && !a.reference.encrypted);
		CHECK(a.reference.address[0] == 0x23 && a.reference.address[31] == 0x48);
	}
	CHECK(parse(REFERENCE REFERENCE) == OK && a.reference.encrypted && a.reference.key[0] == 0x23);
	CHECK(parse(REFERENCE "/") == OK && a.has_path && a.path.n == 0);
	CHECK(parse(REFERENCE "/stable/x86_64/m.json") == OK && a.has_path && bytes_is(a.path, "stable/x86_64/m.json"));
}

TEST(feeds)
{
	CHECK(parse("feeds/" OWNER "/" REFERENCE) == OK && a.is_feed && a.owner[0] == 0x8d && a.topic[0] == 0x23);
	CHECK(a.topic_n == 32 && !a.has_path);
	CHECK(parse("feeds/0x" OWNER "/news/a/b") == OK && a.has_path && bytes_is(a.path, "a/b"));
	CHECK(parse("bzz://feeds/" OWNER "/news") == OK && a.is_feed && !a.has_path);
	CHECK(parse("feeds/" OWNER) == ERR_VALUE && strstr(what, "owner") != NULL);
	CHECK(parse("feeds/8d37/news") == ERR_VALUE && strstr(what, "owner") != NULL);
	CHECK(parse("feeds/" OWNER "/") == ERR_VALUE && strstr(what, "topic") != NULL);
}

TEST(what_is_none)
{
	static const char *const bad[] = {"", "/", "23", (REFERENCE "00"), "http://a/", "\xff", "bzz://", "feeds/"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK(parse(bad[i]) == ERR_VALUE && what != NULL);
	CHECK(parse("stable.eth/m.json") == ERR_VALUE && strstr(what, "names are not resolved") != NULL);
}

/* The half that is the key is nobody's to read. */
TEST(shown_without_keys)
{
	char text[200], small[8];
	CHECK(strcmp(bzz_address_shown(bytes_text(REFERENCE "/a"), text, sizeof text), REFERENCE "/a") == 0);
	CHECK(strcmp(bzz_address_shown(bytes_text(REFERENCE REFERENCE "/a"), text, sizeof text), REFERENCE ".../a") ==
	      0);
	CHECK(strlen(bzz_address_shown(bytes_text(REFERENCE), small, sizeof small)) < sizeof small);
}

int main(void)
{
	RUN(references_and_paths);
	RUN(feeds);
	RUN(what_is_none);
	RUN(shown_without_keys);
	return test_end();
}
