/* Bytes as text in the bases that peers and contents are named in: base58btc, base36, base32. */
#ifndef CORE_MULTIBASE_H
#define CORE_MULTIBASE_H

#include "core/bytes.h"

#define MULTIBASE_BYTES_MAX 64 /* the largest thing named so; base 58 and 36 take time n * n */
#define MULTIBASE_TEXT_MAX 104 /* that these are in base 32 */

enum multibase {
	MULTIBASE_58, /* Bitcoin's alphabet */
	MULTIBASE_36, /* lower case */
	MULTIBASE_32, /* RFC 4648, lower case, no padding */
};

/* Writes the text of in, MULTIBASE_BYTES_MAX at most. No prefix that says which base. */
void multibase_write(struct writer *w, enum multibase base, struct bytes in);
/* Writes the bytes that text has. ERR_VALUE: another character, padding, bits left over that are not
 * zero, or more than MULTIBASE_BYTES_MAX; ERR_NO_SPACE. What was written is then to be ignored. */
MUST_CHECK int multibase_read(struct writer *w, enum multibase base, struct bytes text);

#endif
