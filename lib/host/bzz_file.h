/* A file of Swarm as a reader of its bytes, out of a source of chunks: plain and encrypted trees of
 * every redundancy level; what is missing is recovered from parities and replicas. */
#ifndef HOST_BZZ_FILE_H
#define HOST_BZZ_FILE_H

#include "host/chunk_source.h"
#include "swarm/reference.h"

struct bzz_file;

/* Where content begins: a reference, and the root chunk where no source has it under that. */
struct bzz_root {
	struct reference reference;
	size_t chunk_n;                 /* 0: it is to be got by its address */
	uint8_t chunk[CHUNK_BYTES_MAX]; /* what a feed's update or a single-owner chunk wraps */
};

/* Gets the root, so that the size is known. root_chunk: the root itself where no source has it under
 * its address (what a feed's update or a single-owner chunk wraps), span || payload, borrowed for this
 * call; or empty. ERR_NOT_FOUND: nobody has the root; ERR_HASH, ERR_IO and the like: who
 * has it cannot give it, as chunk_source.h says; errors of the tree. why without an address. */
MUST_CHECK int bzz_file_open(const struct chunk_source *source, const struct reference *root, struct bytes root_chunk,
			     struct bzz_file **file, struct why *why);
uint64_t bzz_file_size(const struct bzz_file *f);
/* What of [offset, end) comes next, at least a byte and at most max; offset < end <= size. Reading on
 * where the last call ended, with the same end, costs no chunk twice. Errors as of the root, of any chunk,
 * come behind all that could be given; ERR_NO_MEMORY. */
MUST_CHECK int bzz_file_read(struct bzz_file *f, uint64_t offset, uint64_t end, void *buf, size_t max, size_t *n,
			     struct why *why);
/* For who keeps open files: no keys and no memory for recovery are in it. */
bool bzz_file_keepable(const struct bzz_file *f);
/* What is read from here on comes from this source; what was read of the tree is still known. */
void bzz_file_rebase(struct bzz_file *f, const struct chunk_source *source);
/* NULL: nothing. */
void bzz_file_close(struct bzz_file *f);

/* All of a small file, root_chunk as above: ERR_LIMIT when it has more than max bytes. *data: owned, for
 * free; a byte at least is allocated. */
MUST_CHECK int bzz_file_whole(const struct chunk_source *source, const struct reference *root, struct bytes root_chunk,
			      size_t max, uint8_t **data, size_t *n, struct why *why);

#endif
