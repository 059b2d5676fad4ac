#include "host/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/decimal.h"
#include "core/json.h"
#include "core/utf8.h"
#include "host/cli_parts.h"
#include "host/clock.h"
#include "host/file.h"

#define LINE_BYTES_MAX 2048 /* a message longer than this is cut */
#define RARE_MS 1000

/* Whoever was started without standard input, output or error must not get another file in its place. Each is filled
 * with one that fails: reading as writing says so. */
static void fill_standard(void)
{
	int fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO) {
		(void)close(fd);
		fd = open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY); /* the lowest is free again */
		if (fd >= 0)
			fd = open("/dev/null", O_RDWR);
	}
	if (fd >= 0)
		(void)close(fd);
}

void cli_start(struct cli *cli, const struct cli_program *program, int argc, char **argv, void *options)
{
	const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
	bool dumb = term == NULL || strcmp(term, "dumb") == 0;
	*cli = (struct cli){.program = program, .options = options, .rare_lock = PTHREAD_MUTEX_INITIALIZER};
	fill_standard();
	(void)setlocale(LC_CTYPE, ""); /* without it messages are ASCII: no harm */
	cli_read_options(cli, argc, argv, options);
	cli->tty = isatty(STDERR_FILENO) == 1 && !dumb && !cli->quiet && !cli->log_json;
	cli->colour = cli->tty && (no_colour == NULL || no_colour[0] == 0);
}

const char *cli_quote(struct bytes text, char *buf, size_t room)
{
	struct writer w = writer_of(buf, room - 1);
	while (text.n > 0) {
		uint32_t code;
		if (!utf8_take(&text, &code)) {
			text = bytes_skip(text, 1);
			code = '?';
		}
		if (!utf8_code_printable(code))
			code = '?';
		size_t before = w.n;
		utf8_write(&w, code);
		if (w.full) {
			w.n = before;
			break;
		}
	}
	buf[w.n] = 0;
	return buf;
}

/* When stderr fails there is nowhere left to complain to. */
void cli_say(struct bytes text)
{
	if (file_write_all(STDERR_FILENO, text) != OK)
		return;
}

static const char *level_colour(const char *level)
{
	if (strcmp(level, "error") == 0)
		return "\033[1;31m";
	return strcmp(level, "warning") == 0 ? "\033[1;33m" : "";
}

/* One message, one write. */
static void print_line(struct cli *cli, const char *level, const char *text)
{
	char clean[LINE_BYTES_MAX], line[2 * LINE_BYTES_MAX + 128];
	(void)cli_quote(bytes_text(text), clean, sizeof clean);
	cli_progress_end(cli);
	struct writer w = writer_of(line, sizeof line);
	if (cli->log_json) {
		write_text(&w, "{\"level\":\"");
		write_text(&w, level);
		write_text(&w, "\",\"program\":\"");
		write_text(&w, cli->program->name);
		write_text(&w, "\",\"message\":");
		json_write_string(&w, bytes_text(clean));
		write_text(&w, "}\n");
	} else {
		const char *colour = cli->colour ? level_colour(level) : "";
		write_text(&w, colour);
		write_text(&w, cli->program->name);
		write_text(&w, colour[0] == 0 ? ": " : ":\033[0m ");
		write_text(&w, clean);
		write_text(&w, "\n");
	}
	cli_say(writer_view(&w));
}

static void print_format(struct cli *cli, const char *level, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

static void print_format(struct cli *cli, const char *level, const char *format, va_list args)
{
	char text[LINE_BYTES_MAX];
	if (vsnprintf(text, sizeof text, format, args) < 0)
		text[0] = 0;
	print_line(cli, level, text);
}

void cli_error(struct cli *cli, int err, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	print_format(cli, "error", format, args);
	va_end(args);
	if (cli->status == 0)
		cli->status = cli_exit_status(err);
}

void cli_warn(struct cli *cli, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (!cli->quiet)
		print_format(cli, "warning", format, args);
	va_end(args);
}

/* Whether a message of this format may be printed now; *left_out_n: how many were not, since the last. */
static bool has_turn(struct cli *cli, const char *format, uint64_t *left_out_n)
{
	const uint64_t now = clock_now_ms();
	size_t i = 0;
	bool turn = true;
	*left_out_n = 0;
	(void)pthread_mutex_lock(&cli->rare_lock); /* of a mutex that is ours: cannot fail */
	while (i < CLI_RARE_MAX && cli->rare[i].format != NULL && cli->rare[i].format != format)
		i++;
	if (i < CLI_RARE_MAX) {
		turn = cli->rare[i].format == NULL || now - cli->rare[i].at_ms >= RARE_MS;
		if (turn) {
			*left_out_n = cli->rare[i].left_out_n;
			cli->rare[i].at_ms = now;
		}
		cli->rare[i].format = format;
		cli->rare[i].left_out_n = turn ? 0 : cli->rare[i].left_out_n + 1;
	}
	(void)pthread_mutex_unlock(&cli->rare_lock); /* as above */
	return turn;
}

void cli_warn_rarely(struct cli *cli, const char *format, ...)
{
	char text[LINE_BYTES_MAX];
	uint64_t left_out_n;
	va_list args;
	if (cli->quiet || !has_turn(cli, format, &left_out_n))
		return;
	va_start(args, format);
	if (vsnprintf(text, sizeof text, format, args) < 0)
		text[0] = 0;
	va_end(args);
	if (left_out_n == 0)
		print_line(cli, "warning", text);
	else
		cli_warn(cli, "%s (and %llu more like it)", text, (unsigned long long)left_out_n);
}

void cli_info(struct cli *cli, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (!cli->quiet)
		print_format(cli, "info", format, args);
	va_end(args);
}

void cli_debug(struct cli *cli, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (cli->verbose)
		print_format(cli, "debug", format, args);
	va_end(args);
}

/* errno is that of ERR_IO, and that by which file_err made ERR_NOT_FOUND. A core knows none: what it did
 * not find has a place in something. */
static const char *reason(int err, const struct why *why)
{
	const bool in_something = why != NULL && why->err != OK && why->at != WHY_NOWHERE;
	const bool no_file = err == ERR_NOT_FOUND && !in_something && (errno == ENOENT || errno == ENOTDIR);
	return (err == ERR_IO && errno != 0) || no_file ? strerror(errno) : err_text(err);
}

void cli_fail(struct cli *cli, int err, const char *subject, const struct why *why)
{
	const char *text = reason(err, why);
	char id[128] = "";
	if (why == NULL || why->err == OK || why->what == NULL) {
		cli_error(cli, err, "%s: %s", subject, text);
		return;
	}
	if (why->at == WHY_NOWHERE) {
		bool said = err_class(err) == ERR_CLASS_INPUT;
		cli_error(cli, err, "%s: %s", subject, said ? why->what : text);
		return;
	}
	if (why->id.n > 0)
		(void)cli_quote(why->id, id, sizeof id);
	if (cli_exit_status(err) == 3 && err > ERR_FATAL_MAX)
		cli_error(cli, err, "%s: %s: %s%s%s (at byte %llu)", subject, why->what, text, id[0] == 0 ? "" : ": ",
			  id, (unsigned long long)why->at);
	else
		cli_error(cli, err, "%s: %s: %s%s%s", subject, why->what, text, id[0] == 0 ? "" : ": ", id);
}

void cli_reads_stdin(struct cli *cli, const char *what)
{
	if (isatty(STDIN_FILENO) == 1)
		cli_info(cli, "reading %s from the terminal, end with ^D", what);
}

void cli_usage(struct cli *cli, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	print_format(cli, "error", format, args);
	va_end(args);
	char line[128];
	struct writer w = writer_of(line, sizeof line);
	write_text(&w, "Try '");
	write_text(&w, cli->program->name);
	write_text(&w, " --help'.\n");
	if (!cli->log_json)
		cli_say(writer_view(&w));
	exit(2);
}

void cli_print(struct bytes out)
{
	(void)fwrite(out.p, 1, out.n, stdout); /* cli_end asks ferror */
}

struct wall cli_source_date(struct cli *cli, char text[static WALL_TEXT_BYTES])
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	struct wall at = {clock_wall_s()};
	uint64_t s;
	if (epoch != NULL) {
		if (decimal_read(bytes_text(epoch), &s) != OK || s > INT64_MAX)
			cli_usage(cli, "SOURCE_DATE_EPOCH: '%s' is not a number of seconds", epoch);
		at.s = (int64_t)s;
	}
	if (wall_write(at, text) != OK)
		cli_usage(cli, "%s: beyond the year 9999",
			  epoch != NULL ? "SOURCE_DATE_EPOCH" : "this machine's clock");
	return at;
}

int cli_exit_status(int err)
{
	switch (err_class(err)) {
	case ERR_CLASS_NONE:
		return err == OK ? 0 : 3;
	case ERR_CLASS_VERIFY:
		return 1;
	case ERR_CLASS_USAGE:
		return 2;
	case ERR_CLASS_POLICY:
		return 4;
	case ERR_CLASS_INPUT:
	case ERR_CLASS_IO:
		break;
	}
	return 3;
}

int cli_flush(struct cli *cli)
{
	errno = 0;
	if (ferror(stdout) == 0 && fflush(stdout) == 0)
		return OK;
	if (errno != 0) { /* else cli_end says what it can */
		cli_error(cli, ERR_IO, "write error: %s", strerror(errno));
		cli->output_failed = true;
	}
	return ERR_IO;
}

void cli_close_stdout(struct cli *cli)
{
	errno = 0;
	bool failed = ferror(stdout) != 0; /* earlier: its errno is gone */
	if ((fclose(stdout) == 0 && !failed) || cli->output_failed)
		return;
	if (errno != 0)
		cli_error(cli, ERR_IO, "write error: %s", strerror(errno));
	else
		cli_error(cli, ERR_IO, "write error");
}

int cli_end(struct cli *cli, int err)
{
	cli_progress_end(cli);
	cli_close_stdout(cli);
	if (err != OK && cli->status == 0) /* nobody who knew more has said it: lack of memory mostly */
		cli_error(cli, err, "%s", err_text(err));
	free(cli->operands.v);
	for (size_t i = 0; i < cli->program->options_n; i++)
		if (cli->program->options[i].kind == CLI_TEXTS && cli->options != NULL)
			free(((struct cli_texts *)(void *)(cli->options + cli->program->options[i].offset))->v);
	return cli->status;
}
