/* What manifests and policies have in common: a strict JSON object read member by member, names
 * that are safe in paths, signatures, and the bytes that signatures cover. */
#ifndef PHASE_DOCUMENT_H
#define PHASE_DOCUMENT_H

#include "core/json.h"
#include "core/wall.h"
#include "phase/signature.h"

#define DOCUMENT_BYTES_MAX (1U << 20)
#define DOCUMENT_NODES_MAX 65536 /* JSON values; an honest document has a few hundred */
#define DOCUMENT_NAME_MAX 255    /* bytes of a file name, role, channel or version: NAME_MAX */
#define DOCUMENT_SIGNED_PREFIX_MAX 64
/* Scratch that suffices for every document: nodes, unescaped text, signed bytes, the result. */
#define DOCUMENT_ARENA_BYTES (DOCUMENT_NODES_MAX * sizeof(struct json_node) + 2 * DOCUMENT_BYTES_MAX + 65536)

/* A document while it is read. The readers below note in *why what misfits and where, and return
 * the error; a member that is absent and not required leaves *out as it is. */
struct document {
	struct json json;
	struct writer strings; /* unescaped text; has room for all of the document */
	struct bytes part;     /* which part is being read (an artifact's role); noted as why->id */
	struct why *why;
};

/* Parses text, which must be an object. text and the arena must outlive what is read from it. */
MUST_CHECK int document_open(struct document *d, struct bytes text, struct arena *a, struct why *why);
/* The format's own version number, member name, must be 1: ERR_VERSION otherwise. */
MUST_CHECK int document_version(struct document *d, const char *name, bool required);
MUST_CHECK int document_text(struct document *d, const struct json_node *object, const char *name, bool required,
			     bool (*valid)(struct bytes), struct bytes *out);
MUST_CHECK int document_uint(struct document *d, const struct json_node *object, const char *name, bool required,
			     uint64_t *out);
MUST_CHECK int document_wall(struct document *d, const char *name, bool required, struct wall *out, bool *present);
/* "arch" in either spelling, given in the canonical one. */
MUST_CHECK int document_arch(struct document *d, bool required, struct bytes *out);
/* 2 * n lower-case hex digits behind prefix. */
MUST_CHECK int document_hex(struct document *d, const struct json_node *object, const char *name, bool required,
			    const char *prefix, uint8_t *out, size_t n, bool *present);
/* A member that must be of that type; *out is NULL when absent. */
MUST_CHECK int document_member(struct document *d, const struct json_node *object, const char *name, bool required,
			       enum json_type type, const struct json_node **out);
/* A member that must be an array of strings, each of them valid. */
MUST_CHECK int document_texts(struct document *d, const struct json_node *object, const char *name,
			      bool (*valid)(struct bytes), const struct json_node **out);
/* The first name in "critical" that understood does not list; *unknown stays when there is none. */
MUST_CHECK int document_critical(struct document *d, const char *const *understood, size_t understood_n,
				 struct bytes *unknown);
/* One entry. Anything but an object is refused; one that says nothing to us is not known. */
MUST_CHECK int document_signature(struct document *d, const struct json_node *entry, struct signature *s);
/* "signatures": entries of an algorithm that is not known here are kept, but never count. */
MUST_CHECK int document_signatures(struct document *d, struct signature signatures[static SIGNATURES_MAX], size_t *n);
/* prefix and the RFC 8785 canonical form without "signatures", written into the arena. */
MUST_CHECK int document_message(struct document *d, const char *prefix, struct arena *a, struct bytes *out);
/* Notes a misfit of node (NULL: of the whole document) and returns err. */
int document_misfit(struct document *d, enum err err, const char *what, const struct json_node *node);

/* 1 to 255 bytes that are one harmless path component: printable UTF-8, no '/', no '\', no dot at
 * the start. */
bool name_is_safe(struct bytes name);
/* 1 to 255 bytes of printable UTF-8. */
bool name_is_printable(struct bytes name);

#endif
