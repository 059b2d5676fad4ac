#include "p2p/ping.h"

#include <assert.h>
#include <string.h>

#include "core/err.h"

size_t ping_echo_take(struct ping_echo *p, struct bytes in)
{
	if (p->sent > 0) {
		memmove(p->out, p->out + p->sent, p->n - p->sent);
		p->n -= p->sent;
		p->sent = 0;
	}
	const size_t room = sizeof p->out - p->n, n = in.n < room ? in.n : room;
	if (n > 0)
		memcpy(p->out + p->n, in.p, n);
	p->n += n;
	return n;
}

struct bytes ping_echo_out(const struct ping_echo *p)
{
	return bytes_of(p->out + p->sent, p->n - p->sent);
}

void ping_echo_sent(struct ping_echo *p, size_t n)
{
	assert(n <= p->n - p->sent);
	p->sent += n;
}

void ping_ask(struct ping *p, const uint8_t random[static PING_BYTES], uint64_t now_ms)
{
	*p = (struct ping){.asked_ms = now_ms};
	memcpy(p->asked, random, PING_BYTES);
}

struct bytes ping_out(const struct ping *p)
{
	return bytes_of(p->asked + p->sent, PING_BYTES - p->sent);
}

void ping_sent(struct ping *p, size_t n)
{
	assert(n <= PING_BYTES - p->sent);
	p->sent += n;
}

int ping_take(struct ping *p, struct bytes in, uint64_t now_ms, bool *done, uint64_t *rtt_ms)
{
	/* Nothing comes back that has not gone out. */
	if (in.n > p->sent - p->taken || !bytes_equal(in, bytes_of(p->asked + p->taken, in.n)))
		return ERR_PROTOCOL;
	p->taken += in.n;
	*done = p->taken == PING_BYTES;
	if (*done)
		*rtt_ms = now_ms - p->asked_ms;
	return OK;
}
