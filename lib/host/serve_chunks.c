#include "host/serve_chunks.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/hash.h"

/* Chunk numbers of a source: first FILE.bmt's in its order, then the leaves. */
struct chunk_source {
	struct catalogue_file file;
	struct tree tree;
	int fd, tree_fd;          /* owned */
	uint32_t first;           /* number of its first chunk */
	uint32_t intermediates_n; /* chunks in FILE.bmt */
};

struct chunk_entry {
	uint32_t prefix, number;
};

void chunk_index_open(struct chunk_index *index)
{
	*index = (struct chunk_index){.lock = PTHREAD_MUTEX_INITIALIZER, .generation = UINT64_MAX};
}

static void free_sources(struct chunk_source *sources, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		(void)close(sources[i].fd); /* only read from */
		if (sources[i].tree_fd >= 0)
			(void)close(sources[i].tree_fd); /* unnamed, or only read from */
	}
	free(sources);
}

void chunk_index_close(struct chunk_index *index)
{
	free_sources(index->sources, index->sources_n);
	free(index->entries);
	*index = (struct chunk_index){.lock = PTHREAD_MUTEX_INITIALIZER};
}

/* A tree where none lies beside the file: on disk, as it is 1/128 of the file. */
static int make_tree(struct chunk_source *s)
{
	const char *folder = getenv("TMPDIR");
	int fd = open(folder != NULL ? folder : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		fd = memfd_create("tree", MFD_CLOEXEC);
	const struct hash_wanted wanted = {.reference = true, .tree_fd = fd};
	struct hash_result result;
	if (fd < 0 || lseek(s->fd, 0, SEEK_SET) != 0)
		goto failed;
	if (hash_file(s->fd, &wanted, &result) != OK ||
	    memcmp(result.reference, s->file.reference, REFERENCE_BYTES) != 0)
		goto failed;
	s->tree_fd = fd;
	return OK;
failed:
	if (fd >= 0)
		(void)close(fd); /* unnamed: gone */
	return ERR_IO;
}

static bool read_at(int fd, uint8_t *p, size_t n, uint64_t offset)
{
	return pread(fd, p, n, (off_t)offset) == (ssize_t)n;
}

/* Whether all of a FILE.bmt belongs to the source: one that was left behind would hide its chunks. */
static bool tree_fits(const struct chunk_source *s, int fd, struct bmt_scratch *scratch)
{
	uint8_t chunk[TREE_CHUNK_BYTES], wanted[REFERENCE_BYTES], found[REFERENCE_BYTES];
	uint64_t at;
	for (unsigned k = s->tree.levels; k > 0; k--) {
		for (uint64_t i = 0; i < s->tree.chunks[k]; i++) {
			struct tree_place place = tree_chunk(&s->tree, k, i);
			memcpy(wanted, s->file.reference, sizeof wanted);
			if (!read_at(fd, chunk, place.n, place.offset) || load_le64(chunk) != place.span ||
			    (tree_address(&s->tree, k, i, &at) && !read_at(fd, wanted, sizeof wanted, at)))
				return false;
			bmt_address(keccak_widest(), place.span,
				    bytes_of(chunk + CHUNK_SPAN_BYTES, place.n - CHUNK_SPAN_BYTES), found, scratch);
			if (memcmp(found, wanted, sizeof found) != 0)
				return false;
		}
	}
	return true;
}

/* Its tree in the index that is being replaced. */
static bool reuse_tree(struct chunk_source *s, const struct chunk_index *old)
{
	for (size_t i = 0; i < old->sources_n; i++)
		if (old->sources[i].tree_fd >= 0 &&
		    memcmp(old->sources[i].file.reference, s->file.reference, REFERENCE_BYTES) == 0 &&
		    stat_same(&old->sources[i].file.st, &s->file.st))
			return (s->tree_fd = fcntl(old->sources[i].tree_fd, F_DUPFD_CLOEXEC, 0)) >= 0;
	return false;
}

static int open_tree(struct chunk_source *s, struct catalogue *c, const struct chunk_index *old)
{
	char name[sizeof s->file.name + 4];
	struct catalogue_file side;
	struct bmt_scratch scratch;
	int fd;
	if (reuse_tree(s, old))
		return OK;
	(void)snprintf(name, sizeof name, "%s.bmt", s->file.name);
	if (catalogue_find(c, bytes_text(s->file.channel), bytes_text(s->file.arch), bytes_text(name), &side, &fd) ==
	    OK) {
		if ((uint64_t)side.st.st_size == s->tree.bytes && tree_fits(s, fd, &scratch)) {
			s->tree_fd = fd;
			return OK;
		}
		(void)close(fd); /* of another version of the file */
	}
	return make_tree(s);
}

static bool has_reference(const struct chunk_source *sources, size_t n, const uint8_t *reference)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(sources[i].file.reference, reference, REFERENCE_BYTES) == 0)
			return true;
	return false;
}

/* Opens a hashed file and its tree as source n; false: not this one. */
static bool open_source(const struct chunk_index *old, struct catalogue *c, const struct catalogue_file *f,
			struct chunk_source *sources, size_t n, uint64_t numbers)
{
	struct chunk_source s = {.tree_fd = -1, .first = (uint32_t)numbers};
	if (!f->hashed || has_reference(sources, n, f->reference) ||
	    tree_shape(&s.tree, (uint64_t)f->st.st_size) != OK || s.tree.blocks > CHUNK_INDEX_MAX ||
	    catalogue_find_reference(c, f->reference, &s.file, &s.fd) != OK)
		return false;
	for (unsigned k = 1; k <= s.tree.levels; k++)
		s.intermediates_n += (uint32_t)s.tree.chunks[k];
	if (numbers + s.intermediates_n + s.tree.blocks > CHUNK_INDEX_MAX ||
	    (s.tree.levels > 0 && open_tree(&s, c, old) != OK)) {
		(void)close(s.fd); /* only read from */
		return false;
	}
	sources[n] = s;
	return true;
}

/* FILE.bmt read in order, one piece at a time. */
struct window {
	int fd;
	uint64_t start;
	size_t n;
	uint8_t bytes[TREE_CHUNK_BYTES];
};

static const uint8_t *window_at(struct window *w, uint64_t offset)
{
	if (offset < w->start || offset - w->start + REFERENCE_BYTES > w->n) {
		ssize_t n = pread(w->fd, w->bytes, sizeof w->bytes, (off_t)offset);
		w->start = offset;
		w->n = n > 0 ? (size_t)n : 0;
	}
	return w->n >= REFERENCE_BYTES ? w->bytes + (offset - w->start) : NULL;
}

static uint32_t prefix_of(const uint8_t *address)
{
	return (uint32_t)address[0] << 24 | (uint32_t)address[1] << 16 | (uint32_t)address[2] << 8 | address[3];
}

static size_t list_chunks(const struct chunk_source *s, struct chunk_entry *entries)
{
	struct window w = {.fd = s->tree_fd};
	uint32_t number = s->first;
	size_t n = 0;
	for (unsigned k = s->tree.levels; k <= s->tree.levels; k--) { /* the root's level first; wraps after 0 */
		uint64_t count = k == 0 ? s->tree.blocks : s->tree.chunks[k], offset;
		for (uint64_t i = 0; i < count; i++, number++) {
			const uint8_t *address = s->file.reference;
			if (tree_address(&s->tree, k, i, &offset))
				address = window_at(&w, offset);
			if (address != NULL)
				entries[n++] = (struct chunk_entry){prefix_of(address), number};
		}
	}
	return n;
}

static int compare(const void *left, const void *right)
{
	const struct chunk_entry *a = left, *b = right;
	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	return (a->number > b->number) - (a->number < b->number);
}

void chunk_index_refresh(struct chunk_index *index, struct catalogue *c)
{
	uint64_t generation = catalogue_generation(c), numbers = 0;
	if (generation == index->generation)
		return;                                                              /* only this thread writes it */
	struct chunk_source *sources = calloc(CATALOGUE_FILES_MAX, sizeof *sources); /* untouched pages cost nothing */
	struct catalogue_file file;
	size_t n = 0, entries_n = 0;
	for (size_t i = 0; sources != NULL && catalogue_file_at(c, i, &file); i++) {
		if (n == CATALOGUE_FILES_MAX || !open_source(index, c, &file, sources, n, numbers))
			continue;
		numbers += sources[n].intermediates_n + sources[n].tree.blocks;
		n++;
	}
	struct chunk_entry *entries = malloc((size_t)(numbers + 1) * sizeof *entries);
	if (sources == NULL || entries == NULL) {
		free_sources(sources, n);
		free(entries);
		return;
	}
	for (size_t i = 0; i < n; i++)
		entries_n += list_chunks(&sources[i], entries + entries_n);
	qsort(entries, entries_n, sizeof *entries, compare);
	(void)pthread_mutex_lock(&index->lock); /* of a mutex that is ours: cannot fail */
	struct chunk_source *old_sources = index->sources;
	struct chunk_entry *old_entries = index->entries;
	size_t old_n = index->sources_n;
	index->sources = sources;
	index->sources_n = n;
	index->entries = entries;
	index->entries_n = entries_n;
	(void)pthread_mutex_unlock(&index->lock);
	index->generation = generation;
	free_sources(old_sources, old_n);
	free(old_entries);
}

static size_t read_leaf(const struct chunk_source *s, uint64_t i, uint8_t chunk[static CHUNK_BYTES_MAX])
{
	size_t n = tree_block_bytes(&s->tree, i);
	store_le64(chunk, n);
	return read_at(s->fd, chunk + CHUNK_SPAN_BYTES, n, i * TREE_BLOCK_BYTES) ? CHUNK_SPAN_BYTES + n : 0;
}

static size_t read_chunk(const struct chunk_source *s, uint32_t number, uint8_t chunk[static CHUNK_BYTES_MAX])
{
	uint64_t i = number - s->first;
	if (i >= s->intermediates_n)
		return read_leaf(s, i - s->intermediates_n, chunk);
	unsigned level = s->tree.levels;
	for (; i >= s->tree.chunks[level]; level--)
		i -= s->tree.chunks[level];
	struct tree_place place = tree_chunk(&s->tree, level, i);
	return read_at(s->tree_fd, chunk, place.n, place.offset) ? place.n : 0;
}

static const struct chunk_source *source_of(const struct chunk_index *index, uint32_t number)
{
	size_t i = index->sources_n;
	while (i > 0 && index->sources[i - 1].first > number)
		i--;
	return i == 0 ? NULL : &index->sources[i - 1];
}

/* Whether the bytes are the chunk of that address. */
static bool is_chunk(struct chunk_index *index, const uint8_t *chunk, size_t n, const uint8_t *address)
{
	uint8_t found[REFERENCE_BYTES];
	if (n < CHUNK_SPAN_BYTES)
		return false;
	bmt_address(keccak_widest(), load_le64(chunk), bytes_of(chunk + CHUNK_SPAN_BYTES, n - CHUNK_SPAN_BYTES), found,
		    &index->scratch);
	return memcmp(found, address, sizeof found) == 0;
}

int chunk_index_find(struct chunk_index *index, const uint8_t address[static REFERENCE_BYTES],
		     uint8_t chunk[static CHUNK_BYTES_MAX], size_t *n, struct catalogue_file *file)
{
	uint32_t prefix = prefix_of(address);
	int err = ERR_NOT_FOUND;
	(void)pthread_mutex_lock(&index->lock); /* of a mutex that is ours: cannot fail */
	size_t low = 0, high = index->entries_n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (index->entries[middle].prefix < prefix)
			low = middle + 1;
		else
			high = middle;
	}
	for (; err != OK && low < index->entries_n && index->entries[low].prefix == prefix; low++) {
		const struct chunk_source *s = source_of(index, index->entries[low].number);
		size_t got = s == NULL ? 0 : read_chunk(s, index->entries[low].number, chunk);
		if (!is_chunk(index, chunk, got, address))
			continue;
		*n = got;
		*file = s->file;
		err = OK;
	}
	(void)pthread_mutex_unlock(&index->lock);
	return err;
}
