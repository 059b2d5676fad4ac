#include "host/bzz_output.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/file.h"
#include "swarm/mantaray.h"

static int complain(const struct bzz_output *o, int err, const char *suffix, const char *what)
{
	const char *text = what != NULL ? what : err == ERR_IO ? strerror(errno) : err_text(err);
	cli_error(o->cli, err, "%s%s: %s", o->path, suffix, text);
	return err;
}

static int open_part(struct bzz_output *o, struct why *why)
{
	const char *slash = strrchr(o->path, '/');
	char *folder = slash == NULL ? strdup(".") : strndup(o->path, slash == o->path ? 1 : (size_t)(slash - o->path));
	if (folder == NULL)
		return ERR_NO_MEMORY;
	int err = part_file_open(&o->part, folder, bytes_text(slash == NULL ? o->path : slash + 1), why);
	int kept = errno;
	free(folder);
	errno = kept;
	return err;
}

int bzz_output_open(struct bzz_output *o, struct cli *cli, struct stall *stall, const char *name, const char *path,
		    const struct bzz_range *range)
{
	const bool whole = range->offset == 0 && range->length == UINT64_MAX;
	struct why why = {.what = NULL};
	struct stat st;
	*o = (struct bzz_output){.cli = cli, .stall = stall, .name = name, .base = range->offset, .part = {.fd = -1}};
	o->shows = path == NULL && isatty(STDOUT_FILENO) == 1;
	if (path == NULL || strcmp(path, "-") == 0)
		return OK;
	o->path = path;
	int err = open_part(o, &why);
	if (err != OK)
		return complain(o, err, err == ERR_NOT_REGULAR ? "" : ".part", why.what);
	if ((!whole && ftruncate(o->part.fd, 0) != 0) || fstat(o->part.fd, &st) != 0)
		return complain(o, ERR_IO, ".part", NULL);
	o->there = (uint64_t)st.st_size;
	return OK;
}

/* A terminal takes some bytes for orders. */
static bool is_plain(struct bytes data)
{
	for (size_t i = 0; i < data.n; i++)
		if ((data.p[i] < ' ' && strchr("\t\n\r\f", data.p[i]) == NULL) || data.p[i] == 0 || data.p[i] == 0x7f)
			return false;
	return true;
}

static int refuse_to_show(const struct bzz_output *o, uint64_t offset, struct bytes data)
{
	if (offset == 0 && mantaray_is_node(data))
		cli_error(o->cli, ERR_IO,
			  "%s: is a manifest: %s/ is its index document, --list shows its entries, and -o - this node",
			  o->name, o->name);
	else
		cli_error(o->cli, ERR_IO, "%s: no text for a terminal: -o FILE, or -o - to see it all the same",
			  o->name);
	return ERR_IO;
}

static int write_held(struct bzz_output *o)
{
	const struct bytes data = bytes_of(o->held, o->held_n);
	o->held_n = 0;
	if (data.n == 0)
		return OK;
	if (o->path == NULL) {
		stall_pause(o->stall);
		cli_print(data);
		int err = cli_flush(o->cli);
		stall_progress(o->stall, data.n);
		return err;
	}
	stall_progress(o->stall, data.n);
	if (part_file_write(&o->part, data, o->held_at - o->base) != OK)
		return complain(o, ERR_IO, ".part", NULL);
	return OK;
}

static int flush(void *context)
{
	return write_held(context);
}

/* Leaves are small: a system call for each costs as much as a copy of several. */
static int write_out(void *context, uint64_t offset, struct bytes data)
{
	struct bzz_output *o = context;
	if (o->shows && !is_plain(data))
		return refuse_to_show(o, offset, data);
	if (offset < o->there) /* it may be what stands there already */
		o->reused += data.n;
	if (offset != o->held_at + o->held_n || data.n > sizeof o->held - o->held_n) {
		int err = write_held(o);
		if (err != OK)
			return err;
		o->held_at = offset;
	}
	assert(data.n <= sizeof o->held); /* it is of one chunk */
	memcpy(o->held + o->held_n, data.p, data.n);
	o->held_n += data.n;
	return OK;
}

static size_t read_back(void *context, uint64_t offset, uint8_t *data, size_t n)
{
	const struct bzz_output *o = context;
	if (offset >= o->there || n > o->there - offset)
		return 0;
	const ssize_t got = pread(o->part.fd, data, n, (off_t)offset);
	return got < 0 ? 0 : (size_t)got;
}

struct bzz_sink bzz_output_sink(struct bzz_output *o)
{
	return (struct bzz_sink){.write = write_out,
				 .flush = flush,
				 .read = o->there > 0 ? read_back : NULL,
				 .context = o,
				 .any_order = o->path != NULL};
}

int bzz_output_finish(struct bzz_output *o, uint64_t size)
{
	if (o->path == NULL)
		return OK;
	int err = part_file_finish(&o->part, size);
	return err == OK ? OK : complain(o, err, "", NULL);
}

void bzz_output_close(struct bzz_output *o)
{
	part_file_close(&o->part);
}
