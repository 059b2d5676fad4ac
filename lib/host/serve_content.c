/* Content of Swarm: the chunks of the artifacts, and those of the chunk store that was named. */
#include "host/serve_parts.h"

/* What of the artifacts the policy lets out, then the store, which it says nothing about. */
static int get(void *context, const uint8_t address[static REFERENCE_BYTES],
	       uint8_t chunk[static CHUNK_STORED_BYTES_MAX], size_t *n)
{
	struct serve *s = context;
	struct catalogue_file file;
	if (chunk_index_find(&s->chunks, address, chunk, n, &file) == OK && serve_allows(s, &file))
		return OK;
	const struct chunk_source stores = chunk_stores_source(&s->stores);
	return chunk_source_get(&stores, address, chunk, n);
}

int serve_content_open(struct serve *s)
{
	s->site.source = (struct chunk_source){.get = get, .context = s};
	s->site.cli = s->cli;
	s->site.problem = serve_problem;
	s->site.context = s;
	return s->o.chunks == NULL ? OK : chunk_stores_open(s->cli, &s->o.chunks, 1, &s->stores);
}
