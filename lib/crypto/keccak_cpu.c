/* What this processor can run. The operating system (in firmware: whoever set CR4 and XCR0) must
 * save the wide registers too, or an interrupt would lose their upper halves. */
#include "crypto/keccak.h"

#if defined(__x86_64__)
#include <cpuid.h>

#define LEAF1_ECX_OSXSAVE (1U << 27)
#define LEAF7_EBX_AVX2 (1U << 5)
#define LEAF7_EBX_AVX512F (1U << 16)
#define LEAF7_EBX_AVX512VL (1U << 31)
#define XCR0_YMM 0x06U /* XMM, upper halves of YMM */
#define XCR0_ZMM 0xe6U /* and masks, upper halves of ZMM, ZMM16 to 31 */

/* The register states that are saved; 0 without OSXSAVE, where XGETBV is an invalid opcode. */
static uint32_t saved_states(void)
{
	uint32_t a, b, c, d;
	if (!__get_cpuid(1, &a, &b, &c, &d) || (c & LEAF1_ECX_OSXSAVE) == 0)
		return 0;
	uint32_t low, high;
	__asm__ __volatile__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return low;
}

static bool has(uint32_t features, uint32_t states)
{
	uint32_t a, b, c, d;
	return (saved_states() & states) == states && __get_cpuid_count(7, 0, &a, &b, &c, &d) &&
	       (b & features) == features;
}

bool keccak_can(enum keccak_kind kind)
{
	switch (kind) {
	case KECCAK_SCALAR:
	case KECCAK_SSE2: /* every x86-64 has it */
		return true;
	case KECCAK_AVX2:
		return has(LEAF7_EBX_AVX2, XCR0_YMM);
	case KECCAK_AVX512:
		return has(LEAF7_EBX_AVX512F | LEAF7_EBX_AVX512VL, XCR0_ZMM);
	}
	return false;
}
#else
bool keccak_can(enum keccak_kind kind)
{
	return kind == KECCAK_SCALAR;
}
#endif
