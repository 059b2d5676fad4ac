/* Whether a release is served: its manifest is at a URL, well-formed and as a policy wants it, and every artifact is
 * where machines will look for it, of the size that the manifest says. Of each one the first byte is asked for, a
 * range as machines ask for; what is in it they check themselves. */
#ifndef HOST_SERVED_H
#define HOST_SERVED_H

#include <curl/curl.h>
#include <stdatomic.h>

#include "host/cli.h"
#include "phase/manifest.h"
#include "phase/policy.h"

#define SERVED_MANIFEST_MS 30000
#define SERVED_ARTIFACT_MS 10000
#define SERVED_ARTIFACTS_MS 60000 /* for all of them together */

struct served {
	struct cli *cli;
	const char *url;  /* of the manifest */
	CURL *easy;       /* owned */
	atomic_bool stop; /* what is under way ends within a second or two: ERR_INTERRUPTED */
	uint8_t *text;    /* owned: MANIFEST_BYTES_MAX */
	void *memory;     /* owned: what the manifest's views lead into, beside the text */
	size_t text_n;
	struct manifest manifest; /* after served_judge */
};

/* url must outlive s. ERR_NO_MEMORY. Also after an error, served_close. */
MUST_CHECK int served_open(struct served *s, struct cli *cli, const char *url);
/* Fetches the manifest. In any thread, as served_artifacts; what is wrong is said as a warning. */
MUST_CHECK int served_fetch(struct served *s);
/* Reads what was fetched; judges it by policy, unless that is NULL. What is wrong is said as an error. */
MUST_CHECK int served_judge(struct served *s, const struct policy *policy);
/* Asks for the artifacts. ERR_NOT_FOUND: not all of them are there. */
MUST_CHECK int served_artifacts(struct served *s);
void served_close(struct served *s);

#endif
