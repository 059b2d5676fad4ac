/* What the machine remembers from boot to boot, in its non-volatile variables: the release floor
 * for each channel and architecture, and the newest signed date that it has seen. */
#ifndef EFI_REMEMBERED_H
#define EFI_REMEMBERED_H

#include "efi/platform.h"

/* The floor, 0 when nothing was accepted yet. A damaged one is an error and never 0: forgetting it
 * would open the way back. channel must be safe (name_is_safe). */
MUST_CHECK int remembered_floor(struct platform *p, struct bytes channel, struct bytes arch, uint64_t *release,
				struct why *why);
/* Raises the floor; writes nothing when it is as high already, to spare the flash. */
MUST_CHECK int remember_floor(struct platform *p, struct bytes channel, struct bytes arch, uint64_t release,
			      struct wall now, struct why *why);
/* False: none, or it cannot be read (a date is no protection, only a help against bad clocks). */
bool remembered_date(struct platform *p, struct wall *date);
/* Keeps a date that a verified release brought, when it is later by a day or more. */
void remember_date(struct platform *p, struct wall date);

/* What is thought to be the time. */
struct belief {
	struct wall now;
	bool at_least;    /* the clock is wrong or missing: it is this late at least, how much later is not known */
	const char *from; /* for the screen: "real-time clock", … */
};

/* The real-time clock is believed from when this program was built to fifteen years later, and not
 * when a release was signed after what it says. */
struct belief remembered_time(struct platform *p);

#endif
