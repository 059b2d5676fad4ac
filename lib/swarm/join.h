/* Reading a file out of its Swarm tree: any range of it, chunks asked for many at a time and taken
 * in whatever order they arrive; plain or encrypted, of any redundancy level.
 *
 *	join_init(&j, &root, &memory);
 *	join_read(&j, 0, UINT64_MAX);
 *	while (!join_done(&j)) {
 *		while (room for a request && join_want(&j, &want)) ask(want.id, want.address);
 *		... an answer: join_chunk(&j, id, data, NULL); not to be had: join_failed(&j, id, err, NULL)
 *		while (join_data(&j, &data)) use(data.offset, data.bytes);
 *	}
 *
 * Nothing is believed before its hash was found right, and the shape of the tree follows from the
 * root's span alone: every chunk below must have exactly the span that its place asks for. Only
 * content-addressed chunks can be parts of a tree, so it has no cycles; a single-owner chunk counts
 * as a replica of the root that it holds and as nothing else.
 *
 * Chunks are asked for in the order of the file, and intermediate chunks ahead of what is below
 * them, as far as the slots reach. Each chunk of the range is asked for once, and no other. What is
 * not to be had is recovered from its siblings and parities where the level has them and the caller
 * lends memory for it: no more of them are asked for than recovery needs. A root that is not to be
 * had is looked for in its replicas.
 *
 * Every level of the tree has a slot set aside for the chunk that is needed first; so any number of
 * slots, also none, gets to the end. Intermediate chunks stay where slots allow, for the next range.
 *
 * Errors. An answer that does not hash to its address is its source's fault: the chunk stays wanted,
 * ask another. The read ends where a chunk is not to be had and not to be recovered, with the error
 * that join_failed was told of it; with ERR_TREE, ERR_LIMIT (larger than REDUNDANCY_SIZE_MAX) and
 * ERR_VERSION, where what hashes right is no tree, and no other source will have a better one. From
 * then on, until the next join_read, join_chunks, join_failed and join_error give that error, join_want
 * gives nothing, and join_data what was here before. why->at is where in the file the chunk's bytes
 * begin, why->id its address, until the next call. */
#ifndef SWARM_JOIN_H
#define SWARM_JOIN_H

#include "swarm/erasure.h"
#include "swarm/redundancy.h"
#include "swarm/reference.h"
#include "swarm/replica.h"

/* Intermediate chunks one below the other, at most: 4096 * 20^9 > REDUNDANCY_SIZE_MAX, 20 being the
 * least that a full one holds. */
#define JOIN_DEPTH_MAX 9
#define JOIN_PATH_SLOTS (JOIN_DEPTH_MAX + 1) /* and a leaf */
#define JOIN_LISTS 6

enum join_order { JOIN_IN_ORDER, JOIN_AS_THEY_COME };

struct join_link {
	uint32_t next, prev;
};

struct join_list {
	uint32_t head, tail;
};

/* A chunk that is or may be asked for. */
struct join_ask {
	uint32_t generation; /* tells an answer of before from one to this */
	uint8_t state;
	uint8_t list; /* on which it waits to be given out */
	int16_t err;  /* why it was not to be had */
	struct join_link link;
};

/* A chunk of the tree: under way, waiting to be given out, or held for its references. */
struct join_slot {
	struct join_ask ask;
	struct reference reference;
	uint8_t list;
	struct join_link link;
	uint64_t offset, size; /* of the file's bytes below */
	unsigned depth;        /* 0: the root */
	uint32_t parent;       /* while it has not arrived */
	unsigned child;        /* which one of it */
	/* of an intermediate chunk: */
	struct redundancy_shape shape;
	unsigned next_child, end_child; /* still to get slots, in this range */
	unsigned pending_n;             /* that have slots and have not arrived */
	uint32_t group;                 /* that holds its children as shards */
	uint8_t chunk[CHUNK_BYTES_MAX]; /* in the clear */
};

/* Children and parities of one intermediate chunk as they are stored, for recovery: half a megabyte.
 * Free groups keep leaves as they arrive, so that few are asked for twice when one is missing. */
struct join_group {
	uint32_t parent;
	bool recovering;
	struct join_ask asks[ERASURE_SHARDS_MAX];
	uint32_t slots[ERASURE_SHARDS_MAX]; /* that want the same chunk */
	uint8_t shards[ERASURE_SHARDS_MAX][ERASURE_SHARD_BYTES];
};

/* What the caller lends and decides; all of it must stay while the machine is used. */
struct join_memory {
	struct join_slot *slots; /* chunks that can be under way or wait besides one a level of the tree */
	uint32_t slots_n;
	struct join_group *groups; /* recoveries at a time; none: nothing is recovered */
	uint32_t groups_n;
	struct erasure *erasure; /* initialized; NULL with no groups */
	unsigned replicas_level; /* replicas of the root are tried as for this level; 0: none */
	enum keccak_kind kind;   /* one that this processor can run */
	enum join_order order;   /* of what join_data gives */
};

struct join {
	struct join_memory memory;
	bool encrypted, rooted, dirty;
	unsigned level;
	uint64_t begin, end, left; /* of the range; bytes not given out */
	int err;
	struct why why;
	uint32_t given;      /* the slot whose bytes the caller looks at */
	unsigned stranded_n; /* slots that wait for a group */
	struct join_list lists[JOIN_LISTS];
	struct join_ask replica_asks[REPLICAS_MAX];
	struct replica replicas[REPLICAS_MAX];
	unsigned replicas_n; /* that were asked for */
	struct bmt_scratch scratch;
	struct join_slot path[JOIN_PATH_SLOTS]; /* one a level, for what is needed first; the root's is [0] */
};

struct join_want {
	uint64_t id;            /* to come back with the answer */
	const uint8_t *address; /* REFERENCE_BYTES; until the next call */
	uint64_t offset, size;  /* of the file's bytes below it; 0, 0 when it is no known part of the file */
	/* Where an answer of at most CHUNK_BYTES_MAX bytes may be put, so that it is not copied, while it is
	 * wanted and nothing but join_want is called before it is given. Anything may be left there. NULL: no
	 * place. */
	uint8_t *room;
};

/* An answer. */
struct join_arrival {
	uint64_t id;
	struct bytes data; /* span || payload, for a replica all of the single-owner chunk */
	int err;           /* set: OK or ERR_HASH */
};

struct join_data {
	uint64_t offset; /* in the file */
	struct bytes bytes;
};

void join_init(struct join *j, const struct reference *root, const struct join_memory *memory);
/* Groups for a machine that has none so far: what is here stays. The next call must be join_read, and
 * answers to what was asked for before must not come any more. */
void join_lend(struct join *j, struct join_group *groups, uint32_t groups_n, struct erasure *erasure);
/* Whether the root has arrived, and how many bytes the file has. It is the publisher's word: what
 * was not read does not have to be there. */
bool join_size(const struct join *j, uint64_t *size);
/* Begins to read a range, as far as the file has it. What is under way for the range before is given
 * up: answers to it change nothing. */
void join_read(struct join *j, uint64_t offset, uint64_t length);
/* The next chunk to ask for; false: none at present. */
bool join_want(struct join *j, struct join_want *want);
/* Whether an answer is still of use: other ways may have led to the chunk. */
bool join_wanted(struct join *j, uint64_t id);
/* Answers, best several at a time: they are hashed side by side. Gives the error that ended the read,
 * or OK. Answers that are of no more use are OK. */
MUST_CHECK int join_chunks(struct join *j, struct join_arrival *arrivals, size_t n, struct why *why);
/* One answer: also ERR_HASH. */
MUST_CHECK int join_chunk(struct join *j, uint64_t id, struct bytes data, struct why *why);
/* The root, which the caller has without asking (what an update of a feed wraps): as an answer. */
MUST_CHECK int join_root_chunk(struct join *j, struct bytes data, struct why *why);
/* After ERR_HASH: another is asked for it already, so join_want does not give it once more. */
void join_asked(struct join *j, uint64_t id);
/* It is not to be had, and why: ERR_NOT_FOUND, nobody has it, or what kept those from giving it who
 * may have it. OK: other ways are tried, or the chunk is not needed. An answer that comes all the same
 * is taken. */
MUST_CHECK int join_failed(struct join *j, uint64_t id, int err, struct why *why);
/* What ended the read, join_want included; OK: nothing has. */
MUST_CHECK int join_error(const struct join *j, struct why *why);
/* The next bytes of the range, valid until join_data or join_read is called; false: none at present.
 * What is not taken holds its slot: this is what slows the asking down. */
bool join_data(struct join *j, struct join_data *data);
/* Whether all of the range was given out. */
bool join_done(const struct join *j);

#endif
