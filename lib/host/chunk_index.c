#include "host/chunk_index.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/chunk_index_parts.h"

void chunk_index_open(struct chunk_index *index, struct cli *cli, struct catalogue *c)
{
	*index = (struct chunk_index){.cli = cli,
				      .catalogue = c,
				      .kind = keccak_widest(),
				      .lock = PTHREAD_MUTEX_INITIALIZER,
				      .generation = UINT64_MAX};
}

bool chunk_read_at(int fd, uint8_t *p, size_t n, uint64_t offset)
{
	return pread(fd, p, n, (off_t)offset) == (ssize_t)n;
}

void chunk_table_free(struct chunk_table *t)
{
	for (size_t i = 0; i < t->sources_n; i++)
		if (t->sources[i].tree_fd >= 0)
			(void)close(t->sources[i].tree_fd); /* unnamed, or only read from */
	free(t->sources);
	if (t->entries != NULL)
		(void)munmap(t->entries, t->mapped_bytes); /* of what was mapped: cannot fail */
	*t = (struct chunk_table){.sources = NULL};
}

void chunk_index_close(struct chunk_index *index)
{
	chunk_table_free(&index->table);
}

/* The file is opened for each: it may have gone, and thousands of open ones would be too many. */
static size_t read_leaf(struct chunk_index *index, const struct chunk_file *s, uint64_t i,
			uint8_t chunk[static CHUNK_BYTES_MAX])
{
	size_t n = tree_block_bytes(&s->tree, i);
	struct catalogue_file file;
	int fd;
	if (catalogue_find_reference(index->catalogue, s->file.reference, &file, &fd) != OK)
		return 0;
	store_le64(chunk, n);
	bool whole = chunk_read_at(fd, chunk + CHUNK_SPAN_BYTES, n, i * TREE_BLOCK_BYTES);
	(void)close(fd); /* only read from */
	return whole ? CHUNK_SPAN_BYTES + n : 0;
}

static size_t read_chunk(struct chunk_index *index, const struct chunk_file *s, uint64_t number,
			 uint8_t chunk[static CHUNK_BYTES_MAX])
{
	uint64_t i = number - s->first;
	if (i >= s->intermediates_n)
		return read_leaf(index, s, i - s->intermediates_n, chunk);
	unsigned level = s->tree.levels;
	for (; i >= s->tree.chunks[level]; level--)
		i -= s->tree.chunks[level];
	struct tree_place place = tree_chunk(&s->tree, level, i);
	return chunk_read_at(s->tree_fd, chunk, place.n, place.offset) ? place.n : 0;
}

static const struct chunk_file *source_of(const struct chunk_index *index, uint64_t number)
{
	size_t i = index->table.sources_n;
	while (i > 0 && index->table.sources[i - 1].first > number)
		i--;
	return i == 0 ? NULL : &index->table.sources[i - 1];
}

/* Whether the bytes are the chunk of that address. */
static bool is_chunk(struct chunk_index *index, const uint8_t *chunk, size_t n, const uint8_t *address)
{
	uint8_t found[REFERENCE_BYTES];
	if (n < CHUNK_SPAN_BYTES)
		return false;
	bmt_address(index->kind, load_le64(chunk), bytes_of(chunk + CHUNK_SPAN_BYTES, n - CHUNK_SPAN_BYTES), found,
		    &index->scratch);
	return memcmp(found, address, sizeof found) == 0;
}

static const struct chunk_entry *entry_of(const struct chunk_index *index, uint64_t prefix)
{
	size_t low = 0, high = index->table.entries_n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (index->table.entries[middle].prefix < prefix)
			low = middle + 1;
		else
			high = middle;
	}
	return low < index->table.entries_n && index->table.entries[low].prefix == prefix ? &index->table.entries[low]
											  : NULL;
}

int chunk_index_find(struct chunk_index *index, const uint8_t address[static REFERENCE_BYTES],
		     uint8_t chunk[static CHUNK_BYTES_MAX], size_t *n, struct catalogue_file *file)
{
	int err = ERR_NOT_FOUND;
	(void)pthread_mutex_lock(&index->lock); /* of a mutex that is ours: cannot fail */
	const struct chunk_entry *entry = entry_of(index, chunk_prefix(address));
	const struct chunk_file *s = entry == NULL ? NULL : source_of(index, entry->number);
	size_t got = s == NULL ? 0 : read_chunk(index, s, entry->number, chunk);
	if (is_chunk(index, chunk, got, address)) {
		*n = got;
		*file = s->file;
		err = OK;
	}
	(void)pthread_mutex_unlock(&index->lock);
	return err;
}

int chunk_index_tree(struct chunk_index *index, const uint8_t reference[static REFERENCE_BYTES], int *fd, uint64_t *n)
{
	int own = -1;
	(void)pthread_mutex_lock(&index->lock); /* of a mutex that is ours: cannot fail */
	for (size_t i = 0; i < index->table.sources_n; i++) {
		const struct chunk_file *s = &index->table.sources[i];
		if (s->tree_fd < 0 || memcmp(s->root, reference, REFERENCE_BYTES) != 0)
			continue;
		own = fcntl(s->tree_fd, F_DUPFD_CLOEXEC, 0);
		*n = s->tree.bytes;
		break;
	}
	(void)pthread_mutex_unlock(&index->lock);
	if (own < 0)
		return ERR_NOT_FOUND;
	*fd = own;
	return OK;
}
