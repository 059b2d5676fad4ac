/* The bridge's side of content: all of it runs in threads of libuv. */
#include <stdlib.h>
#include <string.h>

#include "crypto/secret.h"
#include "host/bzz_bridge_parts.h"
#include "host/bzz_update.h"
#include "host/bzz_walk.h"
#include "host/secret_free.h"

/* Why nothing is to be asked for any more; OK: it is. */
static int end_of(const struct bridge_client *c)
{
	if (atomic_load(&c->given_up) || (c->stores_only && c->missed))
		return ERR_INTERRUPTED;
	return c->hopeless ? ERR_TIMEOUT : OK;
}

/* A chunk is not to be had: what the file is told. */
static int miss(struct bridge_client *c, int err)
{
	c->hopeless |= err == ERR_TIMEOUT;
	c->missed |= c->stores_only && err != OK;
	return c->stores_only ? end_of(c) : err;
}

/* A file stays open from one reader to the next. */
static int get(void *context, const uint8_t address[static REFERENCE_BYTES],
	       uint8_t chunk[static CHUNK_STORED_BYTES_MAX], size_t *n)
{
	struct bridge_client *c = context;
	const struct chunk_source s = gateway_source_chunks(c->reader->source);
	int err = end_of(c);
	if (err == OK)
		err = chunk_source_get(&s, address, chunk, n);
	return err == OK ? OK : miss(c, err);
}

static void peek(void *context, struct chunk_peek *peeks, size_t n)
{
	struct bridge_client *c = context;
	const struct chunk_source s = gateway_source_chunks(c->reader->source);
	const int err = end_of(c);
	if (err == OK)
		s.peek(s.context, peeks, n);
	for (size_t i = 0; i < n; i++) {
		if (peeks[i].err != OK)
			peeks[i].err = miss(c, err != OK ? err : peeks[i].err);
	}
}

/* What a question may make us read is counted. */
static struct chunk_source source_of(struct bridge_client *c)
{
	return bzz_meter_source(c->meter);
}

static int refill(struct bridge_client *c)
{
	const struct chunk_source source = {.get = get, .peek = peek, .context = c};
	if (c->meter != NULL)
		bzz_meter_refill(c->meter);
	else
		c->meter = bzz_meter_new(&source);
	return c->meter == NULL ? ERR_NO_MEMORY : OK;
}

static int note(struct bridge_client *c, int err, const char *what)
{
	c->what = what;
	return err;
}

/* --- the manifest of a release: a file, or what a manifest of Swarm leads to --- */

/* What lies at a path of the manifest at root, behind a feed, becomes root. */
static int walk_to(struct bridge_client *c, struct bytes path, struct bzz_path *b, struct bzz_root *root)
{
	const struct chunk_source source = source_of(c);
	struct why why = {.what = NULL};
	int err = bzz_walk(&source, root, path, true, b, &why);
	if (err == OK && b->outcome == BZZ_FEED) {
		struct bzz_update u;
		err = bzz_update_newest(&source, b->owner, bytes_of(b->topic, b->topic_n), 0, &u);
		if (err != OK)
			return note(c, err, "no update of the feed that the hash leads to");
		(void)bzz_update_content(&source, &u, root);
		err = bzz_walk(&source, root, path, false, b, &why);
		if (err == ERR_VERSION || err == ERR_TRUNCATED || err == ERR_LIMIT)
			return OK; /* the update is the file itself */
	}
	if (err != OK)
		return note(c, err, why.what);
	if (b->outcome != BZZ_FILE || b->is_error || reference_is_zero(&b->walk.entry))
		return note(c, ERR_NOT_FOUND, "neither an index document nor a manifest.json lies at that hash");
	*root = (struct bzz_root){.reference = b->walk.entry};
	return OK;
}

/* Where the file begins that a manifest of Swarm leads to. */
static int walk(struct bridge_client *c, struct bzz_root *root)
{
	const struct bzz_root begun = *root;
	struct bzz_path *b = malloc(sizeof *b); /* too large for a stack */
	if (b == NULL)
		return ERR_NO_MEMORY;
	int err = walk_to(c, BYTES_NONE, b, root);
	if (err == ERR_NOT_FOUND && b->outcome == BZZ_NOT_FOUND) {
		*root = begun;
		c->what = NULL;
		err = walk_to(c, BYTES_LITERAL("manifest.json"), b, root);
	}
	secret_free(b, sizeof *b); /* references with keys */
	return err;
}

static int open_file(struct bridge_client *c, const struct bzz_root *root)
{
	const struct chunk_source source = source_of(c);
	c->root = root->reference;
	c->file = root->chunk_n > 0 ? NULL : bzz_shelf_take(c->bridge->shelf, &c->root, &source);
	if (c->file != NULL)
		return OK;
	struct bzz_file *file = NULL;
	const int err = bzz_file_open(&source, &c->root, bytes_of(root->chunk, root->chunk_n), &file, NULL);
	if (err == OK)
		c->file = file;
	return err;
}

/* Whether the file is no release's manifest, but one of Swarm that leads there. */
static int leads_on(struct bridge_client *c, bool *leads)
{
	uint8_t head[MANTARAY_HEAD_BYTES];
	size_t n = 0;
	*leads = false;
	if (bzz_file_size(c->file) < sizeof head)
		return OK;
	const int err = bzz_file_read(c->file, 0, sizeof head, head, sizeof head, &n, NULL);
	*leads = err == OK && mantaray_is_node(bytes_of(head, n));
	return err;
}

static int find(struct bridge_client *c)
{
	struct bzz_root root = {.chunk_n = 0};
	bool leads = false;
	memcpy(root.reference.address, c->request.hash, REFERENCE_BYTES);
	int err = open_file(c, &root);
	if (err == OK && c->request.type == BRIDGE_MANIFEST)
		err = leads_on(c, &leads);
	if (err == OK && leads) {
		bzz_shelf_put(c->bridge->shelf, &c->root, c->file);
		c->file = NULL;
		err = walk(c, &root);
		if (err == OK)
			err = open_file(c, &root);
	}
	secret_wipe(&root, sizeof root);
	return err;
}

/* --- pieces --- */

/* The head of an answer that is a part of so many bytes. */
static int head(struct bridge_client *c, struct bridge_piece *p, uint64_t total)
{
	struct writer w = writer_of(p->bytes, BRIDGE_LINE_BYTES_MAX);
	if (c->request.offset > total)
		return note(c, ERR_VALUE, "offset is beyond the end");
	const uint64_t behind = total - c->request.offset;
	const uint64_t size = c->request.length < behind ? c->request.length : behind;
	c->at = c->request.offset;
	c->end = c->at + size;
	if (c->request.ranged)
		bridge_answer_write_part(&w, size, total);
	else
		bridge_answer_write(&w, size);
	p->n = w.n;
	return OK;
}

/* All of it is in this piece. */
static int give_chunk(struct bridge_client *c, struct bridge_piece *p)
{
	const struct chunk_source source = source_of(c);
	uint8_t chunk[CHUNK_STORED_BYTES_MAX];
	size_t n = 0;
	int err = chunk_source_get(&source, c->request.hash, chunk, &n);
	if (err == OK)
		err = head(c, p, n);
	if (err != OK)
		return err;
	memcpy(p->bytes + p->n, chunk + c->at, (size_t)(c->end - c->at));
	p->n += (size_t)(c->end - c->at);
	c->at = c->end;
	return OK;
}

static int begin(struct bridge_client *c, struct bridge_piece *p)
{
	if (c->request.type == BRIDGE_CHUNK)
		return give_chunk(c, p);
	const int err = find(c);
	return err == OK ? head(c, p, bzz_file_size(c->file)) : err;
}

/* To a reader that asks gateways, which goes on where this one ended, or begins anew. */
static void hand_over(struct bridge_client *c, struct bridge_piece *p, bool begun)
{
	const struct chunk_source source = source_of(c);
	c->resumes = true;
	c->err = OK;
	if (begun) {
		bzz_file_rebase(c->file, &source);
		return;
	}
	bzz_shelf_put(c->bridge->shelf, &c->root, c->file);
	c->file = NULL;
	c->at = c->end = 0;
	p->n = 0;
}

void bridge_read(struct bridge_client *c)
{
	struct bridge_piece *p = &c->pieces[!c->front];
	bool begun = c->file != NULL;
	if (!c->resumes)
		p->n = p->sent = 0;
	c->resumes = false;
	c->what = NULL;
	c->hopeless = false;
	c->err = refill(c);
	if (c->err == OK && !begun) {
		c->err = begin(c, p);
		begun = c->err == OK && !(c->stores_only && c->missed);
		if (begun)
			bzz_meter_refill(c->meter);
	}
	const size_t room = sizeof p->bytes - p->n;
	for (size_t left = room < PIECE_BYTES ? room : PIECE_BYTES;
	     begun && c->err == OK && left > 0 && c->at < c->end;) {
		size_t n = 0;
		c->err = bzz_file_read(c->file, c->at, c->end, p->bytes + p->n, left, &n, NULL);
		p->n += n;
		c->at += n;
		left -= n;
	}
	if (c->stores_only && c->missed) {
		hand_over(c, p, begun);
		return;
	}
	if (c->err != OK && c->hopeless)
		c->err = ERR_TIMEOUT;
	if (c->err == ERR_LIMIT && c->meter->spent)
		c->what = "more chunks than a request may take";
}
