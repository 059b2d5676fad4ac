/* Self tests on the machine itself: the cores against known answers, and signatures checked ten
 * thousand times with interrupts on, which a library built for another machine would not survive. */
#ifndef EFI_SELFTEST_H
#define EFI_SELFTEST_H

#include "crypto/keccak.h"
#include "efi/report.h"

/* Runs all, telling each; hashes are timed with that kind of lanes. OK; ERR_CRYPTO when one fails;
 * ERR_INTERRUPTED when Escape has ended it and nothing was wrong until then. */
MUST_CHECK int selftest_run(const struct report *r, enum keccak_kind kind);

#endif
