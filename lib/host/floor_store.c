#include "host/floor_store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <unistd.h>

#include "host/file.h"
#include "phase/floor.h"

static int refuse(struct why *why, enum err err, const char *what)
{
	return why_not(why, err, what, 0, BYTES_NONE);
}

static int path_of(const char *folder, struct bytes channel, struct bytes arch, char path[static PATH_MAX],
		   struct why *why)
{
	struct writer w = writer_of(path, PATH_MAX);
	write_text(&w, folder);
	write_u8(&w, '/');
	floor_filename(channel, arch, &w);
	if (!w.full)
		return OK;
	errno = ENAMETOOLONG;
	return refuse(why, ERR_IO, "state folder");
}

/* Makes the folder and opens its lock file, unlocked. */
static int open_lock(const char *folder, int *fd, struct why *why)
{
	char path[PATH_MAX];
	if (snprintf(path, sizeof path, "%s/.lock", folder) >= (int)sizeof path) {
		errno = ENAMETOOLONG;
		return refuse(why, ERR_IO, "state folder");
	}
	if (file_make_folders(folder) != OK)
		return refuse(why, ERR_IO, "state folder");
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
	return *fd >= 0 ? OK : refuse(why, ERR_IO, "lock file");
}

static int read_floor(const char *path, struct bytes channel, struct bytes arch, uint64_t *release, struct why *why)
{
	static const char damaged[] =
		"the state file is damaged: restore it, or delete it to give up rollback protection";
	uint8_t scratch[FLOOR_ARENA_BYTES];
	struct arena a = arena_of(scratch, sizeof scratch);
	struct bytes text;
	struct floor floor;
	int err = file_read_kept(path, FLOOR_BYTES_MAX, &text);
	if (err == ERR_NOT_FOUND) {
		*release = 0;
		return OK;
	}
	if (err == ERR_LIMIT)
		return refuse(why, ERR_LIMIT, damaged);
	if (err != OK)
		return refuse(why, (enum err)err, "state file");
	err = floor_read(&floor, text, &a, why);
	if (err == OK && (!bytes_equal(floor.channel, channel) || !bytes_equal(floor.arch, arch)))
		err = ERR_VALUE;
	if (err == OK)
		*release = floor.release;
	else
		(void)refuse(why, (enum err)err, damaged);
	file_free(text);
	return err;
}

int floor_store_get(const char *folder, struct bytes channel, struct bytes arch, uint64_t *release, struct why *why)
{
	char path[PATH_MAX];
	int fd, err;
	if ((err = path_of(folder, channel, arch, path, why)) != OK || (err = open_lock(folder, &fd, why)) != OK)
		return err;
	(void)close(fd);
	return read_floor(path, channel, arch, release, why); /* files appear atomically: no lock to read */
}

static int write_floor(const char *path, const struct floor *floor, struct why *why)
{
	uint8_t buf[FLOOR_BYTES_MAX];
	struct writer w = writer_of(buf, sizeof buf);
	if (floor_write(floor, &w) != OK)
		return refuse(why, ERR_VALUE, "accepted_at");
	int err = file_write(path, writer_view(&w), 0666);
	return err == OK ? OK : refuse(why, (enum err)err, "state file");
}

int floor_store_raise(const char *folder, struct bytes channel, struct bytes arch, uint64_t release, struct wall now,
		      struct why *why)
{
	const struct floor floor = {.channel = channel, .arch = arch, .release = release, .accepted_at = now};
	char path[PATH_MAX];
	uint64_t kept;
	int fd, err;
	if ((err = path_of(folder, channel, arch, path, why)) != OK || (err = open_lock(folder, &fd, why)) != OK)
		return err;
	while ((err = flock(fd, LOCK_EX)) != 0 && errno == EINTR)
		continue;
	if (err != 0)
		err = refuse(why, ERR_IO, "lock file");
	else if ((err = read_floor(path, channel, arch, &kept, why)) == OK && release > kept)
		err = write_floor(path, &floor, why);
	int saved = errno;
	(void)close(fd);
	errno = saved;
	return err;
}
