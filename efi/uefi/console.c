/* The screen, a serial line, and the Escape key. */
#include "core/utf8.h"
#include "efi/uefi/serial.h"
#include "efi/uefi/uefi.h"

#define KEY_EVERY_MS 50 /* asking a keyboard is slow on some machines */
#define SCAN_ESCAPE 0x17
#define ESCAPE 0x1b
#define WAIT_STEP_MS 10
#define PIECE 120 /* characters given out at once */

static void flush(struct platform *p, CHAR16 *wide, size_t *n)
{
	wide[*n] = 0;
	if (p->system->ConOut != NULL) /* a character that it cannot show is no failure */
		(void)p->system->ConOut->OutputString(p->system->ConOut, wide);
	*n = 0;
}

void platform_print(struct platform *p, struct bytes text)
{
	CHAR16 wide[PIECE + 1];
	size_t n = 0;
	if (p->serial != NULL && !serial_print(p->serial, text))
		p->serial = NULL; /* nothing may be slow because of it */
	while (text.n > 0) {
		uint32_t code;
		if (!utf8_take(&text, &code)) {
			code = '?';
			text = bytes_skip(text, 1);
		}
		if (n + 2 > PIECE)
			flush(p, wide, &n);
		if (code == '\n')
			wide[n++] = '\r';
		wide[n++] = code == '\n' || (code >= ' ' && code != 0x7f && code <= 0xffff) ? (CHAR16)code : '?';
	}
	flush(p, wide, &n);
}

bool platform_interrupted(struct platform *p)
{
	EFI_INPUT_KEY key;
	uint64_t now = platform_now_ms(p);
	if (now < p->key_ms + KEY_EVERY_MS || p->system->ConIn == NULL)
		return p->interrupted;
	p->key_ms = now;
	while (p->system->ConIn->ReadKeyStroke(p->system->ConIn, &key) == EFI_SUCCESS)
		p->interrupted |= key.ScanCode == SCAN_ESCAPE || key.UnicodeChar == ESCAPE;
	return p->interrupted;
}

void platform_wait(struct platform *p, uint64_t ms)
{
	uint64_t end = platform_now_ms(p) + ms;
	while (platform_now_ms(p) < end && !platform_interrupted(p))
		(void)p->boot->Stall(WAIT_STEP_MS * 1000); /* cannot fail */
}
