/* Retrieval 1.4.0: one chunk by its address, a stream for each. The price is charged when the chunk goes out; an
 * error is free. A node that has asked must not reset the stream: what it would have got is counted against it. */
#ifndef SWARM_RETRIEVAL_H
#define SWARM_RETRIEVAL_H

#include "swarm/chunk.h"

#define RETRIEVAL_PROTOCOL "/swarm/retrieval/1.4.0/retrieval"
#define RETRIEVAL_MS 30000              /* that bee gives to the whole of it, on either side */
#define RETRIEVAL_REQUEST_BYTES_MAX 128 /* of a message; a chunk's address and room for fields to come */
#define RETRIEVAL_STAMP_BYTES 113
/* Of a delivery's message that holds a chunk. What is longer can only be the text of an error. */
#define RETRIEVAL_DELIVERY_BYTES_MAX (3 + CHUNK_STORED_BYTES_MAX + 2 + RETRIEVAL_STAMP_BYTES)
#define RETRIEVAL_FRAME_BYTES_MAX (2 + RETRIEVAL_DELIVERY_BYTES_MAX)

struct retrieval_delivery {
	struct bytes data;  /* a chunk of either kind, unchecked */
	struct bytes error; /* not empty: there is none, and why, as free text of strangers */
};

/* Read messages without their length, write them with it. A request is ERR_VALUE when it asks for
 * no address: that gets an answer. ERR_PROTOCOL: none. */
MUST_CHECK int retrieval_read_request(struct bytes message, uint8_t address[static REFERENCE_BYTES]);
void retrieval_write_request(struct writer *w, const uint8_t address[static REFERENCE_BYTES]);
MUST_CHECK int retrieval_read_delivery(struct bytes message, struct retrieval_delivery *delivery);
void retrieval_write_delivery(struct writer *w, const struct retrieval_delivery *delivery);

#endif
