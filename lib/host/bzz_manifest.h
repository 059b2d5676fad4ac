/* The manifest of some files, written as bee writes that of an upload. */
#ifndef HOST_BZZ_MANIFEST_H
#define HOST_BZZ_MANIFEST_H

#include "crypto/secp256k1.h"
#include "host/bzz_write.h"

struct bzz_entry {
	char *path; /* owned by the list: in the manifest, without a slash in front */
	struct reference reference;
};

struct bzz_entries {
	struct bzz_entry *v;
	size_t n, room;
};

/* Adds a copy. ERR_NO_MEMORY. */
MUST_CHECK int bzz_entries_add(struct bzz_entries *list, const char *path, const struct reference *reference);
void bzz_entries_free(struct bzz_entries *list);

/* What a site says of itself. */
struct bzz_site_documents {
	const char *index, *error; /* NULL: none */
	bool first;                /* as bee does for a single file: makes another root than the other way */
};

/* Writes the nodes through w, with its encryption and redundancy, and gives the root's reference.
 * Every entry has the media type of its path and its name. Messages are printed. */
MUST_CHECK int bzz_manifest_write(struct bzz_write *w, const struct bzz_entries *list,
				  const struct bzz_site_documents *documents, struct reference *root);
/* The manifest of a feed, which leads to whatever is newest there. */
MUST_CHECK int bzz_manifest_write_feed(struct bzz_write *w, const uint8_t owner[static SECP256K1_ADDRESS_BYTES],
				       const uint8_t topic[static 32], struct reference *root);

#endif
