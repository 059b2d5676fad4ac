/* An end for what other people's machines could draw out for ever: the program ends when it makes no progress,
 * whatever it waits for. */
#ifndef HOST_STALL_H
#define HOST_STALL_H

#include "host/cli.h"

#define STALL_BYTES 16384 /* less within the time is no progress: a drip does not count */

struct stall;

/* From now on the program ends, with ERR_TIMEOUT printed, when for limit_ms there were less than STALL_BYTES.
 * name: borrowed, for the message. ERR_NO_MEMORY, ERR_IO, printed. */
MUST_CHECK int stall_watch(struct cli *cli, const char *name, uint64_t limit_ms, struct stall **stall);
/* So many bytes arrived. */
void stall_progress(struct stall *s, uint64_t bytes);
/* What is waited for now is nobody's fault, as a reader of standard output who thinks; until stall_progress. */
void stall_pause(struct stall *s);
void stall_end(struct stall *s); /* NULL: nothing */

#endif
