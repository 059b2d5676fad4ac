#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/hex.h"
#include "host/random.h"
#include "host/temporary.h"

#define READ_STEP_BYTES 65536

bool file_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int read_all(int fd, size_t max, struct bytes *data)
{
	uint8_t *p = NULL;
	size_t n = 0, room = 0;
	for (;;) {
		if (room - n < 2) { /* one for the data, one for the NUL */
			room = room == 0 ? READ_STEP_BYTES : 2 * room;
			uint8_t *grown = realloc(p, room);
			if (grown == NULL) {
				free(p);
				return ERR_NO_MEMORY;
			}
			p = grown;
		}
		ssize_t got = read(fd, p + n, room - n - 1);
		if (got < 0 && errno == EINTR)
			continue;
		n += got > 0 ? (size_t)got : 0;
		if (got < 0 || n > max) {
			free(p);
			return got < 0 ? ERR_IO : ERR_LIMIT;
		}
		if (got == 0)
			break;
	}
	p[n] = 0;
	*data = bytes_of(p, n);
	return OK;
}

static int read_opened(int fd, size_t max, struct bytes *data)
{
	int err = read_all(fd, max, data);
	int kept = errno;
	(void)close(fd); /* only read from */
	errno = kept;
	return err;
}

int file_read(const char *path, size_t max, struct bytes *data)
{
	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, max, data);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? file_err() : read_opened(fd, max, data);
}

int file_read_kept(const char *path, size_t max, struct bytes *data)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return file_err();
	if (fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		return read_opened(fd, max, data); /* a folder: read(2) has the better word for it */
	(void)close(fd);
	return ERR_NOT_REGULAR;
}

void file_free(struct bytes data)
{
	free((void *)(uintptr_t)data.p);
}

/* FOLDER/.NAME.RANDOM beside FOLDER/NAME. */
static int temporary_name(const char *path, char **out)
{
	uint8_t chance[8];
	char hex[2 * sizeof chance + 1] = {0};
	int err = random_fill(chance, sizeof chance);
	if (err != OK)
		return err;
	hex_encode(bytes_of(chance, sizeof chance), hex);
	const char *slash = strrchr(path, '/');
	int folder_n = slash == NULL ? 0 : (int)(slash - path + 1);
	char *name = NULL;
	if (asprintf(&name, "%.*s.%s.%s", folder_n, path, path + folder_n, hex) < 0)
		return ERR_NO_MEMORY;
	*out = name;
	return OK;
}

int file_replaceable(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0 && !S_ISREG(st.st_mode) ? ERR_NOT_REGULAR : OK;
}

int file_output_open(struct file_output *f, const char *path, mode_t mode)
{
	char *temporary;
	*f = (struct file_output){.fd = -1};
	int err = file_replaceable(path); /* now, and not only after hours of work */
	if (err == OK)
		err = temporary_name(path, &temporary);
	if (err != OK)
		return err;
	f->path = strdup(path);
	f->fd = f->path == NULL ? -1 : open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (f->fd < 0) {
		err = f->path == NULL ? ERR_NO_MEMORY : file_err();
		free(temporary);
		file_output_drop(f); /* keeps errno */
		return err;
	}
	f->temporary = temporary;
	temporary_add(f->temporary);
	return OK;
}

int file_sync_folder(const char *path)
{
	char *folder = strdup(path);
	if (folder == NULL)
		return ERR_NO_MEMORY;
	char *slash = strrchr(folder, '/');
	if (slash != NULL)
		slash[slash == folder ? 1 : 0] = 0;
	int fd = open(slash == NULL ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = fd < 0 || fsync(fd) != 0 ? ERR_IO : OK;
	int kept = errno;
	if (fd >= 0)
		(void)close(fd); /* nothing was written through it */
	free(folder);
	errno = kept;
	return err;
}

static int commit(struct file_output *f, bool replace)
{
	int err = fsync(f->fd) != 0 && errno != EINVAL ? ERR_IO : OK;
	if (close(f->fd) != 0 && err == OK)
		err = ERR_IO;
	f->fd = -1;
	if (err == OK && replace)
		err = file_replaceable(f->path);
	if (err == OK && (replace ? rename(f->temporary, f->path) : link(f->temporary, f->path)) != 0)
		err = ERR_IO;
	if (err != OK || !replace) {
		int kept = errno;
		(void)unlink(f->temporary); /* the second name, or what failed */
		errno = kept;
	}
	temporary_forget(f->temporary);
	free(f->temporary);
	f->temporary = NULL;
	if (err == OK && (err = file_sync_folder(f->path)) != OK && !replace) {
		int kept = errno;
		(void)unlink(f->path); /* it is new, and ours */
		errno = kept;
	}
	file_output_drop(f);
	return err;
}

int file_output_commit(struct file_output *f)
{
	return commit(f, true);
}

int file_output_commit_new(struct file_output *f)
{
	return commit(f, false);
}

void file_output_drop(struct file_output *f)
{
	int kept = errno;
	if (f->fd >= 0)
		(void)close(f->fd); /* it is thrown away */
	if (f->temporary != NULL) {
		(void)unlink(f->temporary);
		temporary_forget(f->temporary);
	}
	free(f->temporary);
	free(f->path);
	*f = (struct file_output){.fd = -1};
	errno = kept;
}

int file_write_all(int fd, struct bytes data)
{
	while (data.n > 0) {
		ssize_t n = write(fd, data.p, data.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_IO;
		data = bytes_skip(data, (size_t)n);
	}
	return OK;
}

int file_write_at(int fd, struct bytes data, uint64_t offset)
{
	while (data.n > 0) {
		ssize_t n = pwrite(fd, data.p, data.n, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_IO;
		data = bytes_skip(data, (size_t)n);
		offset += (uint64_t)n;
	}
	return OK;
}

int file_write(const char *path, struct bytes data, mode_t mode)
{
	struct file_output f;
	int err = file_output_open(&f, path, mode);
	if (err != OK)
		return err;
	if ((err = file_write_all(f.fd, data)) != OK) {
		file_output_drop(&f);
		return err;
	}
	return file_output_commit(&f);
}

/* After mkdir failed: keeps errno's reason, or says that something else has the name. */
static bool is_folder(const char *path)
{
	struct stat st;
	if (errno != EEXIST || stat(path, &st) != 0)
		return false;
	errno = ENOTDIR;
	return S_ISDIR(st.st_mode);
}

int file_make_folders(const char *path)
{
	char *part = strdup(path);
	if (part == NULL)
		return ERR_NO_MEMORY;
	int err = OK;
	for (char *p = part + 1; err == OK && part[0] != 0; p++) {
		if (*p != '/' && *p != 0)
			continue;
		char kept = *p;
		*p = 0;
		if (mkdir(part, 0777) != 0 && !is_folder(part))
			err = ERR_IO;
		*p = kept;
		if (kept == 0)
			break;
	}
	free(part);
	return err;
}
