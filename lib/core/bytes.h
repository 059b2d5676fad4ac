/* Bytes: views, a reader that dies on the first misfit, a writer whose fullness sticks.
 *
 * Wire and file bytes are touched only through these. Nothing here allocates or fails loudly:
 * a dead reader gives zeros and empty views, a full writer drops; ask once at the end. */
#ifndef CORE_BYTES_H
#define CORE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK __attribute__((warn_unused_result))

/* A view: borrowed, never NUL-terminated, p may be NULL when n is 0. */
struct bytes {
	const uint8_t *p;
	size_t n;
};

#define BYTES_NONE ((struct bytes){NULL, 0})
/* A view of a string literal, without its NUL. */
#define BYTES_LITERAL(s) ((struct bytes){(const uint8_t *)("" s ""), sizeof(s) - 1})

static inline struct bytes bytes_of(const void *p, size_t n)
{
	return (struct bytes){(const uint8_t *)p, n};
}

struct bytes bytes_text(const char *s); /* a view of a C string, without its NUL */
bool bytes_equal(struct bytes a, struct bytes b);
bool bytes_is(struct bytes a, const char *s); /* equal to a C string */
bool bytes_starts(struct bytes a, const char *prefix);
bool bytes_ends(struct bytes a, const char *suffix);
/* How long the "http://" or "https://" is that a starts with; 0: neither. */
size_t bytes_http_scheme(struct bytes a);
int bytes_compare(struct bytes a, struct bytes b); /* as memcmp, a shorter prefix comes first */
/* The view without its first n bytes; empty when n is larger. */
struct bytes bytes_skip(struct bytes a, size_t n);

/* Reads from a view. After the first misfit dead is true and every read gives 0 or empty. */
struct reader {
	struct bytes left;
	bool dead;
};

struct reader reader_of(struct bytes in);
uint8_t read_u8(struct reader *r);
uint16_t read_be16(struct reader *r);
uint32_t read_be32(struct reader *r);
uint64_t read_be64(struct reader *r);
uint32_t read_le32(struct reader *r);
uint64_t read_le64(struct reader *r);
struct bytes read_bytes(struct reader *r, uint64_t n); /* a view into the input */
bool reader_done(const struct reader *r);              /* alive, and nothing left */

/* Writes into a caller's buffer. After the first misfit full is true and nothing is written. */
struct writer {
	uint8_t *p;
	size_t room; /* of the whole buffer */
	size_t n;    /* written so far */
	bool full;
};

struct writer writer_of(void *p, size_t room);
void write_u8(struct writer *w, uint8_t v);
void write_be16(struct writer *w, uint16_t v);
void write_be32(struct writer *w, uint32_t v);
void write_be64(struct writer *w, uint64_t v);
void write_le32(struct writer *w, uint32_t v);
void write_le64(struct writer *w, uint64_t v);
void write_bytes(struct writer *w, struct bytes v);
void write_text(struct writer *w, const char *s); /* without its NUL */
void write_decimal(struct writer *w, uint64_t v); /* as digits */
struct bytes writer_view(const struct writer *w); /* what is written; empty when full */

void store_be32(uint8_t p[static 4], uint32_t v);
void store_be64(uint8_t p[static 8], uint64_t v);
void store_le64(uint8_t p[static 8], uint64_t v);
uint32_t load_be32(const uint8_t p[static 4]);
uint64_t load_be64(const uint8_t p[static 8]);
uint64_t load_le64(const uint8_t p[static 8]);

/* A caller's scratch memory, handed out front to back and given back as a whole. */
struct arena {
	uint8_t *p;
	size_t room;
	size_t n;
};

struct arena arena_of(void *p, size_t room);
/* n bytes aligned to 16, or NULL when they do not fit. Never zeroed. */
void *arena_take(struct arena *a, size_t n);

#endif
