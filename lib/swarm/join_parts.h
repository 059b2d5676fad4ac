/* What the files of the join machine share, and nobody else: its slots, lists and ways between them.
 *
 * All that is asked for has a number: the caller's slots, then the path's, then the shards of each
 * group, then the root's replicas. A slot is in at most one list of slots, and what is to be asked
 * for in one of two lists more. */
#ifndef SWARM_JOIN_PARTS_H
#define SWARM_JOIN_PARTS_H

#include "swarm/join.h"

#define JOIN_NONE UINT32_MAX

enum join_state {
	JOIN_IDLE,
	JOIN_WANTED,   /* to be given out by join_want */
	JOIN_ASKED,    /* was given out */
	JOIN_WAITING,  /* failed, or better not asked for: its group or the replicas are at it */
	JOIN_STRANDED, /* failed, and no group is free for it */
	JOIN_LOST,     /* failed for good; of shards and replicas */
	JOIN_HELD
};

enum join_list_name {
	JOIN_FREE,
	JOIN_OPEN,   /* intermediate chunks under way or with children without slots; in the file's order,
		      * parents first */
	JOIN_KEPT,   /* intermediate chunks that are done with, the oldest first */
	JOIN_LINE,   /* leaves, in the order in which they are given out */
	JOIN_QUEUE,  /* to be asked for */
	JOIN_URGENT, /* before those */
	JOIN_NOWHERE /* no list */
};

uint32_t join_root(const struct join *j);
struct join_slot *join_slot_at(struct join *j, uint32_t slot);
uint32_t join_slots_end(const struct join *j); /* the first number that is no slot's */
uint32_t join_shard(const struct join *j, uint32_t group, unsigned shard);
uint32_t join_replica(const struct join *j, unsigned replica);
uint32_t join_asks_end(const struct join *j);
struct join_ask *join_ask_at(struct join *j, uint32_t ask);
/* What tells it from what it was asked for before. */
uint64_t join_id(struct join *j, uint32_t ask);
/* What is expected to arrive for it. */
const uint8_t *join_address(struct join *j, uint32_t ask);
/* Where its bytes will stand; NULL: a replica, of which only a part is kept. */
uint8_t *join_room(struct join *j, uint32_t ask);
/* Where the references of a held intermediate chunk's children and parities stand. */
const uint8_t *join_reference(const struct join *j, const struct join_slot *parent, unsigned shard);

/* Lists. what is not in one of the kind is put at its end or its front, and taken out of it. */
void join_list_clear(struct join *j);
void join_append(struct join *j, enum join_list_name list, uint32_t n);
void join_insert_open(struct join *j, uint32_t slot);
void join_remove_slot(struct join *j, uint32_t slot);
void join_remove_ask(struct join *j, uint32_t ask);

bool join_is_leaf(const struct join_slot *s);
/* To be given out by join_want; or not to be asked for any more, so that answers change nothing. */
void join_ask_for(struct join *j, uint32_t ask, enum join_list_name list);
void join_ask_end(struct join *j, uint32_t ask, enum join_state state);
/* A slot for what is depth levels below the root; the path's only for what is needed first. JOIN_NONE:
 * none at present. */
uint32_t join_slot_take(struct join *j, unsigned depth, bool first);
void join_slot_free(struct join *j, uint32_t slot);
/* An intermediate chunk is done with for this range, unless children are missing. */
void join_parent_done(struct join *j, uint32_t parent);

/* Ends the read with an error about a slot, and notes why. */
int join_end(struct join *j, enum err err, const char *what, uint32_t slot);
/* The same for want of its chunk. */
int join_end_lost(struct join *j, const char *what, uint32_t slot);
/* The bytes of a slot's chunk, found right, are here. */
int join_arrived(struct join *j, uint32_t slot, struct bytes data);
/* The slot has all children that the range wants still to find. */
void join_opened(struct join *j, uint32_t slot);
void join_begin(struct join *j);

/* Groups. A child got a slot: whether the group has the chunk, or is after it, already. */
int join_group_child(struct join *j, uint32_t slot);
void join_group_keep(struct join *j, uint32_t slot, struct bytes data); /* a child arrived */
int join_group_shard(struct join *j, uint32_t ask, struct bytes data);  /* a shard arrived */
int join_group_failed(struct join *j, uint32_t slot);                   /* a child is not to be had */
int join_group_lost(struct join *j, uint32_t ask);                      /* a shard is not to be had */
int join_group_step(struct join *j, uint32_t group);                    /* asks for more, or recovers */
void join_group_release(struct join *j, uint32_t group);

#endif
