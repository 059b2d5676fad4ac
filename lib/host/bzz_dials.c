/* The nodes that a server has to be known to: it dials them, and dials them again when the connection is lost. */
#include "core/err.h"
#include "host/bzz_listen_parts.h"

#define PAUSE_MS \
	5000 /* before the second attempt: who comes back sooner bee takes for somebody who owes; they double */
#define PAUSE_MS_MAX 300000
#define GOOD_MS 60000 /* a connection that was one */

void bzz_dials_tick(struct bzz_listen *l, uint64_t now_ms)
{
	for (size_t i = 0; i < l->o->announce.n; i++) {
		struct bzz_dial *d = &l->dials[i];
		uint8_t bytes[MULTIADDR_BYTES_MAX];
		struct writer w = writer_of(bytes, sizeof bytes);
		if (d->peer != NULL || now_ms < d->next_ms ||
		    multiaddr_parse(&w, bytes_text(l->o->announce.v[i])) != OK)
			continue;
		d->pause_ms = d->pause_ms == 0                  ? PAUSE_MS
			      : d->pause_ms >= PAUSE_MS_MAX / 2 ? PAUSE_MS_MAX
								: 2 * d->pause_ms;
		d->next_ms = now_ms + d->pause_ms;
		d->peer = bzz_peer_dial(l, d, writer_view(&w));
	}
}

void bzz_dials_ended(struct bzz_dial *dial, uint64_t lasted_ms, uint64_t now_ms)
{
	dial->peer = NULL;
	if (lasted_ms >= GOOD_MS)
		dial->pause_ms = PAUSE_MS;
	dial->next_ms = now_ms + dial->pause_ms;
}
