#include "host/bzz_meter.h"

#include <stdlib.h>

struct bzz_meter *bzz_meter_new(const struct chunk_source *inner)
{
	struct bzz_meter *m = malloc(sizeof *m);
	if (m != NULL)
		*m = (struct bzz_meter){.inner = *inner, .holders = 1, .left = BZZ_METER_CHUNKS};
	return m;
}

void bzz_meter_hold(struct bzz_meter *m)
{
	m->holders++;
}

void bzz_meter_release(struct bzz_meter *m)
{
	if (--m->holders == 0)
		free(m);
}

void bzz_meter_refill(struct bzz_meter *m)
{
	m->left = BZZ_METER_CHUNKS;
	m->missed = false;
}

static bool take(struct bzz_meter *m)
{
	if (m->left == 0)
		m->spent = true;
	else
		m->left--;
	return !m->spent;
}

static int get(void *context, const uint8_t address[static REFERENCE_BYTES],
	       uint8_t chunk[static CHUNK_STORED_BYTES_MAX], size_t *n)
{
	struct bzz_meter *m = context;
	int err = take(m) ? chunk_source_get(&m->inner, address, chunk, n) : ERR_LIMIT;
	m->missed |= err != OK;
	return err;
}

static void peek(void *context, struct chunk_peek *peeks, size_t n)
{
	struct bzz_meter *m = context;
	size_t allowed = 0;
	for (size_t i = 0; i < n; i++)
		if (peeks[i].err == OK || take(m))
			allowed = i + 1;
		else
			peeks[i].err = ERR_LIMIT;
	m->inner.peek(m->inner.context, peeks, allowed);
	for (size_t i = 0; i < n; i++)
		m->missed |= peeks[i].err != OK;
}

struct chunk_source bzz_meter_source(struct bzz_meter *m)
{
	return (struct chunk_source){.get = get, .peek = m->inner.peek == NULL ? NULL : peek, .context = m};
}
