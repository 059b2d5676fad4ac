/* Media types as bee's API gives them: by a file's name when it is uploaded, and by its first bytes
 * when nothing was said. Both are Go's rules (mime.TypeByExtension without a system's tables;
 * http.DetectContentType), since bee has them from there. */
#ifndef HTTP_MEDIA_TYPE_H
#define HTTP_MEDIA_TYPE_H

#include "core/bytes.h"

#define MEDIA_TYPE_SNIFF_BYTES 512 /* of content that are looked at */

/* By what stands behind the last dot of the last part of a path, in either case;
 * "application/octet-stream" for all that has no name there. A literal. */
const char *media_type_of_name(struct bytes name);
/* By the first bytes of content; more than MEDIA_TYPE_SNIFF_BYTES are not looked at. A literal. */
const char *media_type_sniff(struct bytes content);

#endif
