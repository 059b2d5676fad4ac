/* The store: STORE/CHANNEL/ARCH/FILE on disk, read without ever leaving it.
 *
 * Every name is one harmless component (name_is_safe), and the kernel keeps the path below the
 * store (openat2 with RESOLVE_BENEATH): links inside the store work, links out of it do not; where
 * the kernel has no openat2, no link does. The
 * arch folder may carry either spelling (amd64 = x86_64, arm64 = aarch64). */
#ifndef HOST_STORE_H
#define HOST_STORE_H

#include <sys/stat.h>

#include "core/err.h"

struct store {
	int fd; /* of the root folder */
};

/* A release folder. arch: the spelling that the folder has. */
struct store_folder {
	int fd;
	char channel[256], arch[16];
};

/* File names, sorted by bytes; owned. */
struct store_names {
	char **v;
	size_t n;
	char culprit[256]; /* what store_list's why->id leads into */
};

#define STORE_FILES_MAX 4096 /* in one folder: far beyond what a manifest holds */

/* ERR_NOT_FOUND, ERR_IO with errno. */
MUST_CHECK int store_open(struct store *s, const char *path);
void store_close(struct store *s);

/* The folder of a channel and arch, as asked or in the other spelling when the first does not
 * exist or holds nothing that is an artifact. ERR_VALUE for names that are no single component;
 * ERR_NOT_FOUND also when a link leads out of the store (errno EXDEV). */
MUST_CHECK int store_folder_open(const struct store *s, struct bytes channel, struct bytes arch,
				 struct store_folder *folder);
void store_folder_close(struct store_folder *folder);

/* The names of its artifacts (names_ignored left out, folders too). Refused
 * (ERR_VALUE) is a file that leads out of the store or is neither file nor folder: why->id names
 * it, a view into names, and why->what says of it which, "leads out of the store". why->id names
 * also the file that could not be looked at (ERR_IO with errno). */
MUST_CHECK int store_list(const struct store *s, const struct store_folder *folder, struct store_names *names,
			  struct why *why);
/* The names that store_list leaves out because no manifest may hold them (name_is_safe), hidden ones
 * aside: to be told, cleaned. ERR_IO with errno, ERR_NO_MEMORY, ERR_LIMIT beyond STORE_FILES_MAX. */
MUST_CHECK int store_unsafe_names(const struct store_folder *folder, struct store_names *names);
void store_names_free(struct store_names *names);

/* The channels, or a channel's arch folders, that exist; for servers that scan. */
MUST_CHECK int store_folders(const struct store *s, const char *channel, struct store_names *names);

/* Opens a regular file for reading. ERR_NOT_FOUND when there is none, also when it is something
 * else or leads out of the store (errno ELOOP, EMLINK or EXDEV tells); st may not be NULL. */
MUST_CHECK int store_file_open(const struct store *s, const struct store_folder *folder, const char *name, int *fd,
			       struct stat *st);

#endif
