#include "efi/remembered.h"

#include "phase/floor.h"

#define DAY_S 86400
#define BELIEVED_S (15LL * 365 * DAY_S)
#define DATE_VARIABLE "NewestDate"
#define FLOOR_TEXT_BYTES 1024 /* ours are shorter: a channel has at most 255 bytes */
#define NAME_BYTES (sizeof "Floor-" + FLOOR_FILENAME_MAX)

/* "Floor-stable-x86_64", with a NUL. */
static void floor_name(struct bytes channel, struct bytes arch, char name[static NAME_BYTES])
{
	struct writer w = writer_of(name, NAME_BYTES - 1);
	write_text(&w, "Floor-");
	write_bytes(&w, channel);
	write_u8(&w, '-');
	write_bytes(&w, arch);
	name[w.n] = 0;
}

/* memory: FLOOR_ARENA_BYTES. */
static int read_floor(struct platform *p, struct bytes channel, struct bytes arch, uint8_t *memory, uint64_t *release,
		      struct why *why)
{
	uint8_t text[FLOOR_TEXT_BYTES];
	char name[NAME_BYTES];
	struct arena a = arena_of(memory, FLOOR_ARENA_BYTES);
	struct floor floor;
	size_t n = 0;
	floor_name(channel, arch, name);
	int err = platform_variable(p, name, text, sizeof text, &n);
	if (err == ERR_NOT_FOUND) {
		*release = 0;
		return OK;
	}
	if (err != OK)
		return why_not(why, (enum err)err, "the release floor cannot be read", WHY_NOWHERE, BYTES_NONE);
	if ((err = floor_read(&floor, bytes_of(text, n), &a, why)) != OK)
		return err;
	if (!bytes_equal(floor.channel, channel) || !bytes_equal(floor.arch, arch))
		return why_not(why, ERR_VALUE, "the release floor is for another channel", WHY_NOWHERE, BYTES_NONE);
	*release = floor.release;
	return OK;
}

int remembered_floor(struct platform *p, struct bytes channel, struct bytes arch, uint64_t *release, struct why *why)
{
	uint8_t *memory;
	int err = platform_pages(p, FLOOR_ARENA_BYTES, &memory);
	if (err != OK)
		return why_not(why, (enum err)err, "the release floor cannot be read", WHY_NOWHERE, BYTES_NONE);
	err = read_floor(p, channel, arch, memory, release, why);
	platform_give_pages(p, memory, FLOOR_ARENA_BYTES);
	return err;
}

int remember_floor(struct platform *p, struct bytes channel, struct bytes arch, uint64_t release, struct wall now,
		   struct why *why)
{
	uint8_t text[FLOOR_TEXT_BYTES];
	char name[NAME_BYTES];
	uint64_t floor;
	int err = remembered_floor(p, channel, arch, &floor, why);
	if (err != OK || floor >= release)
		return err;
	const struct floor next = {.channel = channel, .arch = arch, .release = release, .accepted_at = now};
	struct writer w = writer_of(text, sizeof text);
	floor_name(channel, arch, name);
	if ((err = floor_write(&next, &w)) != OK)
		return why_not(why, (enum err)err, "the release floor has no form", WHY_NOWHERE, BYTES_NONE);
	if (platform_set_variable(p, name, writer_view(&w)) != OK)
		return why_not(why, ERR_IO, "the release floor cannot be kept", WHY_NOWHERE, BYTES_NONE);
	return OK;
}

bool remembered_date(struct platform *p, struct wall *date)
{
	uint8_t text[WALL_TEXT_BYTES];
	size_t n = 0;
	return platform_variable(p, DATE_VARIABLE, text, sizeof text, &n) == OK &&
	       wall_read(bytes_of(text, n), date) == OK;
}

void remember_date(struct platform *p, struct wall date)
{
	char text[WALL_TEXT_BYTES];
	struct wall known;
	if (remembered_date(p, &known) && date.s < known.s + DAY_S)
		return;
	if (wall_write(date, text) == OK)
		(void)(platform_set_variable(p, DATE_VARIABLE, bytes_of(text, sizeof text)) == OK); /* only a help */
}

struct belief remembered_time(struct platform *p)
{
	struct wall built = platform_built(p), signed_at, rtc;
	struct belief b = {.now = built, .at_least = true, .from = "when this program was built"};
	if (remembered_date(p, &signed_at) && signed_at.s > b.now.s) {
		b.now = signed_at;
		b.from = "the newest release seen";
	}
	if (platform_rtc(p, &rtc) && rtc.s >= b.now.s && rtc.s <= built.s + BELIEVED_S)
		b = (struct belief){.now = rtc, .from = "the real-time clock"};
	return b;
}
