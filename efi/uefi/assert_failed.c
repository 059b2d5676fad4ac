/* A failed assert: a mistake of ours, so nothing that follows can be trusted. Says where on the
 * console and gives the machine back to the firmware, which tries its next boot entry. */
#include <efi.h>

#include "efi/uefi/assert_failed.h"

#include <stddef.h>

static EFI_HANDLE our_image;
static EFI_SYSTEM_TABLE *our_system;

void assert_prepare(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	our_image = image;
	our_system = system;
}

static void say(const char *text)
{
	CHAR16 wide[2] = {0};
	for (; *text != 0; text++) {
		wide[0] = (CHAR16)(unsigned char)*text;
		(void)our_system->ConOut->OutputString(our_system->ConOut, wide);
	}
}

static void say_number(unsigned n)
{
	char digits[11] = {0};
	size_t at = sizeof digits - 1;
	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n != 0);
	say(digits + at);
}

void __assert_fail(const char *what, const char *file, unsigned line, const char *function)
{
	say("\r\nswfetch: a mistake in this program, please report it: ");
	say(file);
	say(":");
	say_number(line);
	say(": ");
	say(function);
	say(": ");
	say(what);
	say("\r\n");
	(void)our_system->BootServices->Exit(our_image, EFI_ABORTED, 0, NULL);
	for (;;) /* Exit of a started image does not return */
		__asm__ __volatile__("pause");
}
