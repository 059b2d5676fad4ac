/* Temporary files that exist right now, so that a signal which ends the program takes them along.
 * The one list in the process: signal handlers can reach nothing else. */
#ifndef HOST_TEMPORARY_H
#define HOST_TEMPORARY_H

#define TEMPORARIES_MAX 64 /* files open for writing at once; more are not removed by signals */

/* path: borrowed until it is forgotten. The first call installs handlers for SIGINT, SIGTERM and
 * SIGHUP (where they have their default action) that unlink and die of the same signal. */
void temporary_add(const char *path);
void temporary_forget(const char *path);

#endif
