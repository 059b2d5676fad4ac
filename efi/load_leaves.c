/* The bytes of an artifact chunk by chunk, from nodes of Swarm and from gateways: what no provider gave. */
#include <string.h>

#include "efi/load_parts.h"
#include "swarm/chunk.h"

#define TELL_MS 2000 /* between two lines of progress */

/* Large: in pages, and only while it is needed. */
struct leaves {
	struct load *load;
	struct chunks *chunks;
	uint64_t next;                     /* the first block that was not looked at */
	uint64_t missing_n, there_n;       /* blocks */
	uint32_t left_n[FETCH_PIECES_MAX]; /* blocks of a piece that are missing */
	uint64_t began_ms, told_ms;
	struct bmt_scratch scratch;
};

static uint32_t piece_of(const struct load *l, uint64_t block)
{
	return (uint32_t)(block * TREE_BLOCK_BYTES / l->fetch.piece_bytes);
}

/* What stands above a block: its address. */
static const uint8_t *address_of(const struct load *l, uint64_t block)
{
	uint64_t offset;
	return tree_address(&l->tree, 0, block, &offset) ? l->tree_file + offset : l->artifact->swarm;
}

static int judge(void *context, uint64_t block, struct bytes data)
{
	struct leaves *v = context;
	struct load *l = v->load;
	const size_t n = tree_block_bytes(&l->tree, block);
	uint8_t *to = l->into + block * TREE_BLOCK_BYTES;
	const uint32_t piece = piece_of(l, block);
	struct chunk chunk;
	if (chunk_check(address_of(l, block), data, l->kind, &v->scratch, &chunk) != OK || chunk.kind != CHUNK_CONTENT)
		return ERR_HASH;
	if (load_le64(chunk.content.p) != n)
		return ERR_TREE; /* the publisher's mistake: nobody has a better one */
	const struct bytes payload = bytes_skip(chunk.content, CHUNK_SPAN_BYTES);
	memset(to, 0, n); /* zeros at the end may be missing */
	memcpy(to, payload.p, payload.n < n ? payload.n : n);
	v->there_n++;
	if (--v->left_n[piece] == 0) {
		fetch_found(&l->fetch, piece);
		fetch_checked(&l->fetch, piece, true); /* each block of it was */
	}
	return OK;
}

/* The next block that is missing; false: none. */
static bool next_block(struct leaves *v, uint64_t *block)
{
	const struct load *l = v->load;
	while (v->next < l->tree.blocks && v->left_n[piece_of(l, v->next)] == 0)
		v->next++;
	*block = v->next;
	if (v->next == l->tree.blocks)
		return false;
	v->next++;
	return true;
}

static void tell_progress(struct leaves *v, uint64_t now_ms)
{
	const struct load *l = v->load;
	struct report_size done, rate;
	if (now_ms < v->told_ms + TELL_MS)
		return;
	v->told_ms = now_ms;
	report(l->report, "%.*s: %llu of %llu chunks (%s), %s/s", REPORT_BYTES(l->artifact->filename),
	       (unsigned long long)v->there_n, (unsigned long long)v->missing_n,
	       report_size(&done, v->there_n * TREE_BLOCK_BYTES),
	       report_size(&rate, v->there_n * TREE_BLOCK_BYTES * 1000 / (now_ms - v->began_ms + 1)));
}

static int drive(struct leaves *v)
{
	struct load *l = v->load;
	struct platform *p = l->report->platform;
	uint64_t block = 0, id, asked_n = 0;
	int err = OK;
	v->began_ms = v->told_ms = platform_now_ms(p);
	while (err == OK && v->there_n < v->missing_n) {
		while (asked_n < v->missing_n && chunks_room(v->chunks) > 0 && next_block(v, &block)) {
			chunks_ask(v->chunks, block, address_of(l, block));
			asked_n++;
		}
		err = chunks_step(v->chunks);
		(void)checking_step(&l->checking, false);
		tell_progress(v, platform_now_ms(p));
		if (err == OK && !chunks_failed(v->chunks, &id, &err) && platform_interrupted(p))
			err = ERR_INTERRUPTED;
	}
	return err;
}

/* Pieces that are not there, and are not being checked: of each all blocks. */
static void count_missing(struct leaves *v)
{
	const struct load *l = v->load;
	for (uint32_t i = 0; i < l->fetch.pieces_n; i++) {
		const uint64_t bytes = fetch_piece_bytes(&l->fetch, i);
		if (l->fetch.state[i] != FETCH_MISSING)
			continue;
		v->left_n[i] = (uint32_t)((bytes + TREE_BLOCK_BYTES - 1) / TREE_BLOCK_BYTES);
		v->missing_n += v->left_n[i];
	}
}

int load_leaves(struct load *l)
{
	struct platform *p = l->report->platform;
	uint8_t *pages;
	int err = native_join(l->native);
	if (err != OK)
		return err;
	if (platform_pages(p, sizeof(struct leaves), &pages) != OK)
		return ERR_NO_MEMORY;
	struct leaves *v = (struct leaves *)(void *)pages; /* pages are aligned for anything */
	memset(v, 0, sizeof *v);
	v->load = l;
	count_missing(v);
	err = load_chunks_open(l, l->native, judge, v, &v->chunks);
	if (err == OK) {
		report(l->report, "%.*s: %llu chunks from Swarm", REPORT_BYTES(l->artifact->filename),
		       (unsigned long long)v->missing_n);
		err = drive(v);
		chunks_tell_liars(v->chunks, l->artifact->filename);
	}
	if (err != OK && err != ERR_INTERRUPTED)
		report(l->report, "%.*s: chunk by chunk: %s", REPORT_BYTES(l->artifact->filename), err_text(err));
	chunks_close(v->chunks);
	platform_give_pages(p, pages, sizeof(struct leaves));
	return err;
}
