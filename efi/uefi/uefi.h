/* struct platform of UEFI: what the files of efi/uefi/ share. UEFI 2.10; boot services are there
 * all the time. */
#ifndef EFI_UEFI_UEFI_H
#define EFI_UEFI_UEFI_H

#include <efi.h>

#include "efi/platform.h"

#define UEFI_FILES_MAX 4 /* that may be read in one run */

struct uefi_file {
	uint8_t *pages;
	uint64_t bytes;
};

#define UEFI_WORKERS_MAX 7

/* A processor that is lent. */
struct uefi_worker {
	UINTN processor;
	EFI_EVENT done;
	void (*run)(void *context);
	void *context;
};

struct platform {
	EFI_HANDLE image;
	EFI_SYSTEM_TABLE *system;
	EFI_BOOT_SERVICES *boot;
	EFI_LOADED_IMAGE *loaded; /* this program */
	uint64_t ticks_began, ticks_per_ms;
	uint64_t key_ms;  /* when the keyboard was looked at */
	bool interrupted; /* Escape was pressed */
	const char *error;
	struct uefi_file files[UEFI_FILES_MAX];
	size_t files_n;
	uint8_t options[4096];
	size_t options_n;
	struct uefi_worker workers[UEFI_WORKERS_MAX];
	unsigned workers_n;
};

/* Takes what the firmware gave; false: it is too old for us. */
bool uefi_open(struct platform *p, EFI_HANDLE image, EFI_SYSTEM_TABLE *system);
/* Gives everything back. */
void uefi_close(struct platform *p);
/* Notes the status for platform_error and gives whether it is success. */
bool uefi_good(struct platform *p, EFI_STATUS status);
/* The first protocol of that kind; NULL: none. */
void *uefi_protocol(struct platform *p, const EFI_GUID *guid);
/* The processor's time stamp counter. */
uint64_t uefi_ticks(void);

#endif
