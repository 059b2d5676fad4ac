#include "host/kexec_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/file.h"

#define PIECE_BYTES (1U << 20)
#define INITRD_ALIGN 4
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* No FIFO may block us, no terminal become ours. */
static int open_part(const struct kexec_part *part, int *fd)
{
	struct stat st;
	*fd = open(part->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*fd < 0)
		return file_err();
	if (fstat(*fd, &st) != 0)
		return ERR_IO;
	if (!S_ISREG(st.st_mode))
		return ERR_VALUE;
	return st.st_size < 0 || (uint64_t)st.st_size != part->size ? ERR_SIZE : OK;
}

/* Never more than the signed size, whatever happens to the file meanwhile. */
static int copy_bytes(int from, int to, const struct kexec_part *part, const struct kexec_progress *progress,
		      uint8_t *piece, struct sha256 *h)
{
	uint64_t done = 0;
	while (done < part->size) {
		uint64_t left = part->size - done;
		ssize_t got = read(from, piece, left < PIECE_BYTES ? (size_t)left : PIECE_BYTES);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? ERR_IO : ERR_CHANGED;
		struct bytes data = bytes_of(piece, (size_t)got);
		int err = file_write_all(to, data);
		if (err != OK)
			return err;
		sha256_add(h, data);
		done += data.n;
		if (progress != NULL && progress->step != NULL)
			progress->step(progress->context, part->path, done, part->size);
	}
	return OK;
}

static int add_part(int to, const struct kexec_part *part, const struct kexec_progress *progress)
{
	struct sha256 h;
	uint8_t hash[SHA256_BYTES];
	uint8_t *piece = malloc(PIECE_BYTES);
	int from = -1;
	int err = piece == NULL ? ERR_NO_MEMORY : open_part(part, &from);
	if (err == OK) {
		sha256_init(&h);
		if ((err = copy_bytes(from, to, part, progress, piece, &h)) == OK) {
			sha256_end(&h, hash);
			err = memcmp(hash, part->sha256, sizeof hash) == 0 ? OK : ERR_HASH;
		}
	}
	int kept = errno;
	if (from >= 0)
		(void)close(from); /* only read from */
	free(piece);
	errno = kept;
	return err;
}

static int pad(int to, uint64_t size)
{
	static const uint8_t zeros[INITRD_ALIGN];
	size_t n = (size_t)(INITRD_ALIGN - size % INITRD_ALIGN) % INITRD_ALIGN;
	return file_write_all(to, bytes_of(zeros, n));
}

int kexec_image(const char *name, const struct kexec_part *parts, size_t n, const struct kexec_progress *progress,
		int *fd, size_t *failed)
{
	int err = OK, to = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	*failed = n;
	if (to < 0)
		return ERR_IO;
	for (size_t i = 0; i < n && err == OK; i++) {
		err = add_part(to, &parts[i], progress);
		if (err != OK)
			*failed = i;
		else if (n > 1)
			err = pad(to, parts[i].size);
	}
	if (err == OK && fcntl(to, F_ADD_SEALS, SEALS) != 0)
		err = ERR_IO;
	if (err != OK) {
		int kept = errno;
		(void)close(to); /* its content is of no use */
		errno = kept;
		return err;
	}
	*fd = to;
	return OK;
}
