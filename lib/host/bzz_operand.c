#include "host/bzz_operand.h"

#include <errno.h>
#include <string.h>

#include "core/decimal.h"
#include "crypto/secret.h"
#include "host/file.h"

/* The line that text is, without blanks around it; empty: it is none, or more. */
static struct bytes line_of(struct bytes text)
{
	while (text.n > 0 && text.p[text.n - 1] <= ' ')
		text.n--;
	while (text.n > 0 && text.p[0] <= ' ')
		text = bytes_skip(text, 1);
	return text.n > 0 && (memchr(text.p, '\n', text.n) != NULL || memchr(text.p, 0, text.n) != NULL) ? BYTES_NONE
													 : text;
}

static int read_line(struct cli *cli, char text[static BZZ_OPERAND_BYTES_MAX])
{
	struct bytes all;
	cli_reads_stdin(cli, "a reference");
	errno = 0;
	int err = file_read("-", BZZ_OPERAND_BYTES_MAX - 1, &all);
	if (err != OK) {
		cli_fail(cli, err, "standard input", NULL);
		return err;
	}
	const struct bytes line = line_of(all);
	memcpy(text, line.n > 0 ? line.p : all.p, line.n);
	text[line.n] = 0;
	secret_wipe((void *)(uintptr_t)all.p, all.n);
	file_free(all);
	if (text[0] == 0)
		cli_usage(cli, "standard input: a line with REFERENCE[/PATH] is wanted there");
	return OK;
}

int bzz_operand_read(struct cli *cli, const char *text, struct bzz_operand *o)
{
	const char *what;
	if (strcmp(text, "-") == 0) {
		int err = read_line(cli, o->text);
		if (err != OK)
			return err;
	} else if (snprintf(o->text, sizeof o->text, "%s", text) >= (int)sizeof o->text) {
		cli_usage(cli, "the operand is longer than any path");
	}
	(void)bzz_address_shown(bytes_text(o->text), o->shown, sizeof o->shown);
	if (bzz_address_parse(bytes_text(o->text), &o->address, &what) != OK)
		cli_usage(cli, "%s: %s", o->shown, what);
	return OK;
}

static bool read_number(struct bytes text, uint64_t *n)
{
	return decimal_read(text, n) == OK;
}

void bzz_operand_range(struct cli *cli, const char *text, struct bzz_range *range)
{
	const char *dash = text == NULL ? NULL : strchr(text, '-');
	uint64_t first = 0, last = UINT64_MAX;
	*range = (struct bzz_range){.offset = 0, .length = UINT64_MAX};
	if (text == NULL)
		return;
	if (dash == NULL || (dash == text && dash[1] == 0) ||
	    (dash != text && !read_number(bytes_of(text, (size_t)(dash - text)), &first)) ||
	    (dash[1] != 0 && !read_number(bytes_text(dash + 1), &last)))
		cli_usage(cli, "--range %s: A-B, A- or -N is wanted, in bytes from 0", text);
	if (dash == text && last == 0)
		cli_usage(cli, "--range %s: nothing is wanted", text);
	if (dash != text && last < first)
		cli_usage(cli, "--range %s: it ends before it begins", text);
	if (dash == text)
		*range = (struct bzz_range){.offset = UINT64_MAX, .length = last};
	else
		*range = (struct bzz_range){.offset = first, .length = last == UINT64_MAX ? last : last - first + 1};
}
