#include "efi/swarm_file.h"

#include <string.h>

#include "crypto/secret.h"
#include "swarm/bzz_path.h"
#include "swarm/feed.h"
#include "swarm/join.h"

#define SLOTS 64 /* chunks under way or waiting for their turn */

/* Where content begins: a reference, and the root chunk where nobody has it under that. */
struct root {
	struct reference reference;
	size_t chunk_n; /* 0: it is to be asked for */
	uint8_t chunk[CHUNK_BYTES_MAX];
};

/* A search for the newest update, and the newest that was seen so far. */
struct search {
	const uint8_t *owner;
	struct bytes topic;
	struct feed_search feed;
	bool any, is_legacy;
	uint64_t number;
	struct reference legacy;
	struct root root;
};

/* Large: in pages, and wiped, as there may be keys in it. */
struct getter {
	const struct swarm_file_with *with;
	struct platform *platform;
	struct chunks *chunks;
	uint64_t end_ms;
	enum keccak_kind kind;
	struct bmt_scratch scratch;
	struct root root;
	struct search search;
	struct bzz_path path;
	struct join join;
	struct join_slot slots[SLOTS];
	uint8_t node[MANTARAY_NODE_BYTES_MAX];
};

static int open_chunks(struct getter *g, chunks_judge *judge)
{
	const struct chunks_with with = {.report = g->with->report,
					 .net = g->with->net,
					 .web = g->with->web,
					 .native = g->with->native,
					 .judge = judge,
					 .context = g};
	const int err = chunks_open(&g->chunks, &with);
	for (size_t i = 0; err == OK && i < g->with->gateways_n; i++)
		chunks_add_place(g->chunks, g->with->gateways[i]);
	return err;
}

static void close_chunks(struct getter *g)
{
	if (g->chunks != NULL)
		chunks_tell_liars(g->chunks, BYTES_LITERAL("the manifest"));
	chunks_close(g->chunks);
	g->chunks = NULL;
}

/* A step of the network; the limits of all. */
static int step(struct getter *g)
{
	const int err = chunks_step(g->chunks);
	if (err != OK)
		return err;
	if (platform_interrupted(g->platform))
		return ERR_INTERRUPTED;
	return platform_now_ms(g->platform) >= g->end_ms ? ERR_TIMEOUT : OK;
}

/* --- a file ----------------------------------------------------------------------------------- */

static int judge_part(void *context, uint64_t id, struct bytes chunk)
{
	struct getter *g = context;
	const int err = join_chunk(&g->join, id, chunk, NULL);
	if (err == ERR_HASH)
		join_asked(&g->join, id);
	return err;
}

static int take_data(struct getter *g, uint8_t *into, size_t max)
{
	struct join_data data;
	uint64_t size;
	if (join_size(&g->join, &size) && size > max)
		return ERR_LIMIT;
	while (join_data(&g->join, &data))
		memcpy(into + data.offset, data.bytes.p, data.bytes.n);
	return OK;
}

static int drive_join(struct getter *g, uint8_t *into, size_t max)
{
	struct join_want want;
	uint64_t id;
	int err = OK, why;
	while (err == OK && (err = take_data(g, into, max)) == OK && !join_done(&g->join)) {
		while (chunks_room(g->chunks) > 0 && join_want(&g->join, &want))
			chunks_ask(g->chunks, want.id, want.address);
		err = join_error(&g->join, NULL);
		if (err == OK)
			err = step(g);
		while (err == OK && chunks_failed(g->chunks, &id, &why))
			err = join_failed(&g->join, id, why, NULL);
	}
	return err;
}

static int get_file(struct getter *g, const struct reference *reference, uint8_t *into, size_t max, size_t *n)
{
	const struct join_memory memory = {.slots = g->slots,
					   .slots_n = SLOTS,
					   .kind = g->kind,
					   .order = JOIN_IN_ORDER};
	const bool is_root =
		g->root.chunk_n > 0 && memcmp(reference->address, g->root.reference.address, REFERENCE_BYTES) == 0;
	uint64_t size = 0;
	int err = open_chunks(g, judge_part);
	join_init(&g->join, reference, &memory);
	join_read(&g->join, 0, UINT64_MAX);
	if (err == OK && is_root)
		err = join_root_chunk(&g->join, bytes_of(g->root.chunk, g->root.chunk_n), NULL);
	if (err == OK)
		err = drive_join(g, into, max);
	close_chunks(g);
	if (err == OK && join_size(&g->join, &size))
		*n = (size_t)size;
	return err;
}

/* --- a feed ----------------------------------------------------------------------------------- */

static int judge_update(void *context, uint64_t number, struct bytes data)
{
	struct getter *g = context;
	struct search *s = &g->search;
	uint8_t address[REFERENCE_BYTES];
	struct chunk c;
	uint64_t time_s;
	feed_address(s->topic, s->owner, number, address);
	if (chunk_check(address, data, g->kind, &g->scratch, &c) != OK || c.kind != CHUNK_SINGLE_OWNER)
		return ERR_HASH;
	feed_search_answer(&s->feed, number, FEED_THERE);
	if (s->any && number <= s->number)
		return OK;
	s->any = true;
	s->number = number;
	s->is_legacy = feed_is_legacy(c.content, &time_s, &s->legacy);
	s->root.reference = (struct reference){.encrypted = false};
	memcpy(s->root.reference.address, c.address, REFERENCE_BYTES);
	s->root.chunk_n = c.content.n;
	memcpy(s->root.chunk, c.content.p, c.content.n);
	return OK;
}

static int drive_search(struct getter *g)
{
	struct search *s = &g->search;
	uint8_t address[REFERENCE_BYTES];
	uint64_t number;
	int err = OK, why;
	while (err == OK && !feed_search_done(&s->feed)) {
		while (chunks_room(g->chunks) > 0 && feed_search_want(&s->feed, &number)) {
			feed_address(s->topic, s->owner, number, address);
			chunks_ask(g->chunks, number, address);
		}
		err = step(g);
		while (err == OK && chunks_failed(g->chunks, &number, &why))
			feed_search_answer(&s->feed, number, why == ERR_NOT_FOUND ? FEED_NOT_THERE : FEED_NO_ANSWER);
	}
	return err;
}

/* What is newest becomes the root. topic: of g's own, or longer-lived. */
static int follow_feed(struct getter *g, const uint8_t *owner, struct bytes topic)
{
	struct search *s = &g->search;
	memset(s, 0, sizeof *s);
	s->owner = owner;
	s->topic = topic;
	feed_search_init(&s->feed, 0);
	int err = open_chunks(g, judge_update);
	if (err == OK)
		err = drive_search(g);
	close_chunks(g);
	/* An update is signed: better an older one than none, and the release floor knows what was before. */
	if (s->any && (err == ERR_TIMEOUT || s->feed.in_doubt))
		report(g->with->report, "feed: update %llu may not be the newest: nobody said whether there is a next",
		       (unsigned long long)s->number);
	if (s->any && err == ERR_TIMEOUT) {
		g->end_ms += SWARM_FILE_MS / 2;
		err = OK;
	}
	if (err == OK && !s->any)
		err = ERR_NOT_FOUND;
	if (err != OK)
		return err;
	report_detail(g->with->report, "feed: update %llu", (unsigned long long)s->number);
	g->root = s->root;
	if (s->is_legacy)
		g->root = (struct root){.reference = s->legacy};
	return OK;
}

/* --- a path ----------------------------------------------------------------------------------- */

static int walk(struct getter *g, struct bytes path, bool may_lead_to_feed)
{
	struct bzz_path *b = &g->path;
	struct reference wanted;
	struct why why = {.what = ""};
	size_t n = 0;
	int err = bzz_path_init(b, &g->root.reference, path, may_lead_to_feed);
	while (err == OK && bzz_path_wants(b, &wanted)) {
		err = get_file(g, &wanted, g->node, sizeof g->node, &n);
		if (err == OK)
			err = bzz_path_node(b, g->node, n, &why);
	}
	return err;
}

static int get_path(struct getter *g, struct bytes path, uint8_t *into, size_t max, size_t *n)
{
	struct bzz_path *b = &g->path;
	uint8_t owner[sizeof b->owner], topic[sizeof b->topic];
	int err = walk(g, path, true);
	if (err == OK && b->outcome == BZZ_FEED) {
		memcpy(owner, b->owner, sizeof owner);
		memcpy(topic, b->topic, sizeof topic);
		err = follow_feed(g, owner, bytes_of(topic, b->topic_n));
		if (err == OK)
			err = walk(g, path, false);
	}
	if (err == OK && (b->outcome != BZZ_FILE || b->is_error || reference_is_zero(&b->walk.entry)))
		err = ERR_NOT_FOUND;
	return err == OK ? get_file(g, &b->walk.entry, into, max, n) : err;
}

int swarm_file_get(const struct swarm_file_with *with, const struct bzz_address *address, uint8_t *into, size_t max,
		   size_t *n)
{
	struct platform *p = with->report->platform;
	uint8_t *pages;
	int err = OK;
	if (with->native == NULL && with->gateways_n == 0)
		return ERR_SOURCE;
	if (platform_pages(p, sizeof(struct getter), &pages) != OK)
		return ERR_NO_MEMORY;
	struct getter *g = (struct getter *)(void *)pages; /* pages are aligned for anything */
	memset(g, 0, sizeof *g);
	g->with = with;
	g->platform = p;
	g->kind = with->kind;
	g->end_ms = platform_now_ms(p) + SWARM_FILE_MS;
	g->root.reference = address->reference;
	if (address->is_feed)
		err = follow_feed(g, address->owner, bytes_of(address->topic, address->topic_n));
	if (err == OK && address->has_path)
		err = get_path(g, address->path, into, max, n);
	else if (err == OK)
		err = get_file(g, &g->root.reference, into, max, n);
	secret_wipe(g, sizeof *g);
	platform_give_pages(p, pages, sizeof(struct getter));
	return err;
}
