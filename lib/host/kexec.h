/* Starting another kernel from the running one: kexec_file_load(2) and reboot(2). */
#ifndef HOST_KEXEC_H
#define HOST_KEXEC_H

#include "core/err.h"

#define KEXEC_SENTENCE_MAX 256

/* Loads kernel and initial RAM disk (-1: none) with exactly that command line, in place of what
 * was loaded before; on failure that stays. ERR_IO with errno. */
MUST_CHECK int kexec_load(int kernel_fd, int initrd_fd, const char *cmdline);
/* Takes back what is loaded. */
MUST_CHECK int kexec_unload(void);
/* Writes all file systems out and starts the loaded kernel; returns only when that fails: ERR_IO
 * with errno. Services are not stopped and nothing is unmounted. */
MUST_CHECK int kexec_start(void);

/* Why kexec_load failed with that errno, and what to do, in one sentence; looks at what this
 * machine says of itself (lockdown, kexec_load_disabled) below root, "" outside of tests. */
const char *kexec_explain(int number, const char *root, char out[static KEXEC_SENTENCE_MAX]);

#endif
