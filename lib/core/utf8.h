/* UTF-8, RFC 3629: shortest forms only, no surrogates, nothing above U+10FFFF. */
#ifndef CORE_UTF8_H
#define CORE_UTF8_H

#include "core/bytes.h"

/* Takes one code point off the front. False (and nothing taken) at the end or when invalid. */
bool utf8_take(struct bytes *text, uint32_t *code);
/* Writes one code point; code must be valid. */
void utf8_write(struct writer *w, uint32_t code);
bool utf8_valid(struct bytes text);
/* Whether a code point is safe to put on a screen: no control character (U+0000..001F, U+007F..009F),
 * no line or paragraph separator (U+2028, U+2029), no mark that turns the direction of what follows,
 * so that a name shows as something else (U+061C, U+200E, U+200F, U+202A..202E, U+2066..2069), and
 * nothing that has no width, so that two names look the same (U+00AD, U+180E, U+200B..200D,
 * U+2060..2065, U+206A..206F, U+FEFF, U+FFF9..FFFB, U+E0000..E007F). */
bool utf8_code_printable(uint32_t code);
/* Valid, and each of its code points is safe to put on a screen. */
bool utf8_printable(struct bytes text);

#endif
