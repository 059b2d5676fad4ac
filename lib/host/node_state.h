/* The folder in which phase-node keeps itself over restarts:
 *
 *	identity.key   who it is (host/keyfile.h)
 *	snapshot       whom it knows and what it stores (kad/snapshot.h)
 *	lock           held by the process that uses the folder; its number stands in it
 *
 * The snapshot appears whole or not at all. It is worth having and no more: one that is damaged, or cannot be written,
 * is a warning, and the node goes on with what the network tells it. */
#ifndef HOST_NODE_STATE_H
#define HOST_NODE_STATE_H

#include "host/cli.h"
#include "host/p2p_dht.h"

struct node_state;

/* Makes the folder, with mode 0700, unless it is there, and locks it. Errors are printed: ERR_IO, also when another
 * process uses it; ERR_NO_MEMORY. cli must outlive it. */
MUST_CHECK int node_state_open(struct cli *cli, const char *folder, struct node_state **state);
/* Where its identity is, valid as long as the state. */
const char *node_state_identity(const struct node_state *s);
/* Before the loop runs; says what it has taken up. Gives how many peers were known. */
unsigned node_state_restore(struct node_state *s, struct p2p_dht *dht);
/* Writes the snapshot when there is something new in it, in another thread: a disk must not keep the loop. */
void node_state_save(struct node_state *s, struct p2p_dht *dht, uv_loop_t *loop);
/* The same, at the end: it is written when this returns. It runs the loop until the other thread is done. */
void node_state_save_now(struct node_state *s, struct p2p_dht *dht, uv_loop_t *loop);
/* Gives the folder free. s may be NULL. */
void node_state_close(struct node_state *s);

#endif
