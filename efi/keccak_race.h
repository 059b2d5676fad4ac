/* Which kind of Keccak lanes is fastest here, by a short race: in an emulator it is another one than
 * on a real processor. */
#ifndef EFI_KECCAK_RACE_H
#define EFI_KECCAK_RACE_H

#include "crypto/keccak.h"
#include "efi/report.h"

/* A few milliseconds for each kind. The scalar one where there is no memory to race in. */
enum keccak_kind keccak_race(const struct report *r);

#endif
