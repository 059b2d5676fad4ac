#include "efi/checking.h"

#include <string.h>

enum { JOB_IDLE, JOB_READY, JOB_DONE, JOB_STOP };

static void relax(void)
{
#ifdef __x86_64__
	__builtin_ia32_pause();
#endif
}

static bool check(struct checking_job *j, uint64_t at, size_t n)
{
	uint64_t bad;
	return tree_blocks_check(&j->tree, j->tree_file, j->reference, j->first + at / TREE_BLOCK_BYTES,
				 bytes_of(j->data.p + at, n), j->kind, &j->scratch, &bad) == OK;
}

/* On another processor: nothing of the machine may be called here. */
static void work(void *context)
{
	struct checking_job *j = context;
	uint32_t state;
	while ((state = atomic_load_explicit(&j->state, memory_order_acquire)) != JOB_STOP) {
		if (state != JOB_READY) {
			relax();
			continue;
		}
		j->good = check(j, 0, j->data.n);
		/* it may have been told to stop meanwhile */
		(void)atomic_compare_exchange_strong_explicit(&j->state, &state, JOB_DONE, memory_order_release,
							      memory_order_relaxed);
	}
}

int checking_open(struct checking *c, struct platform *p, enum keccak_kind kind)
{
	uint8_t *pages;
	c->platform = p;
	c->kind = kind;
	unsigned most = platform_workers(p);
	if (most == 0)
		return OK;
	int err = platform_pages(p, most * sizeof *c->workers, &pages);
	if (err != OK)
		return err;
	memset(pages, 0, most * sizeof *c->workers);
	c->workers = (struct checking_job *)(void *)pages; /* pages are aligned for anything */
	c->workers_most = most;
	while (c->workers_n < most && platform_worker_start(p, c->workers_n, work, &c->workers[c->workers_n]))
		c->workers_n++;
	return OK;
}

/* False: it still works, and its time is over. */
static bool wait_for(const struct checking *c, struct checking_job *j)
{
	while (atomic_load_explicit(&j->state, memory_order_acquire) == JOB_READY) {
		if (platform_now_ms(c->platform) >= j->began_ms + CHECKING_LOST_MS)
			return false;
		relax();
	}
	return true;
}

bool checking_stop(struct checking *c)
{
	bool all = true;
	for (unsigned i = 0; i < c->workers_n; i++) {
		struct checking_job *j = &c->workers[i];
		j->lost = j->lost || !wait_for(c, j);
		if (j->lost)
			all = false;
		else
			atomic_store_explicit(&j->state, JOB_IDLE, memory_order_relaxed);
	}
	c->own_busy = false;
	c->waiting_in = c->waiting_out = 0;
	return all;
}

bool checking_close(struct checking *c)
{
	bool all = checking_stop(c);
	for (unsigned i = 0; i < c->workers_n; i++)
		atomic_store_explicit(&c->workers[i].state, JOB_STOP, memory_order_release);
	for (unsigned i = 0; i < c->workers_n; i++)
		all = platform_worker_join(c->platform, i) && all;
	if (all && c->workers != NULL)
		platform_give_pages(c->platform, (uint8_t *)c->workers, c->workers_most * sizeof *c->workers);
	c->workers = NULL;
	c->workers_n = 0;
	return all;
}

void checking_begin(struct checking *c, struct fetch *f, const struct artifact *a, const uint8_t *bytes,
		    const struct tree *tree, struct bytes tree_file)
{
	(void)checking_stop(c); /* whoever is lost stays so until the end */
	c->fetch = f;
	c->artifact = a;
	c->bytes = bytes;
	c->tree = tree;
	c->tree_file = tree_file;
	c->hashed = 0;
	sha256_init(&c->sha256);
}

void checking_add(struct checking *c, uint32_t piece)
{
	if (c->fetch->has_tree) /* without one there is nothing to check a piece against */
		c->waiting[c->waiting_in++ % FETCH_PIECES_MAX] = piece;
}

static void fill(struct checking *c, struct checking_job *j)
{
	j->piece = c->waiting[c->waiting_out++ % FETCH_PIECES_MAX];
	j->tree = *c->tree;
	j->tree_file = c->tree_file;
	memcpy(j->reference, c->artifact->swarm, sizeof j->reference);
	j->kind = c->kind;
	j->first = j->piece * c->fetch->piece_bytes / TREE_BLOCK_BYTES;
	j->data = bytes_of(c->bytes + j->piece * c->fetch->piece_bytes, (size_t)fetch_piece_bytes(c->fetch, j->piece));
}

/* Takes what the workers found, and gives them more. */
static bool serve_workers(struct checking *c)
{
	bool any = false;
	uint64_t now_ms = c->workers_n == 0 ? 0 : platform_now_ms(c->platform);
	for (unsigned i = 0; i < c->workers_n; i++) {
		struct checking_job *j = &c->workers[i];
		uint32_t state = atomic_load_explicit(&j->state, memory_order_acquire);
		if (j->lost)
			continue;
		if (state == JOB_READY) {
			j->lost = now_ms >= j->began_ms + CHECKING_LOST_MS;
			if (j->lost) /* somebody else checks it */
				c->waiting[c->waiting_in++ % FETCH_PIECES_MAX] = j->piece;
			continue;
		}
		if (state == JOB_DONE) {
			fetch_checked(c->fetch, j->piece, j->good);
			atomic_store_explicit(&j->state, JOB_IDLE, memory_order_relaxed);
			any = true;
		}
		if (c->waiting_out == c->waiting_in)
			continue;
		fill(c, j);
		j->began_ms = now_ms;
		atomic_store_explicit(&j->state, JOB_READY, memory_order_release);
		any = true;
	}
	return any;
}

/* A step of a piece on this processor. */
static bool own_step(struct checking *c)
{
	struct checking_job *j = &c->own;
	if (!c->own_busy && c->waiting_out == c->waiting_in)
		return false;
	if (!c->own_busy) {
		fill(c, j);
		c->own_busy = true;
		c->own_at = 0;
	}
	uint64_t left = j->data.n - c->own_at;
	size_t n = left < CHECKING_STEP_BYTES ? (size_t)left : CHECKING_STEP_BYTES;
	bool good = check(j, c->own_at, n);
	c->own_at += n;
	if (good && c->own_at < j->data.n)
		return true;
	c->own_busy = false;
	fetch_checked(c->fetch, j->piece, good);
	return true;
}

/* A step of the hash, as far as the bytes are there in order, checked where there is a tree. */
static bool hash_step(struct checking *c)
{
	const struct fetch *f = c->fetch;
	uint32_t piece = (uint32_t)(c->hashed / f->piece_bytes);
	if (piece >= f->pieces_n || !fetch_piece_counts(f, piece))
		return false;
	uint64_t left = piece * f->piece_bytes + fetch_piece_bytes(f, piece) - c->hashed;
	size_t n = left < CHECKING_STEP_BYTES ? (size_t)left : CHECKING_STEP_BYTES;
	sha256_add(&c->sha256, bytes_of(c->bytes + c->hashed, n));
	c->hashed += n;
	return true;
}

bool checking_step(struct checking *c, bool idle)
{
	bool any = serve_workers(c);
	any |= hash_step(c);
	/* more waits than the others can take at once: the network is ahead */
	if (c->workers_n == 0 || idle || c->own_busy || c->waiting_in - c->waiting_out > c->workers_n)
		any |= own_step(c);
	return any;
}

bool checking_whole(struct checking *c)
{
	uint8_t found[SHA256_BYTES];
	while (c->hashed < c->artifact->size)
		if (!hash_step(c))
			return false; /* cannot be: every piece is there */
	sha256_end(&c->sha256, found);
	return memcmp(found, c->artifact->sha256, SHA256_BYTES) == 0;
}
