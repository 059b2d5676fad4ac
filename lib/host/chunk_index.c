#include "host/chunk_index.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/file.h"
#include "host/hash.h"

/* Chunk numbers of a source: first FILE.bmt's in its order, then the leaves. */
struct chunk_source {
	struct catalogue_file file;
	struct tree tree;
	int tree_fd;              /* owned; -1: a file of one chunk */
	uint64_t first;           /* number of its first chunk */
	uint64_t intermediates_n; /* chunks in FILE.bmt */
};

struct chunk_entry {
	uint64_t prefix; /* of the address */
	uint64_t number;
};

static void lock(struct chunk_index *index)
{
	(void)pthread_mutex_lock(&index->lock); /* of a mutex that is ours: cannot fail */
}

static void unlock(struct chunk_index *index)
{
	(void)pthread_mutex_unlock(&index->lock);
}

void chunk_index_open(struct chunk_index *index, struct cli *cli, struct catalogue *c)
{
	*index = (struct chunk_index){.cli = cli,
				      .catalogue = c,
				      .lock = PTHREAD_MUTEX_INITIALIZER,
				      .generation = UINT64_MAX};
}

static void free_sources(struct chunk_source *sources, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (sources[i].tree_fd >= 0)
			(void)close(sources[i].tree_fd); /* unnamed, or only read from */
	free(sources);
}

static void free_entries(struct chunk_entry *entries, size_t mapped_bytes)
{
	if (entries != NULL)
		(void)munmap(entries, mapped_bytes); /* of what was mapped: cannot fail */
}

void chunk_index_close(struct chunk_index *index)
{
	free_sources(index->sources, index->sources_n);
	free_entries(index->entries, index->mapped_bytes);
	index->sources = NULL;
	index->entries = NULL;
	index->sources_n = index->entries_n = 0;
}

/* On disk where there is one: /tmp is memory on many systems. */
static int unnamed_file(void)
{
	const char *folder = getenv("TMPDIR");
	int fd = open(folder != NULL ? folder : "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return fd >= 0 ? fd : memfd_create("chunks", MFD_CLOEXEC);
}

/* A tree where none lies beside the file: 1/128 of the file. */
static int make_tree(struct chunk_source *s, int file_fd)
{
	int fd = unnamed_file();
	const struct hash_wanted wanted = {.reference = true, .tree_fd = fd};
	struct hash_result result;
	int err = fd < 0 ? ERR_IO : hash_file(file_fd, &wanted, &result);
	if (err == OK && memcmp(result.reference, s->file.reference, REFERENCE_BYTES) != 0)
		err = ERR_CHANGED;
	if (err == OK)
		s->tree_fd = fd;
	else if (fd >= 0)
		(void)close(fd); /* unnamed: gone */
	return err;
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
		    file_same(&old->sources[i].file.st, &s->file.st))
			return (s->tree_fd = fcntl(old->sources[i].tree_fd, F_DUPFD_CLOEXEC, 0)) >= 0;
	return false;
}

static int open_tree(struct chunk_source *s, int file_fd, const struct chunk_index *old)
{
	char name[sizeof s->file.name + 4];
	struct catalogue_file side;
	struct bmt_scratch scratch;
	int fd;
	if (reuse_tree(s, old))
		return OK;
	(void)snprintf(name, sizeof name, "%s.bmt", s->file.name);
	if (catalogue_find(old->catalogue, bytes_text(s->file.channel), bytes_text(s->file.arch), bytes_text(name),
			   &side, &fd) == OK) {
		if ((uint64_t)side.st.st_size == s->tree.bytes && tree_fits(s, fd, &scratch)) {
			s->tree_fd = fd;
			return OK;
		}
		(void)close(fd); /* of another version of the file */
	}
	return make_tree(s, file_fd);
}

static bool has_reference(const struct chunk_source *sources, size_t n, const uint8_t *reference)
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(sources[i].file.reference, reference, REFERENCE_BYTES) == 0)
			return true;
	return false;
}

/* What is built, before it takes the place of what is there. */
struct building {
	struct chunk_source *sources;
	size_t n, trees_n, left_out_n;
	uint64_t chunks_n, bytes;
	struct chunk_entry *entries;
	size_t entries_n, mapped_bytes;
};

static int open_source(const struct chunk_index *old, const struct building *b, struct chunk_source *s)
{
	int fd, err = tree_shape(&s->tree, (uint64_t)s->file.st.st_size);
	if (err != OK)
		return err;
	if (s->tree.size > CHUNK_INDEX_BYTES_MAX - b->bytes || b->trees_n == CHUNK_INDEX_TREES_MAX)
		return ERR_LIMIT;
	for (unsigned k = 1; k <= s->tree.levels; k++)
		s->intermediates_n += s->tree.chunks[k];
	if (s->tree.levels == 0)
		return OK;
	err = catalogue_find_reference(old->catalogue, s->file.reference, &s->file, &fd);
	if (err != OK)
		return err;
	err = open_tree(s, fd, old);
	(void)close(fd); /* only read from */
	return err;
}

static void add_source(const struct chunk_index *old, struct building *b, const struct catalogue_file *file)
{
	struct chunk_source s = {.file = *file, .tree_fd = -1, .first = b->chunks_n};
	if (!file->hashed || has_reference(b->sources, b->n, file->reference))
		return;
	int err = open_source(old, b, &s);
	if (err != OK) {
		b->left_out_n += err != ERR_NOT_FOUND && err != ERR_CHANGED; /* these come with the next scan */
		return;
	}
	b->trees_n += s.tree_fd >= 0;
	b->bytes += s.tree.size;
	b->chunks_n += s.intermediates_n + s.tree.blocks;
	b->sources[b->n++] = s;
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

static uint64_t prefix_of(const uint8_t *address)
{
	return load_le64(address); /* any order will do */
}

/* An address that cannot be read becomes 0: whatever is found by it is hashed again. */
static void list_chunks(const struct chunk_source *s, struct chunk_entry *entries)
{
	struct window w = {.fd = s->tree_fd};
	uint64_t number = s->first;
	for (unsigned below = 0; below <= s->tree.levels; below++) { /* the root's level first */
		unsigned k = s->tree.levels - below;
		uint64_t count = k == 0 ? s->tree.blocks : s->tree.chunks[k], offset;
		for (uint64_t i = 0; i < count; i++, number++) {
			const uint8_t *address = s->file.reference;
			if (tree_address(&s->tree, k, i, &offset))
				address = window_at(&w, offset);
			entries[number] = (struct chunk_entry){address == NULL ? 0 : prefix_of(address), number};
		}
	}
}

static int compare(const void *left, const void *right)
{
	const struct chunk_entry *a = left, *b = right;
	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	return (a->number > b->number) - (a->number < b->number);
}

/* One entry for each prefix: a file of zeros is one chunk a million times, and whoever asks for
 * something like it must not make us read them all. */
static size_t drop_equal(struct chunk_entry *entries, size_t n)
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || entries[i].prefix != entries[kept - 1].prefix)
			entries[kept++] = entries[i];
	return kept;
}

/* The chunks of all sources, sorted. In a file, so that what is seldom looked up need not stay in
 * memory. */
static int make_entries(struct building *b)
{
	size_t n = (size_t)b->chunks_n, size = n * sizeof(struct chunk_entry);
	int fd = unnamed_file();
	struct chunk_entry *entries = MAP_FAILED;
	if (fd >= 0 && posix_fallocate(fd, 0, (off_t)size) == 0) /* no SIGBUS when the disk is full */
		entries = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		(void)close(fd); /* mapped, or of no use */
	if (entries == MAP_FAILED)
		return ERR_IO;
	for (size_t i = 0; i < b->n; i++)
		list_chunks(&b->sources[i], entries);
	qsort(entries, n, sizeof *entries, compare);
	b->entries = entries;
	b->entries_n = drop_equal(entries, n);
	b->mapped_bytes = size;
	(void)madvise(entries, size, MADV_DONTNEED); /* only saves memory */
	return OK;
}

static void say_left_out(struct chunk_index *index, size_t n)
{
	if (n > 0 && n != index->left_out_n)
		cli_warn(index->cli, "/chunks: %zu files are left out: over %llu GiB, %d trees, or no room for a tree",
			 n, CHUNK_INDEX_BYTES_MAX >> 30, CHUNK_INDEX_TREES_MAX);
	index->left_out_n = n;
}

void chunk_index_refresh(struct chunk_index *index)
{
	uint64_t generation = catalogue_generation(index->catalogue);
	if (generation == index->generation)
		return;
	struct building b = {.sources = calloc(CATALOGUE_FILES_MAX, sizeof *b.sources)}; /* untouched pages are free */
	struct catalogue_file file;
	for (size_t i = 0; b.sources != NULL && b.n < CATALOGUE_FILES_MAX; i++) {
		if (!catalogue_file_at(index->catalogue, i, &file))
			break;
		add_source(index, &b, &file);
	}
	if (b.n > 0 && make_entries(&b) != OK) {
		b.left_out_n += b.n;
		free_sources(b.sources, b.n);
		b = (struct building){.left_out_n = b.left_out_n};
	}
	say_left_out(index, b.left_out_n);
	lock(index);
	struct chunk_index old = *index;
	index->sources = b.sources;
	index->sources_n = b.n;
	index->entries = b.entries;
	index->entries_n = b.entries_n;
	index->mapped_bytes = b.mapped_bytes;
	unlock(index);
	index->generation = generation;
	free_sources(old.sources, old.sources_n);
	free_entries(old.entries, old.mapped_bytes);
}

/* The file is opened for each: it may have gone, and thousands of open ones would be too many. */
static size_t read_leaf(struct chunk_index *index, const struct chunk_source *s, uint64_t i,
			uint8_t chunk[static CHUNK_BYTES_MAX])
{
	size_t n = tree_block_bytes(&s->tree, i);
	struct catalogue_file file;
	int fd;
	if (catalogue_find_reference(index->catalogue, s->file.reference, &file, &fd) != OK)
		return 0;
	store_le64(chunk, n);
	bool whole = read_at(fd, chunk + CHUNK_SPAN_BYTES, n, i * TREE_BLOCK_BYTES);
	(void)close(fd); /* only read from */
	return whole ? CHUNK_SPAN_BYTES + n : 0;
}

static size_t read_chunk(struct chunk_index *index, const struct chunk_source *s, uint64_t number,
			 uint8_t chunk[static CHUNK_BYTES_MAX])
{
	uint64_t i = number - s->first;
	if (i >= s->intermediates_n)
		return read_leaf(index, s, i - s->intermediates_n, chunk);
	unsigned level = s->tree.levels;
	for (; i >= s->tree.chunks[level]; level--)
		i -= s->tree.chunks[level];
	struct tree_place place = tree_chunk(&s->tree, level, i);
	return read_at(s->tree_fd, chunk, place.n, place.offset) ? place.n : 0;
}

static const struct chunk_source *source_of(const struct chunk_index *index, uint64_t number)
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

static const struct chunk_entry *entry_of(const struct chunk_index *index, uint64_t prefix)
{
	size_t low = 0, high = index->entries_n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (index->entries[middle].prefix < prefix)
			low = middle + 1;
		else
			high = middle;
	}
	return low < index->entries_n && index->entries[low].prefix == prefix ? &index->entries[low] : NULL;
}

int chunk_index_find(struct chunk_index *index, const uint8_t address[static REFERENCE_BYTES],
		     uint8_t chunk[static CHUNK_BYTES_MAX], size_t *n, struct catalogue_file *file)
{
	int err = ERR_NOT_FOUND;
	lock(index);
	const struct chunk_entry *entry = entry_of(index, prefix_of(address));
	const struct chunk_source *s = entry == NULL ? NULL : source_of(index, entry->number);
	size_t got = s == NULL ? 0 : read_chunk(index, s, entry->number, chunk);
	if (is_chunk(index, chunk, got, address)) {
		*n = got;
		*file = s->file;
		err = OK;
	}
	unlock(index);
	return err;
}

int chunk_index_tree(struct chunk_index *index, const uint8_t reference[static REFERENCE_BYTES], int *fd, uint64_t *n)
{
	int own = -1;
	lock(index);
	for (size_t i = 0; i < index->sources_n; i++) {
		const struct chunk_source *s = &index->sources[i];
		if (s->tree_fd < 0 || memcmp(s->file.reference, reference, REFERENCE_BYTES) != 0)
			continue;
		own = fcntl(s->tree_fd, F_DUPFD_CLOEXEC, 0);
		*n = s->tree.bytes;
		break;
	}
	unlock(index);
	if (own < 0)
		return ERR_NOT_FOUND;
	*fd = own;
	return OK;
}
