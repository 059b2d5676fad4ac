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

static int peek(void *context, const uint8_t address[static REFERENCE_BYTES],
		uint8_t chunk[static CHUNK_STORED_BYTES_MAX], size_t *n)
{
	struct bzz_meter *m = context;
	int err = take(m) ? chunk_source_peek(&m->inner, address, chunk, n) : ERR_LIMIT;
	m->missed |= err != OK;
	return err;
}

struct chunk_source bzz_meter_source(struct bzz_meter *m)
{
	return (struct chunk_source){.get = get, .peek = peek, .context = m};
}
