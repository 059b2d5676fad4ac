/* What swfetch says: one line per step, on console and serial line, with the seconds since it
 * began in front. What fails is said as what, why and what next. */
#ifndef EFI_REPORT_H
#define EFI_REPORT_H

#include "efi/platform.h"

#define REPORT_LINE_BYTES 512 /* longer lines are cut */

struct report {
	struct platform *platform;
	uint64_t began_ms;
	bool verbose;
};

void report_init(struct report *r, struct platform *p);
/* A line. Formats: %s (our own text), %.*s (anybody's: what cannot be shown is replaced), %u,
 * %llu, %d, %%, without widths. Use REPORT_BYTES for %.*s. */
void report(const struct report *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same, only when verbose. */
void report_detail(const struct report *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define REPORT_BYTES(b) (int)(b).n, (const char *)(b).p

/* "61.0 MB" and the like, in a buffer of the caller's. Powers of ten. */
struct report_size {
	char text[24];
};
const char *report_size(struct report_size *s, uint64_t bytes);

#endif
