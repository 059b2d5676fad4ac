/* A verdict for people (messages that say what was found and what was needed) and for machines
 * (JSON). */
#ifndef HOST_EXPLAIN_H
#define HOST_EXPLAIN_H

#include <cjson/cJSON.h>

#include "host/cli.h"
#include "phase/verdict.h"

/* A verdict and what it was reached from. */
struct judged {
	const struct verdict *verdict;
	const struct manifest *manifest;
	const struct policy *policy;
	const struct circumstances *circumstances;
};

/* One error line for each rule that said no ("SUBJECT: threshold not met: 1 of 2 keys (have
 * ab12cd34…, missing cd34ef56…)"), and a warning for wrong signatures that did no harm. */
void explain_print(struct cli *cli, const char *subject, const struct judged *j);

/* Which of p's keys have signed and which have not: "have ab12cd34…, missing none". */
void explain_tally(const struct policy *p, const struct signature_tally *t, char *buf, size_t room);

/* {"accepted":…,"release":…,"channel":…,"arch":…,"version":…,
 *  "rules":[{"rule":"form"…},{"rule":…,"ok":…,"found":…,"needed":…}…],
 *  "keys":[{"key_id":…,"name":…,"signed":"good"|"wrong"|"no"}…]}
 * accepted: of the verdict, and of what else the caller has checked. The caller deletes it; NULL when memory ran out.
 */
cJSON *explain_json(const struct judged *j, bool accepted);
/* The same members for a manifest that could not be read: not accepted, and the rule "form"; what is not known is null.
 */
cJSON *explain_malformed_json(int err, const struct why *why);

#endif
