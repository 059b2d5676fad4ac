/* What the files of QUIC, quic_NAME.c, share. Theirs alone. */
#ifndef HOST_QUIC_PARTS_H
#define HOST_QUIC_PARTS_H

#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include "host/quic_endpoint.h"
#include "host/quic_tls.h"

#define QUIC_NS_PER_MS 1000000ULL
#define QUIC_CHUNK_BYTES 16384
#define QUIC_CHUNK_BYTES_MIN 1024
#define QUIC_CID_BYTES 16
#define QUIC_SECRET_BYTES 32
#define QUIC_STREAM_BUCKETS 32
#define QUIC_CID_BUCKETS 1024
#define QUIC_TOKENS_MAX 16
#define QUIC_TOKEN_BYTES_MAX 256
#define QUIC_ANSWERS_MAX 32
#define QUIC_ANSWER_BYTES_MAX 256

/* Bytes of a stream: from at to n still to be dealt with. */
struct quic_chunk {
	struct quic_chunk *next;
	size_t at, n, room;
	uint8_t bytes[];
};

enum quic_blocked { QUIC_NOT_BLOCKED, QUIC_BLOCKED_ROOM, QUIC_BLOCKED_CREDIT };

/* Freed only while the caller is told, and with the connection: ngtcp2 calls back at any time. */
struct quic_stream {
	uint32_t id;
	int64_t quic_id;
	struct quic_stream *bucket_next, *tell_next, *send_next;
	bool telling, sending; /* stands in these queues */
	bool ours, lazy, negotiating, refused;
	bool ended, end_told;    /* the other side has said all, and the caller knows */
	bool was_reset, stopped; /* by the other side: its half, ours */
	bool closing, fin_sent;  /* by the caller */
	bool forgotten;          /* the caller hears no more of it */
	bool over;               /* for ngtcp2 */
	bool writable;
	enum quic_blocked blocked; /* what a write lacked */
	uint32_t code;
	size_t protocol;
	uint64_t deadline_ns; /* of the negotiation */
	struct mss *mss;      /* while negotiating */
	struct quic_chunk *in, *in_last;
	uint64_t unconsumed;                        /* bytes that arrived, for which no new credit was given */
	struct quic_chunk *out, *out_last, *unsent; /* unsent: the first that has bytes from at */
	uint64_t out_begins;                        /* where in the stream the first of out begins */
	uint64_t unsent_n, held_n;                  /* not sent; in out */
};

struct quic_cid {
	struct quic_cid *bucket_next, *own_next;
	struct quic_connection *connection;
	ngtcp2_cid cid;
};

/* After an error conn is gone; when the caller has ended it, too, it is kept until closed_ns, to answer and to
 * swallow what is still under way. */
struct quic_connection {
	struct quic_endpoint *endpoint;
	struct quic_connection *next, **link; /* of all */
	struct quic_connection *stirred_next, *send_next;
	bool stirred, sends;
	bool half_open; /* from outside, and not proven */
	bool heard;     /* a datagram of the other side */
	bool ready, ready_told, ended;
	bool undated;   /* a stream has no deadline yet: who opens one does not say when */
	bool confirmed; /* both sides know that the handshake is over */
	int err;
	enum connection_role role;
	void *owner;
	const char *const *protocols;
	size_t protocols_n;
	uint64_t now_ns, deadline_ns, paced_ns; /* paced: streams are silent until then */
	ngtcp2_conn *conn;
	gnutls_session_t tls; /* NULL when it has served */
	ngtcp2_crypto_conn_ref ref;
	struct quic_tls_peer peer;
	struct quic_path path; /* where it began */
	struct quic_cid *cids;
	struct quic_stream *streams[QUIC_STREAM_BUCKETS];
	size_t ours_n, negotiating_n, blocked_n; /* blocked: for want of room */
	struct quic_stream *tell, **tell_end, *send, **send_end;
	struct quic_chunk *told; /* the data of the last event */
	uint64_t held_n;
	uint64_t closed_ns;
	unsigned closing_heard, closing_answers;
	bool says_close;
	size_t close_n;
	uint8_t close[QUIC_DATAGRAM_BYTES_MAX];
};

struct quic_answer {
	struct quic_path path;
	size_t n;
	uint8_t bytes[QUIC_ANSWER_BYTES_MAX];
};

struct quic_token {
	struct sockaddr_storage remote;
	size_t n;
	uint8_t bytes[QUIC_TOKEN_BYTES_MAX];
};

struct quic_endpoint {
	const struct quic_config *config;
	struct quic_identity identity;
	uint8_t reset_secret[QUIC_SECRET_BYTES]; /* of the identity: a host that begins anew knows its tokens */
	uint8_t token_secret[QUIC_SECRET_BYTES];
	uint64_t cid_key[2];
	struct quic_cid *cids[QUIC_CID_BUCKETS];
	struct quic_connection *connections;
	struct quic_connection *stirred, **stirred_end, *send, **send_end;
	size_t half_open_n, closing_n;
	uint64_t now_ns; /* of the last call that had it */
	uint64_t resets_since_ns;
	unsigned resets_n;
	size_t answers_n, answers_sent;
	struct quic_answer answers[QUIC_ANSWERS_MAX];
	size_t token_next;
	struct quic_token tokens[QUIC_TOKENS_MAX];
};

/* --- quic_cids.c --- */
MUST_CHECK int quic_cid_add(struct quic_connection *c, const ngtcp2_cid *cid);
void quic_cid_remove(struct quic_connection *c, const ngtcp2_cid *cid);
void quic_cid_remove_all(struct quic_connection *c);
struct quic_connection *quic_cid_find(const struct quic_endpoint *e, struct bytes cid);
socklen_t quic_address_n(const struct sockaddr_storage *a);
bool quic_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b); /* and port */

/* --- quic_streams.c --- */
/* As the caller knows it; NULL: there is none. */
struct quic_stream *quic_stream_of(struct quic_connection *c, uint32_t id);
struct quic_stream *quic_stream_new(struct quic_connection *c, int64_t quic_id, enum mss_role role,
				    const char *const *names, size_t names_n);
void quic_streams_free(struct quic_connection *c);
void quic_stream_tell(struct quic_connection *c, struct quic_stream *s); /* there may be something to tell */
MUST_CHECK int quic_stream_arrived(struct quic_connection *c, struct quic_stream *s, struct bytes data);
void quic_stream_consumed(struct quic_connection *c, struct quic_stream *s, uint64_t n);
void quic_stream_forget(struct quic_connection *c, struct quic_stream *s);
bool quic_streams_told(struct quic_connection *c, struct connection_event *event);
void quic_streams_date(struct quic_connection *c); /* gives new streams their deadline */
void quic_streams_tick(struct quic_connection *c);
uint64_t quic_streams_deadline(const struct quic_connection *c);

/* --- quic_streams_send.c --- */
MUST_CHECK bool quic_stream_send_mss(struct quic_connection *c, struct quic_stream *s);
/* Takes what there is room and credit for. */
MUST_CHECK int quic_stream_write(struct quic_connection *c, struct quic_stream *s, struct bytes data, size_t *n);
void quic_stream_send(struct quic_connection *c, struct quic_stream *s); /* there may be something to send */
void quic_stream_unsend(struct quic_connection *c, struct quic_stream *s);
void quic_stream_abort(struct quic_connection *c, struct quic_stream *s, uint32_t code);
void quic_stream_acknowledged(struct quic_connection *c, struct quic_stream *s, uint64_t to);
void quic_stream_credit(struct quic_connection *c, struct quic_stream *s);
/* The next packet: as ngtcp2_conn_writev_stream. */
ngtcp2_ssize quic_streams_write(struct quic_connection *c, ngtcp2_path *path, uint8_t *to, size_t room,
				uint64_t now_ns);

/* --- quic_callbacks.c --- */
void quic_callbacks_fill(ngtcp2_callbacks *callbacks);

/* --- quic_begin.c --- */
/* first: the head of a client's first packet, or NULL to dial; odcid: what it called the server before Retry. */
MUST_CHECK int quic_connection_new(struct quic_endpoint *e, const struct quic_path *path, const ngtcp2_pkt_hd *first,
				   const ngtcp2_cid *odcid, const struct peer_id *expected, uint64_t now_ns,
				   struct quic_connection **connection);
void quic_connection_free(struct quic_connection *c);

/* --- quic_datagrams.c --- */
void quic_connection_read(struct quic_connection *c, const struct quic_path *path, struct bytes datagram,
			  uint64_t now_ns);
/* Fills out with datagrams; false: there is nothing to say, or it may not be said now. */
bool quic_connection_out(struct quic_connection *c, struct quic_out *out, uint64_t now_ns);
void quic_connection_tick(struct quic_connection *c, uint64_t now_ns);
void quic_connection_find_deadline(struct quic_connection *c);

/* --- quic_connection.c --- */
void quic_connection_stir(struct quic_connection *c);   /* it has something to tell */
void quic_connection_sends(struct quic_connection *c);  /* it may have something to send */
void quic_connection_opened(struct quic_connection *c); /* it is no longer half open */
/* The time that ngtcp2 is told, which takes no step back. */
void quic_connection_now(struct quic_connection *c, uint64_t now_ns);
/* TLS's part ends: half of what a connection takes, and keys are ngtcp2's by then. */
void quic_connection_end_tls(struct quic_connection *c);
/* ngtcp2's part ends; what streams have still to tell stays. */
void quic_connection_part(struct quic_connection *c);
void quic_connection_dies(struct quic_connection *c, int liberr); /* by ngtcp2's error; the other side is told */
void quic_connection_fail(struct quic_connection *c, int err);    /* nobody is there to be told */

/* --- quic_answers.c --- */
/* Answers to a datagram of no connection; *first, *odcid: a client's that may begin one, then true. */
bool quic_answer(struct quic_endpoint *e, const struct quic_path *path, struct bytes datagram, uint64_t now_ns,
		 ngtcp2_pkt_hd *first, ngtcp2_cid *odcid);
void quic_token_learn(struct quic_endpoint *e, const struct sockaddr_storage *remote, struct bytes token);
struct bytes quic_token_of(struct quic_endpoint *e, const struct sockaddr_storage *remote);

#endif
