#include "host/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/arch.h"
#include "host/file.h"
#include "phase/manifest.h"
#include "phase/names.h"

#define PATH_BYTES 1024 /* three components of at most 255 bytes */
#define OPEN_TRIES 64   /* somebody else's rename makes the kernel unsure of a "..": EAGAIN */

/* For kernels and containers without openat2: component by component, and no link is followed. */
static int open_plain(const struct store *s, const char *path, int flags)
{
	char name[PATH_BYTES];
	int at = s->fd;
	for (;;) {
		size_t n = strcspn(path, "/");
		bool last = path[n] == 0;
		memcpy(name, path, n); /* no path is longer than PATH_BYTES */
		name[n] = 0;
		int fd = openat(at, name, last ? flags | O_NOFOLLOW : O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int kept = errno;
		if (at != s->fd)
			(void)close(at);                         /* only walked through */
		errno = fd < 0 && kept == ELOOP ? EMLINK : kept; /* ELOOP is for links that were followed */
		if (fd < 0 || last)
			return fd;
		at = fd;
		path += n + 1;
	}
}

static int open_below(const struct store *s, const char *path, int flags)
{
	const struct open_how how = {.flags = (unsigned)(flags | O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY),
				     .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	int fd = -1, tries = OPEN_TRIES;
	do
		fd = (int)syscall(SYS_openat2, s->fd, path, &how, sizeof how);
	while (fd < 0 && errno == EAGAIN && --tries > 0);
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return open_plain(s, path, (int)how.flags);
	return fd;
}

static int err_of_errno(void)
{
	bool leads_out = errno == ELOOP || errno == EXDEV || errno == EMLINK;
	return leads_out ? ERR_NOT_FOUND : file_err();
}

int store_open(struct store *s, const char *path)
{
	s->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return s->fd >= 0 ? OK : err_of_errno();
}

void store_close(struct store *s)
{
	if (s->fd >= 0)
		(void)close(s->fd); /* only read from */
	s->fd = -1;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_name(struct store_names *names, const char *name)
{
	if (names->n == STORE_FILES_MAX)
		return ERR_LIMIT;
	if (names->v == NULL)
		names->v = calloc(STORE_FILES_MAX, sizeof *names->v);
	if (names->v == NULL || (names->v[names->n] = strdup(name)) == NULL)
		return ERR_NO_MEMORY;
	names->n++;
	return OK;
}

void store_names_free(struct store_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i]);
	free(names->v);
	names->v = NULL;
	names->n = 0;
}

static bool is_safe(const struct dirent *entry)
{
	return name_is_safe(bytes_text(entry->d_name));
}

/* Hidden ones are left out on purpose, folders as well: that needs no word. */
static bool is_unsafe(const struct dirent *entry)
{
	return !is_safe(entry) && entry->d_name[0] != '.' && entry->d_type != DT_DIR;
}

/* The names in a folder that are wanted, sorted. The folder's own fd keeps its position. */
static int read_names(int folder, bool (*wanted)(const struct dirent *), struct store_names *names)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		if (fd >= 0)
			(void)close(fd); /* only read from */
		return ERR_IO;
	}
	int err = OK;
	const struct dirent *entry;
	names->v = NULL;
	names->n = 0;
	while (err == OK && (errno = 0, entry = readdir(dir)) != NULL)
		if (wanted(entry))
			err = add_name(names, entry->d_name);
	if (err == OK && errno != 0)
		err = ERR_IO;
	(void)closedir(dir); /* only read from */
	if (err != OK) {
		store_names_free(names);
		return err;
	}
	if (names->n > 0)
		qsort(names->v, names->n, sizeof *names->v, compare);
	return OK;
}

/* Keeps the names for which keep says 1; an error of keep ends it. */
static int filter(struct store_names *names, int (*keep)(void *context, const char *name), void *context)
{
	size_t kept = 0;
	int verdict = 0;
	for (size_t i = 0; i < names->n; i++) {
		if (verdict >= 0)
			verdict = keep(context, names->v[i]);
		if (verdict == 1)
			names->v[kept++] = names->v[i];
		else
			free(names->v[i]);
	}
	names->n = kept;
	if (verdict >= 0)
		return OK;
	store_names_free(names);
	return verdict;
}

struct listing {
	const struct store *store;
	const struct store_folder *folder;
	struct why *why;
	char *culprit; /* 256 bytes */
};

int store_file_open(const struct store *s, const struct store_folder *folder, const char *name, int *fd,
		    struct stat *st)
{
	char path[PATH_BYTES];
	if (!name_is_safe(bytes_text(name)))
		return ERR_NOT_FOUND;
	(void)snprintf(path, sizeof path, "%s/%s/%s", folder->channel, folder->arch, name);
	int got = open_below(s, path, 0);
	if (got < 0)
		return err_of_errno();
	if (fstat(got, st) != 0 || !S_ISREG(st->st_mode)) {
		(void)close(got); /* only read from */
		errno = EISDIR;
		return ERR_NOT_FOUND;
	}
	*fd = got;
	return OK;
}

static int keep_artifact(void *context, const char *name)
{
	struct listing *l = context;
	struct stat st;
	int fd;
	if (names_ignored(bytes_text(name)))
		return 0;
	int err = store_file_open(l->store, l->folder, name, &fd, &st);
	if (err == OK) {
		(void)close(fd); /* only looked at */
		return 1;
	}
	if (errno == EISDIR && fstatat(l->folder->fd, name, &st, 0) == 0 && S_ISDIR(st.st_mode))
		return 0;
	int kept = errno;
	const char *what = errno == EXDEV    ? "leads out of the store"
			   : errno == ENOENT ? "leads to nothing"
			   : errno == EMLINK ? "is a link, and this kernel cannot keep links in the store"
			   : errno == ELOOP  ? "leads in circles"
					     : "is no regular file";
	(void)snprintf(l->culprit, 256, "%s", name);
	errno = kept;
	return why_not(l->why, err == ERR_NOT_FOUND ? ERR_VALUE : (enum err)err, what, WHY_NOWHERE,
		       bytes_text(l->culprit));
}

int store_list(const struct store *s, const struct store_folder *folder, struct store_names *names, struct why *why)
{
	struct listing l = {.store = s, .folder = folder, .why = why, .culprit = names->culprit};
	int err = read_names(folder->fd, is_safe, names);
	return err != OK ? err : filter(names, keep_artifact, &l);
}

static bool holds_artifacts(const struct store_folder *folder)
{
	struct store_names names;
	bool any = false;
	if (read_names(folder->fd, is_safe, &names) != OK)
		return true; /* let the caller meet the error */
	for (size_t i = 0; i < names.n; i++)
		any |= !names_ignored(bytes_text(names.v[i])) || strcmp(names.v[i], "manifest.json") == 0;
	store_names_free(&names);
	return any;
}

static int open_spelling(const struct store *s, const char *arch, struct store_folder *folder)
{
	char path[PATH_BYTES];
	(void)snprintf(path, sizeof path, "%s/%s", folder->channel, arch);
	(void)snprintf(folder->arch, sizeof folder->arch, "%s", arch);
	folder->fd = open_below(s, path, O_DIRECTORY);
	return folder->fd >= 0 ? OK : err_of_errno();
}

int store_folder_open(const struct store *s, struct bytes channel, struct bytes arch, struct store_folder *folder)
{
	const char *other = arch_other(arch);
	if (!name_is_safe(channel) || other == NULL)
		return ERR_VALUE;
	struct store_folder first = {.fd = -1}, second;
	memcpy(first.channel, channel.p, channel.n);
	second = first;
	int err = open_spelling(s, arch_other(bytes_text(other)), &first);
	int kept = errno;
	if (err == OK && holds_artifacts(&first)) {
		*folder = first;
		return OK;
	}
	if (err != OK && err != ERR_NOT_FOUND)
		return err;
	if (open_spelling(s, other, &second) == OK) {
		store_folder_close(&first);
		*folder = second;
		return OK;
	}
	if (err == OK)
		*folder = first; /* empty, but it is there */
	if (kept == EXDEV)
		errno = kept; /* says more than that the other spelling does not exist */
	return err;
}

void store_folder_close(struct store_folder *folder)
{
	if (folder->fd >= 0)
		(void)close(folder->fd); /* only read from */
	folder->fd = -1;
}

static int keep_folder(void *context, const char *name)
{
	struct stat st;
	return fstatat(*(int *)context, name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

int store_unsafe_names(const struct store_folder *folder, struct store_names *names)
{
	return read_names(folder->fd, is_unsafe, names);
}

int store_folders(const struct store *s, const char *channel, struct store_names *names)
{
	int fd = open_below(s, channel == NULL ? "." : channel, O_DIRECTORY);
	if (fd < 0)
		return err_of_errno();
	int err = read_names(fd, is_safe, names);
	if (err == OK)
		err = filter(names, keep_folder, &fd);
	(void)close(fd); /* only read from */
	return err;
}
