/* Unsigned numbers of variable length: seven bits a byte, low ones first, the top bit says that more
 * follow. Two kinds are in use and not the same:
 *
 * - varint_read: the multiformats kind, in multiaddrs, multihashes and before frames. Minimal, and at
 *   most 63 bits in 9 bytes, so that a number has one spelling.
 * - varint_read_loose: the protobuf kind. Up to 64 bits in 10 bytes, zeros at the end allowed, as
 *   its documents want from readers. */
#ifndef CORE_VARINT_H
#define CORE_VARINT_H

#include "core/bytes.h"

#define VARINT_BYTES_MAX 10 /* that varint_write writes */

uint64_t varint_read(struct reader *r);       /* dead: not minimal, beyond 63 bits, or cut */
uint64_t varint_read_loose(struct reader *r); /* dead: beyond 64 bits, or cut */
void varint_write(struct writer *w, uint64_t v);
size_t varint_bytes(uint64_t v); /* how long varint_write makes it */

/* The length before a frame of which only in has arrived. OK: *v and how many bytes it took;
 * ERR_TRUNCATED: more must arrive; ERR_PROTOCOL: varint_read would refuse it. */
MUST_CHECK int varint_begin(struct bytes in, uint64_t *v, size_t *used);

#endif
