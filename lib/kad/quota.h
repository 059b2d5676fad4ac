/* Who may have how much of a store that strangers fill: a number of slots, each owned by who sent what is in it.
 *
 * A peer has at most so many. When all are taken, the network (kad_group_of; of peers that are not public, the
 * machine) that has most of them gives its oldest one to one that has at least two fewer. So a flood displaces
 * itself, and never what came from elsewhere. What is our own has no limit and stays.
 *
 * Who may change what it sent before is fewer: the same peer, or another one on the same machine, as a program is that
 * takes a new id with each start. A network is far too many for that. */
#ifndef KAD_QUOTA_H
#define KAD_QUOTA_H

#include "kad/contact.h"

#define KAD_QUOTA_NONE UINT32_MAX
#define KAD_QUOTA_OURS 0 /* group */

struct kad_owner {
	struct kad_key peer;
	uint32_t group;
	uint32_t machine; /* kad_machine_of; on this very machine, the peer */
};

struct kad_slot {
	bool used;
	struct kad_owner owner;
	uint64_t at_ms, until_ms;
};

/* Of what a peer sends that is connected from address. */
void kad_owner_of(struct kad_owner *owner, const struct peer_id *peer, struct bytes address);
void kad_owner_ours(struct kad_owner *owner);
bool kad_owner_same(const struct kad_owner *a, const struct kad_owner *b);
/* A slot for one more of owner's: a free one, or one in use that is to be emptied first; KAD_QUOTA_NONE: it has
 * per_peer already, or what is there is not to be displaced. */
unsigned kad_quota_place(const struct kad_slot *slots, unsigned room, const struct kad_owner *owner, unsigned per_peer);
/* A slot in use that owner may displace, of those only that are marked in among (NULL: all); or KAD_QUOTA_NONE. */
unsigned kad_quota_victim(const struct kad_slot *slots, unsigned room, const struct kad_owner *owner,
			  const bool *among);

#endif
