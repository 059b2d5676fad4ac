/* What the files of the loader share with each other, and nobody else. */
#ifndef EFI_LOAD_PARTS_H
#define EFI_LOAD_PARTS_H

#include "efi/load.h"

/* The URL of the artifact at a source, with suffix behind it. False: the source has no place for it, or it does not
 * fit. */
bool load_url(const struct load *l, unsigned source, const char *suffix, struct writer *w);

/* Chunks from all who have a place here, and from nodes of Swarm. */
MUST_CHECK int load_chunks_open(struct load *l, struct native *native, chunks_judge *judge, void *context,
				struct chunks **chunks);
/* Puts the tree together from its chunks, of gateways, of providers that answer like them, and of nodes (NULL: of
 * none): l->tree and l->tree_file, for a file of more than one block. OK, or why not; l->tree_file is what there is of
 * it. */
MUST_CHECK int load_tree_chunks(struct load *l, struct native *native);
/* Gets the tree from the first source that has the right one, or from its chunks: l->tree, and l->tree_file but for a
 * file of one block. False: nobody has it, which is told. */
bool load_tree_find(struct load *l);
void load_tree_drop(struct load *l);
/* Gets all pieces that are missing, chunk by chunk, each checked: the tree is there, l->native too.
 * OK, or why not, which is told; pieces that were whole by then stay. */
MUST_CHECK int load_leaves(struct load *l);

#endif
