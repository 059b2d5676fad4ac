/* A chunk store as where chunks go. */
#ifndef HOST_STORE_SINK_H
#define HOST_STORE_SINK_H

#include "host/chunk_sink.h"
#include "host/chunk_store.h"
#include "host/cli.h"

struct store_sink {
	struct cli *cli;
	const char *folder; /* borrowed */
	struct chunk_store *store;
};

/* Opens the store for writing; it is made when it is not there. Messages are printed. */
MUST_CHECK int store_sink_open(struct cli *cli, const char *folder, struct store_sink *s);
/* A chunk that is there already stays, unless it is damaged. */
struct chunk_sink store_sink(struct store_sink *s);
void store_sink_close(struct store_sink *s);

#endif
