#include "host/gateway_source.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "host/gateways.h"
#include "swarm/chunk.h"

#define WAIT_MS 500   /* between two looks at whether it is given up */
#define LOOK_MS 60000 /* a node looks for a chunk for half of that; gateways that are gone never say so */
#define BATCH 32

static_assert(CHUNK_PEEKS_MAX <= ASKS_MAX, "they are asked for together");

struct gateway_source {
	struct chunk_source stores;
	struct gateways *gateways; /* owned */
	const atomic_bool *given_up;
	enum keccak_kind kind;
	struct bmt_scratch scratch;
};

int gateway_source_open(struct cli *cli, const struct chunk_source *stores, const struct gateway_source_others *others,
			struct gateway_source **source)
{
	struct bzz_peers *peers = NULL;
	int err = OK;
	struct gateway_source *s = calloc(1, sizeof *s);
	if (s == NULL)
		return ERR_NO_MEMORY;
	s->stores = *stores;
	s->kind = keccak_widest();
	if (others != NULL && gateway_source_nodes(others))
		err = bzz_peers_open(cli, &others->network, &peers);
	if (err == OK)
		err = gateways_open(cli, others == NULL ? NULL : others->gateways->v,
				    others == NULL ? 0 : others->gateways->n, peers, &s->gateways);
	if (err != OK) {
		gateway_source_close(s);
		return err;
	}
	*source = s;
	return OK;
}

void gateway_source_close(struct gateway_source *s)
{
	if (s != NULL)
		gateways_close(s->gateways);
	free(s);
}

void gateway_source_heed(struct gateway_source *s, const atomic_bool *given_up)
{
	s->given_up = given_up;
}

/* An answer to the ask for a peek. False: it was wrong, and others are asked. */
static bool take(struct gateway_source *s, const struct gateway_answer *a, struct chunk_peek *p)
{
	struct chunk checked;
	if (a->err != OK) {
		if (p->err == ERR_NOT_FOUND) /* what is wrong in a store says more */
			p->err = a->err;
		return true;
	}
	if (chunk_check(p->address, a->data, s->kind, &s->scratch, &checked) != OK) {
		gateways_wrong(s->gateways, a);
		return false;
	}
	p->err = a->data.n > p->max ? ERR_HASH : OK; /* too long: it is another kind of chunk than was expected */
	if (p->err == OK) {
		memcpy(p->chunk, a->data.p, a->data.n);
		p->n = a->data.n;
	}
	return true;
}

static void fail(struct chunk_peek *peeks, size_t n, int err)
{
	for (size_t i = 0; i < n; i++)
		if (peeks[i].err != OK)
			peeks[i].err = err;
}

/* Those whose err is not OK, of all gateways and nodes at once. */
static void ask(struct gateway_source *s, struct chunk_peek *peeks, size_t n)
{
	struct gateway_answer answers[BATCH];
	size_t left = 0;
	if (gateways_n(s->gateways) == 0 && gateways_peers(s->gateways) == NULL)
		return;
	gateways_forget(s->gateways);
	for (size_t i = 0; i < n; i++) {
		if (peeks[i].err == OK)
			continue;
		gateways_ask(s->gateways, i, peeks[i].address);
		left++;
	}
	const uint64_t end_ms = clock_now_ms() + LOOK_MS;
	for (size_t heard = 0; left > 0;) {
		size_t answers_n = 0;
		if (s->given_up != NULL && atomic_load(s->given_up)) {
			fail(peeks, n, ERR_INTERRUPTED);
			break;
		}
		int err = gateways_take(s->gateways, answers, BATCH, WAIT_MS, &answers_n);
		heard += answers_n;
		if (err == OK && answers_n == 0 && clock_now_ms() >= end_ms)
			err = heard > 0 ? ERR_SOURCE : ERR_TIMEOUT; /* of nobody: there is no use in asking on */
		if (err != OK) {
			fail(peeks, n, err);
			break;
		}
		for (size_t i = 0; i < answers_n; i++)
			left -= take(s, &answers[i], &peeks[answers[i].id]);
	}
	gateways_forget(s->gateways);
}

static int get(void *context, const uint8_t address[static REFERENCE_BYTES],
	       uint8_t chunk[static CHUNK_STORED_BYTES_MAX], size_t *n)
{
	struct gateway_source *s = context;
	struct chunk_peek p = {.address = address, .chunk = chunk, .max = CHUNK_STORED_BYTES_MAX};
	p.err = chunk_source_get(&s->stores, address, chunk, n);
	if (p.err == OK)
		return OK;
	ask(s, &p, 1);
	if (p.err == OK)
		*n = p.n;
	return p.err;
}

static void peek(void *context, struct chunk_peek *peeks, size_t n)
{
	struct gateway_source *s = context;
	bool all = true;
	chunk_source_peek(&s->stores, peeks, n);
	for (size_t i = 0; i < n; i++)
		all &= peeks[i].err == OK;
	if (!all)
		ask(s, peeks, n);
}

struct chunk_source gateway_source_chunks(struct gateway_source *s)
{
	return (struct chunk_source){.get = get, .peek = peek, .context = s};
}
