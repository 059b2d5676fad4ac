/* Why nobody keeps an announcement, in words; both are errors of the program (ERR_NOT_FOUND). */
#ifndef HOST_ANNOUNCE_TELL_H
#define HOST_ANNOUNCE_TELL_H

#include "host/dht.h"

/* No peer has answered. */
void announce_tell_nobody(struct cli *cli, const char *url, const struct dht *dht);
/* Peers were asked, and none has taken it. They refuse without saying why, so the usual reasons are named. stays: with
 * --every. */
void announce_tell_refused(struct cli *cli, const char *url, unsigned asked_n, bool stays);

#endif
