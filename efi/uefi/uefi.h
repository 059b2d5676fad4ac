/* struct platform of UEFI: what the files of efi/uefi/ share. UEFI 2.10; boot services are there
 * all the time. */
#ifndef EFI_UEFI_UEFI_H
#define EFI_UEFI_UEFI_H

#include <efi.h>

#include "efi/platform.h"

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
	EFI_SERIAL_IO_PROTOCOL *serial; /* for what is printed, beside the console; NULL: none */
	struct uefi_worker workers[PLATFORM_WORKERS_MAX];
	unsigned workers_n;
	bool worker_lost; /* one has not come back: it may use its entry above at any time */
};

/* Begins the clock and switches the watchdog off. False: the firmware does not say where this image
 * came from. */
bool uefi_open(struct platform *p, EFI_HANDLE image, EFI_SYSTEM_TABLE *system);
/* Sets the watchdog as it was. Pages are given back by those who took them. */
void uefi_close(struct platform *p);
/* Notes the status for platform_error and gives whether it is success. */
bool uefi_good(struct platform *p, EFI_STATUS status);
/* UTF-8 in the firmware's characters, with a NUL, which *n does not count. False: it does not fit into
 * room characters, is not UTF-8, or has a character above U+FFFF. */
bool uefi_widen(struct bytes text, CHAR16 *wide, size_t room, size_t *n);
/* The first protocol of that kind; NULL: none. */
void *uefi_protocol(struct platform *p, const EFI_GUID *guid);
/* The processor's time stamp counter. */
uint64_t uefi_ticks(void);

#endif
