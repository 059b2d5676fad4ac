/* Self tests on the machine itself: the cores against known answers, and signatures checked ten
 * thousand times with interrupts on, which a library built for another machine would not survive. */
#ifndef EFI_SELFTEST_H
#define EFI_SELFTEST_H

#include "crypto/keccak.h"
#include "efi/report.h"

/* The kind of Keccak lanes that is fastest here, by a short race: in an emulator it is another one
 * than on a real processor. */
enum keccak_kind selftest_fastest(const struct report *r);
/* Runs all, telling each. OK; ERR_CRYPTO when one fails. */
MUST_CHECK int selftest_run(const struct report *r);

#endif
