/* Building the index: which trees there are, and where every chunk of them lies. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/chunk_index_parts.h"
#include "host/file.h"
#include "host/hash.h"

/* On disk where there is one: /tmp is memory on many systems. */
static int unnamed_file(void)
{
	const char *folder = getenv("TMPDIR");
	int fd = open(folder != NULL ? folder : "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return fd >= 0 ? fd : memfd_create("chunks", MFD_CLOEXEC);
}

/* A tree where none lies beside the file: 1/128 of the file. */
static int make_tree(struct chunk_file *s, int file_fd)
{
	int fd = unnamed_file();
	const struct hash_wanted wanted = {.reference = true, .tree_fd = fd};
	struct hash_result result;
	int err = fd < 0 ? ERR_IO : hash_file(file_fd, &wanted, &result);
	if (err == OK && memcmp(result.reference.address, s->file.reference, REFERENCE_BYTES) != 0)
		err = ERR_CHANGED;
	if (err == OK)
		s->tree_fd = fd;
	else if (fd >= 0)
		(void)close(fd); /* unnamed: gone */
	return err;
}

/* Whether all of a FILE.bmt belongs to the source: one that was left behind would hide its chunks.
 * Read and not mapped: a file that somebody cuts short meanwhile must not end the program. */
static bool tree_fits(const struct chunk_file *s, int fd, enum keccak_kind kind)
{
	uint8_t chunk[TREE_CHUNK_BYTES], wanted[REFERENCE_BYTES], found[REFERENCE_BYTES];
	struct bmt_scratch scratch;
	uint64_t at;
	for (unsigned k = s->tree.levels; k > 0; k--) {
		for (uint64_t i = 0; i < s->tree.chunks[k]; i++) {
			struct tree_place place = tree_chunk(&s->tree, k, i);
			memcpy(wanted, s->root, sizeof wanted);
			if (!chunk_read_at(fd, chunk, place.n, place.offset) || load_le64(chunk) != place.span ||
			    (tree_address(&s->tree, k, i, &at) && !chunk_read_at(fd, wanted, sizeof wanted, at)))
				return false;
			bmt_address(kind, place.span, bytes_of(chunk + CHUNK_SPAN_BYTES, place.n - CHUNK_SPAN_BYTES),
				    found, &scratch);
			if (memcmp(found, wanted, sizeof found) != 0)
				return false;
		}
	}
	return true;
}

/* Its tree in the index that is being replaced. */
static bool reuse_tree(struct chunk_file *s, const struct chunk_index *old)
{
	for (size_t i = 0; i < old->table.sources_n; i++)
		if (old->table.sources[i].tree_fd >= 0 &&
		    memcmp(old->table.sources[i].root, s->root, REFERENCE_BYTES) == 0 &&
		    file_same(&old->table.sources[i].file.st, &s->file.st))
			return (s->tree_fd = fcntl(old->table.sources[i].tree_fd, F_DUPFD_CLOEXEC, 0)) >= 0;
	return false;
}

/* FILE.bmt, as it lies there. */
static int open_side(const struct chunk_file *s, const struct chunk_index *old, int *fd, uint64_t *n)
{
	char name[sizeof s->file.name + 4];
	struct catalogue_file side;
	(void)snprintf(name, sizeof name, "%s.bmt", s->file.name);
	int err = catalogue_find(old->catalogue, bytes_text(s->file.channel), bytes_text(s->file.arch),
				 bytes_text(name), &side, fd);
	if (err == OK)
		*n = (uint64_t)side.st.st_size;
	return err;
}

static int open_tree(struct chunk_file *s, int file_fd, const struct chunk_index *old)
{
	uint64_t n;
	int fd;
	if (reuse_tree(s, old))
		return OK;
	if (open_side(s, old, &fd, &n) == OK) {
		if (n == s->tree.bytes && tree_fits(s, fd, old->kind)) {
			s->tree_fd = fd;
			return OK;
		}
		(void)close(fd); /* of another version of the file, or of another level */
	}
	return make_tree(s, file_fd);
}

static bool has_reference(const struct chunk_table *t, const uint8_t *reference)
{
	for (size_t i = 0; i < t->sources_n; i++)
		if (memcmp(t->sources[i].file.reference, reference, REFERENCE_BYTES) == 0)
			return true;
	return false;
}

/* What is built, before it takes the place of what is there. */
struct building {
	struct chunk_table table;
	size_t trees_n, left_out_n;
	uint64_t chunks_n, bytes;
};

static int open_source(const struct chunk_index *old, const struct building *b, struct chunk_file *s)
{
	int fd, err = tree_shape(&s->tree, (uint64_t)s->file.st.st_size, 0);
	if (err != OK)
		return err;
	if (s->tree.size > CHUNK_INDEX_BYTES_MAX - b->bytes || b->trees_n == CHUNK_INDEX_TREES_MAX)
		return ERR_LIMIT;
	if (s->tree.levels == 0)
		return OK;
	err = catalogue_find_reference(old->catalogue, s->file.reference, &s->file, &fd);
	if (err != OK)
		return err;
	err = open_tree(s, fd, old);
	(void)close(fd); /* only read from */
	return err;
}

static void take_source(struct building *b, const struct chunk_file *source)
{
	struct chunk_file *s = &b->table.sources[b->table.sources_n++];
	*s = *source;
	for (unsigned k = 1; k <= s->tree.levels; k++)
		s->intermediates_n += s->tree.chunks[k];
	b->trees_n += s->tree_fd >= 0;
	b->chunks_n += s->intermediates_n + s->tree.blocks;
}

/* Whether a tree of a level above 0 is the file's: its root must be the file's own reference. */
static bool is_of_file(const struct chunk_file *s, const struct chunk_index *old)
{
	const struct hash_wanted wanted = {.reference = true, .redundancy = s->tree.redundancy, .tree_fd = -1};
	struct hash_result result;
	struct catalogue_file file;
	int fd;
	if (catalogue_find_reference(old->catalogue, s->file.reference, &file, &fd) != OK)
		return false;
	bool same = hash_file(fd, &wanted, &result) == OK &&
		    memcmp(result.reference.address, s->root, REFERENCE_BYTES) == 0;
	(void)close(fd); /* only read from */
	return same;
}

/* A FILE.bmt of another level than 0: what its root is stands in itself. */
static bool open_redundant(struct chunk_file *s, const struct chunk_index *old)
{
	uint8_t chunk[TREE_CHUNK_BYTES];
	struct bmt_scratch scratch;
	uint64_t n;
	int fd;
	if (open_side(s, old, &fd, &n) != OK)
		return false;
	bool good = chunk_read_at(fd, chunk, CHUNK_SPAN_BYTES, 0) &&
		    tree_shape_of(&s->tree, (uint64_t)s->file.st.st_size, chunk) == OK && s->tree.redundancy > 0 &&
		    s->tree.bytes == n;
	if (good) {
		const size_t root_n = tree_chunk(&s->tree, s->tree.levels, 0).n;
		good = chunk_read_at(fd, chunk, root_n, 0);
		bmt_address(old->kind, load_le64(chunk), bytes_of(chunk + CHUNK_SPAN_BYTES, root_n - CHUNK_SPAN_BYTES),
			    s->root, &scratch);
	}
	if (good && !reuse_tree(s, old) && tree_fits(s, fd, old->kind) && is_of_file(s, old)) {
		s->tree_fd = fd;
		return true;
	}
	(void)close(fd); /* only read from */
	return s->tree_fd >= 0;
}

static void add_source(const struct chunk_index *old, struct building *b, const struct catalogue_file *file)
{
	struct chunk_file s = {.file = *file, .tree_fd = -1, .first = b->chunks_n};
	if (!file->hashed || has_reference(&b->table, file->reference))
		return;
	memcpy(s.root, file->reference, sizeof s.root);
	int err = open_source(old, b, &s);
	if (err != OK) {
		b->left_out_n += err != ERR_NOT_FOUND && err != ERR_CHANGED; /* these come with the next scan */
		return;
	}
	b->bytes += s.tree.size;
	take_source(b, &s);
	struct chunk_file other = {.file = *file, .tree_fd = -1, .first = b->chunks_n};
	if (b->trees_n < CHUNK_INDEX_TREES_MAX && open_redundant(&other, old))
		take_source(b, &other);
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

/* An address that cannot be read becomes 0: whatever is found by it is hashed again. */
static void list_chunks(const struct chunk_file *s, struct chunk_entry *entries)
{
	struct window w = {.fd = s->tree_fd};
	uint64_t number = s->first;
	for (unsigned below = 0; below <= s->tree.levels; below++) { /* the root's level first */
		unsigned k = s->tree.levels - below;
		uint64_t count = k == 0 ? s->tree.blocks : s->tree.chunks[k], offset;
		for (uint64_t i = 0; i < count; i++, number++) {
			const uint8_t *address = s->root;
			if (tree_address(&s->tree, k, i, &offset))
				address = window_at(&w, offset);
			entries[number] = (struct chunk_entry){address == NULL ? 0 : chunk_prefix(address), number};
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
	for (size_t i = 0; i < b->table.sources_n; i++)
		list_chunks(&b->table.sources[i], entries);
	qsort(entries, n, sizeof *entries, compare);
	b->table.entries = entries;
	b->table.entries_n = drop_equal(entries, n);
	b->table.mapped_bytes = size;
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
	struct building b = {.table.sources = NULL};
	struct catalogue_file file;
	b.table.sources = calloc(2UL * CATALOGUE_FILES_MAX, sizeof *b.table.sources); /* untouched pages are free */
	if (b.table.sources == NULL)
		return; /* what is there stays; the next time, perhaps */
	for (size_t i = 0; i < CATALOGUE_FILES_MAX; i++) {
		if (!catalogue_file_at(index->catalogue, i, &file))
			break;
		add_source(index, &b, &file);
	}
	if (b.table.sources_n > 0 && make_entries(&b) != OK) {
		b.left_out_n += b.table.sources_n;
		chunk_table_free(&b.table);
	}
	say_left_out(index, b.left_out_n);
	struct chunk_table old = index->table;  /* this thread alone changes it */
	(void)pthread_mutex_lock(&index->lock); /* of a mutex that is ours: cannot fail */
	index->table = b.table;
	(void)pthread_mutex_unlock(&index->lock);
	index->generation = generation;
	chunk_table_free(&old);
}
