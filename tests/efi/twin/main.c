/* swfetch-twin: runs swfetch in a process. Exit status: that of the classes of errors, 0 when
 * something was started. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>

#include "core/decimal.h"
#include "efi/net_address.h"
#include "efi/swfetch.h"
#include "host/cli.h"
#include "twin.h"

static int usage(void)
{
	(void)fputs("usage: swfetch-twin --esp DIR --variables DIR --hand-over DIR [--options TEXT] [--rtc TIME|none]\n"
		    "       [--built SECONDS] [--memory BYTES] [--resolver IP] [--resolver-port N] [--store-full]\n"
		    "       [--no-network] [--no-random] [--kernel-returns] [--dead IP] [--workers N] [--escape TEXT]\n"
		    "       [--fail-pages N] [--late-worker] [--rtc-later TIME|none]\n",
		    stderr);
	return 2;
}

static const struct option table[] = {
	{"esp", required_argument, NULL, 'e'},           {"options", required_argument, NULL, 'o'},
	{"variables", required_argument, NULL, 'v'},     {"hand-over", required_argument, NULL, 'h'},
	{"rtc", required_argument, NULL, 'r'},           {"built", required_argument, NULL, 'b'},
	{"memory", required_argument, NULL, 'm'},        {"resolver", required_argument, NULL, 'd'},
	{"resolver-port", required_argument, NULL, 'p'}, {"store-full", no_argument, NULL, 'f'},
	{"no-network", no_argument, NULL, 'n'},          {"kernel-returns", no_argument, NULL, 'k'},
	{"dead", required_argument, NULL, 'x'},          {"workers", required_argument, NULL, 'w'},
	{"fail-pages", required_argument, NULL, 'g'},    {"no-random", no_argument, NULL, 'z'},
	{"escape", required_argument, NULL, 'c'},        {"late-worker", no_argument, NULL, 'l'},
	{"rtc-later", required_argument, NULL, 't'},     {NULL, 0, NULL, 0},
};

static bool set(struct platform *p, int option, const char *value)
{
	uint64_t number = 0;
	switch (option) {
	case 'e':
		p->esp = value;
		return true;
	case 'o':
		p->options = value;
		return true;
	case 'v':
		p->variables = value;
		return true;
	case 'h':
		p->hand_over = value;
		return true;
	case 'r':
		p->rtc = value;
		return true;
	case 't':
		p->rtc_later = value;
		return true;
	case 'b':
		return decimal_read(bytes_text(value), &p->built_s) == OK;
	case 'm':
		return decimal_read(bytes_text(value), &p->memory_bytes) == OK;
	case 'g':
		return decimal_read(bytes_text(value), &p->fail_pages) == OK;
	case 'd':
		return p->resolvers_n < NET_RESOLVERS_MAX &&
		       net_address_read(bytes_text(value), &p->resolvers[p->resolvers_n++]) == OK;
	case 'p':
		if (decimal_read(bytes_text(value), &number) != OK || number > 65535)
			return false;
		p->resolver_port = (uint16_t)number;
		return true;
	case 'w':
		if (decimal_read(bytes_text(value), &number) != OK || number > PLATFORM_WORKERS_MAX)
			return false;
		p->workers_n = (unsigned)number;
		return true;
	case 'f':
		return p->store_full = true;
	case 'c':
		p->escape = value;
		return true;
	case 'l':
		return p->late_worker = true;
	case 'z':
		return p->no_random = true;
	case 'n':
		return p->no_network = true;
	case 'k':
		return p->kernel_returns = true;
	case 'x':
		return p->dead_n < sizeof p->dead / sizeof p->dead[0] &&
		       net_address_read(bytes_text(value), &p->dead[p->dead_n++]) == OK;
	default:
		return false;
	}
}

int main(int argc, char **argv)
{
	struct platform p = {.error = "", .memory_bytes = UINT64_MAX};
	int option;
	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1)
		if (!set(&p, option, optarg))
			return usage();
	if (p.esp == NULL || p.variables == NULL || p.hand_over == NULL || optind != argc)
		return usage();
	(void)signal(SIGINT, twin_interrupt);
	int err = swfetch_run(&p);
	if (p.pages_calls < p.fail_pages)
		(void)printf("twin: all of the pages asked for were given\n");
	if (p.used_bytes != 0) {
		(void)printf("twin: %llu bytes of pages were not given back\n", (unsigned long long)p.used_bytes);
		if (!p.late_waits)
			return 99;
	}
	if (p.late_waits)
		twin_run_late_worker(&p);
	return cli_exit_status(err);
}
