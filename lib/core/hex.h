/* Hexadecimal: lower case out; in, lower case only, because hashes and key ids have one spelling. */
#ifndef CORE_HEX_H
#define CORE_HEX_H

#include "core/bytes.h"

/* Writes 2 * in.n digits to out, no NUL. */
void hex_encode(struct bytes in, char *out);
/* Writes the last n digits (16 at most) of a number, leading zeros kept. */
void hex_write(struct writer *w, uint64_t value, unsigned n);
/* The value of one digit in either case, as percent-encodings have them; -1: it is none. */
int hex_digit(uint8_t c);
/* Fills out[0..n) from exactly 2 * n lower-case digits; ERR_VALUE otherwise, out untouched. */
MUST_CHECK int hex_decode(struct bytes text, uint8_t *out, size_t n);
/* The same from digits of either case, as Swarm's references and owners are written. */
MUST_CHECK int hex_decode_any_case(struct bytes text, uint8_t *out, size_t n);

#endif
