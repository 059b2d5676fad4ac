#include "host/bzz_write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"
#include "host/file.h"
#include "host/random.h"
#include "host/secret_free.h"
#include "swarm/replica.h"
#include "swarm/split.h"

#define READ_BYTES (1U << 20)

struct bzz_write_state {
	struct split split;
	void *memory; /* owned; the splitter's */
	size_t memory_n;
	bool no_randomness; /* once it failed, nothing is encrypted any more */
	size_t last_n;      /* the last chunk of the tree: in the end, the root */
	uint8_t last[CHUNK_BYTES_MAX], parity[CHUNK_BYTES_MAX];
	uint8_t in[READ_BYTES];
};

int bzz_write_open(struct bzz_write *w)
{
	struct bzz_write_state *s = calloc(1, sizeof *s);
	if (s == NULL)
		return ERR_NO_MEMORY;
	s->memory_n = split_memory_bytes(w->level, w->encrypt);
	s->memory = s->memory_n == 0 ? NULL : malloc(s->memory_n);
	if (s->memory_n != 0 && s->memory == NULL) {
		free(s);
		return ERR_NO_MEMORY;
	}
	w->state = s;
	return OK;
}

void bzz_write_close(struct bzz_write *w)
{
	struct bzz_write_state *s = w->state;
	if (s == NULL)
		return;
	secret_free(s->memory, s->memory_n);
	secret_free(s, sizeof *s); /* keys, and content that is to be secret */
	w->state = NULL;
}

static void make_key(void *context, const uint8_t span[static CHUNK_SPAN_BYTES], struct bytes payload,
		     uint8_t key[static REFERENCE_KEY_BYTES], uint8_t *padding, size_t padding_n)
{
	struct bzz_write_state *s = context;
	(void)span;
	(void)payload;
	if (random_fill(key, REFERENCE_KEY_BYTES) != OK || random_fill(padding, padding_n) != OK)
		s->no_randomness = true;
}

int bzz_write_chunk(struct bzz_write *w, const uint8_t address[static REFERENCE_BYTES], struct bytes chunk)
{
	for (size_t i = 0; i < w->sinks_n; i++) {
		int err = w->sinks[i].put(w->sinks[i].context, address, chunk);
		if (err != OK)
			return err;
	}
	w->chunks_n++;
	return OK;
}

/* Gives on all chunks that are complete. */
static int give_out(struct bzz_write *w)
{
	struct bzz_write_state *s = w->state;
	struct split_chunk c;
	while (split_chunk(&s->split, &c)) {
		uint8_t *to = c.kind == SPLIT_PARITY ? s->parity : s->last;
		if (s->no_randomness) {
			cli_error(w->cli, ERR_IO, "no random numbers: %s", strerror(errno));
			return ERR_IO;
		}
		memcpy(to, c.span, CHUNK_SPAN_BYTES);
		if (c.payload.n > 0)
			memcpy(to + CHUNK_SPAN_BYTES, c.payload.p, c.payload.n);
		const size_t n = CHUNK_SPAN_BYTES + c.payload.n;
		if (to == s->last)
			s->last_n = n;
		int err = bzz_write_chunk(w, c.address, bytes_of(to, n));
		if (err != OK)
			return err;
	}
	return OK;
}

/* The root once more, in chunks that lie elsewhere. */
static int write_replicas(struct bzz_write *w, const uint8_t root[static REFERENCE_BYTES])
{
	const struct bzz_write_state *s = w->state;
	struct replica replicas[REPLICAS_MAX];
	uint8_t soc[CHUNK_STORED_BYTES_MAX], digest[SECP256K1_DIGEST_BYTES];
	if (w->level == 0)
		return OK;
	const unsigned n = replica_list(root, w->level, replicas);
	for (unsigned i = 0; i < n; i++) {
		soc_digest(replicas[i].id, root, digest);
		memcpy(soc, replicas[i].id, SOC_ID_BYTES);
		int err = secp256k1_sign(replica_key, digest, soc + SOC_ID_BYTES);
		memcpy(soc + SOC_HEAD_BYTES, s->last, s->last_n);
		if (err == OK)
			err = bzz_write_chunk(w, replicas[i].address, bytes_of(soc, SOC_HEAD_BYTES + s->last_n));
		if (err != OK)
			return err;
	}
	return OK;
}

static void begin(struct bzz_write *w)
{
	struct bzz_write_state *s = w->state;
	struct split_how how = {.kind = keccak_widest(), .erasure = erasure_fastest(), .level = w->level, .all = true};
	if (w->encrypt)
		how.keys = (struct split_keys){.make = make_key, .context = s};
	split_init(&s->split, &how, s->memory);
}

static int take(struct bzz_write *w, struct bytes in)
{
	while (in.n > 0) {
		size_t used = 0;
		int err = split_take(&w->state->split, in, &used);
		if (err == OK)
			err = give_out(w);
		if (err != OK)
			return err;
		in = bytes_skip(in, used);
		w->bytes_n += used;
	}
	return OK;
}

static int finish(struct bzz_write *w, struct reference *reference)
{
	struct bzz_write_state *s = w->state;
	split_end(&s->split);
	int err = give_out(w);
	if (err != OK)
		return err;
	split_reference(&s->split, reference);
	return write_replicas(w, reference->address);
}

int bzz_write_bytes(struct bzz_write *w, struct bytes content, struct reference *reference)
{
	begin(w);
	int err = take(w, content);
	return err == OK ? finish(w, reference) : err;
}

static int take_all(struct bzz_write *w, int fd, const char *name, uint64_t total, uint64_t *size)
{
	struct bzz_write_state *s = w->state;
	*size = 0;
	for (;;) {
		const ssize_t n = read(fd, s->in, sizeof s->in);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			cli_error(w->cli, ERR_IO, "%s: %s", name, strerror(errno));
			return ERR_IO;
		}
		if (n == 0)
			return OK;
		int err = take(w, bytes_of(s->in, (size_t)n));
		if (err != OK) {
			if (err == ERR_LIMIT)
				cli_error(w->cli, err, "%s: larger than a file of Swarm can be", name);
			return err;
		}
		*size += (uint64_t)n;
		cli_progress(w->cli, name, *size, total);
	}
}

int bzz_write_fd(struct bzz_write *w, int fd, const char *name, struct reference *reference, uint64_t *size)
{
	struct stat before, after;
	if (fstat(fd, &before) != 0) {
		cli_error(w->cli, ERR_IO, "%s: %s", name, strerror(errno));
		return ERR_IO;
	}
	const bool regular = S_ISREG(before.st_mode);
	begin(w);
	int err = take_all(w, fd, name, regular ? (uint64_t)before.st_size : 0, size);
	cli_progress_end(w->cli);
	if (err == OK && regular &&
	    (fstat(fd, &after) != 0 || !file_same(&before, &after) || *size != (uint64_t)before.st_size))
		cli_fail(w->cli, err = ERR_CHANGED, name, NULL);
	return err == OK ? finish(w, reference) : err;
}

int bzz_write_end(struct bzz_write *w)
{
	for (size_t i = 0; i < w->sinks_n; i++) {
		int err = w->sinks[i].end(w->sinks[i].context);
		if (err != OK)
			return err;
	}
	return OK;
}
