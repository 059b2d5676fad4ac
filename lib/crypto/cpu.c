#include "crypto/cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <stdint.h>

#define LEAF1_ECX_OSXSAVE (1U << 27)
#define LEAF7_EBX_AVX2 (1U << 5)
#define LEAF7_EBX_AVX512F (1U << 16)
#define LEAF7_EBX_AVX512BW (1U << 30)
#define LEAF7_EBX_AVX512VL (1U << 31)
#define LEAF7_ECX_GFNI (1U << 8)
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

static bool has(uint32_t leaf7_ebx, uint32_t leaf7_ecx, uint32_t states)
{
	uint32_t a, b, c, d;
	return (saved_states() & states) == states && __get_cpuid_count(7, 0, &a, &b, &c, &d) &&
	       (b & leaf7_ebx) == leaf7_ebx && (c & leaf7_ecx) == leaf7_ecx;
}

bool cpu_has_avx2(void)
{
	return has(LEAF7_EBX_AVX2, 0, XCR0_YMM);
}

bool cpu_has_avx512(void)
{
	return has(LEAF7_EBX_AVX512F | LEAF7_EBX_AVX512VL, 0, XCR0_ZMM);
}

bool cpu_has_gfni(void)
{
	return has(LEAF7_EBX_AVX512F | LEAF7_EBX_AVX512BW, LEAF7_ECX_GFNI, XCR0_ZMM);
}
#else
bool cpu_has_avx2(void)
{
	return false;
}

bool cpu_has_avx512(void)
{
	return false;
}

bool cpu_has_gfni(void)
{
	return false;
}
#endif
