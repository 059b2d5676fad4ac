#include <sys/ioctl.h>
#include <unistd.h>

#include "host/cli.h"
#include "host/cli_parts.h"
#include "host/clock.h"

#define PROGRESS_EVERY_MS 100
#define RATE_AFTER_MS 500 /* before that a rate says little */

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
	if (elapsed >= RATE_AFTER_MS && done > cli->progress_first) {
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
	cli_say(bytes_of(line, w.n + body.n));
	cli->progress_shown = true;
	cli->progress_at_ms = now;
}

void cli_progress_end(struct cli *cli)
{
	if (!cli->progress_shown)
		return; /* and nothing is written: messages of other threads come this way */
	cli_say(BYTES_LITERAL("\r\033[K"));
	cli->progress_shown = false;
}
