#include "host/bzz_shelf.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 32 /* of some 160 KiB: as many as one client's requests at a time */

struct kept {
	uint8_t root[REFERENCE_BYTES];
	struct bzz_file *file; /* owned */
};

struct bzz_shelf {
	pthread_mutex_t lock;
	size_t n;
	struct kept kept[FILES_MAX]; /* the one that was put last comes last */
};

struct bzz_shelf *bzz_shelf_new(void)
{
	struct bzz_shelf *s = malloc(sizeof *s);
	if (s != NULL)
		*s = (struct bzz_shelf){.lock = PTHREAD_MUTEX_INITIALIZER};
	return s;
}

void bzz_shelf_free(struct bzz_shelf *s)
{
	for (size_t i = 0; s != NULL && i < s->n; i++)
		bzz_file_close(s->kept[i].file);
	free(s);
}

static struct bzz_file *take_out(struct bzz_shelf *s, size_t i)
{
	struct bzz_file *file = s->kept[i].file;
	for (s->n--; i < s->n; i++)
		s->kept[i] = s->kept[i + 1];
	return file;
}

struct bzz_file *bzz_shelf_take(struct bzz_shelf *s, const struct reference *root, const struct chunk_source *source)
{
	struct bzz_file *file = NULL;
	if (root->encrypted)
		return NULL;
	(void)pthread_mutex_lock(&s->lock); /* of a mutex that is ours: cannot fail */
	for (size_t i = s->n; i > 0 && file == NULL; i--)
		if (memcmp(s->kept[i - 1].root, root->address, REFERENCE_BYTES) == 0)
			file = take_out(s, i - 1);
	(void)pthread_mutex_unlock(&s->lock);
	if (file != NULL)
		bzz_file_rebase(file, source);
	return file;
}

void bzz_shelf_put(struct bzz_shelf *s, const struct reference *root, struct bzz_file *file)
{
	struct bzz_file *out = file;
	if (file != NULL && bzz_file_keepable(file)) {
		(void)pthread_mutex_lock(&s->lock);
		out = s->n == FILES_MAX ? take_out(s, 0) : NULL;
		struct kept *k = &s->kept[s->n++];
		k->file = file;
		memcpy(k->root, root->address, sizeof k->root);
		(void)pthread_mutex_unlock(&s->lock);
	}
	bzz_file_close(out);
}
