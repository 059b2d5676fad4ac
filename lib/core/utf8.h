/* UTF-8, RFC 3629: shortest forms only, no surrogates, nothing above U+10FFFF. */
#ifndef CORE_UTF8_H
#define CORE_UTF8_H

#include "core/bytes.h"

/* Takes one code point off the front. False (and nothing taken) at the end or when invalid. */
bool utf8_take(struct bytes *text, uint32_t *code);
/* Writes one code point; code must be valid. */
void utf8_write(struct writer *w, uint32_t code);
bool utf8_valid(struct bytes text);
/* Valid, and safe to put on a screen: without control characters (U+0000..001F, U+007F..009F),
 * line and paragraph separators (U+2028, U+2029) and the marks that turn the direction of what
 * follows, so that a name shows as something else (U+202A..202E, U+2066..2069). */
bool utf8_printable(struct bytes text);

#endif
