#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/download_parts.h"
#include "host/file.h"

/* A tree is 1/128 of its file, up to 1/39 with parities; without one the download goes on all the same. */
#define TREE_TIMEOUT_MS 20000L
#define TREE_STALL_S 3L
#define DROP_EVERY_CHUNKS 2048 /* mapped pages that were checked are given back: 8 MiB */

/* Where one source's answer goes: a file of its own without a name. */
struct asking {
	CURL *easy;
	int fd;
	uint64_t got, most;
};

static size_t take_tree(char *p, size_t size, size_t n, void *context)
{
	struct asking *a = context;
	long status = 0;
	if (curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status != 200 ||
	    size * n > a->most - a->got || file_write_all(a->fd, bytes_of(p, size * n)) != OK)
		return 0; /* not a tree, or too much of it */
	a->got += size * n;
	return size * n;
}

static bool ask(struct download *d, unsigned source, CURLM *multi, struct asking *a)
{
	char url[DOWNLOAD_URL_BYTES];
	a->fd = open(d->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	a->easy = transfer_handle(d->cli);
	if (a->fd < 0 || a->easy == NULL || !transfer_url(d, source, ".bmt", url))
		return false;
	CURLcode bad = curl_easy_setopt(a->easy, CURLOPT_URL, url);
	bad |= curl_easy_setopt(a->easy, CURLOPT_WRITEFUNCTION, take_tree);
	bad |= curl_easy_setopt(a->easy, CURLOPT_WRITEDATA, a);
	bad |= curl_easy_setopt(a->easy, CURLOPT_PRIVATE, a);
	bad |= curl_easy_setopt(a->easy, CURLOPT_TIMEOUT_MS, TREE_TIMEOUT_MS);
	bad |= curl_easy_setopt(a->easy, CURLOPT_LOW_SPEED_LIMIT, 1024L);
	bad |= curl_easy_setopt(a->easy, CURLOPT_LOW_SPEED_TIME, TREE_STALL_S);
	return bad == CURLE_OK && curl_multi_add_handle(multi, a->easy) == CURLM_OK;
}

/* Checks level by level, giving back the memory of what was gone through. */
static bool check(struct checker_tree *t)
{
	struct bmt_scratch scratch;
	const struct tree *s = &t->shape;
	enum keccak_kind kind = keccak_widest();
	for (unsigned level = s->levels; level > 0; level--) {
		for (uint64_t i = 0; i < s->chunks[level]; i += BMT_BATCH) {
			if (tree_chunks_check(s, t->file, t->reference, level, i, kind, &scratch, NULL) != OK)
				return false;
			if (i % DROP_EVERY_CHUNKS == 0)
				(void)madvise((void *)(uintptr_t)t->file.p, t->file.n, MADV_DONTNEED);
		}
	}
	return true;
}

/* Its first span says of which redundancy level it is; whether that is true, the check. */
static bool take_over(struct checker_tree *t, uint64_t size, const struct asking *a)
{
	uint8_t span[CHUNK_SPAN_BYTES];
	if (pread(a->fd, span, sizeof span, 0) != (ssize_t)sizeof span || tree_shape_of(&t->shape, size, span) != OK ||
	    a->got != t->shape.bytes)
		return false;
	void *p = mmap(NULL, (size_t)t->shape.bytes, PROT_READ, MAP_SHARED, a->fd, 0);
	if (p == MAP_FAILED)
		return false;
	t->file = bytes_of(p, (size_t)t->shape.bytes);
	if (check(t))
		return true;
	tree_release(t);
	return false;
}

/* Goes on until a source's tree is right or all have answered. */
static bool race(struct download *d, CURLM *multi, struct checker_tree *tree)
{
	int running = 1, left;
	while (running > 0) {
		const CURLMsg *m;
		if (curl_multi_perform(multi, &running) != CURLM_OK ||
		    (running > 0 && curl_multi_poll(multi, NULL, 0, 1000, NULL) != CURLM_OK))
			return false;
		while ((m = curl_multi_info_read(multi, &left)) != NULL) {
			struct asking *a = NULL;
			if (curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&a) != CURLE_OK ||
			    m->data.result != CURLE_OK || a->got == 0)
				continue;
			if (take_over(tree, d->artifact->size, a))
				return true;
			cli_warn(d->cli, "%.*s: a source has a tree that is not the signed one",
				 (int)d->artifact->filename.n, (const char *)d->artifact->filename.p);
		}
	}
	return false;
}

bool tree_get(struct download *d, struct checker_tree *tree)
{
	struct asking asked[FETCH_SOURCES_MAX] = {0};
	*tree = (struct checker_tree){.file = BYTES_NONE};
	if (!d->artifact->has_swarm || tree_shape(&tree->shape, d->artifact->size, 0) != OK)
		return false;
	memcpy(tree->reference, d->artifact->swarm, REFERENCE_BYTES);
	if (tree->shape.bytes == 0)
		return true; /* one leaf: the reference is all there is to know */
	CURLM *multi = curl_multi_init();
	bool got = false;
	for (unsigned i = 0; i < d->fetch.sources_n; i++)
		asked[i] = (struct asking){.fd = -1, .most = tree_bytes_max(d->artifact->size)};
	if (multi != NULL) {
		for (unsigned i = 0; i < d->fetch.sources_n; i++)
			(void)(d->fetch.sources[i].fault == FETCH_FINE && ask(d, i, multi, &asked[i]));
		got = race(d, multi, tree);
	}
	for (unsigned i = 0; i < d->fetch.sources_n; i++) {
		if (asked[i].easy != NULL && multi != NULL)
			(void)curl_multi_remove_handle(multi, asked[i].easy); /* harmless when it was not added */
		if (asked[i].easy != NULL)
			curl_easy_cleanup(asked[i].easy);
		if (asked[i].fd >= 0)
			(void)close(asked[i].fd); /* a file without a name; the mapping stays */
	}
	if (multi != NULL)
		(void)curl_multi_cleanup(multi); /* its handles are gone */
	return got || tree_get_chunks(d, tree);
}

void tree_release(struct checker_tree *tree)
{
	if (tree->file.n > 0)
		(void)munmap((void *)(uintptr_t)tree->file.p, tree->file.n); /* what mmap gave */
	tree->file = BYTES_NONE;
}
