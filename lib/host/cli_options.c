#include <assert.h>
#include <getopt.h>
#include <stdlib.h>

#include "core/decimal.h"
#include "host/cli.h"
#include "host/cli_parts.h"
#include "swarm/redundancy.h"

#define OPTIONS_MAX 64 /* no program has half as many */
#define LONG_BASE 256  /* getopt's code for the option at index i is LONG_BASE + i */

enum common { COMMON_HELP, COMMON_VERSION, COMMON_QUIET, COMMON_VERBOSE, COMMON_LOG, COMMONS_N };

static const struct cli_option commons[COMMONS_N] = {
	[COMMON_HELP] = {'h', "help", CLI_FLAG, 0, NULL, "print this help and exit"},
	[COMMON_VERSION] = {'V', "version", CLI_FLAG, 0, NULL, "print the version and exit"},
	[COMMON_QUIET] = {'q', "quiet", CLI_FLAG, 0, NULL, "print errors only"},
	[COMMON_VERBOSE] = {'v', "verbose", CLI_FLAG, 0, NULL, "say more about what is done"},
	[COMMON_LOG] = {0, "log", CLI_TEXT, 0, "FORMAT", "messages as text or json"},
};

struct reading {
	struct cli *cli;
	uint8_t *options;
	bool *seen;
};

static const struct cli_option *option_at(const struct cli_program *p, size_t i)
{
	return i < p->options_n ? &p->options[i] : &commons[i - p->options_n];
}

/* A program's own option may have the name of a common flag. That then has its letter; and its name
 * only where nothing else stands on the command line, so no value can be meant. */
static bool is_hidden(const struct cli_program *p, size_t i)
{
	if (i >= p->options_n)
		for (size_t k = 0; k < p->options_n; k++)
			if (strcmp(p->options[k].name, option_at(p, i)->name) == 0)
				return true;
	return false;
}

static int help_width(const struct cli_option *o)
{
	return (int)(strlen(o->name) + (o->argument == NULL ? 0 : strlen(o->argument) + 1));
}

static void print_letter(const struct cli_option *o, int width)
{
	(void)printf("  -%c%*s  %s\n", o->letter, width + 4, "", o->help);
}

static void print_option(const struct cli_option *o, int width)
{
	char letter[] = {'-', o->letter, ',', ' ', 0};
	(void)printf("  %s--%s%s%s%*s  %s\n", o->letter == 0 ? "    " : letter, o->name, o->argument == NULL ? "" : " ",
		     o->argument == NULL ? "" : o->argument, width - help_width(o), "", o->help);
}

/* A full disk must not look like success. */
static _Noreturn void end_after_printing(struct cli *cli)
{
	cli_close_stdout(cli);
	exit(cli->status);
}

static _Noreturn void print_help(struct cli *cli)
{
	const struct cli_program *p = cli->program;
	int width = 0;
	size_t all = p->options_n + COMMONS_N;
	for (size_t i = 0; i < all; i++)
		if (help_width(option_at(p, i)) > width)
			width = help_width(option_at(p, i));
	(void)printf("usage: %s [OPTION]...%s%s\n\n%s\n\n", p->name, p->operands[0] == 0 ? "" : " ", p->operands,
		     p->summary);
	for (size_t i = 0; i < all; i++)
		if (is_hidden(p, i))
			print_letter(option_at(p, i), width);
		else
			print_option(option_at(p, i), width);
	if (p->text != NULL)
		(void)printf("\n%s%s", p->text, p->text[strlen(p->text) - 1] == '\n' ? "" : "\n");
	(void)printf("\nexit status: 0 done, 1 verification said no, 2 usage, 3 input or network, 4 policy said no\n");
	end_after_printing(cli);
}

static bool read_duration(struct bytes text, uint64_t *ms)
{
	static const struct {
		char unit;
		uint64_t ms;
	} units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
	if (text.n < 2)
		return false;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		uint64_t n;
		if (text.p[text.n - 1] == (uint8_t)units[i].unit &&
		    decimal_read(bytes_of(text.p, text.n - 1), &n) == OK && n > 0 &&
		    !__builtin_mul_overflow(n, units[i].ms, ms))
			return true;
	}
	return false;
}

static bool read_size(struct bytes text, uint64_t *bytes)
{
	static const char units[] = "kMGT";
	const char *unit = text.n == 0 ? NULL : memchr(units, text.p[text.n - 1], sizeof units - 1);
	uint64_t n;
	if (decimal_read(bytes_of(text.p, text.n - (unit != NULL)), &n) != OK)
		return false;
	return !__builtin_mul_overflow(n, unit == NULL ? 1 : (uint64_t)1 << 10 * (unit - units + 1), bytes);
}

/* Why it is no number. */
static const char *no_number(const char *value)
{
	return value[0] != '\0' && value[strspn(value, "0123456789")] == '\0' ? "too large" : "not a number";
}

static void add_text(struct cli_texts *list, const char *value)
{
	const char **v = realloc(list->v, (list->n + 1) * sizeof *v);
	if (v == NULL)
		abort(); /* a command line that does not fit into memory */
	list->v = v;
	list->v[list->n++] = value;
}

static void set_value(struct reading *r, const struct cli_option *o, const char *value)
{
	void *field = r->options + o->offset;
	uint64_t n;
	switch (o->kind) {
	case CLI_FLAG:
		*(bool *)field = true;
		break;
	case CLI_TEXT:
		*(const char **)field = value;
		break;
	case CLI_TEXTS:
		add_text(field, value);
		break;
	case CLI_UINT:
		if (decimal_read(bytes_text(value), &n) != OK)
			cli_usage(r->cli, "--%s: '%s' is %s", o->name, value, no_number(value));
		*(uint64_t *)field = n;
		break;
	case CLI_DURATION:
		if (!read_duration(bytes_text(value), &n))
			cli_usage(r->cli, "--%s: '%s' is not a duration such as 90s, 30m, 12h or 30d", o->name, value);
		*(uint64_t *)field = n;
		break;
	case CLI_SECONDS:
		if (read_duration(bytes_text(value), &n))
			n /= 1000;
		else if (decimal_read(bytes_text(value), &n) != OK)
			cli_usage(r->cli, "--%s: '%s' is %s: seconds, or a duration such as 90s or 12h", o->name, value,
				  no_number(value));
		*(uint64_t *)field = n;
		break;
	case CLI_SIZE:
		if (!read_size(bytes_text(value), &n))
			cli_usage(r->cli, "--%s: '%s' is not a size such as 4096, 64k, 20M or 4G", o->name, value);
		*(uint64_t *)field = n;
		break;
	case CLI_LEVEL:
		if (redundancy_level_read(bytes_text(value), &n) != OK)
			cli_usage(r->cli, "--%s: '%s' is none of none, medium, strong, insane, paranoid, or 0 to %d",
				  o->name, value, REDUNDANCY_LEVEL_MAX);
		*(uint64_t *)field = n;
		break;
	}
}

static void set_common(struct reading *r, enum common which, const char *value)
{
	switch (which) {
	case COMMON_HELP:
		print_help(r->cli);
	case COMMON_VERSION:
		(void)printf("%s %s\n", r->cli->program->name, VERSION);
		end_after_printing(r->cli);
	case COMMON_QUIET:
		r->cli->quiet = true;
		break;
	case COMMON_VERBOSE:
		r->cli->verbose = true;
		break;
	case COMMON_LOG:
		if (strcmp(value, "json") != 0 && strcmp(value, "text") != 0)
			cli_usage(r->cli, "--log: '%s' is neither text nor json", value);
		r->cli->log_json = value[0] == 'j';
		break;
	case COMMONS_N:
		break;
	}
}

static void set_option(struct reading *r, size_t i, const char *value)
{
	const struct cli_program *p = r->cli->program;
	const struct cli_option *o = option_at(p, i);
	if (o->argument != NULL && value[0] == 0)
		cli_usage(r->cli, "--%s: the value is empty", o->name);
	if (o->argument != NULL && o->kind != CLI_TEXTS && r->seen[i])
		cli_usage(r->cli, "--%s is given twice", o->name);
	r->seen[i] = true;
	if (i < p->options_n)
		set_value(r, o, value);
	else
		set_common(r, (enum common)(i - p->options_n), value);
}

/* The index of a letter's option; all when there is none. */
static size_t index_of_letter(const struct cli_program *p, size_t all, int letter)
{
	size_t i = 0;
	while (i < all && option_at(p, i)->letter != letter)
		i++;
	return i;
}

static bool is_prefix(const struct cli_program *p, const char *word)
{
	size_t n = strcspn(word, "=");
	for (size_t i = 0; i < p->options_n + COMMONS_N; i++)
		if (n > 2 && strncmp(option_at(p, i)->name, word + 2, n - 2) == 0)
			return true;
	return false;
}

/* getopt leaves in optopt: the letter, 0 for a long name that it does not know or that could be
 * several, or the code of a long one that was given without its value or with one too many. */
static _Noreturn void refuse(struct cli *cli, int code, char **argv)
{
	const char *word = argv[optind - 1];
	char letter[] = {'-', (char)optopt, 0};
	const char *name = optopt == 0 || optopt >= LONG_BASE ? word : letter;
	if (code == ':')
		cli_usage(cli, "option '%s' needs a value", name);
	if (optopt >= LONG_BASE)
		cli_usage(cli, "option '%s' takes no value", name);
	cli_usage(cli, "unknown%s option '%s'", optopt == 0 && is_prefix(cli->program, word) ? " or ambiguous" : "",
		  name);
}

static void read_operands(struct cli *cli, int argc, char **argv)
{
	const struct cli_program *p = cli->program;
	size_t n = (size_t)(argc - optind);
	if (n < p->operands_min)
		cli_usage(cli, "an operand is missing: %s", p->operands);
	if (n > p->operands_max)
		cli_usage(cli, "unexpected operand '%s'", argv[(size_t)optind + p->operands_max]);
	for (size_t i = 0; i < n; i++)
		add_text(&cli->operands, argv[(size_t)optind + i]);
}

static void read_hidden(struct reading *r, int argc, char **argv)
{
	const struct cli_program *p = r->cli->program;
	for (size_t i = p->options_n; argc == 2 && i < p->options_n + COMMONS_N; i++)
		if (is_hidden(p, i) && strncmp(argv[1], "--", 2) == 0 &&
		    strcmp(argv[1] + 2, option_at(p, i)->name) == 0)
			set_common(r, (enum common)(i - p->options_n), NULL);
}

void cli_read_options(struct cli *cli, int argc, char **argv, void *options)
{
	const struct cli_program *p = cli->program;
	size_t all = p->options_n + COMMONS_N, letters_n = 0, longs_n = 0;
	struct option longs[OPTIONS_MAX + 1] = {0};
	char letters[2 * OPTIONS_MAX + 2] = {0};
	bool seen[OPTIONS_MAX] = {0};
	struct reading r = {.cli = cli, .options = options, .seen = seen};
	assert(all <= OPTIONS_MAX);
	letters[letters_n++] = ':';
	for (size_t i = 0; i < all; i++) {
		const struct cli_option *o = option_at(p, i);
		if (!is_hidden(p, i))
			longs[longs_n++] = (struct option){o->name, o->argument != NULL, NULL, LONG_BASE + (int)i};
		if (o->letter != 0)
			letters[letters_n++] = o->letter;
		if (o->letter != 0 && o->argument != NULL)
			letters[letters_n++] = ':';
	}
	int code;
	read_hidden(&r, argc, argv);
	opterr = 0;
	while ((code = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (code == '?' || code == ':')
			refuse(cli, code, argv);
		set_option(&r, code >= LONG_BASE ? (size_t)(code - LONG_BASE) : index_of_letter(p, all, code), optarg);
	}
	read_operands(cli, argc, argv);
}
