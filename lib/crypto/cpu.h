/* What this processor can run, for those who choose among vector kinds. Asks the processor each
 * time, which under a hypervisor takes microseconds: ask once and keep the answer.
 *
 * The operating system (in firmware: whoever set CR4 and XCR0) must save the wide registers too,
 * or an interrupt would lose their upper halves: without that the answer is no. */
#ifndef CRYPTO_CPU_H
#define CRYPTO_CPU_H

#include <stdbool.h>

bool cpu_has_avx2(void);
bool cpu_has_avx512(void); /* F and VL */
bool cpu_has_gfni(void);   /* on registers of 512 bits, with AVX-512 F and BW */

#endif
