/* A firmware or loader that offers initial RAM disks of its own, two of them, and starts \swfetch.efi,
 * for tests/efi/initrd.bats. Says when somebody asks for one, and whether both are back in the end. */
#include "efi/uefi/assert_failed.h"
#include "efi/uefi/uefi.h"

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

#define FOREIGN_N 2

static EFI_GUID load_guid = {0x4006c0c1, 0xfcb3, 0x403e, {0x99, 0x6d, 0x4a, 0x6c, 0x87, 0x24, 0xe0, 0x6d}};
static EFI_GUID path_guid = DEVICE_PATH_PROTOCOL;

static struct {
	VENDOR_DEVICE_PATH vendor;
	EFI_DEVICE_PATH end;
} __attribute__((packed))
initrd_path = {{{MEDIA_DEVICE_PATH, MEDIA_VENDOR_DP, {sizeof(VENDOR_DEVICE_PATH), 0}},
		{0x5568e427, 0x68fc, 0x4f3d, {0xac, 0x74, 0xca, 0x55, 0x52, 0x31, 0xcc, 0x68}}},
	       {END_DEVICE_PATH_TYPE, END_ENTIRE_DEVICE_PATH_SUBTYPE, {sizeof(EFI_DEVICE_PATH), 0}}};

static struct platform p;

static void say(const char *text)
{
	platform_print(&p, bytes_text(text));
}

struct load_file2 {
	EFI_STATUS(EFIAPI *load)
	(struct load_file2 *self, EFI_DEVICE_PATH *path, BOOLEAN boot_policy, UINTN *size, void *buffer);
};

static EFI_STATUS EFIAPI load(struct load_file2 *self, EFI_DEVICE_PATH *path, BOOLEAN boot_policy, UINTN *size,
			      void *buffer)
{
	(void)self, (void)path, (void)boot_policy, (void)size, (void)buffer;
	say("a foreign initrd was asked for\n");
	return EFI_NOT_FOUND;
}

static bool start(void)
{
	struct bytes file;
	EFI_GUID loaded_guid = LOADED_IMAGE_PROTOCOL;
	EFI_LOADED_IMAGE *loaded = NULL;
	EFI_HANDLE image = NULL;
	if (platform_file(&p, "\\swfetch.efi", 4U << 20, &file) != OK ||
	    EFI_ERROR(p.boot->LoadImage(FALSE, p.image, NULL, (void *)(uintptr_t)file.p, file.n, &image)) ||
	    EFI_ERROR(p.boot->HandleProtocol(image, &loaded_guid, (void **)&loaded)))
		return false;
	loaded->DeviceHandle = p.loaded->DeviceHandle;
	(void)p.boot->StartImage(image, NULL, NULL); /* what it has to say is on the screen */
	return true;
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	static struct load_file2 foreign[FOREIGN_N];
	EFI_HANDLE handles[FOREIGN_N] = {NULL};
	bool good = true;
	assert_prepare(image, system);
	if (!uefi_open(&p, image, system))
		return EFI_NOT_FOUND;
	for (size_t i = 0; i < FOREIGN_N; i++) {
		foreign[i].load = load;
		good &= !EFI_ERROR(p.boot->InstallProtocolInterface(&handles[i], &path_guid, EFI_NATIVE_INTERFACE,
								    &initrd_path)) &&
			!EFI_ERROR(p.boot->InstallProtocolInterface(&handles[i], &load_guid, EFI_NATIVE_INTERFACE,
								    &foreign[i]));
	}
	say(good && start() ? "swfetch is back\n" : "not started\n");
	for (size_t i = 0; i < FOREIGN_N; i++) {
		void *now = NULL;
		good &= !EFI_ERROR(p.boot->HandleProtocol(handles[i], &load_guid, &now)) && now == &foreign[i];
		(void)p.boot->UninstallProtocolInterface(handles[i], &load_guid, &foreign[i]);
		(void)p.boot->UninstallProtocolInterface(handles[i], &path_guid, &initrd_path);
	}
	say(good ? "foreign initrds: as before\n" : "foreign initrds: something is missing\n");
	uefi_close(&p);
	return EFI_NOT_FOUND;
}
