/* multistream-select 1.0.0 (specs/connections): two sides agree on what a stream speaks.
 *
 * Both greet; the dialer names a protocol, the listener names it again or says "na". The dialer's
 * first two lines leave at once, and what arrives behind the last line belongs to the protocol: such
 * bytes are not used, so that peers that do not wait for answers are served.
 *
 * A machine as all here are: init, take what arrived, send what is out. After an error it is dead:
 * every call returns that error. It has no deadline of its own. "ls" gets "na", as go-libp2p gives. */
#ifndef P2P_MSS_H
#define P2P_MSS_H

#include "core/bytes.h"

#define MSS_NAME_BYTES_MAX 96   /* of names that are proposed or known here */
#define MSS_LINE_BYTES_MAX 1024 /* that are read, with their end; go's and js's limit */
#define MSS_PROPOSALS_MAX 16    /* that a listener answers; then ERR_LIMIT */
#define MSS_OUT_BYTES_MAX 224   /* greeting, a "na", a name, and as much again */

enum mss_role { MSS_DIALER, MSS_LISTENER };

struct mss {
	int err;
	enum mss_role role;
	const char *const *names;
	uint8_t names_n, at; /* at: proposed now, or what was agreed */
	bool greeted, done;
	uint8_t proposals_n;
	bool in_line; /* or else in the length before it, length_n bytes of which are here */
	uint8_t length_n;
	uint16_t line_n, line_left; /* read and still to come; only the first bytes are kept */
	uint16_t out_n, out_sent;
	uint8_t line[MSS_NAME_BYTES_MAX + 2];
	uint8_t out[MSS_OUT_BYTES_MAX];
};

/* names: what the dialer proposes, in this order, or the listener knows; 1 to 255 of them, each 1 to
 * MSS_NAME_BYTES_MAX long; they must outlive m. */
void mss_init(struct mss *m, enum mss_role role, const char *const *names, size_t names_n);
/* Takes what arrived, up to the end of the agreement; *used bytes of it. It takes less, or nothing, only
 * while an answer would not fit: send first. ERR_PROTOCOL: not this protocol; ERR_NOT_FOUND: the dialer
 * has proposed everything; ERR_LIMIT: a line too long, or too many proposals. */
MUST_CHECK int mss_take(struct mss *m, struct bytes in, size_t *used);
/* What is to be sent: a view into the machine, of which n bytes went out. */
struct bytes mss_out(const struct mss *m);
void mss_sent(struct mss *m, size_t n);
/* Whether the sides agree, and then on which of names. What is out is still to be sent. */
bool mss_done(const struct mss *m, size_t *name);

#endif
