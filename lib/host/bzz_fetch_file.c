/* A file: what its tree wants from where it is to be had, into the sink. */
#include <stdlib.h>
#include <string.h>

#include "core/hex.h"
#include "host/bzz_fetch_parts.h"
#include "host/secret_free.h"
#include "swarm/join.h"

#define SLOTS 2048              /* chunks under way or waiting for their turn: 9 MiB; ranges are long when many are */
#define GROUPS 2                /* recoveries at a time */
#define AT_ONCE (2 * BMT_BATCH) /* chunks that are looked for together on this machine */
#define BATCH (4 * BMT_BATCH)
#define WAIT_MS 1000
#define PROGRESS_BYTES 256

struct recovery {
	struct join_group groups[GROUPS];
	struct erasure erasure;
};

/* A chunk that is wanted, and may be here. */
struct here {
	uint64_t id;
	uint8_t address[REFERENCE_BYTES];
	bool is_leaf;
	struct asks_leaf leaf;
	uint8_t *chunk;
	size_t max, n; /* room there, and its bytes */
	int err;       /* OK: it is here; else why it is not */
};

struct job {
	struct bzz_fetch *f;
	const char *name;
	const struct bzz_root *root;
	const struct bzz_sink *sink;
	uint64_t size, done, total;
	bool sized;
	size_t asked_n; /* of the gateways, without an answer */
	uint64_t steps; /* wants and answers so far: without any, it stands still */
	struct recovery *recovery;
	struct here here[AT_ONCE];
	uint8_t chunk[CHUNK_STORED_BYTES_MAX]; /* one that the machine has no room for */
	struct join join;
	struct join_slot slots[SLOTS];
};

/* Bytes that an earlier fetch left. */
static bool take_from_sink(const struct job *job, struct here *h)
{
	if (!h->is_leaf || job->sink->read == NULL || job->root->reference.encrypted)
		return false;
	store_le64(h->chunk, h->leaf.size);
	h->n = CHUNK_SPAN_BYTES + (size_t)h->leaf.size;
	return job->sink->read(job->sink->context, h->leaf.offset, h->chunk + CHUNK_SPAN_BYTES, h->leaf.size) ==
	       h->leaf.size;
}

/* Unchecked: the machine does that. */
static void take_stored(struct job *job, size_t n)
{
	struct chunk_peek peeks[AT_ONCE];
	struct here *which[AT_ONCE];
	size_t peeks_n = 0;
	for (size_t i = 0; i < n && job->f->stores.n > 0; i++) {
		struct here *h = &job->here[i];
		if (h->err == OK)
			continue;
		which[peeks_n] = h;
		peeks[peeks_n++] =
			(struct chunk_peek){.address = h->address,
					    .span = h->is_leaf && !job->root->reference.encrypted ? h->leaf.size : 0,
					    .chunk = h->chunk,
					    .max = h->max,
					    .err = ERR_NOT_FOUND};
	}
	chunk_source_peek(&job->f->stored, peeks, peeks_n);
	for (size_t i = 0; i < peeks_n; i++) {
		which[i]->err = peeks[i].err;
		which[i]->n = peeks[i].n;
	}
}

/* It is not to be had here, and why. */
static int ask_others(struct job *job, const struct here *h, int err, struct why *why)
{
	if (!gateways_any(job->f->gateways))
		return join_failed(&job->join, h->id, err, why);
	if (h->is_leaf && !job->root->reference.encrypted)
		gateways_ask_leaf(job->f->gateways, h->id, h->address, h->leaf);
	else
		gateways_ask(job->f->gateways, h->id, h->address);
	join_asked(&job->join, h->id);
	job->asked_n++;
	return OK;
}

/* What lay there, or an earlier fetch left, was not that chunk: by the stores' own check. */
static int take_checked(struct job *job, const struct here *h, struct why *why)
{
	size_t n = 0;
	int err = bzz_fetch_stored(job->f, h->address, job->chunk, &n);
	if (err == OK)
		err = join_chunk(&job->join, h->id, bytes_of(job->chunk, n), why);
	return err == OK ? OK : ask_others(job, h, err, why);
}

/* Chunks that are here are checked together; others are asked for the others. What an earlier fetch left
 * may be wrong. */
static int take_here(struct job *job, size_t n, struct why *why)
{
	struct join_arrival arrivals[AT_ONCE];
	const struct here *which[AT_ONCE];
	size_t found = 0;
	take_stored(job, n);
	for (size_t i = 0; i < n; i++) {
		const struct here *h = &job->here[i];
		if (h->err != OK)
			continue;
		which[found] = h;
		arrivals[found++] = (struct join_arrival){.id = h->id, .data = bytes_of(h->chunk, h->n)};
	}
	int err = join_chunks(&job->join, arrivals, found, why);
	for (size_t i = 0; err == OK && i < found; i++)
		if (arrivals[i].err != OK)
			err = take_checked(job, which[i], why);
	for (size_t i = 0; err == OK && i < n; i++)
		if (job->here[i].err != OK)
			err = ask_others(job, &job->here[i], job->here[i].err, why);
	return err;
}

static void note(struct job *job, const struct join_want *want, struct here *h)
{
	*h = (struct here){.id = want->id,
			   .is_leaf = want->size > 0 && want->size <= CHUNK_PAYLOAD_MAX && job->sized,
			   .leaf = {.offset = want->offset, .size = (uint32_t)want->size},
			   .chunk = want->room != NULL ? want->room : job->chunk,
			   .max = want->room != NULL ? CHUNK_BYTES_MAX : sizeof job->chunk};
	memcpy(h->address, want->address, REFERENCE_BYTES);
	h->err = take_from_sink(job, h) ? OK : ERR_NOT_FOUND;
}

/* Asks for what the machine wants, and takes what is here. */
static int ask(struct job *job, struct why *why)
{
	struct join_want want;
	size_t n = 0;
	int err = OK;
	while (err == OK && gateways_room(job->f->gateways) > AT_ONCE && join_want(&job->join, &want)) {
		job->steps++;
		note(job, &want, &job->here[n++]);
		if (n == AT_ONCE || want.room == NULL) {
			err = take_here(job, n, why);
			n = 0;
			if (job->asked_n == 0) /* all were here: they are given out while they are in the cache */
				break;
		}
	}
	return err == OK && n > 0 ? take_here(job, n, why) : err;
}

/* Takes what the gateways have sent. */
static int receive(struct job *job, struct why *why)
{
	struct gateway_answer answers[BATCH];
	struct join_arrival arrivals[BATCH];
	size_t n = 0, arrived = 0, which[BATCH];
	if (job->asked_n == 0)
		return OK;
	int err = gateways_take(job->f->gateways, answers, BATCH, WAIT_MS, &n);
	job->steps += n;
	for (size_t i = 0; err == OK && i < n; i++) {
		if (answers[i].err != OK) {
			job->asked_n--;
			err = join_failed(&job->join, answers[i].id, answers[i].err, why);
			continue;
		}
		which[arrived] = i;
		arrivals[arrived++] = (struct join_arrival){.id = answers[i].id, .data = answers[i].data};
	}
	if (err == OK)
		err = join_chunks(&job->join, arrivals, arrived, why);
	for (size_t i = 0; err == OK && i < arrived; i++) {
		if (arrivals[i].err == OK) {
			job->asked_n--;
			continue;
		}
		gateways_wrong(job->f->gateways, &answers[which[i]]); /* who asks others */
		join_asked(&job->join, arrivals[i].id);
	}
	return err;
}

/* On a terminal: how far it is, and how many nodes there are that give. */
static void show(const struct job *job)
{
	const struct bzz_peers *peers = gateways_peers(job->f->gateways);
	char what[PROGRESS_BYTES];
	if (!job->f->cli->tty)
		return;
	if (peers == NULL)
		(void)snprintf(what, sizeof what, "%s", job->name);
	else
		(void)snprintf(what, sizeof what, "%u nodes, %s", bzz_peers_useful(peers), job->name);
	cli_progress(job->f->cli, what, job->done, job->total);
}

static int give_out(struct job *job)
{
	struct join_data data;
	int err = OK;
	while (err == OK && join_data(&job->join, &data)) {
		err = job->sink->write(job->sink->context, data.offset, data.bytes);
		job->done += data.bytes.n;
	}
	if (err == OK)
		err = job->sink->flush(job->sink->context);
	show(job);
	return err;
}

static void know_size(struct job *job, const struct bzz_range *range)
{
	if (job->sized || !join_size(&job->join, &job->size))
		return;
	job->sized = true;
	const uint64_t behind = range->offset < job->size ? job->size - range->offset : 0;
	job->total = range->length < behind ? range->length : behind;
	if (!job->root->reference.encrypted)
		gateways_file(job->f->gateways, job->root->reference.address, job->size);
}

static int run(struct job *job, const struct bzz_range *range, struct why *why)
{
	int err = OK;
	while (err == OK && !join_done(&job->join)) {
		const uint64_t before = job->steps + job->done;
		err = ask(job, why);
		if (err == OK)
			err = receive(job, why);
		know_size(job, range);
		if (err == OK)
			err = give_out(job);
		if (err == OK)
			err = join_error(&job->join, why);
		if (err == OK && job->steps + job->done == before && job->asked_n == 0)
			err = ERR_NOT_FOUND; /* of the machine's ways none is left */
	}
	return err;
}

static int explain(const struct job *job, int err, const struct why *why)
{
	char address[2 * REFERENCE_BYTES + 1] = {0};
	if (why->err == OK && (err == ERR_IO || err == ERR_NO_MEMORY))
		return err;                                      /* the sink's, and printed, or told at the end */
	const bool odd = err == ERR_LIMIT || err == ERR_VERSION; /* as a span is that is not rightly decrypted */
	const char *what = err == ERR_NOT_FOUND ? "nobody has it"
			   : err == ERR_SOURCE  ? "nobody gives it now; run again to go on"
			   : odd ? "no length of a file; if it is encrypted, all 128 digits must be right"
				 : err_text(err);
	if (why->id.n == REFERENCE_BYTES)
		hex_encode(why->id, address);
	if (address[0] == 0)
		cli_error(job->f->cli, err, "%s: %s", job->name, err_text(err));
	else if (err == ERR_NOT_FOUND && !gateways_any(job->f->gateways))
		cli_error(job->f->cli, err, "%s: chunk %s is in no store that was given", job->name, address);
	else
		cli_error(job->f->cli, err, "%s: chunk %s: %s", job->name, address, what);
	return err;
}

static int prepare(struct job *job)
{
	struct join_memory memory = {.slots = job->slots,
				     .slots_n = SLOTS,
				     .replicas_level = REDUNDANCY_LEVEL_MAX,
				     .kind = job->f->kind,
				     .order = job->sink->any_order ? JOIN_AS_THEY_COME : JOIN_IN_ORDER};
	job->recovery = malloc(sizeof *job->recovery);
	if (job->recovery == NULL)
		return ERR_NO_MEMORY;
	erasure_init(&job->recovery->erasure, erasure_fastest());
	memory.groups = job->recovery->groups;
	memory.groups_n = GROUPS;
	memory.erasure = &job->recovery->erasure;
	join_init(&job->join, &job->root->reference, &memory);
	return OK;
}

int bzz_fetch_file(struct bzz_fetch *f, const char *name, const struct bzz_root *root, const struct bzz_range *range,
		   const struct bzz_sink *sink, uint64_t *size)
{
	struct why why = {.what = NULL};
	struct job *job = malloc(sizeof *job);
	if (job == NULL)
		return ERR_NO_MEMORY;
	job->f = f;
	job->name = name;
	job->root = root;
	job->sink = sink;
	job->done = job->total = job->steps = job->size = 0;
	job->sized = false;
	job->asked_n = 0;
	gateways_forget(f->gateways);
	int err = prepare(job);
	if (err == OK) {
		join_read(&job->join, range->offset, range->length);
		if (root->chunk_n > 0)
			err = join_root_chunk(&job->join, bytes_of(root->chunk, root->chunk_n), &why);
	}
	if (err == OK) {
		err = run(job, range, &why);
		cli_progress_end(f->cli);
	}
	if (err == OK)
		*size = job->size;
	else
		err = explain(job, err, &why);
	gateways_forget(f->gateways);
	free(job->recovery);
	secret_free(job, root->reference.encrypted ? sizeof *job : 0); /* references with keys, and what they open */
	return err;
}
