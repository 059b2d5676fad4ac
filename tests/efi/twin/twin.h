/* The host twin: swfetch's own logic as a Linux program. struct platform of a process, and what can
 * be made to go wrong with it. */
#ifndef TESTS_EFI_TWIN_TWIN_H
#define TESTS_EFI_TWIN_TWIN_H

#include <pthread.h>
#include <semaphore.h>

#include "efi/net.h"
#include "efi/platform.h"

#define TWIN_PAGES_MAX 256

struct platform {
	const char *esp;       /* folder of the volume */
	const char *options;   /* load options */
	uint8_t wide[16384];   /* the same in UTF-16 */
	const char *variables; /* folder of the non-volatile store */
	const char *hand_over; /* folder where what is started is put */
	const char *rtc;       /* RFC 3339, or NULL: the machine's clock; "none": it has none */
	const char *rtc_later; /* what it says from the second reading on; NULL: the same */
	uint64_t memory_bytes; /* what there is */
	uint64_t used_bytes;
	uint64_t fail_pages; /* this one of the calls for pages fails, counted from 1; 0: none */
	uint64_t pages_calls;
	void *pages[TWIN_PAGES_MAX]; /* that were given out */
	uint64_t built_s;
	bool store_full, no_network, no_random, kernel_returns;
	const char *escape;         /* Escape is pressed when a line has this; NULL: nobody presses it */
	struct net_address dead[4]; /* nobody there answers */
	size_t dead_n;
	struct net_address resolvers[NET_RESOLVERS_MAX];
	uint16_t resolver_port;
	size_t resolvers_n;
	unsigned workers_n; /* threads that are lent */
	pthread_t threads[PLATFORM_WORKERS_MAX];
	bool late_worker, late_waits; /* the first begins only when the program is over */
	sem_t late;
	const char *error;
};

/* The late worker runs now, with whatever has become of its memory; what was kept for it is freed. */
void twin_run_late_worker(struct platform *p);
/* A signal's handler: Escape is pressed. */
void twin_interrupt(int number);

extern const struct net_back net_posix;

#endif
