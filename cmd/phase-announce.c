/* phase-announce: tells the DHT where a release may be had. */
#include "host/announce.h"
#include "host/trust.h"
#include "kad/record.h"

struct options {
	struct announce_options announce;
	const char *policy;
};

#define FIELD(name) offsetof(struct options, name)
static const struct cli_option table[] = {
	{0, "bootstrap", CLI_TEXTS, FIELD(announce.dht.bootstrap), "MULTIADDR",
	 "peer to enter the DHT by; may be repeated (/etc/phase/bootstrap)"},
	{0, "protocol", CLI_TEXTS, FIELD(announce.dht.protocols), "ID",
	 "what the DHT speaks; may be repeated (/phase/kad/1.0.0)"},
	{0, "identity", CLI_TEXT, FIELD(announce.dht.identity), "FILE",
	 "the identity in FILE, made when it is not there"},
	{0, "policy", CLI_TEXT, FIELD(policy), "FILE", "announce only a release that FILE accepts"},
	{0, "http-addr", CLI_TEXT, FIELD(announce.http_addr), "HOST:PORT", "announce this in place of the URL's own"},
	{0, "ttl", CLI_SECONDS, FIELD(announce.ttl_s), "TIME",
	 "how long the record is good for: seconds, or 90m, 12h (1h)"},
	{0, "every", CLI_DURATION, FIELD(announce.every_ms), "TIME", "stay, and announce again so often"},
	{0, "listen", CLI_TEXTS, FIELD(announce.dht.listen), "MULTIADDR",
	 "with --every: where others may ask for the record (any free ports)"},
	{0, "advertise", CLI_TEXTS, FIELD(announce.dht.advertise), "MULTIADDR",
	 "with --every: an address to tell others beside those; may be repeated"},
};

static const struct cli_program program = {
	.name = "phase-announce",
	.operands = "MANIFEST_URL",
	.summary = "tell the DHT where a release may be had",
	.text = "Looks whether the release is served, and prints one line of JSON for each key of the DHT.\n"
		"With --every it ends with 0 on SIGTERM and SIGINT.\n"
		"\n"
		"  phase-announce http://boot.example:8080/stable/x86_64/manifest.json\n"
		"  phase-announce --every 30m --policy policy.json http://192.0.2.7:8080/stable/x86_64/manifest.json\n",
	.options = table,
	.options_n = sizeof table / sizeof table[0],
	.operands_min = 1,
	.operands_max = 1,
};

int main(int argc, char **argv)
{
	struct options o = {.announce.ttl_s = KAD_RECORD_TTL_S};
	struct trust trust = {.memory = NULL};
	struct cli cli;
	cli_start(&cli, &program, argc, argv, &o);
	o.announce.url = cli.operands.v[0];
	announce_check_usage(&cli, &o.announce);
	int err = o.policy == NULL ? OK : trust_read_policy(&cli, o.policy, &trust);
	if (err == OK) {
		o.announce.policy = o.policy == NULL ? NULL : &trust.policy;
		err = announce_run(&cli, &o.announce);
	}
	trust_free(&trust);
	return cli_end(&cli, err);
}
