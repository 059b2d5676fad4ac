/* Handing the machine over: UEFI 2.10 section 7.4 (LoadImage, StartImage) and 13.2 (LoadFile2), and
 * Linux's Documentation/arch/x86/boot.rst: the kernel asks a LoadFile2 on a well-known device path
 * for its initial RAM disk. What was verified is what is started: nothing is read again. */
#include <string.h>

#include "efi/uefi/uefi.h"

#define CMDLINE_MAX 2048 /* characters, and a NUL behind them */
#define HIDDEN_MAX 4     /* initial RAM disks of others; one is usual */

/* UEFI 2.10, section 13.2 */
static const EFI_GUID load_file2_guid = {0x4006c0c1, 0xfcb3, 0x403e, {0x99, 0x6d, 0x4a, 0x6c, 0x87, 0x24, 0xe0, 0x6d}};
static const EFI_GUID device_path_guid = DEVICE_PATH_PROTOCOL;

struct load_file2 {
	EFI_STATUS(EFIAPI *load)
	(struct load_file2 *self, EFI_DEVICE_PATH *path, BOOLEAN boot_policy, UINTN *size, void *buffer);
	const struct platform_boot *boot;
};

/* VenMedia(5568e427-68fc-4f3d-ac74-ca555231cc68), LINUX_EFI_INITRD_MEDIA_GUID */
static const struct initrd_path {
	VENDOR_DEVICE_PATH vendor;
	EFI_DEVICE_PATH end;
} __attribute__((packed))
initrd_path = {{{MEDIA_DEVICE_PATH, MEDIA_VENDOR_DP, {sizeof(VENDOR_DEVICE_PATH), 0}},
		{0x5568e427, 0x68fc, 0x4f3d, {0xac, 0x74, 0xca, 0x55, 0x52, 0x31, 0xcc, 0x68}}},
	       {END_DEVICE_PATH_TYPE, END_ENTIRE_DEVICE_PATH_SUBTYPE, {sizeof(EFI_DEVICE_PATH), 0}}};

/* Where the kernel's bytes came from, as the firmware wants to know: from memory. */
struct memory_path {
	MEMMAP_DEVICE_PATH memory;
	EFI_DEVICE_PATH end;
} __attribute__((packed));

static uint64_t padded(uint64_t n)
{
	return (n + 3) & ~(uint64_t)3;
}

/* The kernel calls twice: first to learn the size. Each initial RAM disk is padded to 4 bytes. */
static EFI_STATUS EFIAPI load_initrd(struct load_file2 *self, EFI_DEVICE_PATH *path, BOOLEAN boot_policy, UINTN *size,
				     void *buffer)
{
	uint64_t needed = 0;
	uint8_t *to = buffer;
	(void)path;
	if (self == NULL || size == NULL)
		return EFI_INVALID_PARAMETER;
	if (boot_policy)
		return EFI_UNSUPPORTED;
	for (size_t i = 0; i < self->boot->initrds_n; i++)
		needed += padded(self->boot->initrds[i].n);
	if (buffer == NULL || *size < needed) {
		*size = needed;
		return EFI_BUFFER_TOO_SMALL;
	}
	for (size_t i = 0; i < self->boot->initrds_n; i++) {
		struct bytes initrd = self->boot->initrds[i];
		memcpy(to, initrd.p, initrd.n);
		memset(to + initrd.n, 0, padded(initrd.n) - initrd.n);
		to += padded(initrd.n);
	}
	*size = needed;
	return EFI_SUCCESS;
}

/* What is offered, and what is hidden meanwhile: a firmware or loader may offer initial RAM disks of
 * its own, which nobody has signed. */
struct offer {
	EFI_HANDLE handle; /* ours; NULL: none */
	struct load_file2 *ours;
	struct {
		EFI_HANDLE handle;
		void *load;
	} hidden[HIDDEN_MAX];
	size_t hidden_n;
};

/* What the kernel would do to find one. Also for a kernel that was signed without one, and for a
 * unified kernel image, which would not use its own. */
static bool hide_others(struct platform *p, struct offer *o)
{
	EFI_GUID load_guid = load_file2_guid;
	for (;;) {
		EFI_DEVICE_PATH *left = (EFI_DEVICE_PATH *)(uintptr_t)&initrd_path;
		EFI_HANDLE handle = NULL;
		void *load = NULL;
		if (p->boot->LocateDevicePath(&load_guid, &left, &handle) != EFI_SUCCESS ||
		    left->Type != END_DEVICE_PATH_TYPE)
			return true;
		if (o->hidden_n == HIDDEN_MAX) {
			p->error = "the firmware offers too many initial RAM disks of its own";
			return false;
		}
		if (!uefi_good(p, p->boot->HandleProtocol(handle, &load_guid, &load)) ||
		    !uefi_good(p, p->boot->UninstallProtocolInterface(handle, &load_guid, load)))
			return false;
		o->hidden[o->hidden_n].handle = handle;
		o->hidden[o->hidden_n++].load = load;
	}
}

static bool offer_initrd(struct platform *p, struct load_file2 *load, struct offer *o)
{
	EFI_GUID load_guid = load_file2_guid, path_guid = device_path_guid;
	void *path = (void *)(uintptr_t)&initrd_path;
	o->ours = load;
	return uefi_good(p, p->boot->InstallProtocolInterface(&o->handle, &path_guid, EFI_NATIVE_INTERFACE, path)) &&
	       uefi_good(p, p->boot->InstallProtocolInterface(&o->handle, &load_guid, EFI_NATIVE_INTERFACE, load));
}

static void withdraw(struct platform *p, struct offer *o)
{
	EFI_GUID load_guid = load_file2_guid, path_guid = device_path_guid;
	if (o->handle != NULL) { /* one of the two may be missing: then there is nothing to take back */
		(void)p->boot->UninstallProtocolInterface(o->handle, &load_guid, o->ours);
		(void)p->boot->UninstallProtocolInterface(o->handle, &path_guid, (void *)(uintptr_t)&initrd_path);
	}
	while (o->hidden_n > 0) { /* what cannot be put back is not there for the next boot entry: no harm */
		o->hidden_n--;
		(void)p->boot->InstallProtocolInterface(&o->hidden[o->hidden_n].handle, &load_guid,
							EFI_NATIVE_INTERFACE, o->hidden[o->hidden_n].load);
	}
}

static bool load_image(struct platform *p, const struct platform_boot *boot, EFI_HANDLE *image)
{
	struct memory_path path = {{{HARDWARE_DEVICE_PATH, HW_MEMMAP_DP, {sizeof(MEMMAP_DEVICE_PATH), 0}},
				    EfiLoaderData,
				    (EFI_PHYSICAL_ADDRESS)boot->kernel.p,
				    (EFI_PHYSICAL_ADDRESS)boot->kernel.p + boot->kernel.n - 1},
				   {END_DEVICE_PATH_TYPE,
				    END_ENTIRE_DEVICE_PATH_SUBTYPE,
				    {sizeof(EFI_DEVICE_PATH), 0}}};
	EFI_STATUS status = p->boot->LoadImage(FALSE, p->image, &path.memory.Header, (void *)(uintptr_t)boot->kernel.p,
					       boot->kernel.n, image);
	if (uefi_good(p, status))
		return true;
	if (status == EFI_SECURITY_VIOLATION && *image != NULL)
		(void)p->boot->UnloadImage(*image); /* loaded, but must not run */
	return false;
}

int platform_start(struct platform *p, const struct platform_boot *boot, bool *started)
{
	EFI_GUID loaded_image = LOADED_IMAGE_PROTOCOL;
	CHAR16 cmdline[CMDLINE_MAX + 1];
	EFI_LOADED_IMAGE *loaded = NULL;
	EFI_HANDLE image = NULL;
	size_t cmdline_n = 0;
	struct load_file2 load = {.load = load_initrd, .boot = boot};
	struct offer offer = {.handle = NULL};
	*started = false;
	if (boot->has_cmdline && !uefi_widen(boot->cmdline, cmdline, CMDLINE_MAX + 1, &cmdline_n)) {
		p->error = "the command line has characters that UEFI cannot hand over";
		return ERR_IO;
	}
	if (!load_image(p, boot, &image))
		return ERR_IO;
	if (!uefi_good(p, p->boot->HandleProtocol(image, &loaded_image, (void **)&loaded)) || !hide_others(p, &offer) ||
	    (boot->initrds_n > 0 && !offer_initrd(p, &load, &offer))) {
		withdraw(p, &offer);
		(void)p->boot->UnloadImage(image);
		return ERR_IO;
	}
	if (boot->has_cmdline) {
		loaded->LoadOptions = cmdline;
		/* its NUL counted, and no program name in front */
		loaded->LoadOptionsSize = (UINT32)((cmdline_n + 1) * sizeof *cmdline);
	}
	EFI_STATUS status = p->boot->StartImage(image, NULL, NULL);
	*started = status != EFI_SECURITY_VIOLATION && status != EFI_INVALID_PARAMETER;
	withdraw(p, &offer);
	return uefi_good(p, status) ? OK : ERR_IO;
}
