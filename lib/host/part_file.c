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

static int mark_found(const struct part_file *p, const struct fetch *f)
{
	for (uint32_t i = 0; i < f->pieces_n; i++) {
		int err = f->state[i] == FETCH_STORED ? part_file_mark(p, i, true) : OK;
		if (err != OK)
			return err;
	}
	return OK;
}

int part_file_open(struct part_file *p, const char *folder, struct bytes name, struct fetch *f)
{
	struct stat st;
	*p = (struct part_file){.fd = -1, .fetch = f};
	if (asprintf(&p->path, "%s/%.*s.part", folder, (int)name.n, (const char *)name.p) < 0)
		p->path = NULL;
	if (asprintf(&p->final, "%s/%.*s", folder, (int)name.n, (const char *)name.p) < 0)
		p->final = NULL;
	if (p->path == NULL || p->final == NULL) {
		part_file_close(p);
		return ERR_NO_MEMORY;
	}
	p->fd = open(p->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0666);
	int err = p->fd < 0 || flock(p->fd, LOCK_EX | LOCK_NB) != 0 || fstat(p->fd, &st) != 0 ? ERR_IO : OK;
	if (err == OK && !S_ISREG(st.st_mode)) {
		errno = EEXIST;
		err = ERR_IO;
	}
	if (err == OK) {
		find_pieces(p, f, (uint64_t)st.st_size);
		if (ftruncate(p->fd, (off_t)(f->size + f->pieces_n)) != 0)
			err = ERR_IO;
	}
	if (err == OK)
		err = mark_found(p, f);
	if (err != OK) {
		int kept = errno;
		part_file_close(p);
		errno = kept;
	}
	return err;
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

int part_file_finish(struct part_file *p)
{
	if (ftruncate(p->fd, (off_t)p->fetch->size) != 0 || fsync(p->fd) != 0 || rename(p->path, p->final) != 0)
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
