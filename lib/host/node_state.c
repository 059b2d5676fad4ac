#include "host/node_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/decimal.h"
#include "host/clock.h"
#include "host/file.h"

/* Machines without a clock of their own start in the past, until the network tells them the time. */
#define CLOCK_WAIT_MS (3600 * 1000)

struct node_state {
	struct cli *cli;
	const char *folder;
	char *identity, *snapshot;
	int lock;
	bool writing, saved;
	uint64_t wait_until_ms; /* a snapshot is there that the clock is behind of; 0: not, or waited for long enough */
	uint64_t changes;       /* of the snapshot that was written last, or is being */
	uv_work_t work;
	uint8_t *room; /* for what is written; owned, as long as that lasts */
	struct bytes data;
	int err, err_number;
};

/* --- the folder --- */

static int fail(struct cli *cli, const char *folder, const char *what)
{
	cli_error(cli, ERR_IO, "%s: %s: %s", folder, what, strerror(errno));
	return ERR_IO;
}

/* Only what is made here is closed to others. */
static int make_folder(const char *path)
{
	if (mkdir(path, 0700) == 0)
		return OK;
	if (errno != ENOENT && errno != EEXIST)
		return ERR_IO;
	const bool nothing_there = errno == ENOENT;
	const int err = file_make_folders(path);
	return err == OK && nothing_there && chmod(path, 0700) != 0 ? ERR_IO : err;
}

static int say_in_use(struct cli *cli, const char *folder, int lock)
{
	char text[24];
	uint64_t process;
	const ssize_t n = read(lock, text, sizeof text);
	if (n > 1 && text[n - 1] == '\n' && decimal_read(bytes_of(text, (size_t)n - 1), &process) == OK)
		cli_error(cli, ERR_IO, "%s: in use by process %llu", folder, (unsigned long long)process);
	else
		cli_error(cli, ERR_IO, "%s: in use by another process", folder);
	return ERR_IO;
}

/* Who holds it is for messages only: that the text cannot be written is no harm. */
static void write_holder(int lock)
{
	char text[24];
	const int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
	if (ftruncate(lock, 0) == 0)
		(void)!file_write_at(lock, bytes_of(text, (size_t)n), 0);
}

static int take_lock(struct node_state *s)
{
	char *path;
	if (asprintf(&path, "%s/lock", s->folder) < 0)
		return ERR_NO_MEMORY;
	s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	free(path);
	if (s->lock < 0)
		return fail(s->cli, s->folder, "lock");
	while (flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK)
			return say_in_use(s->cli, s->folder, s->lock);
		if (errno != EINTR)
			return fail(s->cli, s->folder, "lock");
	}
	write_holder(s->lock);
	return OK;
}

static int name_in(char **path, const char *folder, const char *name)
{
	char *made;
	if (asprintf(&made, "%s/%s", folder, name) < 0)
		return ERR_NO_MEMORY;
	*path = made;
	return OK;
}

int node_state_open(struct cli *cli, const char *folder, struct node_state **state)
{
	struct node_state *s = calloc(1, sizeof *s);
	if (s == NULL)
		return ERR_NO_MEMORY;
	*s = (struct node_state){.cli = cli, .folder = folder, .lock = -1};
	int err = make_folder(folder);
	if (err == ERR_IO)
		err = fail(cli, folder, "cannot make the folder");
	if (err == OK)
		err = take_lock(s);
	if (err == OK)
		err = name_in(&s->identity, folder, "identity.key");
	if (err == OK)
		err = name_in(&s->snapshot, folder, "snapshot");
	if (err != OK) {
		node_state_close(s);
		return err;
	}
	*state = s;
	return OK;
}

const char *node_state_identity(const struct node_state *s)
{
	return s->identity;
}

void node_state_close(struct node_state *s)
{
	if (s == NULL)
		return;
	if (s->lock >= 0)
		(void)close(s->lock); /* which unlocks it; who holds it next writes over it */
	free(s->identity);
	free(s->snapshot);
	free(s->room);
	free(s);
}

/* --- reading --- */

static int restore(struct node_state *s, struct p2p_dht *dht, struct kad_snapshot_taken *taken)
{
	struct bytes data;
	int err = file_read_kept(s->snapshot, KAD_SNAPSHOT_BYTES_MAX, &data);
	if (err == ERR_NOT_FOUND)
		return err;
	if (err == OK) {
		err = p2p_dht_restore(dht, data, taken);
		file_free(data);
		errno = 0;
	}
	if (err != OK)
		cli_warn(s->cli, "%s: %s: it is left out", s->snapshot,
			 err == ERR_IO && errno != 0 ? strerror(errno) : err_text(err));
	else if (!taken->clock_behind)
		cli_debug(s->cli, "taken up: %u peers to ask, %u values, %u providers; %u records left out (expired)",
			  taken->contacts_n, taken->values_n, taken->providers_n, taken->left_n);
	return err;
}

unsigned node_state_restore(struct node_state *s, struct p2p_dht *dht)
{
	struct kad_snapshot_taken taken = {.contacts_n = 0};
	if (restore(s, dht, &taken) != OK)
		return 0;
	if (taken.clock_behind) {
		s->wait_until_ms = clock_now_ms() + CLOCK_WAIT_MS;
		cli_warn(s->cli,
			 "%s: the clock stands before the time it was written: %u records wait for it to be set",
			 s->snapshot, taken.left_n);
	}
	return taken.contacts_n;
}

/* Whether the snapshot that is there may be replaced. As long as nobody can say what of it is still good it is not,
 * and when the clock is right it is taken up; but a clock may have been wrong when it was written. */
static bool may_replace(struct node_state *s, struct p2p_dht *dht)
{
	struct kad_snapshot_taken taken = {.contacts_n = 0};
	if (s->wait_until_ms == 0)
		return true;
	const bool waited = clock_now_ms() >= s->wait_until_ms;
	if (!waited && restore(s, dht, &taken) == OK && taken.clock_behind)
		return false;
	if (waited)
		cli_warn(s->cli, "%s: the clock still stands before the time it was written: its records are given up",
			 s->snapshot);
	s->wait_until_ms = 0;
	return true;
}

/* --- writing --- */

/* False: there is nothing new, or no memory. */
static bool prepare(struct node_state *s, struct p2p_dht *dht)
{
	if (!may_replace(s, dht))
		return false;
	const uint64_t changes = p2p_dht_changes(dht);
	if (s->saved && changes == s->changes)
		return false;
	s->room = malloc(KAD_SNAPSHOT_BYTES_MAX);
	if (s->room == NULL) {
		cli_warn(s->cli, "%s: %s", s->snapshot, err_text(ERR_NO_MEMORY));
		return false;
	}
	struct writer w = writer_of(s->room, KAD_SNAPSHOT_BYTES_MAX);
	p2p_dht_keep(dht, &w);
	s->data = writer_view(&w);
	s->changes = changes;
	return true;
}

static void write_file(struct node_state *s)
{
	s->err = file_write(s->snapshot, s->data, 0600);
	s->err_number = errno;
}

/* What was not written is tried again with the next turn. */
static void finish(struct node_state *s)
{
	s->saved = s->err == OK;
	if (s->err != OK)
		cli_warn(s->cli, "%s: cannot be kept: %s", s->snapshot,
			 s->err == ERR_IO ? strerror(s->err_number) : err_text(s->err));
	free(s->room);
	s->room = NULL;
}

static void on_work(uv_work_t *work)
{
	write_file(work->data);
}

static void on_written(uv_work_t *work, int status)
{
	struct node_state *s = work->data;
	(void)status; /* nobody cancels it */
	s->writing = false;
	finish(s);
}

void node_state_save(struct node_state *s, struct p2p_dht *dht, uv_loop_t *loop)
{
	if (s->writing || !prepare(s, dht))
		return;
	s->work.data = s;
	s->writing = uv_queue_work(loop, &s->work, on_work, on_written) == 0;
	if (!s->writing) { /* no threads: it takes a moment */
		write_file(s);
		finish(s);
	}
}

void node_state_save_now(struct node_state *s, struct p2p_dht *dht, uv_loop_t *loop)
{
	while (s->writing)
		(void)uv_run(loop, UV_RUN_ONCE);
	if (!prepare(s, dht))
		return;
	write_file(s);
	finish(s);
}
