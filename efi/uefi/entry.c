/* The way in from the firmware. Until the fetching is there: says which version it is and whether
 * the cores give right answers on this machine. */
#include "crypto/self_test.h"
#include "efi/uefi/assert_failed.h"
#include "efi/uefi/built.h"
#include "efi/uefi/uefi.h"

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

static void say(struct platform *p, const char *text)
{
	platform_print(p, bytes_text(text));
}

static bool answers_are_right(struct platform *p)
{
	bool right = true;
	size_t n;
	const struct self_test *tests = self_tests(&n);
	for (size_t i = 0; i < n; i++) {
		const bool good = tests[i].run();
		say(p, "swfetch: ");
		say(p, tests[i].name);
		say(p, good ? ": right answers\n" : ": A WRONG ANSWER\n");
		right = right && good;
	}
	return right;
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	static struct platform platform; /* not on the stack, of which firmware gives little */
	struct platform *p = &platform;
	assert_prepare(image, system);
	if (!uefi_open(p, image, system))
		return EFI_INCOMPATIBLE_VERSION;
	say(p, "swfetch ");
	say(p, built_version);
	say(p, "\n");
	const bool right = answers_are_right(p);
	say(p, right ? "swfetch: all answers are right\n" : "swfetch: this machine or this program is broken\n");
	uefi_close(p);
	/* An error, so that the firmware tries its next boot entry. */
	return right ? EFI_NOT_FOUND : EFI_DEVICE_ERROR;
}
