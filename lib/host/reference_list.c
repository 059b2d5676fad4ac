#include "host/reference_list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/hex.h"
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

static int hash_into(struct cli *cli, const char *path, int fd, int tree_fd, struct hash_result *result)
{
	struct shown shown = {.cli = cli, .path = path};
	struct hash_wanted wanted = {.reference = true, .tree_fd = tree_fd, .progress = show, .context = &shown};
	int err = hash_file(fd, &wanted, result);
	cli_progress_end(cli);
	if (err == ERR_IO && errno == ESPIPE)
		cli_error(cli, err, "%s: a tree needs a regular file", path);
	else if (err != OK)
		cli_fail(cli, err, path, NULL);
	return err;
}

static int hash_with_tree(struct cli *cli, const char *path, int fd, const char *tree, struct hash_result *result)
{
	struct file_output out;
	int err = file_output_open(&out, tree, 0666);
	if (err != OK) {
		cli_fail(cli, err, tree, NULL);
		return err;
	}
	err = hash_into(cli, path, fd, out.fd, result);
	if (err != OK) {
		file_output_drop(&out);
		return err;
	}
	if ((err = file_output_commit(&out)) != OK)
		cli_fail(cli, err, tree, NULL);
	return err;
}

int reference_of_file(struct cli *cli, const char *path, const char *tree, char text[REFERENCE_TEXT_BYTES],
		      uint64_t *size)
{
	struct hash_result result;
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		int err = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
		cli_fail(cli, err, path, NULL);
		return err;
	}
	int err = tree == NULL ? hash_into(cli, path, fd, -1, &result) : hash_with_tree(cli, path, fd, tree, &result);
	if (!is_stdin)
		(void)close(fd); /* only read from */
	if (err != OK)
		return err;
	hex_encode(bytes_of(result.reference, REFERENCE_BYTES), text);
	text[2 * REFERENCE_BYTES] = 0;
	*size = result.size;
	return OK;
}

static int check_line(struct cli *cli, const char *list, uint64_t number, char *line)
{
	uint8_t wanted[REFERENCE_BYTES];
	char found[REFERENCE_TEXT_BYTES];
	uint64_t size;
	const char *path = line + LINE_REFERENCE;
	if (strlen(line) <= LINE_REFERENCE || line[LINE_REFERENCE - 2] != ' ' ||
	    (line[LINE_REFERENCE - 1] != ' ' && line[LINE_REFERENCE - 1] != '*') ||
	    hex_decode(bytes_of(line, sizeof wanted * 2), wanted, sizeof wanted) != OK) {
		cli_error(cli, ERR_SYNTAX, "%s: line %llu is not 'REFERENCE  FILE'", list, (unsigned long long)number);
		return ERR_SYNTAX;
	}
	int err = reference_of_file(cli, path, NULL, found, &size);
	if (err == OK && memcmp(found, line, sizeof wanted * 2) != 0) {
		err = ERR_HASH;
		cli_error(cli, err, "%s: %s: has reference %s", path, err_text(err), found);
	}
	(void)printf("%s: %s\n", path, err == OK ? "OK" : "FAILED"); /* cli_end checks stdout */
	return err;
}

int reference_list_check(struct cli *cli, const char *list)
{
	struct bytes data;
	int err = file_read(list, LIST_BYTES_MAX, &data);
	if (err != OK) {
		cli_fail(cli, err, list, NULL);
		return err;
	}
	char *text = strndup((const char *)data.p, data.n), *rest = text, *line;
	uint64_t number = 0;
	if (text == NULL || strlen(text) != data.n) {
		err = text == NULL ? ERR_NO_MEMORY : ERR_SYNTAX;
		cli_error(cli, err, "%s: %s", list, text == NULL ? err_text(err) : "a NUL byte is in it");
	}
	while (text != NULL && (line = strsep(&rest, "\n")) != NULL) {
		number++;
		if (line[0] == 0)
			continue;
		int bad = check_line(cli, list, number, line);
		if (err == OK)
			err = bad;
	}
	if (err == OK && number <= 1 && data.n == 0) {
		err = ERR_SYNTAX;
		cli_error(cli, err, "%s: no line in it", list);
	}
	free(text);
	free((void *)(uintptr_t)data.p);
	return err;
}
