/* NAME.part: the bytes of a download under way, and, with a map, behind them one byte per piece: 1, it is there.
 * Locked while open, so that two downloads never write one file; a plain file of this user with no
 * other name and mode 0600, so that nobody else does. */
#ifndef HOST_PART_FILE_H
#define HOST_PART_FILE_H

#include "fetch/fetch.h"

struct part_file {
	int fd;
	char *path;                /* owned: FOLDER/NAME.part */
	char *final;               /* owned: FOLDER/NAME */
	const struct fetch *fetch; /* with a map */
};

/* Opens or creates it. ERR_NOT_REGULAR: FOLDER/NAME cannot be replaced by a file; ERR_NO_MEMORY; ERR_IO with errno,
 * and why (untouched otherwise) when there is more to say: what of FOLDER/NAME.part is in the way, and what to do
 * about it. Nothing was written to it then. */
MUST_CHECK int part_file_open(struct part_file *p, const char *folder, struct bytes name, struct why *why);
/* Tells f of the pieces that are there (fetch_found): those its map names, or, in a file without a map that is no
 * longer than the artifact, those it covers; from here on it has a map. ERR_IO with errno. */
MUST_CHECK int part_file_map(struct part_file *p, struct fetch *f);
MUST_CHECK int part_file_write(const struct part_file *p, struct bytes data, uint64_t offset);
/* Notes that a piece is there, or is not. */
MUST_CHECK int part_file_mark(const struct part_file *p, uint32_t piece, bool there);
/* Nothing is there any more. */
MUST_CHECK int part_file_forget(const struct part_file *p);
/* The first size bytes are the right ones: gives them their final name, and the mode of a new file.
 * ERR_NOT_REGULAR; ERR_IO with errno; ESTALE: the name is no longer this file's, and no file got the
 * final name. */
MUST_CHECK int part_file_finish(struct part_file *p, uint64_t size);
void part_file_close(struct part_file *p);

#endif
