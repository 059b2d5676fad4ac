/* The way in from the firmware. */
#include "efi/swfetch.h"
#include "efi/uefi/assert_failed.h"
#include "efi/uefi/uefi.h"

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

/* An error makes the firmware try its next boot entry; success would end its loop. */
static EFI_STATUS status_of(int err)
{
	switch (err_class(err)) {
	case ERR_CLASS_NONE:
		return EFI_SUCCESS;
	case ERR_CLASS_VERIFY:
	case ERR_CLASS_POLICY:
		return EFI_SECURITY_VIOLATION;
	case ERR_CLASS_INPUT:
	case ERR_CLASS_USAGE:
		return EFI_INVALID_PARAMETER;
	case ERR_CLASS_IO:
		break;
	}
	return err == ERR_TIMEOUT       ? EFI_TIMEOUT
	       : err == ERR_NO_MEMORY   ? EFI_OUT_OF_RESOURCES
	       : err == ERR_INTERRUPTED ? EFI_ABORTED
					: EFI_NOT_FOUND;
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	struct platform p;
	int err = ERR_IO;
	assert_prepare(image, system);
	if (uefi_open(&p, image, system)) {
		err = swfetch_run(&p);
		uefi_close(&p);
	}
	return status_of(err);
}
