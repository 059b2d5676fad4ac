#include "host/artifacts.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <unistd.h>

#include "core/hex.h"
#include "crypto/sha256.h"
#include "host/hash.h"
#include "host/store.h"

#define HASH_TEXT_BYTES (sizeof "sha256:" + 2 * SHA256_BYTES)

struct check {
	struct cli *cli;
	const struct artifact *artifact;
	char path[PATH_MAX]; /* below the store */
	char found[128];     /* what the file is, in words or as a hash */
};

static void hash_text(const uint8_t hash[static SHA256_BYTES], char out[static HASH_TEXT_BYTES])
{
	char digits[2 * SHA256_BYTES];
	hex_encode(bytes_of(hash, SHA256_BYTES), digits);
	(void)snprintf(out, HASH_TEXT_BYTES, "sha256:%.*s", (int)sizeof digits, digits);
}

static const char *reason(int err)
{
	return (err == ERR_IO || err == ERR_NOT_FOUND) && errno != 0 ? strerror(errno) : err_text(err);
}

static int complain(struct check *c, int err, const char *found)
{
	(void)snprintf(c->found, sizeof c->found, "%s", found);
	if (cli_exit_status(err) == cli_exit_status(ERR_HASH))
		cli_error(c->cli, err, "%s: %s: %s", c->path, err_text(err), found);
	else
		cli_error(c->cli, err, "%s: %s", c->path, found);
	return err;
}

static void show(void *context, uint64_t done, uint64_t total)
{
	const struct check *c = context;
	cli_progress(c->cli, c->path, done, total);
}

static int compare(struct check *c, int fd, const struct stat *st)
{
	const struct hash_wanted wanted = {.sha256 = true, .tree_fd = -1, .progress = show, .context = c};
	struct hash_result result;
	char words[HASH_TEXT_BYTES];
	if ((uint64_t)st->st_size != c->artifact->size) {
		(void)snprintf(words, sizeof words, "%" PRIu64 " bytes, not %" PRIu64, (uint64_t)st->st_size,
			       c->artifact->size);
		return complain(c, ERR_SIZE, words);
	}
	int err = hash_file(fd, &wanted, &result);
	cli_progress_end(c->cli);
	if (err == OK && result.size != c->artifact->size)
		err = ERR_CHANGED;
	if (err != OK)
		return complain(c, err, reason(err));
	hash_text(result.sha256, words);
	if (memcmp(result.sha256, c->artifact->sha256, SHA256_BYTES) != 0)
		return complain(c, ERR_HASH, words);
	(void)snprintf(c->found, sizeof c->found, "%s", words);
	return OK;
}

static int check_one(struct check *c, const struct store *store, const struct store_folder *folder)
{
	char name[DOCUMENT_NAME_MAX + 1];
	struct stat st;
	int fd;
	(void)snprintf(name, sizeof name, "%.*s", (int)c->artifact->filename.n, (const char *)c->artifact->filename.p);
	(void)snprintf(c->path, sizeof c->path, "%s/%s/%s", folder->channel, folder->arch, name);
	errno = 0;
	int err = store_file_open(store, folder, name, &fd, &st);
	if (err != OK)
		return complain(c, err, errno == EXDEV ? "a link leads out of the store" : reason(err));
	err = compare(c, fd, &st);
	(void)close(fd); /* only read from */
	return err;
}

static void add(cJSON *out, const struct check *c, int err)
{
	char role[DOCUMENT_NAME_MAX + 1], needed[HASH_TEXT_BYTES];
	cJSON *o = cJSON_CreateObject();
	(void)snprintf(role, sizeof role, "%.*s", (int)c->artifact->role.n, (const char *)c->artifact->role.p);
	hash_text(c->artifact->sha256, needed);
	(void)cJSON_AddStringToObject(o, "artifact", role);
	(void)cJSON_AddStringToObject(o, "file", c->path);
	(void)cJSON_AddBoolToObject(o, "ok", err == OK);
	(void)cJSON_AddStringToObject(o, "found", c->found);
	(void)cJSON_AddStringToObject(o, "needed", needed);
	(void)cJSON_AddItemToArray(out, o);
}

int artifacts_check(struct cli *cli, const char *path, const struct manifest *m, cJSON *out)
{
	struct store store;
	struct store_folder folder;
	int first = store_open(&store, path);
	if (first != OK) {
		cli_fail(cli, first, path, NULL);
		return first;
	}
	first = store_folder_open(&store, m->channel, m->arch, &folder);
	if (first != OK) {
		cli_error(cli, first, "%s/%.*s/%.*s: %s", path, (int)m->channel.n, (const char *)m->channel.p,
			  (int)m->arch.n, (const char *)m->arch.p, reason(first));
		store_close(&store);
		return first;
	}
	for (size_t i = 0; i < m->artifacts_n; i++) {
		struct check c = {.cli = cli, .artifact = &m->artifacts[i]};
		int err = check_one(&c, &store, &folder);
		first = first != OK ? first : err;
		if (out != NULL)
			add(out, &c, err);
	}
	store_folder_close(&folder);
	store_close(&store);
	return first;
}
