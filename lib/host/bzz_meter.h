/* What one request may make us read: chunks out of a source, counted. Content that is damaged everywhere, and
 * manifests that somebody made for it, cost any number of them, and nobody shall wait for that. One thread at
 * a time. */
#ifndef HOST_BZZ_METER_H
#define HOST_BZZ_METER_H

#include "host/chunk_source.h"

/* Before the answer begins, and again for each block of it. An honest path takes some ten, a block of 64 KiB
 * of which every part has to be recovered some hundred. */
#define BZZ_METER_CHUNKS 2048

struct bzz_meter {
	struct chunk_source inner;
	unsigned holders, left;
	bool missed; /* a chunk was not there, or damaged: since bzz_meter_refill */
	bool spent;  /* more was wanted: since then nothing is given */
};

/* Held once. NULL: no memory. */
struct bzz_meter *bzz_meter_new(const struct chunk_source *inner);
void bzz_meter_hold(struct bzz_meter *m);
/* The last who lets go frees it. */
void bzz_meter_release(struct bzz_meter *m);
/* As long as it is held. Its errors are the inner one's; ERR_LIMIT: spent. */
struct chunk_source bzz_meter_source(struct bzz_meter *m);
void bzz_meter_refill(struct bzz_meter *m);

#endif
