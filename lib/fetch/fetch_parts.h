/* What the parts of the fetch machine share, and nobody else. */
#ifndef FETCH_FETCH_PARTS_H
#define FETCH_FETCH_PARTS_H

#include "fetch/fetch.h"

/* The offset behind the last byte of a piece. */
uint64_t fetch_piece_end(const struct fetch *f, uint32_t piece);
/* The offset of the next byte that a request will get. */
uint64_t fetch_position(const struct fetch *f, const struct fetch_request *r);
/* Whether the bytes of a piece are the request's to store. */
bool fetch_owns(const struct fetch *f, unsigned request, uint32_t piece);
/* Takes from a request what it has not completed; the driver is to stop it. */
void fetch_abandon(struct fetch *f, unsigned request);
/* Asks a source no more, and abandons what it was asked. */
void fetch_drop(struct fetch *f, unsigned source, enum fetch_fault fault, enum err last);
/* One failure: a pause, and after too many in a row the end. */
void fetch_strike(struct fetch *f, unsigned source, enum err err, uint64_t now_ms);
/* Abandons requests that stand still, and drops sources that are slower than others. */
void fetch_look_for_stalls(struct fetch *f, uint64_t now_ms);
/* A mixed whole was wrong: from now on wholes of one source, and whose turn is first, or next. */
void fetch_begin_solo(struct fetch *f);
/* While wholes are tried one source at a time: the next when the present one is dropped. */
void fetch_move_solo(struct fetch *f);

#endif
