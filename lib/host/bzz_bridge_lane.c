/* Whose turn it is: one after the other of the addresses that clients come from, and no address has more than half of
 * the readers: questions to gateways take as long as gateways like, and who asks many of them waits for those. */
#include "host/bzz_bridge_parts.h"

void bridge_lane_join(struct bridge_lane *l, struct bridge_client *c)
{
	struct bridge_client **at = &l->waiting;
	while (*at != NULL)
		at = &(*at)->next;
	c->next = NULL;
	*at = c;
}

void bridge_lane_leave(struct bridge_lane *l, struct bridge_client *c)
{
	struct bridge_client **at = &l->waiting;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
}

static struct bridge_reader *idle_of(struct bridge_lane *l)
{
	for (size_t i = 0; i < l->readers_n; i++)
		if (l->readers[i].client == NULL)
			return &l->readers[i];
	return NULL;
}

static bool has_its_share(const struct bridge_lane *l, uint64_t group)
{
	size_t n = 0;
	for (size_t i = 0; i < l->readers_n; i++)
		n += l->readers[i].client != NULL && l->readers[i].client->group == group;
	return n >= l->readers_n / 2;
}

static void put_behind(struct bridge_lane *l, uint64_t group)
{
	struct bridge_client *of_group = NULL, **last = &of_group, **at = &l->waiting;
	while (*at != NULL) {
		struct bridge_client *c = *at;
		if (c->group != group) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		c->next = NULL;
		*last = c;
		last = &c->next;
	}
	*at = of_group;
}

struct bridge_client *bridge_lane_next(struct bridge_lane *l)
{
	struct bridge_reader *r = idle_of(l);
	struct bridge_client *c = r == NULL ? NULL : l->waiting;
	while (c != NULL && has_its_share(l, c->group))
		c = c->next;
	if (c == NULL)
		return NULL;
	bridge_lane_leave(l, c);
	put_behind(l, c->group);
	r->client = c;
	c->reader = r;
	return c;
}
