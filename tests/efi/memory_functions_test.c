/* The firmware's memcpy and its like, its own machine code, against loops of bytes: every length to
 * beyond two rounds of the vector loops, every misalignment, every overlap, and no byte outside. */
#include "../unit/test.h"

void *firmware_memcpy(void *restrict to, const void *restrict from, size_t n);
void *firmware_memmove(void *to, const void *from, size_t n);
void *firmware_memset(void *to, int value, size_t n);
int firmware_memcmp(const void *one, const void *other, size_t n);
void *firmware_memchr(const void *in, int value, size_t n);

#define LENGTHS 212 /* three rounds of 64, and the longest rest */
#define ROOM 512

static void fill(uint8_t *p, unsigned seed)
{
	for (size_t i = 0; i < ROOM; i++)
		p[i] = (uint8_t)(seed + i * 7 + i / 256);
}

/* to[at + i] = from[i], as from was at the beginning. */
static void expect(uint8_t *to, size_t at, const uint8_t *from, size_t n)
{
	uint8_t copy[ROOM];
	for (size_t i = 0; i < n; i++)
		copy[i] = from[i];
	for (size_t i = 0; i < n; i++)
		to[at + i] = copy[i];
}

TEST(memcpy_copies_that_and_no_more)
{
	static uint8_t from[ROOM], to[ROOM], want[ROOM];
	unsigned bad = 0;
	for (size_t n = 0; n < LENGTHS; n++) {
		for (size_t a = 0; a < 17; a++) {
			for (size_t b = 0; b < 17; b++) {
				fill(from, 1), fill(to, 90), fill(want, 90);
				bad += firmware_memcpy(to + a, from + b, n) != to + a;
				expect(want, a, from + b, n);
				bad += memcmp(to, want, ROOM) != 0;
			}
		}
	}
	CHECK(bad == 0);
}

TEST(memmove_over_itself_in_both_directions)
{
	static uint8_t both[ROOM], want[ROOM];
	unsigned bad = 0;
	for (size_t n = 0; n < LENGTHS; n++) {
		for (size_t distance = 0; distance < 140; distance++) {
			fill(both, 3), fill(want, 3);
			bad += firmware_memmove(both + 5 + distance, both + 5, n) != both + 5 + distance;
			expect(want, 5 + distance, want + 5, n);
			bad += memcmp(both, want, ROOM) != 0;
			fill(both, 3), fill(want, 3);
			bad += firmware_memmove(both + 5, both + 5 + distance, n) != both + 5;
			expect(want, 5, want + 5 + distance, n);
			bad += memcmp(both, want, ROOM) != 0;
		}
	}
	CHECK(bad == 0);
}

TEST(memset_fills_that_and_no_more)
{
	static uint8_t to[ROOM], want[ROOM];
	unsigned bad = 0;
	for (size_t n = 0; n < LENGTHS; n++) {
		for (size_t a = 0; a < 17; a++) {
			fill(to, 11), fill(want, 11);
			bad += firmware_memset(to + a, 0x1a5, n) != to + a; /* one byte of it counts */
			for (size_t i = 0; i < n; i++)
				want[a + i] = 0xa5;
			bad += memcmp(to, want, ROOM) != 0;
		}
	}
	CHECK(bad == 0);
}

TEST(memcmp_judges_by_the_first_difference)
{
	static uint8_t a[ROOM], b[ROOM + 3];
	unsigned bad = 0;
	for (size_t n = 0; n < LENGTHS; n++) {
		fill(a, 4), fill(b + 3, 4);
		b[3 + n] ^= 1; /* behind the end */
		bad += firmware_memcmp(a, b + 3, n) != 0;
		for (size_t i = 0; i < n; i++) {
			/* what comes after it says the opposite */
			a[i] = 0x80, b[3 + i] = 0x7f;
			if (i + 1 < n)
				a[i + 1] = 0, b[3 + i + 1] = 0xff;
			bad += firmware_memcmp(a, b + 3, n) <= 0;
			bad += firmware_memcmp(b + 3, a, n) >= 0;
			fill(a, 4), fill(b + 3, 4);
		}
	}
	CHECK(bad == 0);
}

TEST(memchr_finds_the_first_one_inside)
{
	static uint8_t in[ROOM];
	unsigned bad = 0;
	for (size_t n = 0; n < LENGTHS; n++) {
		firmware_memset(in, 1, ROOM);
		in[n] = 0xfe; /* behind the end */
		bad += firmware_memchr(in, 0xfe, n) != NULL;
		for (size_t i = 0; i < n; i++) {
			in[i] = 0xfe;
			bad += firmware_memchr(in, (int)0xffffff00 | 0xfe, n) != in + i;
			in[i] = 1;
		}
	}
	CHECK(bad == 0);
}

int main(void)
{
	RUN(memcpy_copies_that_and_no_more);
	RUN(memmove_over_itself_in_both_directions);
	RUN(memset_fills_that_and_no_more);
	RUN(memcmp_judges_by_the_first_difference);
	RUN(memchr_finds_the_first_one_inside);
	return test_end();
}
