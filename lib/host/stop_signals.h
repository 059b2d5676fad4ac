/* SIGTERM and SIGINT as something to wait for, for programs that end softly. */
#ifndef HOST_STOP_SIGNALS_H
#define HOST_STOP_SIGNALS_H

/* Blocks both in this thread and those that it starts from now on; SIGPIPE is ignored. The descriptor
 * can be read from when one has arrived; -1 with errno. The caller closes it. */
int stop_signals(void);

#endif
