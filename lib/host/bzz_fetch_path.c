#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/bzz_fetch_parts.h"
#include "host/bzz_file.h"
#include "host/bzz_walk.h"
#include "host/secret_free.h"
#include "swarm/feed.h"

#define WAIT_MS 1000

/* A search for the newest update, and the newest that was seen so far. */
struct following {
	struct bzz_fetch *f;
	const uint8_t *owner;
	struct bytes topic;
	struct feed_search search;
	bool any;
	uint64_t number;
	struct bzz_root root; /* that it wraps */
	bool is_legacy;
	struct reference legacy;
	int trouble; /* why a store did not give an update that it has or may have; OK: there is none */
	uint64_t trouble_number;
};

/* Whether data is that update, and what it says when it is the newest so far. */
static bool take_update(struct following *w, uint64_t number, struct bytes data)
{
	uint8_t address[REFERENCE_BYTES];
	struct chunk c;
	uint64_t time_s;
	feed_address(w->topic, w->owner, number, address);
	if (chunk_check(address, data, w->f->kind, &w->f->scratch, &c) != OK || c.kind != CHUNK_SINGLE_OWNER)
		return false;
	if (w->any && number <= w->number)
		return true;
	w->any = true;
	w->number = number;
	w->root.reference = (struct reference){.encrypted = false};
	memcpy(w->root.reference.address, c.address, REFERENCE_BYTES);
	w->root.chunk_n = c.content.n;
	memcpy(w->root.chunk, c.content.p, c.content.n);
	w->is_legacy = feed_is_legacy(c.content, &time_s, &w->legacy);
	return true;
}

static int take_stored(struct following *w, uint64_t number, const uint8_t address[static REFERENCE_BYTES])
{
	uint8_t chunk[CHUNK_STORED_BYTES_MAX];
	size_t n;
	int err = bzz_fetch_stored(w->f, address, chunk, &n);
	if (err == OK && !take_update(w, number, bytes_of(chunk, n)))
		err = ERR_HASH;
	if (err != OK && err != ERR_NOT_FOUND && (w->trouble == OK || number > w->trouble_number)) {
		w->trouble = err;
		w->trouble_number = number;
	}
	return err;
}

/* Asks for the numbers that the search wants; adds how many wait for the gateways. */
static int ask(struct following *w, size_t *asked)
{
	uint8_t address[REFERENCE_BYTES];
	enum feed_answer answer;
	uint64_t number;
	while (feed_search_want(&w->search, &number)) {
		feed_address(w->topic, w->owner, number, address);
		int err = take_stored(w, number, address);
		if (err != OK && gateways_any(w->f->gateways)) {
			gateways_ask(w->f->gateways, number, address);
			(*asked)++;
			continue;
		}
		err = feed_answer_of(err, &answer);
		if (err != OK)
			return err;
		feed_search_answer(&w->search, number, answer);
	}
	return OK;
}

static int receive(struct following *w, size_t *asked)
{
	struct gateway_answer answers[FEED_PROBES];
	size_t n = 0;
	int err = gateways_take(w->f->gateways, answers, FEED_PROBES, WAIT_MS, &n);
	for (size_t i = 0; err == OK && i < n; i++) {
		const struct gateway_answer *a = &answers[i];
		if (a->err == OK && !take_update(w, a->id, a->data)) {
			gateways_wrong(w->f->gateways, a);
			continue;
		}
		(*asked)--;
		feed_search_answer(&w->search, a->id,
				   a->err == OK              ? FEED_THERE
				   : a->err == ERR_NOT_FOUND ? FEED_NOT_THERE
							     : FEED_NO_ANSWER);
	}
	return err;
}

static int search(struct following *w)
{
	int err = OK;
	while (err == OK && !feed_search_done(&w->search)) {
		size_t asked = 0;
		err = ask(w, &asked);
		while (err == OK && asked > 0) {
			err = receive(w, &asked);
			if (err == OK)
				err = ask(w, &asked);
		}
	}
	/* what nobody gave whole may say something else than what is older */
	if (err == OK && w->trouble != OK && (!w->any || w->number < w->trouble_number))
		err = w->trouble;
	return err == OK && !w->search.any ? ERR_NOT_FOUND : err;
}

int bzz_fetch_feed(struct bzz_fetch *f, const uint8_t owner[static SECP256K1_ADDRESS_BYTES], struct bytes topic,
		   struct bzz_root *root)
{
	struct following w = {.f = f, .owner = owner, .topic = topic};
	feed_search_init(&w.search, 0);
	gateways_forget(f->gateways);
	int err = search(&w);
	gateways_forget(f->gateways);
	if (err != OK && err == w.trouble)
		cli_error(f->cli, err, "feed: update %" PRIu64 " cannot be read: %s", w.trouble_number, err_text(err));
	else if (err != OK)
		cli_error(f->cli, err, "feed: %s",
			  err == ERR_NOT_FOUND ? "no update was found: nobody has one of that owner and topic"
					       : err_text(err));
	if (err != OK)
		return err;
	if (w.search.in_doubt)
		cli_warn(f->cli, "feed: update %" PRIu64 " may not be the newest: nobody said whether there is a next",
			 w.search.newest);
	cli_debug(f->cli, "feed: update %" PRIu64, w.search.newest);
	*root = w.root;
	if (w.is_legacy)
		*root = (struct bzz_root){.reference = w.legacy};
	return OK;
}

static int not_found(struct bzz_fetch *f, const char *name, const struct bzz_path *b)
{
	if (b->outcome == BZZ_REDIRECT)
		cli_error(f->cli, ERR_NOT_FOUND, "%s: is a folder: its index is %s/, its list comes with --list", name,
			  name);
	else
		cli_error(f->cli, ERR_NOT_FOUND, "%s: nothing lies at that path", name);
	return ERR_NOT_FOUND;
}

static int look_up(struct bzz_fetch *f, const char *name, struct bzz_root *root, struct bytes path, bool follow_feed,
		   struct bzz_path *b)
{
	struct why why = {.what = NULL};
	const struct chunk_source source = bzz_fetch_source(f);
	int err = bzz_walk(&source, root, path, follow_feed, b, &why);
	if (err != OK) {
		cli_fail(f->cli, err, name, &why);
		return err;
	}
	if (b->outcome == BZZ_FEED) {
		err = bzz_fetch_feed(f, b->owner, bytes_of(b->topic, b->topic_n), root);
		return err == OK ? look_up(f, name, root, path, false, b) : err;
	}
	if (b->outcome != BZZ_FILE || b->is_error || reference_is_zero(&b->walk.entry))
		return not_found(f, name, b);
	*root = (struct bzz_root){.reference = b->walk.entry};
	return OK;
}

/* There may be keys in it. */
static void free_path(struct bzz_path *b)
{
	secret_free(b, sizeof *b);
}

int bzz_fetch_manifest(struct bzz_fetch *f, const char *name, struct bzz_root *root)
{
	struct why why = {.what = NULL};
	struct bzz_path *b = malloc(sizeof *b); /* too large for a stack */
	const struct chunk_source source = bzz_fetch_source(f);
	int err = b == NULL ? ERR_NO_MEMORY : bzz_walk(&source, root, BYTES_NONE, true, b, &why);
	if (err != OK && err != ERR_NO_MEMORY)
		cli_fail(f->cli, err, name, &why);
	else if (err == OK && b->outcome == BZZ_FEED)
		err = bzz_fetch_feed(f, b->owner, bytes_of(b->topic, b->topic_n), root);
	free_path(b);
	return err;
}

int bzz_fetch_path(struct bzz_fetch *f, const char *name, struct bzz_root *root, struct bytes path)
{
	struct bzz_path *b = malloc(sizeof *b); /* too large for a stack */
	if (b == NULL)
		return ERR_NO_MEMORY;
	int err = look_up(f, name, root, path, true, b);
	free_path(b);
	return err;
}

int bzz_fetch_measure(struct bzz_fetch *f, const char *name, const struct bzz_root *root, uint64_t max,
		      struct bzz_range *range)
{
	const struct chunk_source source = bzz_fetch_source(f);
	struct why why = {.what = NULL};
	struct bzz_file *file;
	int err = bzz_file_open(&source, &root->reference, bytes_of(root->chunk, root->chunk_n), &file, &why);
	if (err != OK) {
		cli_fail(f->cli, err, name, &why);
		return err;
	}
	const uint64_t size = bzz_file_size(file);
	bzz_file_close(file);
	if (range->offset == UINT64_MAX)
		range->offset = range->length < size ? size - range->length : 0;
	const uint64_t behind = range->offset < size ? size - range->offset : 0;
	const uint64_t wanted = range->length < behind ? range->length : behind;
	if (wanted <= max)
		return OK;
	cli_error(f->cli, ERR_LIMIT, "%s: %" PRIu64 " bytes are more than --max-size %" PRIu64, name, wanted, max);
	return ERR_LIMIT;
}
