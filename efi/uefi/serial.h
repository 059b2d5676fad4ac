/* A serial line where the firmware's console has none: who looks after a rack looks there. */
#ifndef EFI_UEFI_SERIAL_H
#define EFI_UEFI_SERIAL_H

#include <efi.h>

#include "core/bytes.h"

struct platform;

/* The first serial line that the firmware drives; NULL: there is none, or what is printed on the
 * console comes out of a serial line already, or the firmware does not say where it comes out. */
EFI_SERIAL_IO_PROTOCOL *serial_beside_console(struct platform *p);
/* Sends text, lines end in LF. False: the line is stuck, and to be left alone from now on. */
bool serial_print(EFI_SERIAL_IO_PROTOCOL *line, struct bytes text);

#endif
