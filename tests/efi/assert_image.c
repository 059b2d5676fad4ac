/* A program whose assert fails, for tests/efi/boot.bats. */
#include <assert.h>

#include "efi/uefi/assert_failed.h"
#include "efi/uefi/uefi.h"

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	assert_prepare(image, system);
	struct platform *volatile none = NULL;
	assert(none != NULL);
	return EFI_SUCCESS;
}
