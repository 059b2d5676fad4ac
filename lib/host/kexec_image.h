/* What is handed to the kernel: the files of a release in sealed memory. Each is copied once, and
 * it is the copy that is hashed and loaded, so nobody can change a file between the two. */
#ifndef HOST_KEXEC_IMAGE_H
#define HOST_KEXEC_IMAGE_H

#include "core/err.h"
#include "crypto/sha256.h"

struct kexec_part {
	const char *path;
	uint64_t size;         /* as signed */
	const uint8_t *sha256; /* SHA256_BYTES, as signed */
};

struct kexec_progress {
	void (*step)(void *context, const char *path, uint64_t done, uint64_t total); /* may be NULL */
	void *context;
};

/* Copies the parts one behind the other, each padded with zeros to 4 bytes as the kernel wants
 * concatenated initial RAM disks (one part stays as it is), into memory that nobody can write to
 * any more, and gives its descriptor. *failed is the part that an error is about, n when it is
 * about none. ERR_NOT_FOUND, ERR_IO with errno, ERR_NO_MEMORY, ERR_SIZE, ERR_HASH, ERR_CHANGED,
 * ERR_VALUE for what is no regular file. */
MUST_CHECK int kexec_image(const char *name, const struct kexec_part *parts, size_t n,
			   const struct kexec_progress *progress, int *fd, size_t *failed);

#endif
