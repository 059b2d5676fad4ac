#include "host/part_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/file.h"

#define OPENS_MAX 10 /* downloads that end just while we begin */

static void find_pieces(const struct part_file *p, struct fetch *f, uint64_t length)
{
	uint8_t map[FETCH_PIECES_MAX];
	bool mapped = length == f->size + f->pieces_n &&
		      pread(p->fd, map, f->pieces_n, (off_t)f->size) == (ssize_t)f->pieces_n;
	for (uint32_t i = 0; i < f->pieces_n; i++) {
		bool covered = length <= f->size && i * f->piece_bytes + fetch_piece_bytes(f, i) <= length;
		if (mapped ? map[i] == 1 : covered)
			fetch_found(f, i);
	}
}

/* The whole map at once, before the length says that there is one: whatever stood there is no map. */
static int write_map(const struct part_file *p, const struct fetch *f)
{
	uint8_t map[FETCH_PIECES_MAX];
	for (uint32_t i = 0; i < f->pieces_n; i++)
		map[i] = f->state[i] == FETCH_STORED;
	int err = part_file_write(p, bytes_of(map, f->pieces_n), f->size);
	return err == OK && ftruncate(p->fd, (off_t)(f->size + f->pieces_n)) != 0 ? ERR_IO : err;
}

/* Why a file must not be written to: somebody else could reach its bytes after they were checked,
 * or they are somebody else's. NULL: it may. */
static const char *objection(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "is not a plain file: remove it and run again";
	if (st->st_uid != geteuid())
		return "belongs to another user: remove it, or choose another folder";
	if (st->st_nlink > 1)
		return "has a second name (hard link): remove it and run again";
	return NULL;
}

static int refuse(struct why *why, const char *what)
{
	errno = EEXIST;
	return why_not(why, ERR_IO, what, WHY_NOWHERE, BYTES_NONE);
}

/* An open may fail because of what stands there: that is the better reason, then. */
static int why_not_open(const struct part_file *p, struct why *why)
{
	struct stat st;
	int kept = errno;
	const char *what = lstat(p->path, &st) == 0 ? objection(&st) : NULL;
	if (what != NULL)
		return refuse(why, what);
	errno = kept;
	return ERR_IO;
}

/* Whether the open file is (still) the one of that name. */
static bool has_name(const struct part_file *p)
{
	struct stat opened, named;
	return fstat(p->fd, &opened) == 0 && lstat(p->path, &named) == 0 && opened.st_dev == named.st_dev &&
	       opened.st_ino == named.st_ino && opened.st_nlink > 0;
}

static int lock_once(struct part_file *p, struct why *why)
{
	struct stat st;
	const char *what = NULL;
	p->fd = open(p->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
	if (p->fd < 0)
		return why_not_open(p, why);
	if (fstat(p->fd, &st) != 0)
		return ERR_IO;
	/* st_nlink 0: it has just been replaced or renamed, has_name will tell */
	if ((what = objection(&st)) != NULL)
		return refuse(why, what);
	if (flock(p->fd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK
			       ? refuse(why, "another download is writing it: wait for it and run again, which is safe")
			       : ERR_IO;
	if (fstat(p->fd, &st) != 0)
		return ERR_IO;
	what = objection(&st); /* a second name may have come before the lock */
	return what != NULL ? refuse(why, what) : OK;
}

/* Between open and flock another download may have finished: the file we opened has its final name
 * then, and is not ours to write. */
static int lock_part(struct part_file *p, struct why *why)
{
	for (unsigned i = 0; i < OPENS_MAX; i++) {
		int err = lock_once(p, why);
		if (err != OK || has_name(p))
			return err;
		(void)close(p->fd); /* nothing was written */
		p->fd = -1;
	}
	return refuse(why, "is replaced again and again: choose a folder that only you can write to");
}

int part_file_open(struct part_file *p, const char *folder, struct bytes name, struct why *why)
{
	*p = (struct part_file){.fd = -1};
	if (asprintf(&p->path, "%s/%.*s.part", folder, (int)name.n, (const char *)name.p) < 0)
		p->path = NULL;
	if (asprintf(&p->final, "%s/%.*s", folder, (int)name.n, (const char *)name.p) < 0)
		p->final = NULL;
	if (p->path == NULL || p->final == NULL) {
		part_file_close(p);
		return ERR_NO_MEMORY;
	}
	int err = file_replaceable(p->final);
	if (err == OK)
		err = lock_part(p, why);
	/* nobody else's while it is filled, whoever made it and how */
	if (err == OK && fchmod(p->fd, 0600) != 0)
		err = ERR_IO;
	if (err != OK) {
		int kept = errno;
		part_file_close(p);
		errno = kept;
	}
	return err;
}

int part_file_map(struct part_file *p, struct fetch *f)
{
	struct stat st;
	p->fetch = f;
	if (fstat(p->fd, &st) != 0)
		return ERR_IO;
	find_pieces(p, f, (uint64_t)st.st_size);
	return write_map(p, f);
}

int part_file_write(const struct part_file *p, struct bytes data, uint64_t offset)
{
	return file_write_at(p->fd, data, offset);
}

int part_file_mark(const struct part_file *p, uint32_t piece, bool there)
{
	uint8_t byte = there;
	if (there) /* let the disk begin: the fsync at the end has less to wait for */
		(void)sync_file_range(p->fd, (off_t)(piece * p->fetch->piece_bytes),
				      (off_t)fetch_piece_bytes(p->fetch, piece), SYNC_FILE_RANGE_WRITE);
	return part_file_write(p, bytes_of(&byte, 1), p->fetch->size + piece);
}

int part_file_forget(const struct part_file *p)
{
	if (ftruncate(p->fd, 0) != 0 || ftruncate(p->fd, (off_t)(p->fetch->size + p->fetch->pieces_n)) != 0)
		return ERR_IO;
	return OK;
}

int part_file_finish(struct part_file *p, uint64_t size)
{
	mode_t mask = umask(0); /* the only way to ask; no thread of ours makes files */
	(void)umask(mask);
	if (ftruncate(p->fd, (off_t)size) != 0 || fchmod(p->fd, 0666 & ~mask) != 0 || fsync(p->fd) != 0)
		return ERR_IO;
	if (!has_name(p)) {
		errno = ESTALE;
		return ERR_IO;
	}
	int err = file_replaceable(p->final);
	if (err != OK)
		return err;
	if (rename(p->path, p->final) != 0)
		return ERR_IO;
	return file_sync_folder(p->final);
}

void part_file_close(struct part_file *p)
{
	if (p->fd >= 0)
		(void)close(p->fd); /* what mattered was synced */
	free(p->path);
	free(p->final);
	*p = (struct part_file){.fd = -1};
}
