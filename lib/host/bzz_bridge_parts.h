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
	bool busy;
};

struct bridge_piece {
	size_t n, sent;
	uint8_t bytes[BRIDGE_LINE_BYTES_MAX + PIECE_BYTES]; /* the answer's head stands before the first content */
};

struct bridge_client {
	struct bzz_bridge *bridge;
	struct p2p_stream *stream;  /* NULL: gone */
	struct bridge_client *next; /* that waits for a reader */
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
	struct bridge_client *waiting, **last; /* in the order in which they came */
	size_t clients_n, readers_n;
	struct bridge_reader readers[BZZ_BRIDGE_READERS];
};

/* Fills the piece that is not being sent, and sets err; opens the file first, and puts the answer's head before it.
 * A reader's thread. */
void bridge_read(struct bridge_client *c);

#endif
