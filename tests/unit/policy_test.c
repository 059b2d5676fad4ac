#include "phase/policy.h"

#include "phase_fixture.h"

#define KEY_A "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"
#define KEY_B "8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394"
#define ZERO_28 "00000000000000000000000000000000000000000000000000000000"

static const char base[] =
	"{\"policy_version\":1,\"version\":3,\"keys\":[{\"key_id\":\"" KEY_A "\",\"name\":\"release 2026\"},"
	"{\"key_id\":\"" KEY_B "\"}],\"threshold\":2,\"channel\":\"stable\",\"arch\":\"amd64\",\"min_release\":40,"
	"\"expires_at\":\"2027-01-01T00:00:00Z\",\"sources\":[\"http://boot.example:8080\"],"
	"\"bootstrap\":[\"/dnsaddr/boot.example\"],\"signatures\":[]}";
static struct policy p;

static int edited(const char *from, const char *to)
{
	char *text = fixture_edit(base, from, to);
	int err = fixture_policy(&p, text, 0);
	free(text);
	return err;
}

TEST(reads_what_is_there)
{
	CHECK(fixture_policy(&p, base, 0) == OK);
	CHECK(p.keys_n == 2 && p.threshold == 2 && p.version == 3 && p.min_release == 40);
	CHECK(p.keys[0].key[0] == 0x8a && bytes_is(p.keys[0].name, "release 2026") && p.keys[1].name.n == 0);
	CHECK(bytes_is(p.channel, "stable") && bytes_is(p.arch, "x86_64") && p.has_expires_at);
	CHECK(p.sources != NULL && p.sources->n == 1 && p.bootstrap != NULL && p.bootstrap->n == 1);
	CHECK(bytes_starts(p.message, POLICY_SIGNED_PREFIX "{\"arch\":\"amd64\","));
}

TEST(only_keys_and_threshold_are_required)
{
	static const char least[] = "{\"keys\":[{\"key_id\":\"" KEY_A "\"}],\"threshold\":1}";
	CHECK(fixture_policy(&p, least, 0) == OK);
	CHECK(p.version == 0 && p.min_release == 0 && p.channel.n == 0 && p.arch.n == 0 && !p.has_expires_at);
	CHECK(p.sources == NULL && p.bootstrap == NULL && p.signatures_n == 0);
	CHECK(fixture_policy(&p, "{\"threshold\":1}", 0) == ERR_MISSING);
	CHECK(edited("\"threshold\":2,", "") == ERR_MISSING);
}

struct edit {
	const char *from, *to;
	int err;
};

TEST(values_that_are_not_allowed)
{
	static const struct edit edits[] = {
		{"\"policy_version\":1", "\"policy_version\":2", ERR_VERSION},
		{"\"version\":3", "\"version\":\"3\"", ERR_TYPE},
		{"\"threshold\":2", "\"threshold\":0", ERR_VALUE},
		{"\"threshold\":2", "\"threshold\":3", ERR_VALUE},
		{"\"threshold\":2", "\"threshold\":\"2\"", ERR_TYPE},
		{"\"threshold\":2", "\"threshold\":9007199254740992", ERR_NUMBER},
		{"\"threshold\":2", "\"threshold\":2,\"threshold\":1", ERR_DUPLICATE},
		{KEY_B, KEY_A, ERR_DUPLICATE}, /* one key twice would meet a threshold alone */
		{KEY_B, "8139", ERR_VALUE},
		{KEY_B, "8139770EA87D175F56A35466C34C7ECCCB8D8A91B4EE37A25DF60F5B8FC9B394", ERR_VALUE},
		/* points of small order, and y = p + 1: anybody can sign for them */
		{KEY_B, "01000000" ZERO_28, ERR_VALUE},
		{KEY_B, "00000000" ZERO_28, ERR_VALUE},
		{KEY_B, "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", ERR_VALUE},
		{KEY_B, "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", ERR_VALUE},
		{"\"key_id\":\"" KEY_B "\"", "\"id\":1", ERR_MISSING},
		{"{\"key_id\":\"" KEY_B "\"}", "\"" KEY_B "\"", ERR_TYPE},
		{"release 2026", "release\\n2026", ERR_VALUE},
		{"\"stable\"", "\"\"", ERR_VALUE},
		{"\"stable\"", "null", ERR_TYPE},
		{"\"amd64\"", "\"mips\"", ERR_VALUE},
		{"2027-01-01T00:00:00Z", "soon", ERR_VALUE},
		{"http://boot", "ftp://boot", ERR_VALUE},
		{"http://boot.example:8080", "boot.example", ERR_VALUE},
		{"\"http://boot.example:8080\"", "1", ERR_TYPE},
		{"[\"http://boot.example:8080\"]", "\"http://boot.example:8080\"", ERR_TYPE},
		{"/dnsaddr", "dnsaddr", ERR_VALUE},
		{"/dnsaddr", "/dns\\u001baddr", ERR_VALUE},
		{"\"signatures\":[]", "\"critical\":[\"tpm\"]", ERR_CRITICAL},
		{"\"signatures\":[]", "\"critical\":[\"threshold\"]", OK},
		{"\"signatures\":[]", "\"note\":1", OK},
		{"\"signatures\":[]}", "\"signatures\":[]}]", ERR_TRAILING},
	};
	for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
		int err = edited(edits[i].from, edits[i].to);
		if (!CHECK(err == edits[i].err))
			printf("# in: %s -> %s: %s\n", edits[i].from, edits[i].to, err_text(err));
	}
}

TEST(failure_leaves_the_policy_alone)
{
	CHECK(fixture_policy(&p, base, 0) == OK);
	CHECK(edited("\"threshold\":2", "\"threshold\":3") == ERR_VALUE);
	CHECK(p.keys_n == 2 && p.threshold == 2);
}

TEST(cut_at_every_byte)
{
	struct arena a;
	for (size_t n = 0; n < sizeof base - 1; n++) {
		a = arena_of(fixture_memory[0], sizeof fixture_memory[0]);
		CHECK(policy_read(&p, bytes_of(base, n), &a, &fixture_why) != OK);
	}
}

TEST(members_that_mean_nothing)
{
	const struct json_node *e;
	CHECK(fixture_policy(&p, base, 0) == OK);
	CHECK(policy_unknown(&p, NULL) == NULL);
	char *text =
		fixture_edit(base, "\"channel\":", "\"boot\":{\"x\":1},\"name\":\"x\",\"critical\":[],\"channels\":");
	CHECK(fixture_policy(&p, text, 0) == OK);
	CHECK(p.channel.n == 0);
	e = policy_unknown(&p, NULL);
	CHECK(json_key_is(&p.json, e, "channels"));
	e = policy_unknown(&p, e);
	CHECK(json_key_is(&p.json, e, "name"));
	CHECK(policy_unknown(&p, e) == NULL);
	free(text);
}

TEST(too_many_keys)
{
	struct policy full;
	uint8_t key[ED25519_KEY_BYTES] = {0};
	size_t n = 0;
	policy_init(&full);
	CHECK(full.threshold == 1 && full.keys_n == 0);
	for (unsigned i = 0; i < 4096 && n < POLICY_KEYS_MAX; i++) {
		key[0] = (uint8_t)i;
		key[1] = (uint8_t)(i >> 8);
		int err = policy_add_key(&full, key);
		n += err == OK;
		CHECK(err == OK || err == ERR_KEY);
	}
	CHECK(n == POLICY_KEYS_MAX && full.keys_n == n);
	CHECK(policy_add_key(&full, full.keys[0].key) == ERR_LIMIT);
	full.keys_n--;
	CHECK(policy_add_key(&full, full.keys[0].key) == ERR_DUPLICATE);
}

int main(void)
{
	RUN(reads_what_is_there);
	RUN(only_keys_and_threshold_are_required);
	RUN(values_that_are_not_allowed);
	RUN(failure_leaves_the_policy_alone);
	RUN(cut_at_every_byte);
	RUN(members_that_mean_nothing);
	RUN(too_many_keys);
	return test_end();
}
