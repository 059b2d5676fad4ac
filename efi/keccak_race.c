#include "efi/keccak_race.h"

#define RACE_MS 2
#define RACE_BYTES 65536

/* Hashes of messages per millisecond. */
static uint64_t rate_of(struct platform *p, enum keccak_kind kind, uint8_t *bytes)
{
	uint64_t n = 0, began = platform_now_ms(p), now;
	while ((now = platform_now_ms(p)) == began)
		; /* from the edge of a millisecond */
	for (began = now; now < began + RACE_MS; now = platform_now_ms(p)) {
		keccak256_many(kind, bytes, 64, 64, bytes, 32, 64);
		n += 64;
	}
	return n / RACE_MS;
}

enum keccak_kind keccak_race(const struct report *r)
{
	enum keccak_kind best = KECCAK_SCALAR;
	uint64_t best_rate = 0;
	uint8_t *bytes;
	if (platform_pages(r->platform, RACE_BYTES, &bytes) != OK) {
		report(r, "Keccak-256: %s, no memory to try faster ones", keccak_kind_name(best));
		return best;
	}
	for (enum keccak_kind kind = KECCAK_SCALAR; kind < KECCAK_KINDS; kind++) {
		uint64_t rate = keccak_can(kind) ? rate_of(r->platform, kind, bytes) : 0;
		if (rate > best_rate) {
			best = kind;
			best_rate = rate;
		}
	}
	platform_give_pages(r->platform, bytes, RACE_BYTES);
	report_detail(r, "Keccak-256: %s, %llu hashes per ms", keccak_kind_name(best), (unsigned long long)best_rate);
	return best;
}
