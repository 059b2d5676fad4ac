/* Answers kept ready: a response that all requests for a file share. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "core/hex.h"
#include "host/serve_parts.h"

#define SMALL_BYTES 16384 /* times SERVE_CACHE_N: 1 MiB at most */

static bool watched_elsewhere(const struct serve *s, const struct serve_item *item)
{
	for (size_t i = 0; i < SERVE_CACHE_N; i++)
		if (&s->items[i] != item && s->items[i].url[0] != 0 && s->items[i].watch == item->watch)
			return true;
	return false;
}

static void free_item(struct serve *s, struct serve_item *item)
{
	MHD_destroy_response(item->whole);
	/* One number for one file, however often it is watched; and it may be on its way still. */
	if (item->watch >= 0 && !watched_elsewhere(s, item) && !serve_client_sends(s, item->watch))
		(void)inotify_rm_watch(s->inotify, item->watch); /* gone already with the file: as well */
	(void)close(item->fd);                                   /* only read from */
	*item = (struct serve_item){.fd = -1, .watch = -1};
}

void serve_items_free(struct serve *s)
{
	for (size_t i = 0; i < SERVE_CACHE_N; i++)
		if (s->items[i].url[0] != 0)
			free_item(s, &s->items[i]);
}

static struct serve_item *cached(struct serve *s, const char *url)
{
	for (size_t i = 0; i < SERVE_CACHE_N; i++)
		if (strcmp(s->items[i].url, url) == 0)
			return &s->items[i];
	return NULL;
}

struct serve_item *serve_item_find(struct serve *s, const char *url)
{
	struct serve_item *item = cached(s, url);
	struct stat st;
	if (item == NULL || item->generation != catalogue_generation(&s->catalogue) ||
	    fstatat(s->catalogue.store.fd, item->file, &st, AT_SYMLINK_NOFOLLOW) != 0 || !stat_same(&st, &item->st))
		return NULL;
	item->used = ++s->clock;
	return item;
}

/* The place for a new item: that of the same url, a free one, or the one least used. */
static struct serve_item *make_room(struct serve *s, const char *url)
{
	struct serve_item *least = cached(s, url);
	for (size_t i = 0; least == NULL && i < SERVE_CACHE_N; i++)
		if (s->items[i].url[0] == 0)
			return &s->items[i];
	if (least == NULL)
		least = &s->items[0];
	else
		goto found;
	for (size_t i = 1; i < SERVE_CACHE_N; i++)
		if (s->items[i].used < least->used)
			least = &s->items[i];
found:
	free_item(s, least);
	return least;
}

static void describe(struct serve_item *item, const struct catalogue_file *file)
{
	struct tm tm;
	(void)snprintf(item->file, sizeof item->file, "%s/%s/%s", file->channel, file->arch, file->name);
	(void)snprintf(item->etag, sizeof item->etag, "\"%llx-%llx-%llx\"", (unsigned long long)file->st.st_ino,
		       (unsigned long long)file->st.st_mtim.tv_sec * 1000000000 +
			       (unsigned long long)file->st.st_mtim.tv_nsec,
		       (unsigned long long)file->st.st_size);
	if (gmtime_r(&file->st.st_mtim.tv_sec, &tm) != NULL)
		(void)strftime(item->modified, sizeof item->modified, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (file->hashed) {
		memcpy(item->hash, "sha256:", 7);
		hex_encode(bytes_of(file->sha256, SHA256_BYTES), item->hash + 7);
	}
}

static int watch(const struct serve *s, int fd)
{
	char path[40];
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return inotify_add_watch(s->inotify, path, IN_MODIFY); /* -1: without; it is seen at the next request */
}

/* A small file from memory: header and body go out in one system call, not in two. */
static struct MHD_Response *from_memory(const struct serve_item *item)
{
	size_t n = (size_t)item->size;
	char *text = malloc(n + 1);
	struct stat st;
	if (text != NULL && pread(item->fd, text, n, 0) == (ssize_t)n && fstat(item->fd, &st) == 0 &&
	    stat_same(&st, &item->st)) {
		struct MHD_Response *r = MHD_create_response_from_buffer(n, text, MHD_RESPMEM_MUST_FREE);
		if (r != NULL)
			return r;
	}
	free(text);
	return NULL;
}

static struct MHD_Response *from_file(const struct serve_item *item)
{
	int own = fcntl(item->fd, F_DUPFD_CLOEXEC, 0); /* the response closes the one it gets */
	struct MHD_Response *r = own < 0 ? NULL : MHD_create_response_from_fd64(item->size, own);
	if (r == NULL && own >= 0)
		(void)close(own); /* only read from */
	return r;
}

static struct MHD_Response *whole_file(const struct serve_item *item)
{
	struct MHD_Response *r = item->size <= SMALL_BYTES ? from_memory(item) : from_file(item);
	if (r == NULL)
		return NULL;
	serve_header(r, "Content-Type", item->type);
	serve_header(r, "Accept-Ranges", "bytes");
	if (strcmp(item->type, "application/json") == 0)
		serve_header(r, "Cache-Control", "no-cache");
	serve_header(r, "ETag", item->etag);
	serve_header(r, "Last-Modified", item->modified);
	if (item->hash[0] != 0)
		serve_header(r, "X-Artifact-Hash", item->hash);
	return r;
}

struct serve_item *serve_item_make(struct serve *s, const char *url, const struct catalogue_file *file, int fd,
				   const char *type)
{
	struct serve_item *item = cached(s, url);
	uint64_t generation = catalogue_generation(&s->catalogue);
	if (item != NULL && stat_same(&item->st, &file->st) && (item->hash[0] != 0) == file->hashed) {
		(void)close(fd); /* of the same file as the item's */
		item->generation = generation;
		item->used = ++s->clock;
		return item;
	}
	struct serve_item made = {.fd = fd,
				  .type = type,
				  .st = file->st,
				  .size = (uint64_t)file->st.st_size,
				  .used = ++s->clock,
				  .generation = generation};
	describe(&made, file);
	if (strlen(url) >= sizeof made.url || (made.whole = whole_file(&made)) == NULL) {
		(void)close(fd); /* only read from */
		return NULL;
	}
	(void)snprintf(made.url, sizeof made.url, "%s", url);
	item = make_room(s, url);
	made.watch = watch(s, fd);
	*item = made;
	return item;
}
