/* What the files of session share. */
#ifndef SWARM_SESSION_PARTS_H
#define SWARM_SESSION_PARTS_H

#include "swarm/session.h"

extern const char *const session_protocols[]; /* by enum session_use, from SESSION_IDENTIFIES on */
size_t session_protocols_n(const struct session_config *config);

static inline bool session_has_headers(enum session_use use)
{
	return use >= SESSION_HEARS_2 && use != SESSION_SHAKES;
}

static inline bool session_is_handshake(enum session_use use)
{
	return use == SESSION_SHAKES || use == SESSION_SHAKES_15 || use == SESSION_SHAKES_14;
}

struct session_stream *session_stream_of(struct session *s, uint32_t id);
struct session_stream *session_stream_add(struct session *s, uint32_t id, enum session_use use, uint64_t now_ms);
/* A stream of the other side: it gets a slot, or is reset. */
void session_stream_opened(struct session *s, uint32_t id, size_t protocol, uint64_t now_ms);
/* Takes data of a stream, up to the next event; *used bytes of it. */
void session_stream_take(struct session *s, struct session_stream *t, struct bytes in, size_t *used,
			 struct session_event *event, uint64_t now_ms);
/* The other side's end of a stream, and the end of both. */
void session_stream_ended(struct session *s, struct session_stream *t, struct session_event *event);
void session_stream_gone(struct session *s, struct session_stream *t, struct session_event *event);
/* Writes what streams have to say, as far as there is room. */
void session_streams_write(struct session *s);
/* The message that answers goes out of the large room: the writer of it, and that it is written. */
struct writer session_answer(struct session_stream *t);
void session_answered(struct session_stream *t, const struct writer *w);
/* The handshake may have got to its end. */
void session_shaken(struct session *s, struct session_event *event, uint64_t now_ms);

#endif
