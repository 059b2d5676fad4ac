#include "host/bzz_put.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_at(const struct bzz_put *p, const char *path, int err)
{
	cli_error(p->cli, err, "%s: %s", path, strerror(errno));
	return err;
}

static int put_file(const struct bzz_put *p, const char *path, struct reference *reference, uint64_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return fail_at(p, path, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO);
	int err = bzz_write_fd(p->write, fd, path, reference, size);
	(void)close(fd); /* only read from */
	return err;
}

int bzz_put_path(const struct bzz_put *p, const char *path, struct bzz_put_result *result)
{
	struct stat st;
	*result = (struct bzz_put_result){.size = 0};
	if (strcmp(path, "-") == 0) {
		cli_reads_stdin(p->cli, "content");
		return bzz_write_fd(p->write, STDIN_FILENO, "standard input", &result->reference, &result->size);
	}
	if (stat(path, &st) != 0)
		return fail_at(p, path, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO);
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return fail_at(p, path, ERR_IO);
	}
	return put_file(p, path, &result->reference, &result->size);
}
