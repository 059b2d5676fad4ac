#include "host/bzz_fetch.h"

#include <stdlib.h>
#include <string.h>

#include "host/bzz_fetch_parts.h"

#define WAIT_MS 1000

static int open_sources(struct bzz_fetch *f, const struct bzz_fetch_options *o)
{
	struct bzz_peers *peers = NULL;
	int err = chunk_stores_open(f->cli, o->stores->v, o->stores->n, &f->stores);
	f->has_stores = err == OK;
	f->stored = chunk_stores_source(&f->stores);
	if (err == OK && o->network.peers->n + o->network.bootnodes->n > 0)
		err = bzz_peers_open(f->cli, &o->network, &peers);
	return err == OK ? gateways_open(f->cli, o->gateways->v, o->gateways->n, peers, &f->gateways) : err;
}

int bzz_fetch_open(struct cli *cli, const struct bzz_fetch_options *options, struct bzz_fetch **fetch)
{
	struct bzz_fetch *f = calloc(1, sizeof *f);
	if (f == NULL)
		return ERR_NO_MEMORY;
	f->cli = cli;
	f->kind = keccak_widest();
	const int err = open_sources(f, options);
	if (err != OK) {
		bzz_fetch_close(f);
		return err;
	}
	*fetch = f;
	return OK;
}

void bzz_fetch_close(struct bzz_fetch *f)
{
	if (f == NULL)
		return;
	gateways_close(f->gateways);
	if (f->has_stores)
		chunk_stores_close(&f->stores);
	free(f);
}

const struct gateways *bzz_fetch_gateways(const struct bzz_fetch *f)
{
	return f->gateways;
}

int bzz_fetch_stored(const struct bzz_fetch *f, const uint8_t address[static REFERENCE_BYTES],
		     uint8_t chunk[static CHUNK_STORED_BYTES_MAX], size_t *n)
{
	return f->stores.n == 0 ? ERR_NOT_FOUND : chunk_source_get(&f->stored, address, chunk, n);
}

/* The gateways' part of a chunk source: asks and waits. */
static int get_from_gateways(struct bzz_fetch *f, const uint8_t *address, uint8_t *chunk, size_t *n)
{
	struct gateway_answer answer;
	struct chunk checked;
	size_t answers_n = 0;
	if (!gateways_any(f->gateways))
		return ERR_NOT_FOUND;
	gateways_forget(f->gateways);
	gateways_ask(f->gateways, 0, address);
	for (;;) {
		int err = gateways_take(f->gateways, &answer, 1, WAIT_MS, &answers_n);
		if (err != OK)
			return err;
		if (answers_n == 0)
			continue;
		if (answer.err != OK)
			return answer.err;
		if (chunk_check(address, answer.data, f->kind, &f->scratch, &checked) == OK)
			break;
		gateways_wrong(f->gateways, &answer);
	}
	memcpy(chunk, answer.data.p, answer.data.n);
	*n = answer.data.n;
	return OK;
}

static int get(void *context, const uint8_t address[static REFERENCE_BYTES],
	       uint8_t chunk[static CHUNK_STORED_BYTES_MAX], size_t *n)
{
	struct bzz_fetch *f = context;
	const int stored = bzz_fetch_stored(f, address, chunk, n);
	if (stored == OK)
		return OK;
	const int err = get_from_gateways(f, address, chunk, n);
	return err == ERR_NOT_FOUND ? stored : err;
}

struct chunk_source bzz_fetch_source(struct bzz_fetch *f)
{
	return (struct chunk_source){.get = get, .context = f};
}
