/* What lies on the machine: clock, variables, randomness, files beside the program, load options. */
#include <string.h>

#include "core/utf8.h"
#include "crypto/sha256.h"
#include "efi/uefi/built.h"
#include "efi/uefi/uefi.h"

#define NAME_MAX 320 /* of a variable or a path */
#define RNG_TRIES 10
#define JITTER_SAMPLES 256

/* 5357f37c-0e5b-4a44-9f5e-6b1d0c3a7e21: the variables of this program. */
static const EFI_GUID our_guid = {0x5357f37c, 0x0e5b, 0x4a44, {0x9f, 0x5e, 0x6b, 0x1d, 0x0c, 0x3a, 0x7e, 0x21}};
/* UEFI 2.10, section 37.5 */
static const EFI_GUID rng_guid = {0x3152bca5, 0xeade, 0x433d, {0x86, 0x2e, 0xc0, 0x1c, 0xdc, 0x29, 0x1f, 0x44}};

struct rng {
	EFI_STATUS(EFIAPI *get_info)(struct rng *rng, UINTN *size, EFI_GUID *algorithms);
	EFI_STATUS(EFIAPI *get_rng)(struct rng *rng, EFI_GUID *algorithm, UINTN size, UINT8 *value);
};

static bool widen(const char *text, CHAR16 wide[static NAME_MAX])
{
	size_t n;
	return uefi_widen(bytes_text(text), wide, NAME_MAX, &n);
}

static void two_digits(char *at, unsigned value)
{
	at[0] = (char)('0' + value / 10 % 10);
	at[1] = (char)('0' + value % 10);
}

bool platform_rtc(struct platform *p, struct wall *now)
{
	EFI_TIME t;
	char text[] = "0000-00-00T00:00:00Z";
	if (!uefi_good(p, p->system->RuntimeServices->GetTime(&t, NULL)) || t.Year > 9999)
		return false;
	two_digits(text, t.Year / 100U);
	two_digits(text + 2, t.Year % 100U);
	two_digits(text + 5, t.Month);
	two_digits(text + 8, t.Day);
	two_digits(text + 11, t.Hour);
	two_digits(text + 14, t.Minute);
	two_digits(text + 17, t.Second);
	if (wall_read(bytes_of(text, sizeof text - 1), now) != OK)
		return false;
	/* local time = UTC - TimeZone, in minutes; firmware that does not say runs on UTC */
	if (t.TimeZone >= -1440 && t.TimeZone <= 1440)
		now->s += (int64_t)t.TimeZone * 60;
	return true;
}

struct wall platform_built(const struct platform *p)
{
	(void)p; /* the same on every machine */
	return (struct wall){(int64_t)built_s};
}

/* No generator: what differs from boot to boot, stirred. */
static void stir(struct platform *p, uint8_t *out, size_t n)
{
	uint8_t block[SHA256_BYTES];
	struct sha256 h;
	UINT64 count = 0;
	EFI_TIME t;
	for (size_t done = 0; done < n;) {
		size_t part = n - done < sizeof block ? n - done : sizeof block;
		sha256_init(&h);
		for (unsigned i = 0; i < JITTER_SAMPLES; i++) {
			uint64_t ticks = uefi_ticks();
			sha256_add(&h, bytes_of(&ticks, sizeof ticks));
			if (i % 64 == 0)
				(void)p->boot->Stall(1); /* its length is what varies */
		}
		if (p->boot->GetNextMonotonicCount(&count) == EFI_SUCCESS)
			sha256_add(&h, bytes_of(&count, sizeof count));
		if (p->system->RuntimeServices->GetTime(&t, NULL) == EFI_SUCCESS)
			sha256_add(&h, bytes_of(&t, sizeof t));
		sha256_end(&h, block);
		memcpy(out + done, block, part);
		done += part;
	}
}

bool platform_random(struct platform *p, uint8_t *out, size_t n)
{
	struct rng *rng = uefi_protocol(p, &rng_guid);
	for (unsigned i = 0; rng != NULL && i < RNG_TRIES; i++) {
		EFI_STATUS status = rng->get_rng(rng, NULL, n, out);
		if (uefi_good(p, status))
			return true;
		if (status != EFI_NOT_READY)
			break;
		(void)p->boot->Stall(1000);
	}
	stir(p, out, n);
	return false;
}

int platform_variable(struct platform *p, const char *name, uint8_t *value, size_t max, size_t *n)
{
	CHAR16 wide[NAME_MAX];
	EFI_GUID guid = our_guid;
	UINTN size = max;
	UINT32 attributes = 0;
	if (!widen(name, wide))
		return ERR_LIMIT;
	EFI_STATUS status = p->system->RuntimeServices->GetVariable(wide, &guid, &attributes, &size, value);
	if (status == EFI_NOT_FOUND)
		return ERR_NOT_FOUND;
	if (!uefi_good(p, status))
		return status == EFI_BUFFER_TOO_SMALL ? ERR_LIMIT : ERR_IO;
	*n = size;
	return OK;
}

int platform_set_variable(struct platform *p, const char *name, struct bytes value)
{
	CHAR16 wide[NAME_MAX];
	EFI_GUID guid = our_guid;
	if (!widen(name, wide))
		return ERR_LIMIT;
	EFI_STATUS status =
		p->system->RuntimeServices->SetVariable(wide, &guid,
							EFI_VARIABLE_NON_VOLATILE | EFI_VARIABLE_BOOTSERVICE_ACCESS,
							value.n, (void *)(uintptr_t)value.p);
	return uefi_good(p, status) ? OK : ERR_IO;
}

/* The size of an open file. */
static bool size_of(struct platform *p, EFI_FILE_HANDLE file, uint64_t *size)
{
	return uefi_good(p, file->SetPosition(file, UINT64_MAX)) && /* the end, UEFI 2.10 section 13.5 */
	       uefi_good(p, file->GetPosition(file, size)) && uefi_good(p, file->SetPosition(file, 0));
}

static int read_file(struct platform *p, EFI_FILE_HANDLE file, size_t max, struct bytes *text)
{
	uint64_t size = 0, got = 0;
	uint8_t *pages;
	if (!size_of(p, file, &size))
		return ERR_IO;
	if (size > max)
		return ERR_LIMIT;
	if (size == 0) {
		*text = BYTES_NONE;
		return OK;
	}
	int err = platform_pages(p, size, &pages);
	while (err == OK && got < size) {
		UINTN n = (UINTN)(size - got);
		if (!uefi_good(p, file->Read(file, &n, pages + got)) || n == 0)
			err = ERR_IO;
		else
			got += n;
	}
	if (err == OK)
		*text = bytes_of(pages, (size_t)size);
	else if (err != ERR_NO_MEMORY)
		platform_give_pages(p, pages, size);
	return err;
}

void platform_give_file(struct platform *p, struct bytes text)
{
	if (text.n > 0)
		platform_give_pages(p, (uint8_t *)(uintptr_t)text.p, text.n);
}

int platform_file(struct platform *p, const char *path, size_t max, struct bytes *text)
{
	EFI_GUID guid = SIMPLE_FILE_SYSTEM_PROTOCOL;
	EFI_FILE_IO_INTERFACE *volume = NULL;
	EFI_FILE_HANDLE root = NULL, file = NULL;
	CHAR16 wide[NAME_MAX];
	if (!widen(path, wide))
		return ERR_NOT_FOUND;
	if (!uefi_good(p, p->boot->HandleProtocol(p->loaded->DeviceHandle, &guid, (void **)&volume)) ||
	    !uefi_good(p, volume->OpenVolume(volume, &root)))
		return ERR_IO;
	EFI_STATUS status = root->Open(root, &file, wide, EFI_FILE_MODE_READ, 0);
	int err = status == EFI_NOT_FOUND ? ERR_NOT_FOUND : ERR_IO;
	if (uefi_good(p, status)) {
		err = read_file(p, file, max, text);
		(void)file->Close(file); /* only read from */
	}
	(void)root->Close(root);
	return err;
}

struct bytes platform_options(struct platform *p)
{
	return bytes_of(p->loaded->LoadOptions, p->loaded->LoadOptions == NULL ? 0 : p->loaded->LoadOptionsSize);
}
