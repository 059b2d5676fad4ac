#include "host/bzz_put.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/bzz_manifest.h"

static int fail_at(const struct bzz_put *p, const char *path, int err)
{
	cli_error(p->cli, err, "%s: %s", path, strerror(errno));
	return err;
}

/* Takes the descriptor. */
static int put_fd(const struct bzz_put *p, int fd, const char *path, struct reference *reference, uint64_t *size)
{
	if (fd < 0)
		return fail_at(p, path, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO);
	int err = bzz_write_fd(p->write, fd, path, reference, size);
	(void)close(fd); /* only read from */
	return err;
}

static int put_file(const struct bzz_put *p, const char *path, struct reference *reference, uint64_t *size)
{
	return put_fd(p, open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), path, reference, size);
}

/* A file that was found below the folder; since then, somebody may have put a link in the place of any
 * part of its path, and must not have another file published by that. Component by component. */
static int open_below(int folder, const char *path)
{
	char name[NAME_MAX + 1];
	int at = folder;
	for (;;) {
		const size_t n = strcspn(path, "/");
		const bool last = path[n] == 0;
		memcpy(name, path, n < sizeof name ? n : 0); /* no name is longer */
		name[n < sizeof name ? n : 0] = 0;
		const int fd = openat(at, name,
				      last ? O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY
					   : O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		const int kept = errno;
		if (at != folder)
			(void)close(at); /* only walked through */
		errno = kept;
		if (fd < 0 || last)
			return fd;
		at = fd;
		path += n + 1;
	}
}

static int put_found_file(const struct bzz_put *p, const FTSENT *e, int folder, const char *path,
			  struct reference *reference, uint64_t *size)
{
	struct stat st;
	int fd = open_below(folder, path);
	if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) { /* it was one when it was found */
		(void)close(fd);
		cli_fail(p->cli, ERR_CHANGED, e->fts_path, NULL);
		return ERR_CHANGED;
	}
	return put_fd(p, fd, e->fts_path, reference, size);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* One thing that was found in the folder whose path has folder_n bytes. */
static int put_found(const struct bzz_put *p, const FTSENT *e, int folder, size_t folder_n, struct bzz_entries *entries,
		     struct bzz_put_result *result)
{
	struct reference reference;
	uint64_t size = 0;
	switch (e->fts_info) {
	case FTS_F: {
		const char *path = e->fts_path + folder_n;
		while (*path == '/')
			path++;
		int err = put_found_file(p, e, folder, path, &reference, &size);
		if (err == OK)
			err = bzz_entries_add(entries, path, &reference);
		result->size += size;
		result->files_n += err == OK;
		return err;
	}
	case FTS_D:
	case FTS_DP:
		return OK;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		errno = e->fts_errno;
		return fail_at(p, e->fts_path, ERR_IO);
	default:
		cli_warn(p->cli, "%s: not a regular file: left out", e->fts_path);
		return OK;
	}
}

/* A name that was mistyped makes a site whose front page is not there. */
static void look_for(const struct bzz_put *p, const struct bzz_entries *entries, const char *option, const char *name)
{
	for (size_t i = 0; name != NULL && i < entries->n; i++)
		if (strcmp(entries->v[i].path, name) == 0)
			return;
	if (name != NULL)
		cli_warn(p->cli, "%s: the folder has no file %s", option, name);
}

static int put_folder(const struct bzz_put *p, const char *path, struct bzz_put_result *result)
{
	char *copy = strdup(path);
	if (copy == NULL)
		return ERR_NO_MEMORY;
	char *const paths[] = {copy, NULL};
	struct bzz_entries entries = {.n = 0};
	const struct bzz_site_documents documents = {.index = p->index, .error = p->error};
	const int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	FTS *tree = folder < 0 ? NULL : fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
	int err = tree == NULL ? fail_at(p, path, ERR_IO) : OK;
	while (err == OK) {
		errno = 0;
		const FTSENT *e = fts_read(tree);
		if (e == NULL) {
			err = errno == 0 ? OK : fail_at(p, path, ERR_IO);
			break;
		}
		err = put_found(p, e, folder, strlen(path), &entries, result);
	}
	if (tree != NULL)
		(void)fts_close(tree); /* only read from */
	if (folder >= 0)
		(void)close(folder); /* only walked from */
	if (err == OK && entries.n == 0)
		cli_error(p->cli, err = ERR_NOT_FOUND, "%s: has no files", path);
	if (err == OK) {
		look_for(p, &entries, "--index", p->index);
		look_for(p, &entries, "--error", p->error);
		err = bzz_manifest_write(p->write, &entries, &documents, &result->reference);
	}
	bzz_entries_free(&entries);
	free(copy);
	return err;
}

/* A manifest of one file, which is its index document, too. */
static int put_named(const struct bzz_put *p, const char *path, struct bzz_put_result *result)
{
	const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
	const struct bzz_site_documents documents = {.index = name, .first = true};
	struct bzz_entries entries = {.n = 0};
	int err = bzz_entries_add(&entries, name, &result->reference);
	if (err == OK)
		err = bzz_manifest_write(p->write, &entries, &documents, &result->reference);
	bzz_entries_free(&entries);
	return err;
}

int bzz_put_path(const struct bzz_put *p, const char *path, struct bzz_put_result *result)
{
	struct stat st;
	*result = (struct bzz_put_result){.size = 0};
	if (strcmp(path, "-") == 0) {
		cli_reads_stdin(p->cli, "content");
		return bzz_write_fd(p->write, STDIN_FILENO, "standard input", &result->reference, &result->size);
	}
	if (stat(path, &st) != 0)
		return fail_at(p, path, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO);
	if (S_ISDIR(st.st_mode))
		return put_folder(p, path, result);
	if (p->index != NULL || p->error != NULL)
		cli_usage(p->cli, "--index and --error go with a folder");
	int err = put_file(p, path, &result->reference, &result->size);
	return err == OK && p->manifest ? put_named(p, path, result) : err;
}
