/* What the files of the bridge share with each other, and nobody else. */
#ifndef HOST_BZZ_BRIDGE_PARTS_H
#define HOST_BZZ_BRIDGE_PARTS_H

#include "host/bzz_bridge.h"
#include "host/bzz_meter.h"
#include "host/bzz_shelf.h"
#include "host/gateway_source.h"
#include "swarm/bridge.h"

#define PIECE_BYTES (32 * CHUNK_PAYLOAD_MAX) /* of content: what a file looks for together */

struct bridge_reader {
	struct gateway_source *source; /* owned */
	struct bridge_client *client;  /* NULL: idle */
};

/* Readers of one kind, and who waits for them. */
struct bridge_lane {
	size_t readers_n;
	struct bridge_reader readers[BZZ_BRIDGE_GATEWAY_READERS];
	struct bridge_client *waiting; /* whose turn is next comes first */
};

struct bridge_piece {
	size_t n, sent;
	uint8_t bytes[BRIDGE_LINE_BYTES_MAX + PIECE_BYTES]; /* the answer's head stands before the first content */
};

struct bridge_client {
	struct bzz_bridge *bridge;
	struct p2p_stream *stream;  /* NULL: gone */
	struct bridge_client *next; /* that waits for a reader of the same kind */
	uint64_t group;             /* of the address: whose share of readers and streams it has */
	struct bridge_line line;
	struct bridge_request request;
	bool asked;   /* the question is there */
	bool waiting; /* for a reader */
	bool reading; /* what is below, to the mark, is a reader's meanwhile */
	bool filled;  /* the piece that is not being sent */
	bool begun;   /* something was sent: it is too late for an error */
	bool timed;   /* it is the client's turn, and there is a deadline */
	unsigned front;
	struct bridge_piece pieces[2]; /* front: being sent; the other: filled next */
	/* Of the reader. */
	struct bridge_reader *reader;
	bool stores_only;        /* the reader asks no gateways, but there are some */
	bool missed;             /* not all is in stores: from here on by readers that ask gateways */
	bool resumes;            /* one of those goes on with the piece */
	bool hopeless;           /* the gateways say nothing at all: no use in asking them on */
	struct bzz_meter *meter; /* held; NULL: not yet open, as file */
	struct bzz_file *file;   /* owned */
	struct reference root;
	uint64_t at, end; /* what of it is still to be read */
	int err;
	const char *what; /* beside err; NULL: nothing */
	/* Until here. */
	atomic_bool given_up; /* the client is gone */
	uv_work_t work;
};

struct bzz_bridge {
	struct cli *cli;
	struct bzz_shelf *shelf; /* owned */
	struct p2p_service service;
	struct bridge_lane stores, gateways; /* no reader: nobody but stores is asked */
	struct bridge_client *clients[BZZ_BRIDGE_STREAMS];
};

/* Fills the piece that is not being sent, and sets err; opens the file first, and puts the answer's head before it.
 * When it sets resumes, it is to be called once more for the same piece. A reader's thread. */
void bridge_read(struct bridge_client *c);

/* The last of those that wait. */
void bridge_lane_join(struct bridge_lane *l, struct bridge_client *c);
void bridge_lane_leave(struct bridge_lane *l, struct bridge_client *c);
/* Who is read for next, with its reader; the others of its address go behind those that wait. NULL: nobody can be. */
struct bridge_client *bridge_lane_next(struct bridge_lane *l);

#endif
