/* The operand that names what to fetch, as programs take it. */
#ifndef HOST_BZZ_OPERAND_H
#define HOST_BZZ_OPERAND_H

#include "host/bzz_fetch.h"
#include "swarm/bzz_address.h"

#define BZZ_OPERAND_BYTES_MAX 8192

struct bzz_operand {
	struct bzz_address address;        /* its path leads into text */
	char text[BZZ_OPERAND_BYTES_MAX];  /* may hold a key, */
	char shown[BZZ_OPERAND_BYTES_MAX]; /* which is left out here: for messages */
};

/* Reads text, or for "-" a line of standard input: what everybody on the machine sees in a list of processes
 * is no place for the key of encrypted content. Ends the program (usage) for what names nothing. ERR_IO, ERR_LIMIT,
 * printed. The caller wipes it. */
MUST_CHECK int bzz_operand_read(struct cli *cli, const char *text, struct bzz_operand *o);
/* --range: "A-B", "A-", or "-N", whose offset is UINT64_MAX as it needs the size; NULL: all. Ends the program
 * (usage) for anything else. */
void bzz_operand_range(struct cli *cli, const char *text, struct bzz_range *range);

#endif
