/* Several chunks at once, for those who check them: where they lie, and their bytes. */
#include <assert.h>
#include <sys/uio.h>

#include "host/chunk_store_parts.h"

/* What is asked of one store at a time. */
struct look {
	struct chunk_store *store;
	MDB_txn *txn;
	size_t n;
	struct chunk_peek *peeks[CHUNK_PEEKS_MAX];
	int errs[CHUNK_PEEKS_MAX];
	struct chunk_place places[CHUNK_PEEKS_MAX]; /* of those without */
};

static void look_up(struct look *l, size_t i)
{
	bool spelled = false;
	const int rc = chunk_store_look_up(l->store, l->txn, l->peeks[i]->address, &l->places[i], &spelled);
	l->errs[i] = rc == MDB_NOTFOUND ? ERR_NOT_FOUND : rc != 0 ? ERR_IO : spelled ? OK : ERR_HASH;
}

/* Where the leaves from the first to the last would end if they lay side by side from there on. */
static uint64_t end_of(const struct look *l, size_t first, size_t last)
{
	uint64_t end = l->places[first].offset;
	for (size_t i = first; i < last; i++)
		end += CHUNK_SPAN_BYTES + l->peeks[i]->span;
	return end;
}

/* Leaves: a search in the index is a third of a leaf's hash, most of it waiting for memory. When as much
 * lies between the first and the last as those between them have, it is those, almost certainly. */
static void find_leaves(struct look *l, size_t first, size_t end)
{
	const size_t last = end - 1;
	look_up(l, first);
	if (last == first)
		return;
	look_up(l, last);
	const bool together =
		l->errs[first] == OK && l->errs[last] == OK && l->places[last].offset == end_of(l, first, last);
	for (size_t i = first + 1; i < last; i++) {
		if (!together) {
			look_up(l, i);
			continue;
		}
		l->errs[i] = OK;
		l->places[i] = (struct chunk_place){.offset = end_of(l, first, i),
						    .n = CHUNK_SPAN_BYTES + (size_t)l->peeks[i]->span};
	}
}

static bool is_leaf(const struct chunk_peek *p)
{
	return p->span > 0 && p->span <= CHUNK_PAYLOAD_MAX;
}

static void find(struct look *l)
{
	for (size_t i = 0; i < l->n;) {
		size_t end = i + 1;
		while (end < l->n && is_leaf(l->peeks[i]) && is_leaf(l->peeks[end]))
			end++;
		find_leaves(l, i, end);
		i = end;
	}
}

/* Those from first on that lie side by side and have room, in one read; gives how many. */
static size_t read_together(struct look *l, size_t first)
{
	struct iovec parts[CHUNK_PEEKS_MAX];
	size_t bytes = 0, n = 0;
	for (size_t i = first; i < l->n && l->errs[i] == OK; i++) {
		const struct chunk_place *place = &l->places[i];
		if (place->n > l->peeks[i]->max || place->offset != l->places[first].offset + bytes)
			break;
		parts[n++] = (struct iovec){.iov_base = l->peeks[i]->chunk, .iov_len = place->n};
		bytes += place->n;
	}
	if (n < 2 || preadv(l->store->data, parts, (int)n, (off_t)l->places[first].offset) != (ssize_t)bytes)
		return 0; /* one by one: that finds out which can be read */
	for (size_t i = first; i < first + n; i++)
		l->peeks[i]->n = l->places[i].n;
	return n;
}

static int read_one(struct look *l, size_t i)
{
	struct chunk_peek *p = l->peeks[i];
	if (l->errs[i] != OK)
		return l->errs[i];
	if (l->places[i].n > p->max)
		return ERR_HASH;
	return chunk_store_read(l->store, l->places[i], p->chunk, &p->n, NULL);
}

static void read_found(struct look *l)
{
	for (size_t i = 0; i < l->n;) {
		const size_t together = read_together(l, i), n = together > 0 ? together : 1;
		const int err = together > 0 ? OK : read_one(l, i);
		for (size_t k = i; k < i + n; k++)
			if (err != ERR_NOT_FOUND)
				l->peeks[k]->err = err;
		i += n;
	}
}

void chunk_store_peek(struct chunk_store *store, struct chunk_peek *peeks, size_t n)
{
	struct look l = {.store = store};
	assert(n <= CHUNK_PEEKS_MAX);
	for (size_t i = 0; i < n; i++) {
		assert(peeks[i].max >= CHUNK_BYTES_MAX);
		if (peeks[i].err != OK)
			l.peeks[l.n++] = &peeks[i];
	}
	const bool begun = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &l.txn) == 0;
	for (size_t i = 0; i < l.n && !begun; i++)
		l.errs[i] = ERR_IO;
	if (begun) {
		find(&l);
		mdb_txn_abort(l.txn);
	}
	read_found(&l);
}
