#include "fetch/boot_config.h"

#include <stdalign.h>

#include "test.h"

#define KEY_A "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"
#define POLICY "\"keys\":[{\"key_id\":\"" KEY_A "\"}],\"threshold\":1"

static alignas(16) uint8_t memory[BOOT_CONFIG_ARENA_BYTES];
static struct boot_config c;
static struct why why;

static int read_text(const char *text)
{
	struct arena a = arena_of(memory, sizeof memory);
	why = (struct why){.err = OK};
	return boot_config_read(&c, bytes_text(text), &a, &why);
}

static int read_boot(const char *boot)
{
	static char text[8192];
	(void)snprintf(text, sizeof text, "{" POLICY ",\"boot\":%s}", boot);
	return read_text(text);
}

static int override(const char *options)
{
	struct boot_options o;
	int err = boot_options_read(&o, bytes_text(options), &why);
	return err != OK ? err : boot_config_override(&c, &o, &why);
}

TEST(a_policy_alone_is_a_configuration)
{
	CHECK(read_text("{" POLICY "}") == OK);
	CHECK(c.policy.keys_n == 1 && c.providers.n == 0 && !c.mdns && c.attempts == BOOT_ATTEMPTS);
	CHECK(c.http && c.native && c.bridge && c.network_id == 1 && c.stack == BOOT_STACK_ANY && c.unknown.n == 0);
	CHECK(!c.native_first && c.peers.n == 0);
	CHECK(read_text("{\"boot\":{}}") == ERR_MISSING);
}

TEST(reads_what_is_there)
{
	CHECK(read_boot("{\"manifest\":\"http://a/m.json\",\"providers\":[\"http://a:8080/\",\"http://[fec0::2]/x\"],"
			"\"gateways\":[\"http://10.0.2.9:1633\"],\"bridge\":[\"/ip4/10.0.2.2/tcp/"
			"4001\"],\"bootnodes\":[],\"network_id\":10,"
			"\"modes\":[\"http\"],\"mdns\":true,\"attempts\":0,\"backoff_seconds\":7,\"network\":"
			"{\"stack\":\"tcp4\",\"address\":\"10.0.2.15/"
			"24\",\"gateway\":\"10.0.2.2\",\"dns\":[\"10.0.2.3\"],"
			"\"mac\":\"52:54:00:12:34:56\"}}") == OK);
	CHECK(bytes_is(c.manifest, "http://a/m.json") && c.providers.n == 2 &&
	      bytes_is(c.providers.v[1], "http://[fec0::2]/x"));
	CHECK(c.gateways.n == 1 && bytes_is(c.gateways.v[0], "http://10.0.2.9:1633"));
	CHECK(c.bridges.n == 1 && c.bootnodes.n == 0 && c.network_id == 10 && c.http && !c.native && !c.bridge);
	CHECK(c.mdns && c.attempts == 0 && c.backoff_s == 7 && c.stack == BOOT_STACK_TCP4 && c.unknown.n == 0);
	CHECK(bytes_is(c.address, "10.0.2.15/24") && bytes_is(c.gateway, "10.0.2.2") && c.resolvers.n == 1);
	CHECK(bytes_is(c.mac, "52:54:00:12:34:56"));
}

TEST(nodes_of_swarm_and_the_order_of_modes)
{
	CHECK(read_boot("{\"peers\":[\"/ip4/10.0.2.2/tcp/1634\",\"/dns4/bee/tcp/1634\"],"
			"\"bootnodes\":[\"/dnsaddr/mainnet.ethswarm.org\"],\"modes\":[\"native\",\"http\"]}") == OK);
	CHECK(c.peers.n == 2 && bytes_is(c.peers.v[1], "/dns4/bee/tcp/1634") && c.bootnodes.n == 1);
	CHECK(c.native && c.http && !c.bridge && c.native_first && c.unknown.n == 0);
	CHECK(read_boot("{\"modes\":[\"http\",\"native\"]}") == OK && c.native && c.http && !c.native_first);
	CHECK(read_boot("{\"modes\":[\"native\"]}") == OK && c.native && !c.http && c.native_first);
	CHECK(read_boot("{\"peers\":[\"/ip4/10.0.2.2/tcp/1634\"]}") == OK && !c.native_first);
	CHECK(override("peer=/ip4/10.0.2.3/tcp/1 peer=/ip4/10.0.2.4/tcp/2 bootnode=/dnsaddr/a") == OK);
	CHECK(c.peers.n == 2 && bytes_is(c.peers.v[0], "/ip4/10.0.2.3/tcp/1") && c.bootnodes.n == 1);
	CHECK(override("peer=10.0.2.3") == ERR_VALUE && bytes_is(why.id, "peer=10.0.2.3"));
}

TEST(what_is_wrong_is_named)
{
	static const struct {
		const char *boot, *what;
		int err;
	} cases[] = {
		{"[]", "boot", ERR_TYPE},
		{"{\"providers\":\"http://a/\"}", "providers", ERR_TYPE},
		{"{\"providers\":[1]}", "providers", ERR_TYPE},
		{"{\"providers\":[\"ftp://a/\"]}", "providers", ERR_VALUE},
		{"{\"providers\":[\"http://a b/\"]}", "providers", ERR_VALUE},
		{"{\"gateways\":\"http://a/\"}", "gateways", ERR_TYPE},
		{"{\"gateways\":[\"a:1633\"]}", "gateways", ERR_VALUE},
		{"{\"modes\":[\"https\"]}", "modes", ERR_VALUE},
		{"{\"bridge\":[\"10.0.2.2\"]}", "bridge", ERR_VALUE},
		{"{\"peers\":[\"10.0.2.2\"]}", "peers", ERR_VALUE},
		{"{\"bootnodes\":\"/dnsaddr/a\"}", "bootnodes", ERR_TYPE},
		{"{\"mdns\":1}", "mdns", ERR_TYPE},
		{"{\"attempts\":-1}", NULL, ERR_NUMBER},
		{"{\"backoff_seconds\":301}", "backoff_seconds", ERR_VALUE},
		{"{\"network\":{\"stack\":\"linux\"}}", "stack", ERR_VALUE},
		{"{\"manifest\":\"\"}", "manifest", ERR_VALUE},
		{"{\"network\":[]}", "network", ERR_TYPE},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		CHECK(read_text("{" POLICY "}") == OK);
		CHECK(read_boot(cases[i].boot) == cases[i].err && why.err == cases[i].err);
		CHECK(cases[i].what == NULL || strcmp(why.what, cases[i].what) == 0);
		CHECK(c.attempts == BOOT_ATTEMPTS && c.providers.n == 0); /* untouched */
	}
}

TEST(a_misspelt_member_is_noted)
{
	CHECK(read_boot("{\"provider\":[\"http://a/\"]}") == OK && bytes_is(c.unknown, "provider"));
	CHECK(read_boot("{\"network\":{\"addresses\":\"10.0.0.1/8\"}}") == OK && bytes_is(c.unknown, "addresses"));
}

TEST(lists_have_a_limit)
{
	char text[4096] = "{\"providers\":[\"http://a/\"";
	for (int i = 1; i < BOOT_TEXTS_MAX; i++)
		(void)snprintf(text + strlen(text), sizeof text - strlen(text), ",\"http://a/%d\"", i);
	size_t n = strlen(text);
	(void)snprintf(text + n, sizeof text - n, "]}");
	CHECK(read_boot(text) == OK && c.providers.n == BOOT_TEXTS_MAX);
	(void)snprintf(text + n, sizeof text - n, ",\"http://b/\"]}");
	CHECK(read_boot(text) == ERR_LIMIT);
}

TEST(options_come_before_the_configuration)
{
	CHECK(read_boot("{\"providers\":[\"http://a/\",\"http://b/\"],\"mdns\":true}") == OK);
	CHECK(override("") == OK && c.providers.n == 2);
	CHECK(override("  mdns=off provider=http://c/ provider=http://d/ stack=lwip attempts=0 verbose=on\n") == OK);
	CHECK(c.providers.n == 2 && bytes_is(c.providers.v[0], "http://c/") && bytes_is(c.providers.v[1], "http://d/"));
	CHECK(!c.mdns && c.stack == BOOT_STACK_LWIP && c.attempts == 0 && c.verbose);
	CHECK(override("config=\\EFI\\x.json selftest address=10.0.0.1/8 gateway=10.0.0.2 dns=10.0.0.3 "
		       "bridge=/ip4/10.0.2.2/tcp/1 manifest=abc mac=52:54:00:12:34:56") == OK);
	CHECK(bytes_is(c.address, "10.0.0.1/8") && c.bridges.n == 1 && bytes_is(c.manifest, "abc"));
}

TEST(gateways_of_the_options_replace_the_list)
{
	CHECK(read_boot("{\"gateways\":[\"http://a/\",\"http://b/\"]}") == OK && c.gateways.n == 2);
	CHECK(override("gateway=10.0.0.1") == OK && c.gateways.n == 2); /* that one is the network's */
	CHECK(override("gateways=http://c:1633 gateways=http://d/") == OK && c.gateways.n == 2);
	CHECK(bytes_is(c.gateways.v[0], "http://c:1633") && bytes_is(c.gateways.v[1], "http://d/"));
	CHECK(override("gateways=c:1633") == ERR_VALUE && override("gateways=") == ERR_VALUE);
}

TEST(options_that_are_none)
{
	static const char *const bad[] = {"nonsense",    "mdns=yes", "provider=",  "provider=ftp://a",
					  "attempts=-1", "stack=",   "selftest=1", "threshold=1",
					  "=",           "address="};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		CHECK(read_boot("{}") == OK);
		CHECK(override(bad[i]) == ERR_VALUE && bytes_is(why.id, bad[i]));
	}
	static char longer[BOOT_OPTIONS_BYTES_MAX + 2];
	memset(longer, ' ', sizeof longer - 1);
	CHECK(override(longer) == ERR_LIMIT);
}

TEST(options_known_early)
{
	struct boot_options o;
	CHECK(boot_options_read(&o, bytes_text("attempts=3 config=\\a.json selftest"), &why) == OK);
	CHECK(o.selftest && bytes_is(o.config, "\\a.json"));
	CHECK(boot_options_read(&o, BYTES_NONE, &why) == OK && !o.selftest && o.config.n == 0);
}

TEST(pauses_double_up_to_the_most)
{
	static const uint64_t steps[][2] = {{0, 0},     {1, 2},     {2, 4},     {149, 298},
					    {150, 300}, {151, 300}, {256, 300}, {300, 300}};
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		CHECK(boot_backoff_next_s(steps[i][0]) == steps[i][1]);
}

int main(void)
{
	RUN(a_policy_alone_is_a_configuration);
	RUN(reads_what_is_there);
	RUN(nodes_of_swarm_and_the_order_of_modes);
	RUN(what_is_wrong_is_named);
	RUN(a_misspelt_member_is_noted);
	RUN(lists_have_a_limit);
	RUN(options_come_before_the_configuration);
	RUN(gateways_of_the_options_replace_the_list);
	RUN(options_that_are_none);
	RUN(options_known_early);
	RUN(pauses_double_up_to_the_most);
	return test_end();
}
