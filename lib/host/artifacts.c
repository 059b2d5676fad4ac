#include "host/artifacts.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <unistd.h>

#include "core/hex.h"
#include "crypto/sha256.h"
#include "host/store.h"

#define READ_BYTES 262144
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

/* Reads the file to its end, but never more than a byte beyond the signed size. */
static int hash_file(struct check *c, int fd, uint8_t hash[static SHA256_BYTES], uint64_t *size)
{
	static uint8_t buf[READ_BYTES];
	struct sha256 h;
	sha256_init(&h);
	*size = 0;
	while (*size <= c->artifact->size) {
		ssize_t n = read(fd, buf, sizeof buf);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		if (n == 0)
			break;
		sha256_add(&h, bytes_of(buf, (size_t)n));
		*size += (uint64_t)n;
		cli_progress(c->cli, c->path, *size, c->artifact->size);
	}
	cli_progress_end(c->cli);
	sha256_end(&h, hash);
	return OK;
}

static int compare(struct check *c, int fd, const struct stat *st)
{
	uint8_t hash[SHA256_BYTES];
	char words[HASH_TEXT_BYTES];
	uint64_t size;
	if ((uint64_t)st->st_size != c->artifact->size) {
		(void)snprintf(words, sizeof words, "%" PRIu64 " bytes, not %" PRIu64, (uint64_t)st->st_size,
			       c->artifact->size);
		return complain(c, ERR_SIZE, words);
	}
	if (hash_file(c, fd, hash, &size) != OK)
		return complain(c, ERR_IO, strerror(errno));
	if (size != c->artifact->size)
		return complain(c, ERR_CHANGED, "its size changed meanwhile");
	hash_text(hash, words);
	if (memcmp(hash, c->artifact->sha256, sizeof hash) != 0)
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
