/* c-ares on the loop: its sockets are watched, its time is told. Open only while something is asked, so that it knows
 * the name servers of today. */
#ifndef HOST_P2P_CHANNEL_H
#define HOST_P2P_CHANNEL_H

#include <ares.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "core/bytes.h"

struct p2p_channel_watch;

struct p2p_channel {
	/* Set by the owner. */
	uv_loop_t *loop;
	const char *servers;         /* as ares_set_servers_ports_csv takes them; NULL: this machine's */
	void (*went)(void *context); /* something has arrived, and was told to whoever asked */
	void *context;
	/* Its own; ares is for who asks, while it is open. */
	ares_channel ares;
	bool is_open;
	struct p2p_channel_watch *watches;
};

/* Nothing when it is open. ERR_IO; ERR_VALUE: servers are none. */
MUST_CHECK int p2p_channel_open(struct p2p_channel *c);
/* What is asked is told ARES_EDESTRUCTION. Not from inside an answer. */
void p2p_channel_close(struct p2p_channel *c);
/* In how many milliseconds p2p_channel_time must be called; UINT64_MAX: never. */
uint64_t p2p_channel_wait_ms(const struct p2p_channel *c);
void p2p_channel_time(struct p2p_channel *c);

#endif
