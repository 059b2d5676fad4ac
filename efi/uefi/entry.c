/* The way in from the firmware: says hello and checks that the cores give right answers here. */
#include <efi.h>

#include "core/err.h"
#include "crypto/ed25519.h"
#include "crypto/keccak.h"
#include "crypto/sha256.h"
#include "efi/uefi/assert_failed.h"
#include "efi/uefi/built.h"

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

static void say(EFI_SYSTEM_TABLE *system, const char *text)
{
	CHAR16 wide[120];
	size_t n = 0;
	for (; *text != 0 && n + 3 < sizeof wide / sizeof *wide; text++) {
		if (*text == '\n')
			wide[n++] = '\r';
		wide[n++] = (CHAR16)*text;
	}
	wide[n] = 0;
	(void)system->ConOut->OutputString(system->ConOut, wide);
}

/* FIPS 180-4, "abc"; the empty message of Ethereum; RFC 8032, section 7.1, TEST 3. */
static const char sha256_abc[] = "\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23"
				 "\xb0\x03\x61\xa3\x96\x17\x7a\x9c\xb4\x10\xff\x61\xf2\x00\x15\xad";
static const char keccak256_empty[] = "\xc5\xd2\x46\x01\x86\xf7\x23\x3c\x92\x7e\x7d\xb2\xdc\xc7\x03\xc0"
				      "\xe5\x00\xb6\x53\xca\x82\x27\x3b\x7b\xfa\xd8\x04\x5d\x85\xa4\x70";
static const char ed25519_key[] = "\xfc\x51\xcd\x8e\x62\x18\xa1\xa3\x8d\xa4\x7e\xd0\x02\x30\xf0\x58"
				  "\x08\x16\xed\x13\xba\x33\x03\xac\x5d\xeb\x91\x15\x48\x90\x80\x25";
static const char ed25519_signature[] = "\x62\x91\xd6\x57\xde\xec\x24\x02\x48\x27\xe6\x9c\x3a\xbe\x01\xa3"
					"\x0c\xe5\x48\xa2\x84\x74\x3a\x44\x5e\x36\x80\xd7\xdb\x5a\xc3\xac"
					"\x18\xff\x9b\x53\x8d\x16\xf2\x90\xae\x67\xf7\x60\x98\x4d\xc6\x59"
					"\x4a\x7c\x15\xe9\x71\x6e\xd2\x8d\xc0\x27\xbe\xce\xea\x1e\xc4\x0a";

static bool answers_are_right(void)
{
	uint8_t hash[32];
	sha256_of(BYTES_LITERAL("abc"), hash);
	if (!bytes_equal(bytes_of(hash, 32), bytes_of(sha256_abc, 32)))
		return false;
	keccak256_of(BYTES_NONE, hash);
	if (!bytes_equal(bytes_of(hash, 32), bytes_of(keccak256_empty, 32)))
		return false;
	return ed25519_verify((const uint8_t *)ed25519_key, BYTES_LITERAL("\xaf\x82"),
			      (const uint8_t *)ed25519_signature) == OK;
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	assert_prepare(image, system);
	say(system, "swfetch ");
	say(system, built_version);
	const bool right = answers_are_right();
	say(system, right ? ": sha256, keccak256 and ed25519 give the right answers\n" : ": a wrong answer\n");
	return right ? EFI_NOT_FOUND : EFI_DEVICE_ERROR;
}
