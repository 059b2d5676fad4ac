/* phase-serve: the provider: manifests and artifacts over HTTP, announced by mDNS. */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <unistd.h>

#include "host/machine.h"
#include "host/mdns_publish.h"
#include "host/serve.h"
#include "host/stop_signals.h"

#define TICK_MS 1000
#define READY_TICK_MS 5
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
	{0, "timeout", CLI_DURATION, offsetof(struct options, serve.idle_ms), "DURATION",
	 "how long a connection may stay idle (60s)"},
	{0, "chunks", CLI_TEXT, offsetof(struct options, serve.chunks), "DIR",
	 "serve the content of the chunk store DIR, too"},
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

static int say_ready(struct cli *cli, const struct serve *s)
{
	printf("{\"listening\":\"%s\",\"pid\":%ld}\n", serve_url(s), (long)getpid());
	return cli_flush(cli);
}

static int serve(struct cli *cli, const struct options *o, int signals)
{
	struct serve *s;
	int err = serve_start(cli, &o->serve, &s);
	if (err != OK)
		return err;
	struct pollfd events[] = {{.fd = signals, .events = POLLIN}, {.fd = serve_watch_fd(s), .events = POLLIN}};
	struct mdns_publisher *mdns = NULL;
	bool said = false;
	while (err == OK && events[0].revents == 0) {
		if (!said && serve_ready(s)) {
			said = true;
			err = say_ready(cli, s);
			serve_tell_gaps(s);
			mdns = o->no_mdns ? NULL : mdns_publish(cli, s);
		}
		if (poll(events, 2, said ? TICK_MS : READY_TICK_MS) < 0)
			events[0].revents = events[1].revents = 0;
		serve_watch(s);
		if (mdns != NULL)
			mdns_refresh(mdns);
	}
	if (mdns != NULL)
		mdns_withdraw(mdns);
	serve_stop(s, LINGER_MS);
	return err;
}

static int run(struct cli *cli, const struct options *o)
{
	int signals = stop_signals();
	if (signals < 0) { /* it could be ended by SIGKILL only */
		cli_error(cli, ERR_IO, "no descriptor for signals: %s", strerror(errno));
		return ERR_IO;
	}
	int err = serve(cli, o, signals);
	(void)close(signals); /* only read from */
	return err;
}

int main(int argc, char **argv)
{
	struct options o = {.serve = {.bind = "0.0.0.0", .port = 8080, .channel = "stable", .idle_ms = 60000}};
	struct trust trust = {.memory = NULL};
	struct cli cli;
	cli_start(&cli, &program, argc, argv, &o);
	if (o.serve.port > UINT16_MAX)
		cli_usage(&cli, "--port: %llu is larger than 65535", (unsigned long long)o.serve.port);
	o.serve.arch = machine_arch_option(&cli, o.serve.arch);
	o.serve.store = cli.operands.v[0];
	o.serve.log_requests = cli.verbose;
	int err = o.policy == NULL ? OK : trust_read_policy(&cli, o.policy, &trust);
	if (err == OK) {
		o.serve.policy = o.policy == NULL ? NULL : &trust.policy;
		err = run(&cli, &o);
	}
	trust_free(&trust);
	return cli_end(&cli, err);
}
