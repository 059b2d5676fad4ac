/* The inside of a JSON string: code points behind escapes (RFC 8259 section 7), their order and
 * their one canonical spelling (RFC 8785 section 3.2.2.2).
 *
 * A body is what stands between the quotes, escapes as written. All functions but json_text_take
 * want a body that json_text_take has accepted from end to end. */
#ifndef CORE_JSON_TEXT_H
#define CORE_JSON_TEXT_H

#include "core/bytes.h"
#include "core/err.h"

/* Takes one code point, unescaped, off the front of a body that is not empty. ERR_SYNTAX for a bad
 * escape or a bare control character, ERR_UTF8 for invalid UTF-8 or a lone surrogate; nothing is
 * taken then. A quote is not looked for: it is the caller's end mark. */
MUST_CHECK int json_text_take(struct bytes *body, uint32_t *code);
/* Orders unescaped texts by UTF-16 code units (RFC 8785 section 3.2.3), whose order differs from
 * that of UTF-8 bytes beyond the BMP. Negative, 0 for the same text, positive. */
int json_text_order(struct bytes a, struct bytes b);
/* Whether body unescapes to exactly s. */
bool json_text_is(struct bytes body, const char *s);
/* Writes the unescaped text as UTF-8: at most body.n bytes. */
void json_text_unescape(struct bytes body, struct writer *w);
/* Writes one code point as it stands inside a canonical string. */
void json_text_write(struct writer *w, uint32_t code);
/* Writes the canonical string with its quotes: at most body.n + 2 bytes. */
void json_text_canonical(struct bytes body, struct writer *w);

#endif
