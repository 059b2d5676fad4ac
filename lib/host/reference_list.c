#include "host/reference_list.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/hex.h"
#include "core/json.h"
#include "core/utf8.h"
#include "crypto/secret.h"
#include "host/file.h"
#include "host/hash.h"

#define LIST_BYTES_MAX (64U << 20) /* half a million files */
#define LINE_REFERENCE (2 * REFERENCE_BYTES + 2)

struct shown {
	struct cli *cli;
	const char *path;
};

static void show(void *context, uint64_t done, uint64_t total)
{
	const struct shown *s = context;
	cli_progress(s->cli, s->path, done, total);
}

static int hash_into(struct cli *cli, const char *path, int fd, int tree_fd, const struct reference_how *how,
		     struct hash_result *result)
{
	struct shown shown = {.cli = cli, .path = path};
	struct chunk_keys keys;
	chunk_keys_begin(&keys, how->secret);
	struct hash_wanted wanted = {.reference = true,
				     .redundancy = how->redundancy,
				     .keys = how->encrypted ? &keys : NULL,
				     .tree_fd = tree_fd,
				     .progress = show,
				     .context = &shown};
	int err = hash_file(fd, &wanted, result);
	secret_wipe(&keys, sizeof keys);
	cli_progress_end(cli);
	if (err == ERR_IO && errno == ESPIPE)
		cli_error(cli, err, "%s: a tree needs a regular file", path);
	else if (err != OK)
		cli_fail(cli, err, path, NULL);
	return err;
}

static int tree_fail(struct cli *cli, int err, const char *tree)
{
	char subject[sizeof "--tree " + PATH_MAX];
	(void)snprintf(subject, sizeof subject, "--tree %s", tree);
	cli_fail(cli, err, subject, NULL);
	return err;
}

static int hash_with_tree(struct cli *cli, const char *path, int fd, const struct reference_how *how,
			  struct hash_result *result)
{
	const char *tree = how->tree;
	struct file_output out;
	struct stat input, before;
	if (fstat(fd, &input) == 0 && stat(tree, &before) == 0 && input.st_dev == before.st_dev &&
	    input.st_ino == before.st_ino)
		cli_usage(cli, "--tree: '%s' is the file itself", tree);
	int err = file_output_open(&out, tree, 0666);
	if (err != OK)
		return tree_fail(cli, err, tree);
	err = hash_into(cli, path, fd, out.fd, how, result);
	if (err != OK) {
		file_output_drop(&out);
		return err;
	}
	err = file_output_commit(&out);
	return err == OK ? OK : tree_fail(cli, err, tree);
}

int reference_of_file(struct cli *cli, const char *path, const struct reference_how *how,
		      char text[static REFERENCE_TEXT_BYTES], uint64_t *size)
{
	struct hash_result result;
	bool is_stdin = strcmp(path, "-") == 0;
	if (is_stdin)
		cli_reads_stdin(cli, "data");
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		int err = file_err();
		cli_fail(cli, err, path, NULL);
		return err;
	}
	int err = how->tree == NULL ? hash_into(cli, path, fd, -1, how, &result)
				    : hash_with_tree(cli, path, fd, how, &result);
	if (!is_stdin)
		(void)close(fd); /* only read from */
	if (err != OK)
		return err;
	reference_text(&result.reference, text);
	*size = result.size;
	return OK;
}

/* The name for a line of a list; true when something in it had to be escaped. */
static bool escape(struct writer *w, const char *path)
{
	size_t n = strlen(path);
	for (; *path != 0; path++) {
		if (*path == '\\' || *path == '\n' || *path == '\r') {
			write_u8(w, '\\');
			write_u8(w, *path == '\n' ? 'n' : *path == '\r' ? 'r' : '\\');
		} else {
			write_u8(w, (uint8_t)*path);
		}
	}
	return w->n != n;
}

/* escape's inverse, in place; false when a backslash has no meaning. */
static bool unescape(char *path)
{
	char *out = path;
	for (; *path != 0; path++) {
		if (*path != '\\') {
			*out++ = *path;
			continue;
		}
		path++;
		if (*path != 'n' && *path != 'r' && *path != '\\')
			return false;
		*out++ = (char)(*path == 'n' ? '\n' : *path == 'r' ? '\r' : '\\');
	}
	*out = 0;
	return true;
}

/* "REFERENCE  FILE" or "FILE: OK"; cli_end checks stdout. */
static void print_line(const char *before, const char *path, const char *after)
{
	char name[2 * PATH_MAX];
	struct writer w = writer_of(name, sizeof name);
	bool escaped = escape(&w, path);
	(void)printf("%s%s%.*s%s\n", escaped ? "\\" : "", before, (int)w.n, name, after);
}

void reference_print(const char *path, const char *text, uint64_t size, bool plain)
{
	char before[REFERENCE_TEXT_BYTES + 2], clean[PATH_MAX], quoted[6 * PATH_MAX];
	if (plain) {
		(void)snprintf(before, sizeof before, "%s  ", text);
		print_line(before, path, "");
		return;
	}
	struct writer w = writer_of(quoted, sizeof quoted);
	if (!utf8_valid(bytes_text(path)))
		path = cli_quote(bytes_text(path), clean, sizeof clean);
	json_write_string(&w, bytes_text(path));
	(void)printf("{\"file\":%.*s,\"size\":%llu,\"reference\":\"%s\"}\n", (int)w.n, quoted, (unsigned long long)size,
		     text);
}

static int check_line(struct cli *cli, const char *list, uint64_t number, char *line, unsigned redundancy)
{
	const struct reference_how how = {.redundancy = redundancy};
	uint8_t wanted[REFERENCE_BYTES];
	char found[REFERENCE_TEXT_BYTES];
	uint64_t size;
	bool escaped = line[0] == '\\';
	line += escaped;
	char *path = line + LINE_REFERENCE;
	if (strlen(line) <= LINE_REFERENCE || line[LINE_REFERENCE - 2] != ' ' ||
	    (line[LINE_REFERENCE - 1] != ' ' && line[LINE_REFERENCE - 1] != '*') ||
	    hex_decode(bytes_of(line, sizeof wanted * 2), wanted, sizeof wanted) != OK ||
	    (escaped && !unescape(path))) {
		cli_error(cli, ERR_SYNTAX, "%s: line %llu is not 'REFERENCE  FILE'", list, (unsigned long long)number);
		return ERR_SYNTAX;
	}
	int err = reference_of_file(cli, path, &how, found, &size);
	if (err == OK && memcmp(found, line, sizeof wanted * 2) != 0) {
		err = ERR_HASH;
		cli_error(cli, err, "%s: %s: has reference %s", path, err_text(err), found);
	}
	print_line("", path, err == OK ? ": OK" : ": FAILED");
	return err;
}

int reference_list_check(struct cli *cli, const char *list, unsigned redundancy)
{
	struct bytes data;
	if (strcmp(list, "-") == 0)
		cli_reads_stdin(cli, "a list of references");
	int err = file_read(list, LIST_BYTES_MAX, &data);
	if (err != OK) {
		cli_fail(cli, err, list, NULL);
		return err;
	}
	char *text = (char *)(uintptr_t)data.p, *rest = text, *line;
	uint64_t number = 0;
	if (strlen(text) != data.n) {
		err = ERR_SYNTAX;
		cli_error(cli, err, "%s: a NUL byte is in it", list);
		rest = NULL; /* who knows what else is not as it seems */
	}
	while ((line = strsep(&rest, "\n")) != NULL) {
		number++;
		if (line[0] == 0)
			continue;
		int bad = check_line(cli, list, number, line, redundancy);
		if (err == OK)
			err = bad;
	}
	if (err == OK && number <= 1 && data.n == 0) {
		err = ERR_SYNTAX;
		cli_error(cli, err, "%s: no line in it", list);
	}
	free(text);
	return err;
}
