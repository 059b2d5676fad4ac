/* What the files of the loader share with each other, and nobody else. */
#ifndef EFI_LOAD_PARTS_H
#define EFI_LOAD_PARTS_H

#include "efi/load.h"

/* The URL of the artifact at a source, with suffix behind it. False: the source has no place for it, or it does not
 * fit. */
bool load_url(const struct load *l, unsigned source, const char *suffix, struct writer *w);

/* Gets the tree from the first source that has the right one: l->tree, and l->tree_file but for a file of one block.
 * False: nobody has it, which is told. */
bool load_tree_find(struct load *l);
void load_tree_drop(struct load *l);

#endif
