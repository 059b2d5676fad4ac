/* Where fetched content goes: standard output, or a file that appears when it is whole. A file is
 * filled as NAME.part, in any order; what an earlier fetch left there is used again where it is right. */
#ifndef HOST_BZZ_OUTPUT_H
#define HOST_BZZ_OUTPUT_H

#include "host/bzz_fetch.h"
#include "host/part_file.h"
#include "host/stall.h"

#define BZZ_OUTPUT_BYTES 131072

struct bzz_output {
	struct cli *cli;
	struct stall *stall;
	const char *name; /* of the content, for messages */
	const char *path; /* NULL: standard output */
	bool shows;       /* that is a terminal, and nobody said that it shall have all the same */
	struct part_file part;
	uint64_t base;    /* what of the file comes first in the output */
	uint64_t there;   /* bytes that an earlier fetch left */
	uint64_t reused;  /* of them, right ones were not fetched again: at most so many */
	uint64_t held_at; /* bytes that follow each other and are not written yet */
	size_t held_n;
	uint8_t held[BZZ_OUTPUT_BYTES];
};

/* path: NULL or "-" for standard output; where that is a terminal, NULL takes plain text only. name, stall
 * (told of what is written): borrowed. range: what is written; only a whole file is taken up again. Messages are
 * printed. */
MUST_CHECK int bzz_output_open(struct bzz_output *o, struct cli *cli, struct stall *stall, const char *name,
			       const char *path, const struct bzz_range *range);
struct bzz_sink bzz_output_sink(struct bzz_output *o);
/* All of it was written, size bytes. Messages are printed. */
MUST_CHECK int bzz_output_finish(struct bzz_output *o, uint64_t size);
void bzz_output_close(struct bzz_output *o);

#endif
