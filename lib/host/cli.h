/* The face of every program: options, messages, exit status, terminal, progress.
 *
 * The only place that prints messages or knows exit codes. stdout is data, stderr is messages;
 * text from outside is cleaned of control characters before it is printed. A main is: options
 * struct, cli_start, one or two library calls, JSON out, cli_end. */
#ifndef HOST_CLI_H
#define HOST_CLI_H

#include <pthread.h>
#include <stdio.h>

#include "core/err.h"
#include "core/wall.h"

enum cli_kind {
	CLI_FLAG,     /* bool: true when given */
	CLI_TEXT,     /* const char *; must not be empty */
	CLI_UINT,     /* uint64_t, decimal */
	CLI_DURATION, /* uint64_t milliseconds: 90s, 30m, 12h, 30d; 0 refused */
	CLI_SECONDS,  /* uint64_t: as CLI_DURATION, or a plain number of seconds */
	CLI_SIZE,     /* uint64_t bytes: 4096, 64k, 20M, 4G (powers of 1024) */
	CLI_LEVEL,    /* uint64_t: a redundancy level, 0 to 4 or its name */
	CLI_TEXTS,    /* struct cli_texts: may be given several times */
};

struct cli_texts {
	const char **v; /* owned by the cli, freed by cli_end */
	size_t n;
};

struct cli_option {
	char letter; /* 0: none */
	const char *name;
	enum cli_kind kind;
	size_t offset;        /* of the field in the program's options struct */
	const char *argument; /* placeholder: "FILE"; NULL for flags */
	const char *help;     /* one line, lower case, no full stop */
};

struct cli_program {
	const char *name;     /* "phase-verify" */
	const char *operands; /* "[MANIFEST]"; "" for none */
	const char *summary;  /* one line: what it does */
	const char *text;     /* what --help says below the options: how to use it, examples; may be NULL */
	const struct cli_option *options;
	size_t options_n;
	size_t operands_min, operands_max;
};

#define CLI_RARE_MAX 8 /* kinds of messages that are held back, in one program */

struct cli {
	const struct cli_program *program;
	struct cli_texts operands;
	bool quiet, verbose, log_json; /* -q, -v, --log json: every program has them */
	bool tty;                      /* stderr is a terminal and progress is wanted */
	bool colour;
	int status;         /* of the first failure */
	bool output_failed; /* and that is told */
	bool progress_shown;
	uint64_t progress_at_ms, progress_began_ms, progress_first;
	pthread_mutex_t rare_lock;
	struct {
		const char *format; /* NULL: none */
		uint64_t at_ms, left_out_n;
	} rare[CLI_RARE_MAX];
	uint8_t *options; /* the program's options struct: cli_end frees the lists in it */
};

/* Reads the command line into *options (the struct that offsets point into; zeroed defaults set
 * by the caller) by getopt_long rules. --help, --version and usage errors end the process here
 * (0 and 2; 3 when the help did not arrive). Ignores nothing: an unknown option, an empty or bad
 * value, too few or too many operands: one line that names it, then "Try 'NAME --help'.". */
void cli_start(struct cli *cli, const struct cli_program *program, int argc, char **argv, void *options);

/* One line on stderr: "NAME: " and the text; control characters become '?'. Errors set the status
 * that cli_end returns unless an earlier one did.
 *
 * Each message is one write. cli_warn, cli_info and cli_debug may be called by any thread of a
 * program that shows no progress; all else here is for the thread that called cli_start. */
void cli_error(struct cli *cli, int err, const char *format, ...) __attribute__((format(printf, 3, 4)));
void cli_warn(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same for what may happen a thousand times a second: of one format, a literal, a message a second at most,
 * and the next one says how many were left out. Any thread. */
void cli_warn_rarely(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cli_info(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));  /* not with --quiet */
void cli_debug(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3))); /* with --verbose */
/* "NAME: SUBJECT: sentence (what, at byte N)" from an error and its detail; why may be NULL. */
void cli_fail(struct cli *cli, int err, const char *subject, const struct why *why);
/* To be called before standard input is read: whoever waits at a terminal is told so. what: "a
 * manifest". */
void cli_reads_stdin(struct cli *cli, const char *what);
/* A usage error found after the options were read: prints it and the Try line, exits 2. */
void cli_usage(struct cli *cli, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));

/* Redraws one line of progress at most ten times a second, on a terminal only; what: "hashing
 * vmlinuz"; total 0: unknown. cli_progress_end wipes it. */
void cli_progress(struct cli *cli, const char *what, uint64_t done, uint64_t total);
void cli_progress_end(struct cli *cli);

/* Flushes stdout, for those who read it line by line. ERR_IO, printed: its errno would be gone later. */
MUST_CHECK int cli_flush(struct cli *cli);
/* The exit status for err: 0, 1 (verification), 2 (usage), 3 (input, output), 4 (policy). */
int cli_exit_status(int err);
/* Flushes stdout and checks it (a full disk is status 3), frees, and returns the exit status:
 * return cli_end(&cli, err) is how every main ends. When no error was printed before, err's
 * sentence is: so nothing fails without a word, not even for lack of memory. */
int cli_end(struct cli *cli, int err);

/* Bytes to stdout, as they are; cli_end sees whether they arrived. */
void cli_print(struct bytes out);

/* The time that documents made now carry: SOURCE_DATE_EPOCH when it is set, the clock's otherwise;
 * text: as wall_write writes it. Ends the program (status 2) when it cannot be written. */
struct wall cli_source_date(struct cli *cli, char text[static WALL_TEXT_BYTES]);

/* A copy of text fit for a terminal, cut to fit buf: control characters and invalid UTF-8 as '?'. */
const char *cli_quote(struct bytes text, char *buf, size_t room);

#endif
