/* What lwIP asks of a compiler and a machine: lwip/arch.h says what each name means. */
#ifndef EFI_UEFI_LWIP_ARCH_CC_H
#define EFI_UEFI_LWIP_ARCH_CC_H

#include <stddef.h>

#define BYTE_ORDER LITTLE_ENDIAN
#define lwip_htons(x) ((u16_t)__builtin_bswap16(x))
#define lwip_htonl(x) ((u32_t)__builtin_bswap32(x))

#define LWIP_NO_UNISTD_H 1
#define LWIP_NO_CTYPE_H 1
#define LWIP_CONST_CAST(type, value) ((type)(uintptr_t)(value))
#define LWIP_CHKSUM_ALGORITHM 3

/* lwip_port.c */
void lwip_assertion(const char *what);
unsigned lwip_random(void);
extern unsigned char *lwip_heap;

#define LWIP_PLATFORM_DIAG(x) /* built without debugging */
#define LWIP_PLATFORM_ASSERT(what) lwip_assertion(what)
#define LWIP_RAND() lwip_random()

#endif
