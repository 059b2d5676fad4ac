/* phase-fetch: the best release that the policy accepts, from all providers at once. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "host/cli_url.h"
#include "host/download.h"
#include "host/fetch_release.h"
#include "host/file.h"

#define CANDIDATES_BYTES_MAX (1U << 20)
#define TIMEOUT_MS 10000 /* for a manifest; artifacts are bounded by their progress */

struct options {
	struct trust_options trust;
	struct cli_texts sources, gateways, artifacts;
	const char *folder;
	uint64_t timeout_ms;
};

#define FIELD(name) offsetof(struct options, name)
static const struct cli_option table[] = {
	TRUST_OPTIONS(struct options),
	TRUST_NARROWING_OPTIONS(struct options),
	{'o', "output", CLI_TEXT, FIELD(folder), "DIR", "put the files into DIR (default: the current folder)"},
	{0, "artifact", CLI_TEXTS, FIELD(artifacts), "NAME", "fetch this artifact only; may be repeated"},
	{0, "source", CLI_TEXTS, FIELD(sources), "URL", "another provider's root that has the files; may be repeated"},
	{'g', "gateway", CLI_TEXTS, FIELD(gateways), "URL",
	 "a Swarm gateway that files come from, too; may be repeated"},
	{0, "timeout", CLI_DURATION, FIELD(timeout_ms), "TIME", "how long a provider may take for its manifest (10s)"},
};
static const struct cli_program program = {
	.name = "phase-fetch",
	.operands = "[CANDIDATES | URL | -]",
	.summary = "fetch the best release that the policy accepts, check every byte, print the boot plan",
	.text = "CANDIDATES are the lines that phase-discover prints; standard input is read when nothing is\n"
		"given, and the policy's sources are asked when that has none. All providers of the chosen\n"
		"release are asked at once. What was interrupted goes on from NAME.part; nothing stands under its\n"
		"final name unless it is what was signed. A URL is that of a manifest, or, when it does not end\n"
		"in .json, a provider's root: manifest.json and CHANNEL/ARCH/manifest.json below it are asked for.\n"
		"\n"
		"  phase-discover --first | phase-fetch --policy policy.json --state floor -o next\n"
		"  phase-fetch --policy policy.json --state floor -o out http://boot:8080/\n",
	.options = table,
	.options_n = sizeof table / sizeof table[0],
	.operands_max = 1,
};

static int not_read(struct cli *cli, int err, const char *operand)
{
	bool no_path = operand[0] != '/' && operand[0] != '.' && strchr(operand, ':') != NULL;
	if (err == ERR_NOT_FOUND && no_path) /* HOST:PORT */
		cli_error(cli, err, "%s: %s (a URL begins with http://)", operand, strerror(errno));
	else
		cli_fail(cli, err, strcmp(operand, "-") == 0 ? "stdin" : operand, NULL);
	return err;
}

/* What is given, by name or through a pipe. */
static int read_given(struct cli *cli, const struct policy *policy, struct candidates *c)
{
	const char *operand = cli->operands.n > 0 ? cli->operands.v[0] : "-";
	struct bytes text;
	bool is_terminal = strcmp(operand, "-") == 0 && isatty(STDIN_FILENO) == 1;
	if (bytes_http_scheme(bytes_text(operand)) > 0)
		return candidates_add_provider(cli, c, bytes_text(operand));
	if (is_terminal && cli->operands.n == 0 && policy->sources != NULL)
		return OK; /* nobody means to type them in */
	if (is_terminal)
		cli_info(cli, "reading candidates from the terminal, end with ^D");
	int err = file_read(operand, CANDIDATES_BYTES_MAX, &text);
	if (err != OK)
		return not_read(cli, err, operand);
	if (candidates_text_is_manifest(text)) {
		err = ERR_VALUE;
		cli_error(cli, err, "%s: is a manifest, not a list of candidates",
			  strcmp(operand, "-") == 0 ? "stdin" : operand);
	} else {
		err = candidates_read(cli, c, policy, text);
	}
	file_free(text);
	return err;
}

static int read_candidates(struct cli *cli, const struct options *o, const struct policy *policy, struct candidates *c)
{
	candidates_expect(c, policy);
	int err = read_given(cli, policy, c);
	if (err == OK && c->n == 0)
		err = candidates_add_sources(cli, c, policy);
	for (size_t i = 0; err == OK && i < o->sources.n; i++)
		err = candidates_add_root(cli, c, bytes_text(o->sources.v[i]));
	if (err == OK && c->n == 0 && c->others_n > 0) {
		err = c->others_err;
		cli_error(cli, err,
			  "no release is acceptable: all candidates (%zu) are for another channel or architecture",
			  c->others_n);
	} else if (err == OK && c->n == 0) {
		err = ERR_NOT_FOUND;
		cli_error(cli, err,
			  "no candidates: pipe in what phase-discover prints, or give a manifest's URL, or a policy "
			  "with sources");
	}
	return err;
}

static void check_gateways(struct cli *cli, const struct options *o)
{
	if (o->gateways.n > DOWNLOAD_GATEWAYS_MAX)
		cli_usage(cli, "--gateway: %d at most", DOWNLOAD_GATEWAYS_MAX);
	for (size_t i = 0; i < o->gateways.n; i++)
		cli_url(cli, "--gateway", o->gateways.v[i]);
}

int main(int argc, char **argv)
{
	struct options o = {.trust = {.threshold = TRUST_NO_THRESHOLD}, .folder = ".", .timeout_ms = TIMEOUT_MS};
	struct trust trust = {.memory = NULL};
	struct candidates candidates = {.n = 0};
	struct release release = {.memory = NULL};
	struct cli cli;
	cli_start(&cli, &program, argc, argv, &o);
	trust_check_usage(&cli, &o.trust);
	check_gateways(&cli, &o);
	struct fetch_options fetch = {.folder = o.folder,
				      .state = o.trust.state,
				      .artifacts = &o.artifacts,
				      .gateways = &o.gateways};
	struct release_wanted wanted = {.trust = &trust, .state = o.trust.state, .timeout_ms = o.timeout_ms};
	int err = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? OK : ERR_NO_MEMORY;
	if (err != OK)
		cli_error(&cli, err, "libcurl does not start");
	if (err == OK)
		err = trust_read(&cli, &o.trust, &trust);
	if (err == OK)
		err = read_candidates(&cli, &o, &trust.policy, &candidates);
	if (err == OK)
		err = release_choose(&cli, &candidates, &wanted, &release);
	if (err == OK)
		err = fetch_release(&cli, &fetch, &candidates, &release);
	release_free(&release);
	candidates_free(&candidates);
	trust_free(&trust);
	curl_global_cleanup();
	return cli_end(&cli, err);
}
