#include "host/artifacts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/hex.h"
#include "crypto/sha256.h"

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

static int complain(struct check *c, int err, const char *found)
{
	(void)snprintf(c->found, sizeof c->found, "%s", found);
	if (cli_exit_status(err) == cli_exit_status(ERR_HASH))
		cli_error(c->cli, err, "%s: %s: %s", c->path, err_text(err), found);
	else
		cli_error(c->cli, err, "%s: %s", c->path, found);
	return err;
}

/* Opens CHANNEL/ARCH/FILENAME below the store, in the other spelling of arch when it is not under
 * the first. Channel and filename are single components (name_is_safe); what links there may
 * lead to is the kernel's to bound. */
static int open_below(int store, const struct manifest *m, struct check *c)
{
	const struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK, .resolve = RESOLVE_BENEATH};
	const char *canonical = arch_canonical(m->arch);
	const char *const spellings[] = {canonical, arch_alias(canonical), canonical}; /* the last for the message */
	long fd = -1;
	errno = ENOENT;
	for (size_t i = 0; i < 3 && fd < 0 && errno == ENOENT; i++) {
		(void)snprintf(c->path, sizeof c->path, "%.*s/%s/%.*s", (int)m->channel.n, (const char *)m->channel.p,
			       spellings[i], (int)c->artifact->filename.n, (const char *)c->artifact->filename.p);
		fd = syscall(SYS_openat2, store, c->path, &how, sizeof how);
	}
	return (int)fd;
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

static int compare(struct check *c, int fd)
{
	uint8_t hash[SHA256_BYTES];
	char words[HASH_TEXT_BYTES];
	struct stat st;
	uint64_t size;
	if (fstat(fd, &st) != 0)
		return complain(c, ERR_IO, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return complain(c, ERR_IO, "not a regular file");
	if ((uint64_t)st.st_size != c->artifact->size) {
		(void)snprintf(words, sizeof words, "%" PRIu64 " bytes, not %" PRIu64, (uint64_t)st.st_size,
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

static int check_one(struct check *c, int store, const struct manifest *m)
{
	int fd = open_below(store, m, c);
	if (fd < 0)
		return complain(c, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO,
				errno == EXDEV ? "a link leads out of the store" : strerror(errno));
	int err = compare(c, fd);
	(void)close(fd);
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

int artifacts_check(struct cli *cli, const char *store, const struct manifest *m, cJSON *out)
{
	int first = OK;
	int fd = open(store, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		cli_error(cli, ERR_IO, "%s: %s", store, strerror(errno));
		return ERR_IO;
	}
	for (size_t i = 0; i < m->artifacts_n; i++) {
		struct check c = {.cli = cli, .artifact = &m->artifacts[i]};
		int err = check_one(&c, fd, m);
		first = first != OK ? first : err;
		if (out != NULL)
			add(out, &c, err);
	}
	(void)close(fd);
	return first;
}
