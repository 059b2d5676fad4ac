/* Files: read whole with a limit, written so that they appear atomically. */
#ifndef HOST_FILE_H
#define HOST_FILE_H

#include <errno.h>
#include <sys/stat.h>

#include "core/err.h"

/* Reads the file at path, or stdin for "-", into *data (owned, for file_free; a NUL follows
 * the data). ERR_LIMIT when larger than max, ERR_NOT_FOUND, ERR_IO; errno says more. */
MUST_CHECK int file_read(const char *path, size_t max, struct bytes *data);
/* The same of a file that a program keeps for itself: nothing but a regular one, and "-" is a name as any. Never waits,
 * as for who would write into a FIFO: ERR_NOT_REGULAR. */
MUST_CHECK int file_read_kept(const char *path, size_t max, struct bytes *data);
void file_free(struct bytes data); /* what these gave; or nothing, when p is NULL */
/* What errno means when a file could not be opened: ERR_NOT_FOUND or ERR_IO. */
static inline int file_err(void)
{
	return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
}
/* Whether both are one file that did not change in between. */
bool file_same(const struct stat *a, const struct stat *b);

/* An output file that appears under its name only when it is whole. */
struct file_output {
	int fd;
	char *path;      /* owned */
	char *temporary; /* owned; in the same folder, made with O_EXCL */
};

/* Whether a file may appear at path by rename: nothing is there, or a regular file. ERR_NOT_REGULAR
 * for all else (a link, too): a rename would make an end of a device, which nobody meant. */
MUST_CHECK int file_replaceable(const char *path);
/* Opens a temporary file beside path. mode as for open(2): 0666 less umask, 0600 for secrets.
 * ERR_NOT_FOUND, ERR_IO with errno, ERR_NOT_REGULAR, ERR_NO_MEMORY; nothing is left to drop then. */
MUST_CHECK int file_output_open(struct file_output *f, const char *path, mode_t mode);
/* fsync, rename, fsync of the folder: ERR_IO with errno, ERR_NOT_REGULAR, ERR_NO_MEMORY. On failure the temporary is
 * gone, and path is untouched unless it was the folder that could not be synced: the new file
 * stands there then, but may not outlive a power cut. */
MUST_CHECK int file_output_commit(struct file_output *f);
/* As commit, but ERR_IO with errno EEXIST when path is there already (link, not rename). On any
 * failure there is no new path. */
MUST_CHECK int file_output_commit_new(struct file_output *f);
/* Removes the temporary; nothing when committed or never opened (fd -1). */
void file_output_drop(struct file_output *f);

/* Writes all of it, or ERR_IO with errno. */
MUST_CHECK int file_write_all(int fd, struct bytes data);
/* The same at an offset; the file's own position stays. */
MUST_CHECK int file_write_at(int fd, struct bytes data, uint64_t offset);
/* fsync of the folder that path lies in, so that a rename there survives a power cut. */
MUST_CHECK int file_sync_folder(const char *path);
/* Whole small file, atomically; errors as of file_output_open and _commit. */
MUST_CHECK int file_write(const char *path, struct bytes data, mode_t mode);
/* mkdir -p, mode 0777 less umask. ERR_IO with errno, ERR_NO_MEMORY. */
MUST_CHECK int file_make_folders(const char *path);

#endif
