/* Swarm references of files, printed and checked: what sha256sum is for SHA-256. */
#ifndef HOST_REFERENCE_LIST_H
#define HOST_REFERENCE_LIST_H

#include "host/chunk_keys.h"
#include "host/cli.h"

struct reference_how {
	unsigned redundancy; /* level */
	const char *tree;    /* where to write FILE.bmt (atomically), or NULL; not of encrypted files */
	bool encrypted;
	const uint8_t *secret; /* CHUNK_KEYS_SECRET_BYTES that the keys follow from; NULL: fresh ones */
};

/* The reference of the file at path ("-": stdin), with progress. Messages are printed. */
MUST_CHECK int reference_of_file(struct cli *cli, const char *path, const struct reference_how *how,
				 char text[static REFERENCE_TEXT_BYTES], uint64_t *size);
/* Prints {"file":…,"size":…,"reference":…}, or plainly REFERENCE  FILE as sha256sum does: a name
 * with a backslash, LF or CR has these escaped and a backslash before the line. */
void reference_print(const char *path, const char *text, uint64_t size, bool plain);
/* Checks the files of one redundancy level that list ("-": stdin) names, lines of "REFERENCE  FILE", and prints "FILE:
 * OK" or "FILE: FAILED" for each. OK, ERR_HASH when any differs, ERR_SYNTAX for a line that is none, or the error of a
 * file that could not be read; all lines are gone through. */
MUST_CHECK int reference_list_check(struct cli *cli, const char *list, unsigned redundancy);

#endif
