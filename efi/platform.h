/* What a machine offers to swfetch: time, chance, a console, memory, files, variables, hand-over.
 *
 * The seam between swfetch's logic (efi/, the same everywhere) and the machine it runs on: UEFI
 * (efi/uefi/) or a Linux process (tests/efi/twin/), where faults, fuzzers and sanitizers are at
 * home. The network has a seam of its own, efi/net.h. All but what a worker runs is one thread; nothing
 * blocks unless it says so. */
#ifndef EFI_PLATFORM_H
#define EFI_PLATFORM_H

#include "core/err.h"
#include "core/wall.h"

struct platform; /* each side defines its own; zero is no value of it */

#define PLATFORM_INITRDS_MAX 64
#define PLATFORM_WORKERS_MAX 7 /* more are not kept busy by any network */

/* Monotonic, from an arbitrary start. */
uint64_t platform_now_ms(struct platform *p);
/* The real-time clock, whatever it says; false: there is none, or it gives no date at all. */
bool platform_rtc(struct platform *p, struct wall *now);
/* When this program was built: no honest clock is earlier. */
struct wall platform_built(const struct platform *p);
/* Random bytes from the machine's generator; false: it has none, and they are mixed from what varies
 * from boot to boot. That is enough for port numbers and identifiers, not for secrets. */
bool platform_random(struct platform *p, uint8_t *out, size_t n);

/* To the console, and to a serial line where that has none: UTF-8, lines end in LF. What is not printable is shown as
 * '?'. */
void platform_print(struct platform *p, struct bytes text);
/* Whether somebody has pressed Escape since: they want the next boot entry. */
bool platform_interrupted(struct platform *p);
/* Waits, watching for Escape. Blocks. */
void platform_wait(struct platform *p, uint64_t ms);

/* Whole pages for bytes of data, not zeroed, below 4 GiB first, then anywhere. ERR_NO_MEMORY. *out is
 * the caller's until platform_give_pages with the same size. */
MUST_CHECK int platform_pages(struct platform *p, uint64_t bytes, uint8_t **out);
void platform_give_pages(struct platform *p, uint8_t *pages, uint64_t bytes);
/* How much memory is free, in bytes; for messages. */
uint64_t platform_free_bytes(struct platform *p);

/* The whole of a file on the volume that swfetch was started from; path with '\\', as UEFI names
 * files. ERR_NOT_FOUND, ERR_LIMIT above max, ERR_NO_MEMORY, ERR_IO. *text is the caller's until
 * platform_give_file. */
MUST_CHECK int platform_file(struct platform *p, const char *path, size_t max, struct bytes *text);
void platform_give_file(struct platform *p, struct bytes text);
/* The load options as they are (efi/options.h); empty when there are none. */
struct bytes platform_options(struct platform *p);

/* A non-volatile variable of ours, name in ASCII. value has room for max bytes; *n is what it has.
 * ERR_NOT_FOUND; ERR_LIMIT when it is larger; ERR_IO. */
MUST_CHECK int platform_variable(struct platform *p, const char *name, uint8_t *value, size_t max, size_t *n);
/* ERR_IO: it could not be written (the store may be full). */
MUST_CHECK int platform_set_variable(struct platform *p, const char *name, struct bytes value);

/* Other processors that can work beside this one, PLATFORM_WORKERS_MAX at most; 0: there are none, or
 * the firmware lends none. */
unsigned platform_workers(struct platform *p);
/* Runs a function on worker i, which returns when it is done. It must call nothing of the machine or
 * its network. False: it did not start. */
bool platform_worker_start(struct platform *p, unsigned i, void (*run)(void *context), void *context);
/* Waits until that function has returned. False: it has not, and may still do so at any time: what it
 * uses must stay where it is. From then on no workers are lent. */
MUST_CHECK bool platform_worker_join(struct platform *p, unsigned i);

/* What is handed over: verified copies, which stay where they are. */
struct platform_boot {
	struct bytes kernel; /* the kernel or the unified kernel image: a PE image */
	const struct bytes *initrds;
	size_t initrds_n;     /* 0: none */
	bool has_cmdline;     /* false: a unified kernel image brings its own */
	struct bytes cmdline; /* UTF-8, exactly as signed */
};
/* Starts it. Returns only when it could not be started, or when what was started has returned:
 * *started tells. ERR_IO, and platform_error says more. */
MUST_CHECK int platform_start(struct platform *p, const struct platform_boot *boot, bool *started);

/* The machine's own word for the latest failure of a call above, such as "EFI_OUT_OF_RESOURCES";
 * "" when there was none. A literal. */
const char *platform_error(const struct platform *p);

#endif
