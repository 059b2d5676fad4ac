/* What assert() calls in this program when it fails. */
#ifndef EFI_UEFI_ASSERT_FAILED_H
#define EFI_UEFI_ASSERT_FAILED_H

#include <efi.h>

/* To be called before anything that asserts: whom to tell, and what to leave. */
void assert_prepare(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);
_Noreturn void __assert_fail(const char *what, const char *file, unsigned line, const char *function);

#endif
