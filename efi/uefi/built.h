/* When this program was built; the same for every build of one commit. */
#ifndef EFI_UEFI_BUILT_H
#define EFI_UEFI_BUILT_H

#include <stdint.h>

extern const uint64_t built_s; /* SOURCE_DATE_EPOCH or the commit's time, seconds since 1970; 0: unknown */

#endif
