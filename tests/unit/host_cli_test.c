/* The command line is read in a child process, because usage errors, --help and --version end it. */
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/decimal.h"
#include "core/utf8.h"
#include "host/cli.h"
#include "host/clock.h"
#include "test.h"

#define OUTPUT_BYTES_MAX 8192
#define ARGUMENTS_MAX 16

struct settings {
	bool flag;
	const char *file;
	uint64_t count, patience_ms, size, level;
	struct cli_texts names;
};

static const struct cli_option options[] = {
	{'f', "flag", CLI_FLAG, offsetof(struct settings, flag), NULL, "a flag"},
	{'o', "output", CLI_TEXT, offsetof(struct settings, file), "FILE", "a file"},
	{'n', "count", CLI_UINT, offsetof(struct settings, count), "N", "a number"},
	{0, "patience", CLI_DURATION, offsetof(struct settings, patience_ms), "TIME", "a duration"},
	{0, "size", CLI_SIZE, offsetof(struct settings, size), "BYTES", "a size"},
	{0, "level", CLI_LEVEL, offsetof(struct settings, level), "LEVEL", "a redundancy level"},
	{0, "name", CLI_TEXTS, offsetof(struct settings, names), "NAME", "may be repeated"},
};

static const struct cli_program program = {
	.name = "probe",
	.operands = "[FILE]",
	.summary = "say what was read",
	.text = "An example.\n",
	.options = options,
	.options_n = sizeof options / sizeof options[0],
	.operands_max = 1,
};

static char program_name[] = "probe", empty[] = "";

struct outcome {
	char out[OUTPUT_BYTES_MAX], err[OUTPUT_BYTES_MAX];
	int status; /* of the exit, or 128 + the signal */
};

static void print_settings(const struct cli *cli, const struct settings *s)
{
	printf("flag=%d file=%s count=%llu patience=%llu names=", s->flag, s->file == NULL ? "-" : s->file,
	       (unsigned long long)s->count, (unsigned long long)s->patience_ms);
	for (size_t i = 0; i < s->names.n; i++)
		printf("%s%s", i == 0 ? "" : ",", s->names.v[i]);
	printf(" operand=%s quiet=%d verbose=%d json=%d\n", cli->operands.n == 0 ? "-" : cli->operands.v[0], cli->quiet,
	       cli->verbose, cli->log_json);
}

typedef int body_fn(struct cli *cli, const struct settings *s);

static int body_settings(struct cli *cli, const struct settings *s)
{
	print_settings(cli, s);
	return OK;
}

static int body_size_and_level(struct cli *cli, const struct settings *s)
{
	(void)cli;
	printf("%llu %llu\n", (unsigned long long)s->size, (unsigned long long)s->level);
	return OK;
}

static void read_to_end(int fd, char text[static OUTPUT_BYTES_MAX])
{
	size_t n = 0;
	ssize_t got;
	while (n < OUTPUT_BYTES_MAX - 1 && (got = read(fd, text + n, OUTPUT_BYTES_MAX - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = 0;
	close(fd);
}

static _Noreturn void be_program(body_fn *body, int argc, char **argv)
{
	struct cli cli;
	struct settings settings = {.count = 7};
	cli_start(&cli, &program, argc, argv, &settings);
	exit(cli_end(&cli, body(&cli, &settings)));
}

/* Runs the program with the words of line; stdout goes to the file out when it is not NULL. */
static struct outcome run(body_fn *body, const char *line, const char *out)
{
	static struct outcome o;
	char words[512], *argv[ARGUMENTS_MAX] = {program_name}, *next = words;
	int argc = 1, to_out[2], to_err[2], status;
	(void)snprintf(words, sizeof words, "%s", line);
	for (char *word; (word = strsep(&next, " ")) != NULL && argc < ARGUMENTS_MAX - 1;)
		if (word[0] != 0)
			argv[argc++] = strcmp(word, "EMPTY") == 0 ? empty : word;
	if (pipe(to_out) != 0 || pipe(to_err) != 0)
		abort();
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		dup2(out == NULL ? to_out[1] : open(out, O_WRONLY), STDOUT_FILENO);
		dup2(to_err[1], STDERR_FILENO);
		close(to_out[0]);
		close(to_out[1]);
		close(to_err[0]);
		close(to_err[1]);
		be_program(body, argc, argv);
	}
	close(to_out[1]);
	close(to_err[1]);
	read_to_end(to_err[0], o.err); /* short: cannot fill the other pipe */
	read_to_end(to_out[0], o.out);
	if (waitpid(child, &status, 0) != child)
		abort();
	o.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return o;
}

static bool reads_by(body_fn *body, const char *line, const char *expected)
{
	struct outcome o = run(body, line, NULL);
	bool good = o.status == 0 && strcmp(o.out, expected) == 0 && o.err[0] == 0;
	if (!good)
		printf("# %s: %d\n# %s# %s\n", line, o.status, o.out, o.err);
	return good;
}

static bool reads(const char *line, const char *expected)
{
	return reads_by(body_settings, line, expected);
}

/* Exit 2, nothing on stdout, the sentence and the line that says where to look. */
static bool refuses(const char *line, const char *sentence)
{
	struct outcome o = run(body_settings, line, NULL);
	char expected[512];
	(void)snprintf(expected, sizeof expected, "probe: %s\nTry 'probe --help'.\n", sentence);
	bool good = o.status == 2 && o.out[0] == 0 && strcmp(o.err, expected) == 0;
	if (!good)
		printf("# %s: %d\n# %s\n", line, o.status, o.err);
	return good;
}

TEST(options_of_every_kind)
{
	CHECK(reads("", "flag=0 file=- count=7 patience=0 names= operand=- quiet=0 verbose=0 json=0\n"));
	CHECK(reads("-f -o x -n 12 --patience 30m --name a --name b in",
		    "flag=1 file=x count=12 patience=1800000 names=a,b operand=in quiet=0 verbose=0 json=0\n"));
	CHECK(reads("in --flag --output=x -n12 --patience=90s --name=a",
		    "flag=1 file=x count=12 patience=90000 names=a operand=in quiet=0 verbose=0 json=0\n"));
	CHECK(reads("-fqv --log json", "flag=1 file=- count=7 patience=0 names= operand=- quiet=1 verbose=1 json=1\n"));
	CHECK(reads("--out x -", "flag=0 file=x count=7 patience=0 names= operand=- quiet=0 verbose=0 json=0\n"));
	CHECK(reads("-f -f -- -n", "flag=1 file=- count=7 patience=0 names= operand=-n quiet=0 verbose=0 json=0\n"));
	CHECK(reads("-o - --patience 30d",
		    "flag=0 file=- count=7 patience=2592000000 names= operand=- quiet=0 verbose=0 json=0\n"));
}

TEST(bad_options_are_named)
{
	CHECK(refuses("--nope", "unknown option '--nope'"));
	CHECK(refuses("--nope=3", "unknown option '--nope=3'"));
	CHECK(refuses("-x", "unknown option '-x'"));
	CHECK(refuses("-fx", "unknown option '-x'"));
	CHECK(refuses("--ver", "unknown or ambiguous option '--ver'"));
	CHECK(refuses("--flag=1", "option '--flag=1' takes no value"));
	CHECK(refuses("--output", "option '--output' needs a value"));
	CHECK(refuses("-o", "option '-o' needs a value"));
	CHECK(refuses("-o EMPTY", "--output: the value is empty"));
	CHECK(refuses("--name=", "--name: the value is empty"));
	CHECK(refuses("-o a --output b", "--output is given twice"));
	CHECK(refuses("-o a -o a", "--output is given twice"));
	CHECK(refuses("--log xml", "--log: 'xml' is neither text nor json"));
	CHECK(refuses("a b", "unexpected operand 'b'"));
}

TEST(bad_values_are_named)
{
	static const char *const numbers[] = {"x", "-1", "+1", "1e3", "0x10", "1.0"};
	static const char *const durations[] = {
		"0s", "5", "s", "1w", "-1s", "1.5h", "99999999999999999999d", "18446744073709551615m", "1s2"};
	char line[128], sentence[256];
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		(void)snprintf(line, sizeof line, "--count=%s", numbers[i]);
		(void)snprintf(sentence, sizeof sentence, "--count: '%s' is not a number", numbers[i]);
		CHECK(refuses(line, sentence));
	}
	CHECK(refuses("--count=18446744073709551616", "--count: '18446744073709551616' is too large"));
	for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
		(void)snprintf(line, sizeof line, "--patience=%s", durations[i]);
		(void)snprintf(sentence, sizeof sentence,
			       "--patience: '%s' is not a duration such as 90s, 30m, 12h or 30d", durations[i]);
		CHECK(refuses(line, sentence));
	}
}

TEST(help_is_made_from_the_table)
{
	struct outcome o = run(body_settings, "--help", NULL);
	CHECK(o.status == 0 && o.err[0] == 0);
	CHECK(strncmp(o.out, "usage: probe [OPTION]... [FILE]\n\nsay what was read\n", 51) == 0);
	CHECK(strstr(o.out, "\n  -f, --flag           a flag\n") != NULL);
	CHECK(strstr(o.out, "\n  -o, --output FILE    a file\n") != NULL);
	CHECK(strstr(o.out, "\n      --patience TIME  a duration\n") != NULL);
	CHECK(strstr(o.out, "\nAn example.\n") != NULL);
	CHECK(strstr(o.out, "\nexit status: 0 done, 1 ") != NULL);
	o = run(body_settings, "-V", NULL);
	CHECK(o.status == 0 && strcmp(o.out, "probe " VERSION "\n") == 0);
	o = run(body_settings, "-h", "/dev/full");
	CHECK(o.status == 3 && strcmp(o.err, "probe: write error: No space left on device\n") == 0);
}

/* Right-to-left override, spelled so that no editor turns this line around; then an e acute. */
static const char turned[] = {'\xe2', '\x80', '\xae', '\xc3', '\xa9', 0};

static int body_messages(struct cli *cli, const struct settings *s)
{
	cli_debug(cli, "d");
	cli_info(cli, "i %d", 1);
	cli_warn(cli, "w");
	cli_error(cli, ERR_HASH, "hostile \033[2J\r\n\tname \"q\" \xff %s", turned);
	cli_error(cli, ERR_EXPIRED, "second");
	return s->flag ? OK : ERR_IO;
}

TEST(messages_are_clean_and_the_first_error_counts)
{
	struct outcome o = run(body_messages, "", NULL);
	CHECK(o.status == 1);
	CHECK(strcmp(o.err, "probe: i 1\nprobe: w\nprobe: hostile ?[2J???name \"q\" ? ?\xc3\xa9\nprobe: second\n") ==
	      0);
	o = run(body_messages, "-q -f", NULL);
	CHECK(o.status == 1 && strncmp(o.err, "probe: hostile", 14) == 0);
	o = run(body_messages, "-v", NULL);
	CHECK(strncmp(o.err, "probe: d\nprobe: i 1\n", 20) == 0);
}

TEST(messages_as_json_lines)
{
	struct outcome o = run(body_messages, "-v --log json", NULL);
	static const char *const levels[] = {"debug", "info", "warning", "error", "error"};
	char *next = o.err, *line;
	size_t n = 0;
	while ((line = strsep(&next, "\n")) != NULL && line[0] != 0) {
		cJSON *json = cJSON_Parse(line);
		CHECK(json != NULL && n < 5 && strcmp(test_text(json, "level"), levels[n]) == 0);
		CHECK(strcmp(test_text(json, "program"), "probe") == 0);
		if (n == 3)
			CHECK(strcmp(test_text(json, "message"), "hostile ?[2J???name \"q\" ? ?\xc3\xa9") == 0);
		cJSON_Delete(json);
		n++;
	}
	CHECK(n == 5);
	o = run(body_settings, "--log json --nope", NULL);
	cJSON *json = cJSON_Parse(o.err);
	CHECK(o.status == 2 && strcmp(test_text(json, "message"), "unknown option '--nope'") == 0);
	cJSON_Delete(json);
}

static int body_long_message(struct cli *cli, const struct settings *s)
{
	(void)s;
	char text[6000] = {0};
	memset(text, 'a', sizeof text - 1);
	cli_warn(cli, "%s", text);
	return OK;
}

TEST(a_long_message_is_cut_to_one_line)
{
	struct outcome o = run(body_long_message, "", NULL);
	size_t n = strlen(o.err);
	CHECK(o.status == 0 && n > 2000 && n < 2100 && o.err[n - 1] == '\n' && strchr(o.err, '\n') == o.err + n - 1);
}

static int body_failures(struct cli *cli, const struct settings *s)
{
	(void)s;
	const struct why why = {.err = ERR_DUPLICATE, .what = "member", .at = 12, .id = BYTES_LITERAL("re\nlease")};
	const struct why policy = {.err = ERR_THRESHOLD, .what = "signatures"};
	errno = 0;
	cli_fail(cli, ERR_DUPLICATE, "m.json", &why);
	cli_fail(cli, ERR_THRESHOLD, "m.json", &policy);
	errno = ENOSPC;
	cli_fail(cli, ERR_IO, "x", NULL);
	errno = ENOENT;
	cli_fail(cli, ERR_NOT_FOUND, "y", NULL);
	const struct why chunk = {.err = ERR_NOT_FOUND, .what = "chunk", .at = 0};
	cli_fail(cli, ERR_NOT_FOUND, "content", &chunk);
	errno = EAGAIN;
	cli_fail(cli, ERR_NOT_FOUND, "content", NULL);
	errno = 0;
	cli_fail(cli, ERR_TIMEOUT, "http://a", NULL);
	return ERR_DUPLICATE;
}

TEST(failures_say_what_where_and_why)
{
	struct outcome o = run(body_failures, "", NULL);
	CHECK(o.status == 3);
	CHECK(strcmp(o.err, "probe: m.json: member: a member name occurs twice: re?lease (at byte 12)\n"
			    "probe: m.json: signatures: threshold not met\n"
			    "probe: x: No space left on device\n"
			    "probe: y: No such file or directory\n"
			    "probe: content: chunk: not found\n"
			    "probe: content: not found\n"
			    "probe: http://a: timed out\n") == 0);
	if (o.status != 3)
		printf("# %s\n", o.err);
}

TEST(output_that_did_not_arrive_is_an_error)
{
	struct outcome o = run(body_settings, "", "/dev/full");
	CHECK(o.status == 3 && strcmp(o.err, "probe: write error: No space left on device\n") == 0);
}

static int body_silent(struct cli *cli, const struct settings *s)
{
	if (s->flag)
		cli_error(cli, ERR_HASH, "said before");
	return ERR_NO_MEMORY;
}

TEST(an_error_that_nobody_told_is_told_at_the_end)
{
	struct outcome o = run(body_silent, "", NULL);
	CHECK(o.status == 3 && strcmp(o.err, "probe: not enough memory\n") == 0);
	o = run(body_silent, "-f", NULL);
	CHECK(o.status == 1 && strcmp(o.err, "probe: said before\n") == 0);
}

TEST(classes_of_errors_are_exit_statuses)
{
	CHECK(cli_exit_status(OK) == 0);
	CHECK(cli_exit_status(ERR_SYNTAX) == 3 && cli_exit_status(ERR_IO) == 3 && cli_exit_status(ERR_NOT_FOUND) == 3);
	CHECK(cli_exit_status(ERR_HASH) == 1 && cli_exit_status(ERR_SIGNATURE) == 1);
	CHECK(cli_exit_status(ERR_USAGE) == 2);
	CHECK(cli_exit_status(ERR_THRESHOLD) == 4 && cli_exit_status(ERR_EXPIRED) == 4);
	CHECK(cli_exit_status(-9999) == 3);
}

TEST(quoting_fits_and_is_clean)
{
	char buf[8];
	CHECK(strcmp(cli_quote(BYTES_LITERAL("abc"), buf, sizeof buf), "abc") == 0);
	CHECK(strcmp(cli_quote(BYTES_LITERAL("abcdefghijk"), buf, sizeof buf), "abcdefg") == 0);
	CHECK(strcmp(cli_quote(BYTES_LITERAL("a\0b\x7f"), buf, sizeof buf), "a?b?") == 0);
	CHECK(strcmp(cli_quote(BYTES_LITERAL("abcdef\xc3\xa9"), buf, sizeof buf), "abcdef") ==
	      0); /* never half a character */
	CHECK(strcmp(cli_quote(BYTES_LITERAL("\xc2\x9b"
					     "1m"),
			       buf, sizeof buf),
		     "?1m") == 0);                                                            /* C1: CSI */
	CHECK(strcmp(cli_quote(BYTES_LITERAL("\xed\xa0\x80"), buf, sizeof buf), "???") == 0); /* a surrogate */
}

TEST(quoting_leaves_exactly_what_is_safe_on_a_screen)
{
	char in[8], buf[8];
	unsigned wrong = 0, replaced = 0;
	for (uint32_t code = 0; code <= 0x10ffff; code++) {
		if (code >= 0xd800 && code <= 0xdfff)
			continue;
		struct writer w = writer_of(in, sizeof in);
		utf8_write(&w, code);
		struct bytes text = writer_view(&w);
		bool kept = bytes_is(text, cli_quote(text, buf, sizeof buf));
		bool question = strcmp(buf, "?") == 0;
		wrong += utf8_printable(text) ? !kept : !question;
		replaced += !kept && question;
	}
	CHECK(wrong == 0 && replaced > 65);
}

static int body_progress(struct cli *cli, const struct settings *s)
{
	for (uint64_t i = 0; i <= 1000; i++)
		cli_progress(cli, "hashing \033x", i * 1000000, 1000000000);
	cli_error(cli, ERR_IO, "broken");
	return s->flag ? OK : ERR_IO;
}

/* The same on a terminal of columns, everything that it shows; -v: without colour. */
static int on_terminal(body_fn *body, unsigned short columns, const char *term, char letter,
		       char text[static OUTPUT_BYTES_MAX])
{
	struct winsize size = {.ws_row = 24, .ws_col = columns};
	char argument[] = {'-', letter, 0}, *argv[] = {program_name, argument, NULL};
	int terminal, status;
	fflush(stdout);
	pid_t child = forkpty(&terminal, NULL, NULL, &size);
	if (child == 0) {
		setenv("TERM", term, 1);
		unsetenv("NO_COLOR");
		if (letter == 'v')
			setenv("NO_COLOR", "1", 1);
		be_program(body, 2, argv);
	}
	read_to_end(terminal, text);
	if (waitpid(child, &status, 0) != child)
		abort();
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(progress_on_a_terminal_only)
{
	char text[OUTPUT_BYTES_MAX];
	struct outcome o = run(body_progress, "", NULL);
	CHECK(o.status == 3 && strcmp(o.err, "probe: broken\n") == 0);
	CHECK(on_terminal(body_progress, 80, "xterm", 'f', text) == 3);
	CHECK(strstr(text, "\r\033[Khashing ?x: 0.0 MB of 1000.0 MB") == text);
	CHECK(strstr(text, "\r\033[K\033[1;31mprobe:\033[0m broken\r\n") != NULL); /* wiped before the message */
	/* A thousand calls at once are drawn once, or twice on a slow machine. */
	size_t drawn = 0;
	for (const char *at = text; (at = strstr(at, "hashing")) != NULL; at++)
		drawn++;
	CHECK(drawn >= 1 && drawn < 20);
	CHECK(on_terminal(body_progress, 20, "xterm", 'v', text) == 3);
	CHECK(strstr(text, "\r\033[Khashing ?x: 0.0 MB\r\033[K") == text); /* what does not fit is left out */
	CHECK(strstr(text, "of 1000") == NULL && strstr(text, "probe: broken\r\n") != NULL);
	CHECK(on_terminal(body_progress, 80, "dumb", 'f', text) == 3 && strcmp(text, "probe: broken\r\n") == 0);
	CHECK(on_terminal(body_progress, 80, "xterm", 'q', text) == 3 && strcmp(text, "probe: broken\r\n") == 0);
}

static int body_slow(struct cli *cli, const struct settings *s)
{
	(void)s;
	const struct timespec moment = {.tv_nsec = 700000000};
	cli_progress(cli, "fetching", 0, 0);
	(void)nanosleep(&moment, NULL);
	cli_progress(cli, "fetching", 50000000, 100000000);
	return OK;
}

TEST(progress_tells_rate_and_time_left)
{
	char text[OUTPUT_BYTES_MAX];
	CHECK(on_terminal(body_slow, 80, "xterm", 'f', text) == 0);
	CHECK(strstr(text, "\r\033[Kfetching: 0.0 MB\r") == text); /* of an unknown total */
	const char *line = strstr(text, "fetching: 50.0 MB of 100.0 MB, ");
	CHECK(line != NULL && strstr(line, " MB/s, ") != NULL && strstr(line, " s left\r\033[K") != NULL);
}

/* Until a second was over; how many there were is the last line of stdout. */
static int body_flood(struct cli *cli, const struct settings *s)
{
	unsigned n = 0;
	(void)s;
	cli_warn_rarely(cli, "another %d", 1);
	uint64_t end = UINT64_MAX;
	for (bool last = false; !last; n++) {
		last = clock_now_ms() >= end; /* by then another one has its turn, or had it just now */
		cli_warn_rarely(cli, "chunk %u", n);
		if (n == 0)
			end = clock_now_ms() + 1000;
	}
	cli_warn_rarely(cli, "another %d", 2);
	printf("%u\n", n);
	return OK;
}

static uint64_t number_at(const char *text)
{
	uint64_t n = 0;
	return decimal_read(bytes_of(text, strspn(text, "0123456789")), &n) == OK ? n : 0;
}

TEST(what_comes_by_the_thousand_is_held_back)
{
	static const char first[] = "probe: another 1\nprobe: chunk 0\nprobe: chunk ";
	struct outcome o = run(body_flood, "", NULL);
	char expected[64];
	CHECK(o.status == 0 && number_at(o.out) > 100);
	CHECK(strncmp(o.err, first, strlen(first)) == 0);
	const uint64_t again = number_at(o.err + strlen(first));
	(void)snprintf(expected, sizeof expected, "%llu (and %llu more like it)\n", (unsigned long long)again,
		       (unsigned long long)again - 1);
	CHECK(strncmp(o.err + strlen(first), expected, strlen(expected)) == 0);
	const char *last = strstr(o.err, "probe: another 2\n");
	CHECK(last != NULL && strlen(last) == 17); /* the other's flood does not keep it back */
	o = run(body_flood, "--quiet", NULL);
	CHECK(o.err[0] == 0);
}

TEST(sizes_and_levels)
{
	static const char *const sizes[] = {"k", "1K", "1kB", "-1", "1.5M", "17179869184G", "M4"};
	char line[64], sentence[128];
	CHECK(reads_by(body_size_and_level, "--size 4097", "4097 0\n"));
	CHECK(reads_by(body_size_and_level, "--size 0", "0 0\n"));
	CHECK(reads_by(body_size_and_level, "--size 64k --level 3", "65536 3\n"));
	CHECK(reads_by(body_size_and_level, "--size 20M --level none", "20971520 0\n"));
	CHECK(reads_by(body_size_and_level, "--size 17179869183G --level paranoid", "18446744072635809792 4\n"));
	CHECK(reads_by(body_size_and_level, "--size 1T", "1099511627776 0\n"));
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		(void)snprintf(line, sizeof line, "--size=%s", sizes[i]);
		(void)snprintf(sentence, sizeof sentence, "--size: '%s' is not a size such as 4096, 64k, 20M or 4G",
			       sizes[i]);
		CHECK(refuses(line, sentence));
	}
	CHECK(refuses("--level 5", "--level: '5' is none of none, medium, strong, insane, paranoid, or 0 to 4"));
	CHECK(refuses("--level high", "--level: 'high' is none of none, medium, strong, insane, paranoid, or 0 to 4"));
}

int main(void)
{
	RUN(options_of_every_kind);
	RUN(bad_options_are_named);
	RUN(bad_values_are_named);
	RUN(help_is_made_from_the_table);
	RUN(messages_are_clean_and_the_first_error_counts);
	RUN(messages_as_json_lines);
	RUN(a_long_message_is_cut_to_one_line);
	RUN(failures_say_what_where_and_why);
	RUN(output_that_did_not_arrive_is_an_error);
	RUN(an_error_that_nobody_told_is_told_at_the_end);
	RUN(classes_of_errors_are_exit_statuses);
	RUN(quoting_fits_and_is_clean);
	RUN(quoting_leaves_exactly_what_is_safe_on_a_screen);
	RUN(progress_on_a_terminal_only);
	RUN(progress_tells_rate_and_time_left);
	RUN(what_comes_by_the_thousand_is_held_back);
	RUN(sizes_and_levels);
	return test_end();
}
