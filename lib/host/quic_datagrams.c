/* The datagrams of a connection: read, made, paced; and when it is over, what is still said. */
#include <string.h>

#include "host/quic_parts.h"

#define PACED_FROM_NS 2000000 /* of round trip: below, bursts are short anyhow */
#define PACE_LAG_NS 4000000   /* that may be caught up with, by loops that wait whole milliseconds */
#define CLOSING_ANSWERS_MAX 8 /* to what arrives when all is over: the 1st, 2nd, 4th ... datagram */

void quic_connection_find_deadline(struct quic_connection *c)
{
	const uint64_t streams = quic_streams_deadline(c), expiry = ngtcp2_conn_get_expiry(c->conn);
	c->deadline_ns = streams < expiry ? streams : expiry;
	if (c->send != NULL && c->paced_ns > c->now_ns && c->paced_ns < c->deadline_ns)
		c->deadline_ns = c->paced_ns;
}

/* Has what streams say leave evenly, a quarter faster than one congestion window a round trip. ngtcp2 has pacing, too,
 * but when to go on is not in what it says of its deadline. */
static void pace(struct quic_connection *c, size_t sent)
{
	ngtcp2_conn_stat stat;
	ngtcp2_conn_get_conn_stat(c->conn, &stat);
	if (stat.smoothed_rtt < PACED_FROM_NS || stat.cwnd == 0)
		return;
	if (c->now_ns > PACE_LAG_NS && c->paced_ns < c->now_ns - PACE_LAG_NS)
		c->paced_ns = c->now_ns - PACE_LAG_NS;
	c->paced_ns += sent * stat.smoothed_rtt / (stat.cwnd + stat.cwnd / 4);
}

/* Nobody answers for ever to who goes on. */
static void heard_when_closed(struct quic_connection *c)
{
	c->closing_heard++;
	if (c->close_n == 0 || (c->closing_heard & (c->closing_heard - 1)) != 0 ||
	    c->closing_answers >= CLOSING_ANSWERS_MAX)
		return;
	c->closing_answers++;
	c->says_close = true;
	quic_connection_sends(c);
}

void quic_connection_read(struct quic_connection *c, const struct quic_path *path, struct bytes datagram,
			  uint64_t now_ns)
{
	struct sockaddr_storage local = path->local, remote = path->remote;
	const ngtcp2_pkt_info info = {0};
	quic_connection_now(c, now_ns);
	if (c->conn == NULL) {
		heard_when_closed(c);
		return;
	}
	if (c->role == CONNECTION_DIALER)
		local = c->path.local; /* which the caller may have left open */
	const ngtcp2_path at = {.local = {(ngtcp2_sockaddr *)&local, quic_address_n(&local)},
				.remote = {(ngtcp2_sockaddr *)&remote, quic_address_n(&remote)}};
	const int liberr = ngtcp2_conn_read_pkt(c->conn, &at, &info, datagram.p, datagram.n, c->now_ns);
	if (liberr != 0 || c->err != OK) {
		quic_connection_dies(c, liberr);
		return;
	}
	c->heard = true;
	if (c->confirmed)
		quic_connection_end_tls(c);
	quic_connection_find_deadline(c);
	quic_connection_sends(c);
}

void quic_connection_tick(struct quic_connection *c, uint64_t now_ns)
{
	quic_connection_now(c, now_ns);
	if (c->conn == NULL)
		return;
	quic_streams_tick(c);
	const int liberr = ngtcp2_conn_handle_expiry(c->conn, c->now_ns);
	if (liberr != 0) {
		quic_connection_dies(c, liberr);
		return;
	}
	quic_connection_find_deadline(c);
	quic_connection_sends(c);
}

static bool out_close(struct quic_connection *c, struct quic_out *out)
{
	if (!c->says_close)
		return false;
	c->says_close = false;
	out->path = c->path;
	memcpy(out->bytes, c->close, c->close_n);
	out->n = out->segment = c->close_n;
	return true;
}

/* Whether a datagram with these addresses may follow those in out. */
static bool same_place(const struct quic_out *out, const struct quic_path *path)
{
	return memcmp(&out->path, path, sizeof *path) == 0;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The addresses of a packet as ngtcp2 gives them, with nothing behind them. */
static void path_of(struct quic_path *path, const ngtcp2_path *from)
{
	memset(path, 0, sizeof *path);
	memcpy(&path->local, from->local.addr, least(from->local.addrlen, sizeof path->local));
	memcpy(&path->remote, from->remote.addr, least(from->remote.addrlen, sizeof path->remote));
}

/* Datagrams of one size, a smaller one at most as the last, until limit; what does not fit them is in out alone
 * the next time. Not 0: ngtcp2's error. */
static int fill(struct quic_connection *c, struct quic_out *out, size_t limit, uint64_t now_ns)
{
	ngtcp2_path_storage storage;
	struct quic_path path;
	out->n = out->segment = 0;
	ngtcp2_path_storage_zero(&storage);
	while (out->n + QUIC_DATAGRAM_BYTES_MAX <= limit) {
		const ngtcp2_ssize n =
			quic_streams_write(c, &storage.path, out->bytes + out->n,
					   out->segment > 0 ? out->segment : QUIC_DATAGRAM_BYTES_MAX, now_ns);
		if (n <= 0)
			return (int)n;
		path_of(&path, &storage.path);
		if (out->n == 0) {
			out->path = path;
			out->segment = (size_t)n;
		} else if (!same_place(out, &path)) {
			return 0; /* a probe of another path, that is sent again when it is missed */
		}
		out->n += (size_t)n;
		if ((size_t)n < out->segment)
			break;
	}
	return 0;
}

bool quic_connection_out(struct quic_connection *c, struct quic_out *out, uint64_t now_ns)
{
	if (c->conn == NULL)
		return out_close(c, out);
	quic_connection_now(c, now_ns);
	quic_streams_date(c);
	const size_t quantum = ngtcp2_conn_get_send_quantum(c->conn) + QUIC_DATAGRAM_BYTES_MAX;
	const int liberr = fill(c, out, least(quantum, sizeof out->bytes), c->now_ns);
	if (liberr != 0) {
		quic_connection_dies(c, liberr);
		return out_close(c, out);
	}
	if (c->send != NULL && out->n > 0)
		pace(c, out->n);
	quic_connection_find_deadline(c);
	return out->n > 0;
}
