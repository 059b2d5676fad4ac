/* Load options: what the firmware, its boot entry or its shell hands to a program, as text. */
#ifndef EFI_OPTIONS_H
#define EFI_OPTIONS_H

#include "core/bytes.h"
#include "core/err.h"

/* wide: UTF-16 in little-endian order, up to a NUL or the end. *text: the same in UTF-8, in the
 * caller's room, without the program's name that a shell puts in front; tabs and line ends are
 * blanks. ERR_TYPE: it is no text (some firmware puts data of its own there); ERR_LIMIT: there is
 * no room for all of it. */
MUST_CHECK int options_read(struct bytes wide, uint8_t *room, size_t room_n, struct bytes *text);

#endif
