#include "host/catalogue.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/arch.h"
#include "host/file.h"
#include "host/hash.h"
#include "phase/document.h"
#include "phase/names.h"

#define SETTLE_MS 20

int catalogue_open(struct catalogue *c, const char *store)
{
	*c = (struct catalogue){.scan_lock = PTHREAD_MUTEX_INITIALIZER, .lock = PTHREAD_MUTEX_INITIALIZER};
	c->files = calloc(CATALOGUE_FILES_MAX, sizeof *c->files); /* untouched pages cost nothing */
	if (c->files == NULL)
		return ERR_NO_MEMORY;
	int err = store_open(&c->store, store);
	if (err != OK) {
		free(c->files);
		c->files = NULL;
	}
	return err;
}

void catalogue_close(struct catalogue *c)
{
	store_close(&c->store);
	free(c->files);
	c->files = NULL;
}

static void lock(struct catalogue *c)
{
	(void)pthread_mutex_lock(&c->lock); /* of a mutex that is ours: cannot fail */
}

static void unlock(struct catalogue *c)
{
	(void)pthread_mutex_unlock(&c->lock);
}

static struct catalogue_file *known(struct catalogue *c, const char *channel, const char *arch, const char *name)
{
	for (size_t i = 0; i < c->n; i++) {
		struct catalogue_file *f = &c->files[i];
		if (strcmp(f->name, name) == 0 && strcmp(f->arch, arch) == 0 && strcmp(f->channel, channel) == 0)
			return f;
	}
	return NULL;
}

/* Notes that the file is there, as st has it. Called with the lock held; NULL when full. */
static struct catalogue_file *note(struct catalogue *c, const struct store_folder *folder, const char *name,
				   const struct stat *st)
{
	struct catalogue_file *f = known(c, folder->channel, folder->arch, name);
	if (f == NULL) {
		if (c->n == CATALOGUE_FILES_MAX)
			return NULL;
		f = &c->files[c->n++];
		*f = (struct catalogue_file){.present = false};
		(void)snprintf(f->channel, sizeof f->channel, "%s", folder->channel);
		(void)snprintf(f->arch, sizeof f->arch, "%s", folder->arch);
		(void)snprintf(f->name, sizeof f->name, "%s", name);
	}
	if (!f->present || !file_same(&f->st, st)) {
		f->st = *st;
		f->hashed = f->unfit = false;
		c->generation++;
	}
	f->present = true;
	return f;
}

struct seen {
	bool v[CATALOGUE_FILES_MAX];
};

static int scan_folder(struct catalogue *c, const struct store_folder *folder, struct seen *seen)
{
	struct store_names names = {.v = NULL};
	struct why why;
	int err = store_list(&c->store, folder, &names, &why);
	if (err != OK)
		return err == ERR_VALUE ? OK : err; /* a link out of the store: the folder is not served */
	for (size_t i = 0; i < names.n; i++) {
		struct stat st;
		int fd;
		if (store_file_open(&c->store, folder, names.v[i], &fd, &st) != OK)
			continue; /* gone since */
		(void)close(fd);  /* only looked at */
		lock(c);
		const struct catalogue_file *f = note(c, folder, names.v[i], &st);
		if (f != NULL)
			seen->v[f - c->files] = true;
		unlock(c);
	}
	store_names_free(&names);
	return OK;
}

static int scan_channel(struct catalogue *c, const char *channel, struct seen *seen)
{
	struct store_names archs = {.v = NULL};
	int err = store_folders(&c->store, channel, &archs);
	for (size_t i = 0; err == OK && i < archs.n; i++) {
		struct store_folder folder;
		if (arch_canonical(bytes_text(archs.v[i])) == NULL ||
		    store_folder_open(&c->store, bytes_text(channel), bytes_text(archs.v[i]), &folder) != OK)
			continue;
		if (scan_folder(c, &folder, seen) == ERR_NO_MEMORY)
			err = ERR_NO_MEMORY;
		store_folder_close(&folder);
	}
	store_names_free(&archs);
	return err;
}

static int scan(struct catalogue *c)
{
	struct store_names channels = {.v = NULL};
	struct seen *seen = calloc(1, sizeof *seen);
	int err = seen == NULL ? ERR_NO_MEMORY : store_folders(&c->store, NULL, &channels);
	for (size_t i = 0; err == OK && i < channels.n; i++)
		if (scan_channel(c, channels.v[i], seen) == ERR_NO_MEMORY) /* else it leads out of the store, or is */
			err = ERR_NO_MEMORY;                               /* gone: the others are served */
	store_names_free(&channels);
	lock(c);
	for (size_t i = 0; err == OK && i < c->n; i++) {
		if (c->files[i].present && !seen->v[i]) {
			c->files[i].present = c->files[i].hashed = false;
			c->generation++;
		}
	}
	unlock(c);
	free(seen);
	return err;
}

int catalogue_scan(struct catalogue *c)
{
	(void)pthread_mutex_lock(&c->scan_lock); /* of a mutex that is ours: cannot fail */
	int err = scan(c);
	(void)pthread_mutex_unlock(&c->scan_lock);
	return err;
}

static int open_file(struct catalogue *c, const struct catalogue_file *f, int *fd, struct stat *st)
{
	struct store_folder folder;
	int err = store_folder_open(&c->store, bytes_text(f->channel), bytes_text(f->arch), &folder);
	if (err != OK)
		return err;
	err = store_file_open(&c->store, &folder, f->name, fd, st);
	store_folder_close(&folder);
	return err;
}

/* Times stand still for a tick of the kernel (10 ms at most): a file written twice in one tick
 * would look unchanged. So one that has just changed is given the time to look changed again. */
static void settle(const struct stat *st)
{
	struct timespec now;
	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return;
	int64_t age_ms =
		((int64_t)now.tv_sec - st->st_ctim.tv_sec) * 1000 + (now.tv_nsec - st->st_ctim.tv_nsec) / 1000000;
	if (age_ms >= 0 && age_ms < SETTLE_MS)
		(void)usleep((useconds_t)(SETTLE_MS - age_ms) * 1000); /* cut short by a signal at worst */
}

/* Hashes file number i, known as *file, and notes what was found. */
static void hash_one(struct catalogue *c, size_t i, struct catalogue_file *file)
{
	struct hash_wanted wanted = {.sha256 = true, .reference = true, .tree_fd = -1};
	struct hash_result result;
	struct stat st;
	int fd, err = open_file(c, file, &fd, &st);
	if (err == OK) {
		settle(&st);
		err = file_same(&st, &file->st) ? hash_file(fd, &wanted, &result) : ERR_CHANGED;
		if (err == OK && result.size == 0)
			err = ERR_SIZE;
		(void)close(fd); /* only read from */
	}
	lock(c);
	struct catalogue_file *f = &c->files[i];
	bool same = f->present && file_same(&f->st, &file->st);
	if (err == OK && same) {
		memcpy(f->sha256, result.sha256, SHA256_BYTES);
		memcpy(f->reference, result.reference.address, REFERENCE_BYTES);
		f->hashed = true;
	} else if (same) {
		f->unfit = true; /* until a scan finds it changed */
	}
	c->generation++;
	*file = *f;
	unlock(c);
}

bool catalogue_hash_next(struct catalogue *c)
{
	struct catalogue_file file;
	size_t i = 0;
	lock(c);
	while (i < c->n && (!c->files[i].present || c->files[i].hashed || c->files[i].unfit))
		i++;
	bool found = i < c->n;
	if (found)
		file = c->files[i];
	unlock(c);
	if (found)
		hash_one(c, i, &file);
	return found;
}

void catalogue_hash_small(struct catalogue *c, struct catalogue_file *file)
{
	if (file->hashed || file->unfit || file->st.st_size > CATALOGUE_SMALL_BYTES)
		return;
	lock(c);
	const struct catalogue_file *f = known(c, file->channel, file->arch, file->name);
	bool same = f != NULL && f->present && file_same(&f->st, &file->st);
	size_t i = f == NULL ? 0 : (size_t)(f - c->files);
	unlock(c);
	struct catalogue_file hashed = *file;
	if (same)
		hash_one(c, i, &hashed);
	if (same && hashed.present && file_same(&hashed.st, &file->st))
		*file = hashed;
}

/* The file behind a name of the URL: itself, or the first that a role may mean. */
static int open_named(struct catalogue *c, const struct store_folder *folder, const char *name, char found[256],
		      int *fd, struct stat *st)
{
	const char *const *others = names_alternatives(bytes_text(name));
	int err = store_file_open(&c->store, folder, name, fd, st);
	(void)snprintf(found, 256, "%s", name);
	for (size_t i = 0; err == ERR_NOT_FOUND && others != NULL && others[i] != NULL; i++) {
		err = store_file_open(&c->store, folder, others[i], fd, st);
		(void)snprintf(found, 256, "%s", others[i]);
	}
	if (err != ERR_NOT_FOUND || others == NULL)
		return err;
	struct store_names names = {.v = NULL};
	struct why why;
	if (store_list(&c->store, folder, &names, &why) != OK)
		return ERR_NOT_FOUND;
	for (size_t i = 0; err == ERR_NOT_FOUND && i < names.n; i++) { /* vmlinuz-6.1.0-56 is the kernel too */
		if (!bytes_is(names_role(bytes_text(names.v[i])), name))
			continue;
		err = store_file_open(&c->store, folder, names.v[i], fd, st);
		(void)snprintf(found, 256, "%s", names.v[i]);
	}
	store_names_free(&names);
	return err;
}

int catalogue_find(struct catalogue *c, struct bytes channel, struct bytes arch, struct bytes name,
		   struct catalogue_file *file, int *fd)
{
	struct store_folder folder;
	struct stat st;
	char asked[256], found[256];
	if (!name_is_safe(name))
		return ERR_NOT_FOUND;
	memcpy(asked, name.p, name.n);
	asked[name.n] = 0;
	if (store_folder_open(&c->store, channel, arch, &folder) != OK)
		return ERR_NOT_FOUND;
	int err = open_named(c, &folder, asked, found, fd, &st);
	if (err == OK && names_ignored(bytes_text(found))) {
		/* manifests and side files are served, but the catalogue does not keep them */
		*file = (struct catalogue_file){.st = st, .present = true};
		(void)snprintf(file->channel, sizeof file->channel, "%s", folder.channel);
		(void)snprintf(file->arch, sizeof file->arch, "%s", folder.arch);
		(void)snprintf(file->name, sizeof file->name, "%s", found);
	} else if (err == OK) {
		lock(c);
		const struct catalogue_file *f = note(c, &folder, found, &st);
		if (f != NULL)
			*file = *f;
		err = f != NULL ? OK : ERR_LIMIT;
		unlock(c);
		if (err != OK)
			(void)close(*fd); /* not given out */
	}
	store_folder_close(&folder);
	return err;
}

static int find_equal(struct catalogue *c, size_t offset, const uint8_t *hash, struct catalogue_file *file, int *fd)
{
	int err = ERR_NOT_FOUND;
	struct stat st;
	lock(c);
	for (size_t i = 0; i < c->n && err != OK; i++) {
		const struct catalogue_file *f = &c->files[i];
		if (!f->present || !f->hashed || memcmp((const uint8_t *)f + offset, hash, SHA256_BYTES) != 0)
			continue;
		*file = *f;
		err = OK;
	}
	unlock(c);
	if (err != OK || open_file(c, file, fd, &st) != OK)
		return ERR_NOT_FOUND;
	if (file_same(&st, &file->st))
		return OK;
	(void)close(*fd); /* another file by now */
	return ERR_NOT_FOUND;
}

int catalogue_find_hash(struct catalogue *c, const uint8_t sha256[static SHA256_BYTES], struct catalogue_file *file,
			int *fd)
{
	return find_equal(c, offsetof(struct catalogue_file, sha256), sha256, file, fd);
}

int catalogue_find_reference(struct catalogue *c, const uint8_t reference[static REFERENCE_BYTES],
			     struct catalogue_file *file, int *fd)
{
	return find_equal(c, offsetof(struct catalogue_file, reference), reference, file, fd);
}

bool catalogue_file_at(struct catalogue *c, size_t i, struct catalogue_file *file)
{
	size_t present = 0;
	bool found = false;
	lock(c);
	for (size_t k = 0; k < c->n && !found; k++) {
		if (!c->files[k].present || present++ != i)
			continue;
		*file = c->files[k];
		found = true;
	}
	unlock(c);
	return found;
}

uint64_t catalogue_generation(struct catalogue *c)
{
	lock(c);
	uint64_t generation = c->generation;
	unlock(c);
	return generation;
}
