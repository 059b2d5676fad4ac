/* Time, memory, and what the firmware's words mean. */
#include "efi/uefi/uefi.h"

#include <string.h>

#include "core/utf8.h"
#include "efi/uefi/serial.h"

#define CALIBRATE_MS 20
#define FOUR_GIB 0xffffffffULL
#define MAP_SPARE 16 /* descriptors that may be added while the map is asked for */

uint64_t uefi_ticks(void)
{
	uint32_t low, high;
	__asm__ __volatile__("lfence\n\trdtsc" : "=a"(low), "=d"(high)::"memory");
	return (uint64_t)high << 32 | low;
}

static const char *status_name(EFI_STATUS status)
{
	static const struct {
		EFI_STATUS status;
		const char *name;
	} names[] = {
		{EFI_LOAD_ERROR, "EFI_LOAD_ERROR"},
		{EFI_INVALID_PARAMETER, "EFI_INVALID_PARAMETER"},
		{EFI_UNSUPPORTED, "EFI_UNSUPPORTED"},
		{EFI_BAD_BUFFER_SIZE, "EFI_BAD_BUFFER_SIZE"},
		{EFI_BUFFER_TOO_SMALL, "EFI_BUFFER_TOO_SMALL"},
		{EFI_NOT_READY, "EFI_NOT_READY"},
		{EFI_DEVICE_ERROR, "EFI_DEVICE_ERROR"},
		{EFI_WRITE_PROTECTED, "EFI_WRITE_PROTECTED"},
		{EFI_OUT_OF_RESOURCES, "EFI_OUT_OF_RESOURCES"},
		{EFI_VOLUME_CORRUPTED, "EFI_VOLUME_CORRUPTED"},
		{EFI_NO_MEDIA, "EFI_NO_MEDIA"},
		{EFI_NOT_FOUND, "EFI_NOT_FOUND"},
		{EFI_ACCESS_DENIED, "EFI_ACCESS_DENIED"},
		{EFI_TIMEOUT, "EFI_TIMEOUT"},
		{EFI_ALREADY_STARTED, "EFI_ALREADY_STARTED"},
		{EFI_ABORTED, "EFI_ABORTED"},
		{EFI_SECURITY_VIOLATION, "EFI_SECURITY_VIOLATION"},
	};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (names[i].status == status)
			return names[i].name;
	return "an EFI error of its own kind";
}

bool uefi_good(struct platform *p, EFI_STATUS status)
{
	if (EFI_ERROR(status))
		p->error = status_name(status);
	return !EFI_ERROR(status);
}

bool uefi_widen(struct bytes text, CHAR16 *wide, size_t room, size_t *n)
{
	for (*n = 0; text.n > 0 && *n + 1 < room; (*n)++) {
		uint32_t code;
		if (!utf8_take(&text, &code) || code > 0xffff)
			return false;
		wide[*n] = (CHAR16)code;
	}
	wide[*n] = 0;
	return text.n == 0;
}

void *uefi_protocol(struct platform *p, const EFI_GUID *guid)
{
	void *interface = NULL;
	EFI_GUID wanted = *guid; /* the interface takes no const */
	return uefi_good(p, p->boot->LocateProtocol(&wanted, NULL, &interface)) ? interface : NULL;
}

bool uefi_open(struct platform *p, EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	EFI_GUID loaded_image = LOADED_IMAGE_PROTOCOL;
	memset(p, 0, sizeof *p);
	p->image = image;
	p->system = system;
	p->boot = system->BootServices;
	p->error = "";
	uint64_t before = uefi_ticks();
	(void)p->boot->Stall(CALIBRATE_MS * 1000); /* cannot fail */
	p->ticks_began = uefi_ticks();
	p->ticks_per_ms = (p->ticks_began - before) / CALIBRATE_MS + 1;
	(void)p->boot->SetWatchdogTimer(0, 0, 0, NULL); /* a download may take long; without one, nothing is lost */
	p->serial = serial_beside_console(p);
	return uefi_good(p, p->boot->HandleProtocol(image, &loaded_image, (void **)&p->loaded));
}

void uefi_close(struct platform *p)
{
	(void)p->boot->SetWatchdogTimer(300, 0, 0, NULL); /* as the firmware had it: five minutes */
}

uint64_t platform_now_ms(struct platform *p)
{
	return (uefi_ticks() - p->ticks_began) / p->ticks_per_ms;
}

const char *platform_error(const struct platform *p)
{
	return p->error;
}

static UINTN pages_of(uint64_t bytes)
{
	return (UINTN)((bytes + EFI_PAGE_SIZE - 1) / EFI_PAGE_SIZE);
}

int platform_pages(struct platform *p, uint64_t bytes, uint8_t **out)
{
	EFI_PHYSICAL_ADDRESS at = FOUR_GIB;
	if (bytes == 0 || bytes > UINT64_MAX - EFI_PAGE_SIZE)
		return ERR_NO_MEMORY;
	if (!uefi_good(p, p->boot->AllocatePages(AllocateMaxAddress, EfiLoaderData, pages_of(bytes), &at)) &&
	    !uefi_good(p, p->boot->AllocatePages(AllocateAnyPages, EfiLoaderData, pages_of(bytes), &at)))
		return ERR_NO_MEMORY;
	*out = (uint8_t *)at;
	return OK;
}

void platform_give_pages(struct platform *p, uint8_t *pages, uint64_t bytes)
{
	(void)p->boot->FreePages((EFI_PHYSICAL_ADDRESS)pages, pages_of(bytes)); /* of what it gave: cannot fail */
}

static uint64_t sum_map(const uint8_t *map, UINTN size, UINTN step)
{
	uint64_t pages = 0;
	for (UINTN at = 0; at + step <= size; at += step) {
		const EFI_MEMORY_DESCRIPTOR *d = (const EFI_MEMORY_DESCRIPTOR *)(const void *)(map + at);
		if (d->Type == EfiConventionalMemory)
			pages += d->NumberOfPages;
	}
	return pages * EFI_PAGE_SIZE;
}

uint64_t platform_free_bytes(struct platform *p)
{
	UINTN size = 0, key, step = 0;
	UINT32 version;
	uint64_t found = 0;
	void *map = NULL;
	(void)p->boot->GetMemoryMap(&size, NULL, &key, &step, &version); /* says how much it needs */
	size += MAP_SPARE * step;
	if (EFI_ERROR(p->boot->AllocatePool(EfiLoaderData, size, &map)))
		return 0;
	if (!EFI_ERROR(p->boot->GetMemoryMap(&size, map, &key, &step, &version)))
		found = sum_map(map, size, step);
	(void)p->boot->FreePool(map); /* of what it gave: cannot fail */
	return found;
}
