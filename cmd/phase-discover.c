/* phase-discover: where a release may be had. */
#include "core/arch.h"
#include "host/discover.h"
#include "host/machine.h"
#include "phase/document.h"

struct options {
	struct discover_options discover;
	bool all, ephemeral;
};

#define FIELD(name) offsetof(struct options, name)
static const struct cli_option table[] = {
	{'c', "channel", CLI_TEXT, FIELD(discover.channel), "CHANNEL", "releases of this channel (stable)"},
	{'a', "arch", CLI_TEXT, FIELD(discover.arch), "ARCH", "releases for this architecture (this machine's)"},
	{0, "all", CLI_FLAG, FIELD(all), NULL, "releases of every channel and architecture"},
	{0, "mdns", CLI_FLAG, FIELD(discover.mdns), NULL,
	 "look on the local network (the default without --url, --dht)"},
	{0, "dht", CLI_FLAG, FIELD(discover.dht), NULL, "ask the DHT"},
	{0, "bootstrap", CLI_TEXTS, FIELD(discover.of_dht.bootstrap), "MULTIADDR",
	 "peer to enter the DHT by; may be repeated (/etc/phase/bootstrap)"},
	{0, "protocol", CLI_TEXTS, FIELD(discover.of_dht.protocols), "ID",
	 "what the DHT speaks; may be repeated (/phase/kad/1.0.0)"},
	{0, "ephemeral", CLI_FLAG, FIELD(ephemeral), NULL, "a fresh identity in the DHT for this run (the default)"},
	{0, "identity", CLI_TEXT, FIELD(discover.of_dht.identity), "FILE",
	 "the identity in FILE, made when it is not there"},
	{0, "url", CLI_TEXTS, FIELD(discover.urls), "URL", "ask this provider or manifest; may be repeated"},
	{0, "timeout", CLI_DURATION, FIELD(discover.timeout_ms), "TIME", "look this long (10s)"},
	{0, "first", CLI_FLAG, FIELD(discover.first), NULL, "end with the first one that answers"},
};
static const struct cli_program program = {
	.name = "phase-discover",
	.operands = "",
	.summary = "find providers of releases and print each as one line of JSON",
	.text = "What is found is not to be trusted: phase-fetch verifies it.\n"
		"\n"
		"  phase-discover --first | phase-fetch --policy policy.json --state floor -o next\n"
		"  phase-discover --all --timeout 3s | jq -r .manifest_url\n"
		"  phase-discover --url http://boot.example:8080 --url http://192.0.2.7:8080\n"
		"  phase-discover --dht --bootstrap /ip4/192.0.2.1/tcp/4001/p2p/12D3KooW...\n",
	.options = table,
	.options_n = sizeof table / sizeof table[0],
};

/* What this machine would boot, unless something else is asked for. */
static void complete(struct cli *cli, struct options *o)
{
	struct discover_options *d = &o->discover;
	if (o->all && (d->channel != NULL || d->arch != NULL))
		cli_usage(cli, "--all goes without --channel and --arch");
	if (d->channel != NULL && !name_is_safe(bytes_text(d->channel)))
		cli_usage(cli, "--channel: '%s' is no name of a channel", d->channel);
	if (o->ephemeral && d->of_dht.identity != NULL)
		cli_usage(cli, "--ephemeral goes without --identity");
	if (!d->dht &&
	    (o->ephemeral || d->of_dht.identity != NULL || d->of_dht.bootstrap.n + d->of_dht.protocols.n > 0))
		cli_usage(cli, "--bootstrap, --protocol, --ephemeral and --identity are for --dht");
	d->mdns = d->mdns || (d->urls.n == 0 && !d->dht);
	if (o->all)
		return;
	if (d->channel == NULL)
		d->channel = "stable";
	d->arch = arch_canonical(bytes_text(machine_arch_option(cli, d->arch)));
}

int main(int argc, char **argv)
{
	struct options o = {.discover.timeout_ms = 10000};
	struct cli cli;
	cli_start(&cli, &program, argc, argv, &o);
	complete(&cli, &o);
	discover_check_usage(&cli, &o.discover);
	return cli_end(&cli, discover_run(&cli, &o.discover));
}
