/* Answers kept ready: a response that all requests for a file share. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "core/hex.h"
#include "host/file.h"
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
	if (item->watch >= 0 && !watched_elsewhere(s, item) && !http_server_sends(&s->http, item->watch))
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
	    fstatat(s->catalogue.store.fd, item->file, &st, AT_SYMLINK_NOFOLLOW) != 0 || !file_same(&st, &item->st))
		return NULL;
	item->used = ++s->clock;
	return item;
}

static struct serve_item *least_used(struct serve *s)
{
	struct serve_item *least = &s->items[0]; /* a free one was used never */
	for (size_t i = 1; i < SERVE_CACHE_N; i++)
		if (s->items[i].used < least->used)
			least = &s->items[i];
	return least;
}

/* The place for a new item: that of the same url, a free one, or the one least used. */
static struct serve_item *make_room(struct serve *s, const char *url)
{
	struct serve_item *item = cached(s, url);
	if (item == NULL)
		item = least_used(s);
	if (item->url[0] != 0)
		free_item(s, item);
	return item;
}

static void describe(struct serve_item *item, const struct catalogue_file *file)
{
	struct tm tm;
	(void)snprintf(item->file, sizeof item->file, "%s/%s/%s", file->channel, file->arch, file->name);
	(void)snprintf(item->etag, sizeof item->etag, "\"%llx-%llx-%llx%s\"", (unsigned long long)file->st.st_ino,
		       (unsigned long long)file->st.st_mtim.tv_sec * 1000000000 +
			       (unsigned long long)file->st.st_mtim.tv_nsec,
		       (unsigned long long)file->st.st_size, item->is_tree ? "-tree" : "");
	if (gmtime_r(&file->st.st_mtim.tv_sec, &tm) != NULL)
		(void)strftime(item->modified, sizeof item->modified, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (file->hashed && !item->is_tree) {
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
	if (text != NULL && pread(item->fd, text, n, 0) == (ssize_t)n &&
	    (item->is_tree || (fstat(item->fd, &st) == 0 && file_same(&st, &item->st)))) {
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
	http_add_header(r, "Content-Type", item->type);
	http_add_header(r, "Accept-Ranges", "bytes");
	if (strcmp(item->type, "application/json") == 0)
		http_add_header(r, "Cache-Control", "no-cache");
	http_add_header(r, "ETag", item->etag);
	http_add_header(r, "Last-Modified", item->modified);
	if (item->hash[0] != 0)
		http_add_header(r, "X-Artifact-Hash", item->hash);
	return r;
}

/* Puts what was made of made->fd in its place; takes the descriptor in any case. */
static struct serve_item *keep(struct serve *s, const char *url, const struct catalogue_file *file,
			       struct serve_item *made)
{
	struct serve_item *item = cached(s, url);
	uint64_t generation = catalogue_generation(&s->catalogue);
	describe(made, file);
	if (item != NULL && file_same(&item->st, &file->st) && strcmp(item->etag, made->etag) == 0 &&
	    strcmp(item->hash, made->hash) == 0) {
		(void)close(made->fd); /* of the same file as the item's */
		item->generation = generation;
		item->used = ++s->clock;
		return item;
	}
	if (strlen(url) >= sizeof made->url || (made->whole = whole_file(made)) == NULL) {
		(void)close(made->fd); /* only read from */
		return NULL;
	}
	(void)snprintf(made->url, sizeof made->url, "%s", url);
	made->generation = generation;
	made->used = ++s->clock;
	item = make_room(s, url);
	made->watch = watch(s, made->fd);
	*item = *made;
	return item;
}

struct serve_item *serve_item_make(struct serve *s, const char *url, const struct catalogue_file *file, int fd,
				   const char *type)
{
	struct serve_item made = {.fd = fd, .type = type, .st = file->st, .size = (uint64_t)file->st.st_size};
	return keep(s, url, file, &made);
}

struct serve_item *serve_item_make_tree(struct serve *s, const char *url, const struct catalogue_file *file, int fd,
					uint64_t n)
{
	struct serve_item made = {
		.fd = fd, .type = "application/octet-stream", .st = file->st, .size = n, .is_tree = true};
	return keep(s, url, file, &made);
}
