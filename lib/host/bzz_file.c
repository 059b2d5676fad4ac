#include "host/bzz_file.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "host/secret_free.h"
#include "swarm/join.h"

#define AT_ONCE (2 * BMT_BATCH)     /* chunks that are looked for together; hashed so many side by side */
#define SLOTS (AT_ONCE + BMT_BATCH) /* and some of the tree above them */

/* What recovery needs: half a megabyte, so only from when a chunk is found missing. */
struct recovery {
	struct join_group group;
	struct erasure erasure;
};

struct missing {
	uint64_t id;
	int err;
};

struct bzz_file {
	struct chunk_source source;
	bool encrypted;
	uint64_t size;
	uint64_t at, end;  /* of the range that is being read */
	struct bytes left; /* of what the machine gave */
	/* Chunks that are not to be had; told to the machine one by one, when all before them was read. */
	struct missing missing[AT_ONCE];
	size_t missing_n;
	struct recovery *recovery; /* owned; NULL: not needed so far */
	struct join join;
	struct join_slot slots[SLOTS];
	uint8_t chunk[CHUNK_STORED_BYTES_MAX]; /* one that the machine has no room for */
};

/* What the machine wants next: looked for together, unchecked, because the machine checks. */
struct step {
	size_t n;
	uint64_t ids[AT_ONCE];
	uint8_t addresses[AT_ONCE][REFERENCE_BYTES];
	struct chunk_peek peeks[AT_ONCE];
};

static void miss(struct bzz_file *f, uint64_t id, int err)
{
	f->missing[f->missing_n++] = (struct missing){.id = id, .err = err};
}

/* What lay there was not that chunk: by the source's own check, which may know another place. */
static int get_again(struct bzz_file *f, uint64_t id, const uint8_t address[static REFERENCE_BYTES], struct why *why)
{
	size_t n = 0;
	int err = chunk_source_get(&f->source, address, f->chunk, &n);
	if (err == OK && (err = join_chunk(&f->join, id, bytes_of(f->chunk, n), why)) != ERR_HASH)
		return err;
	miss(f, id, err);
	return OK;
}

static void collect(struct bzz_file *f, struct step *s)
{
	struct join_want want = {.room = f->chunk};
	for (s->n = 0; s->n < AT_ONCE && want.room != NULL && join_want(&f->join, &want); s->n++) {
		struct chunk_peek *p = &s->peeks[s->n];
		const bool leaf = want.size <= CHUNK_PAYLOAD_MAX && !f->encrypted;
		s->ids[s->n] = want.id;
		memcpy(s->addresses[s->n], want.address, REFERENCE_BYTES);
		*p = (struct chunk_peek){.address = s->addresses[s->n],
					 .span = leaf ? want.size : 0,
					 .chunk = want.room != NULL ? want.room : f->chunk,
					 .max = want.room != NULL ? CHUNK_BYTES_MAX : sizeof f->chunk,
					 .err = ERR_NOT_FOUND};
	}
}

/* The next bytes of the range, if the machine has any: a group that was recovered gives its chunks unasked. */
static bool take_data(struct bzz_file *f)
{
	struct join_data data;
	if (f->left.n > 0 || !join_data(&f->join, &data))
		return f->left.n > 0;
	f->left = data.bytes;
	return true;
}

/* Gets some of what the machine wants. */
static int step(struct bzz_file *f, struct why *why)
{
	struct join_arrival arrivals[AT_ONCE];
	const uint8_t *addresses[AT_ONCE];
	struct step s;
	size_t n = 0;
	if (f->missing_n > 0) {
		const struct missing m = f->missing[0];
		memmove(f->missing, f->missing + 1, --f->missing_n * sizeof f->missing[0]);
		return join_failed(&f->join, m.id, m.err, why);
	}
	collect(f, &s);
	chunk_source_peek(&f->source, s.peeks, s.n);
	for (size_t i = 0; i < s.n; i++) {
		const struct chunk_peek *p = &s.peeks[i];
		if (p->err != OK) {
			miss(f, s.ids[i], p->err);
			continue;
		}
		addresses[n] = p->address;
		arrivals[n++] = (struct join_arrival){.id = s.ids[i], .data = bytes_of(p->chunk, p->n)};
	}
	int err = join_chunks(&f->join, arrivals, n, why);
	if (err == OK && n == 0 && f->missing_n == 0 && !take_data(f))
		return ERR_NOT_FOUND; /* of the machine's ways none is left */
	for (size_t i = 0; err == OK && i < n; i++)
		if (arrivals[i].err != OK)
			err = get_again(f, arrivals[i].id, addresses[i], why);
	return err;
}

static void start(struct bzz_file *f, uint64_t offset, uint64_t end)
{
	f->at = offset;
	f->end = end;
	f->left = BYTES_NONE;
	f->missing_n = 0;
	join_read(&f->join, offset, end - offset);
}

/* Closes after an error: the address that why names stands in the file's memory. */
static void give_up(struct bzz_file *f, struct why *why)
{
	if (why != NULL)
		why->id = BYTES_NONE;
	bzz_file_close(f);
}

/* Where a chunk is not to be had: from here on with memory for recovery. */
static int recover(struct bzz_file *f, int err)
{
	if ((err != ERR_NOT_FOUND && err != ERR_HASH && err != ERR_IO && err != ERR_SOURCE) || f->recovery != NULL)
		return err;
	f->recovery = malloc(sizeof *f->recovery);
	if (f->recovery == NULL)
		return ERR_NO_MEMORY;
	erasure_init(&f->recovery->erasure, erasure_fastest());
	join_lend(&f->join, &f->recovery->group, 1, &f->recovery->erasure);
	start(f, f->at, f->end);
	return OK;
}

static enum keccak_kind widest;

static void find_widest(void)
{
	widest = keccak_widest();
}

/* Asked for once: it can take as long as hashing some chunks, and a server opens a file for each request. */
static enum keccak_kind keccak_kind(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	(void)pthread_once(&once, find_widest); /* of one that is ours: cannot fail */
	return widest;
}

int bzz_file_open(const struct chunk_source *source, const struct reference *root, struct bytes root_chunk,
		  struct bzz_file **file, struct why *why)
{
	struct bzz_file *f = malloc(sizeof *f);
	if (f == NULL)
		return ERR_NO_MEMORY;
	f->source = *source;
	f->encrypted = root->encrypted;
	f->recovery = NULL;
	const struct join_memory memory = {.slots = f->slots,
					   .slots_n = SLOTS,
					   .replicas_level = REDUNDANCY_LEVEL_MAX,
					   .kind = keccak_kind(),
					   .order = JOIN_IN_ORDER};
	join_init(&f->join, root, &memory);
	start(f, 0, UINT64_MAX);
	int err = root_chunk.n == 0 ? OK : join_root_chunk(&f->join, root_chunk, why);
	while (err == OK && !join_size(&f->join, &f->size))
		err = step(f, why);
	if (err != OK) {
		give_up(f, why);
		return err;
	}
	*file = f;
	return OK;
}

uint64_t bzz_file_size(const struct bzz_file *f)
{
	return f->size;
}

int bzz_file_read(struct bzz_file *f, uint64_t offset, uint64_t end, void *buf, size_t max, size_t *n, struct why *why)
{
	uint8_t *to = buf;
	size_t done = 0;
	int err = OK;
	if (end > f->size)
		end = f->size;
	if (offset != f->at || end != f->end)
		start(f, offset, end);
	while (err == OK && done < max && f->at < f->end) {
		if (!take_data(f)) {
			err = step(f, why);
			if (err != OK)
				err = recover(f, err);
			continue;
		}
		const size_t take = f->left.n < max - done ? f->left.n : max - done;
		memcpy(to + done, f->left.p, take);
		f->left = bytes_skip(f->left, take);
		f->at += take;
		done += take;
	}
	*n = done;
	return done > 0 ? OK : err; /* an error that comes after some bytes comes again */
}

bool bzz_file_keepable(const struct bzz_file *f)
{
	return !f->encrypted && f->recovery == NULL;
}

void bzz_file_rebase(struct bzz_file *f, const struct chunk_source *source)
{
	f->source = *source;
	start(f, 0, 0); /* after an error, too, the next read is a new one */
}

void bzz_file_close(struct bzz_file *f)
{
	if (f == NULL)
		return;
	free(f->recovery);
	secret_free(f, f->encrypted ? sizeof *f : 0); /* references with keys, and what they open */
}

int bzz_file_whole(const struct chunk_source *source, const struct reference *root, struct bytes root_chunk, size_t max,
		   uint8_t **data, size_t *n, struct why *why)
{
	struct bzz_file *f;
	int err = bzz_file_open(source, root, root_chunk, &f, why);
	if (err != OK)
		return err;
	const uint64_t size = f->size;
	uint8_t *p = size > max ? NULL : malloc((size_t)size + 1);
	size_t done = 0;
	err = size > max
		      ? why_not(why, ERR_LIMIT, "not a node of a manifest: too large for one", WHY_NOWHERE, BYTES_NONE)
	      : p == NULL ? ERR_NO_MEMORY
			  : OK;
	while (err == OK && done < size) {
		size_t more = 0;
		err = bzz_file_read(f, done, size, p + done, (size_t)size - done, &more, why);
		done += more;
	}
	if (err != OK) {
		give_up(f, why);
		secret_free(p, root->encrypted ? done : 0);
		return err;
	}
	bzz_file_close(f);
	*data = p;
	*n = done;
	return OK;
}
