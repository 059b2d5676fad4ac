#include "host/cli.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/json.h"
#include "core/utf8.h"
#include "host/cli_parts.h"
#include "host/file.h"

#define LINE_BYTES_MAX 2048 /* a message longer than this is cut */
#define PROGRESS_EVERY_MS 100

void cli_start(struct cli *cli, const struct cli_program *program, int argc, char **argv, void *options)
{
	const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
	bool dumb = term == NULL || strcmp(term, "dumb") == 0;
	*cli = (struct cli){.program = program, .options = options};
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
		if (code < 0x20 || (code >= 0x7f && code <= 0x9f) || (code >= 0x202a && code <= 0x202e))
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

/* To stderr; when that fails there is nowhere left to complain to. */
static void say(struct bytes text)
{
	if (file_write_all(STDERR_FILENO, text) != OK)
		return;
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
		write_text(&w, cli->program->name);
		write_text(&w, ": ");
		write_text(&w, clean);
		write_text(&w, "\n");
	}
	say(writer_view(&w));
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

static const char *reason(int err)
{
	bool from_system = (err == ERR_IO || err == ERR_NOT_FOUND) && errno != 0;
	return from_system ? strerror(errno) : err_text(err);
}

void cli_fail(struct cli *cli, int err, const char *subject, const struct why *why)
{
	const char *text = reason(err);
	char id[128] = "";
	if (why == NULL || why->err == OK || why->what == NULL) {
		cli_error(cli, err, "%s: %s", subject, text);
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

void cli_usage(struct cli *cli, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	print_format(cli, "error", format, args);
	va_end(args);
	(void)fprintf(stderr, "Try '%s --help'.\n", cli->program->name);
	exit(2);
}

static unsigned terminal_width(void)
{
	struct winsize size;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20)
		return 80;
	return size.ws_col;
}

/* "12.3 MB" of 10^6 bytes. */
static void write_megabytes(struct writer *w, uint64_t bytes)
{
	write_decimal(w, bytes / 1000000);
	write_u8(w, '.');
	write_decimal(w, bytes / 100000 % 10);
	write_text(w, " MB");
}

void cli_progress(struct cli *cli, const char *what, uint64_t done, uint64_t total)
{
	uint64_t now = clock_now_ms();
	if (!cli->tty || (cli->progress_shown && now - cli->progress_at_ms < PROGRESS_EVERY_MS))
		return;
	if (!cli->progress_shown || done < cli->progress_first) {
		cli->progress_began_ms = now;
		cli->progress_first = done;
	}
	char clean[128], line[512];
	struct writer w = writer_of(line, sizeof line);
	write_text(&w, "\r\033[K");
	struct writer body = writer_of(line + w.n, terminal_width() < 400 ? terminal_width() - 1 : 400);
	write_text(&body, cli_quote(bytes_text(what), clean, sizeof clean));
	write_text(&body, ": ");
	write_megabytes(&body, done);
	if (total > 0) {
		write_text(&body, " of ");
		write_megabytes(&body, total);
	}
	uint64_t elapsed = now - cli->progress_began_ms;
	if (elapsed >= 500 && done > cli->progress_first) {
		uint64_t rate = (done - cli->progress_first) / elapsed * 1000;
		write_text(&body, ", ");
		write_megabytes(&body, rate);
		write_text(&body, "/s");
		if (total > done && rate > 0) {
			write_text(&body, ", ");
			write_decimal(&body, (total - done) / rate + 1);
			write_text(&body, " s left");
		}
	}
	say(bytes_of(line, w.n + body.n));
	cli->progress_shown = true;
	cli->progress_at_ms = now;
}

void cli_progress_end(struct cli *cli)
{
	if (cli->progress_shown)
		say(BYTES_LITERAL("\r\033[K"));
	cli->progress_shown = false;
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

int cli_end(struct cli *cli, int err)
{
	cli_progress_end(cli);
	errno = 0;
	bool failed = ferror(stdout) != 0;
	if (fclose(stdout) != 0 || failed)
		cli_error(cli, ERR_IO, "write error: %s", strerror(errno != 0 ? errno : EIO));
	free(cli->operands.v);
	for (size_t i = 0; i < cli->program->options_n; i++)
		if (cli->program->options[i].kind == CLI_TEXTS && cli->options != NULL)
			free(((struct cli_texts *)(void *)(cli->options + cli->program->options[i].offset))->v);
	return cli->status != 0 ? cli->status : cli_exit_status(err);
}
