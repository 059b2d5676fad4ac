/* Between lookup.c, who is asked when, and lookup_answer.c, what answers say. */
#ifndef KAD_LOOKUP_PARTS_H
#define KAD_LOOKUP_PARTS_H

#include "kad/lookup.h"

#define LOOKUP_NOBODY UINT32_MAX

/* In this order: what is ANSWERED or more has answered. */
enum lookup_state {
	LOOKUP_HEARD,
	LOOKUP_ASKED,
	LOOKUP_FAILED,
	LOOKUP_ANSWERED,
	LOOKUP_TO_STORE,
	LOOKUP_STORING,
	LOOKUP_STORED,
};

/* A peer that was heard of, so many hops away. Of its addresses what fits into room_max bytes. */
void lookup_consider(struct kad_lookup *l, const struct kad_contact *contact, size_t room_max, unsigned hops);

#endif
