/* phase-serve: the provider: manifests and artifacts over HTTP, announced by mDNS. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "host/mdns_publish.h"
#include "host/serve.h"

#define TEND_EVERY_S 2
#define LINGER_MS 4000 /* what is open may end by itself; the contract gives 5 s */

struct options {
	struct serve_options serve;
	const char *policy;
	bool no_mdns;
};

static const struct cli_option options[] = {
	{'b', "bind", CLI_TEXT, offsetof(struct options, serve.bind), "ADDR", "address to listen on (0.0.0.0)"},
	{'p', "port", CLI_UINT, offsetof(struct options, serve.port), "PORT",
	 "port to listen on; 0: any free one (8080)"},
	{'c', "channel", CLI_TEXT, offsetof(struct options, serve.channel), "CHANNEL",
	 "channel that /manifest.json means (stable)"},
	{'a', "arch", CLI_TEXT, offsetof(struct options, serve.arch), "ARCH",
	 "architecture that /manifest.json means (this machine's)"},
	{0, "no-mdns", CLI_FLAG, offsetof(struct options, no_mdns), NULL, "do not announce on the local network"},
	{0, "policy", CLI_TEXT, offsetof(struct options, policy), "FILE", "serve only releases that FILE accepts"},
};

static const struct cli_program program = {
	.name = "phase-serve",
	.operands = "STORE",
	.summary = "Serve the releases in STORE/CHANNEL/ARCH over HTTP and announce them by mDNS.",
	.text = "Prints one JSON line when ready. Ends with 0 on SIGTERM and SIGINT. New and replaced files are\n"
		"found by themselves.\n\n"
		"example:\n"
		"  phase-serve -p 8080 /srv/store\n"
		"  curl http://localhost:8080/stable/x86_64/manifest.json",
	.options = options,
	.options_n = sizeof options / sizeof options[0],
	.operands_min = 1,
	.operands_max = 1,
};

static volatile sig_atomic_t ended; /* set by the handler; the one thing it may touch */

static void end(int signal_n)
{
	(void)signal_n;
	ended = 1;
}

static void catch_signals(void)
{
	const struct sigaction catch = {.sa_handler = end};
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	(void)sigaction(SIGTERM, &catch, NULL); /* valid signals: cannot fail */
	(void)sigaction(SIGINT, &catch, NULL);
	(void)sigaction(SIGPIPE, &ignore, NULL);
}

static int serve(struct cli *cli, struct options *o)
{
	struct serve *s;
	int err = serve_start(cli, &o->serve, &s);
	if (err != OK)
		return err;
	const bool ipv6 = strchr(serve_url(s), '[') != NULL;
	struct mdns_publisher *mdns = o->no_mdns ? NULL : mdns_publish(cli, serve_catalogue(s), serve_port(s), ipv6);
	printf("{\"listening\":\"%s\",\"pid\":%ld}\n", serve_url(s), (long)getpid());
	if (fflush(stdout) != 0)
		err = ERR_IO; /* cli_end says why */
	while (!ended && err == OK) {
		(void)sleep(TEND_EVERY_S); /* a signal cuts it short */
		if (ended)
			break;
		serve_tend(s);
		if (mdns != NULL)
			mdns_refresh(mdns);
	}
	if (mdns != NULL)
		mdns_withdraw(mdns);
	serve_stop(s, LINGER_MS);
	return err;
}

int main(int argc, char **argv)
{
	struct options o = {.serve = {.bind = "0.0.0.0", .port = 8080, .channel = "stable"}};
	struct utsname machine;
	struct trust trust = {.memory = NULL};
	struct cli cli;
	o.serve.arch = uname(&machine) == 0 ? machine.machine : "x86_64";
	cli_start(&cli, &program, argc, argv, &o);
	if (o.serve.port > UINT16_MAX)
		cli_usage(&cli, "--port: %llu is larger than 65535", (unsigned long long)o.serve.port);
	if (arch_canonical(bytes_text(o.serve.arch)) == NULL)
		cli_usage(&cli, "--arch: '%s' is none of x86_64, amd64, arm64, aarch64", o.serve.arch);
	o.serve.store = cli.operands.v[0];
	o.serve.log_requests = cli.verbose;
	catch_signals();
	int err = o.policy == NULL ? OK : trust_read_policy(&cli, o.policy, &trust);
	if (err == OK) {
		o.serve.policy = o.policy == NULL ? NULL : &trust.policy;
		err = serve(&cli, &o);
	}
	trust_free(&trust);
	return cli_end(&cli, err);
}
