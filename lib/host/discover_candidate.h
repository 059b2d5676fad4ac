/* A candidate: a place where a release may be had, as phase-discover prints it and phase-fetch
 * takes it. Nothing in it is to be trusted: the manifest's signatures decide, later. */
#ifndef HOST_DISCOVER_CANDIDATE_H
#define HOST_DISCOVER_CANDIDATE_H

#include "core/wall.h"
#include "phase/manifest.h"

#define CANDIDATE_URL_MAX 2048    /* bytes of a manifest URL */
#define CANDIDATE_ADDRESS_MAX 320 /* host:port; a host name has at most 253 bytes */
#define CANDIDATE_TEXT_MAX DOCUMENT_NAME_MAX
#define CANDIDATE_JSON_MAX 16384 /* one line; every byte of text may need six */

/* NUL-terminated, UTF-8 without control characters. */
struct discover_candidate {
	char manifest_url[CANDIDATE_URL_MAX + 1];
	char http_addr[CANDIDATE_ADDRESS_MAX + 1]; /* "10.0.0.1:8080", "[fd77::1]:8080" */
	char channel[CANDIDATE_TEXT_MAX + 1];
	char version[CANDIDATE_TEXT_MAX + 1]; /* of the provider or of the release; may be empty */
	const char *arch;                     /* canonical */
	const char *via;                      /* "mdns", "url" */
	char peer[CANDIDATE_TEXT_MAX + 1];    /* the host name; empty for "url" */
};

/* What mDNS says of one service instance at one address; all views are the caller's. */
struct discover_announcement {
	struct bytes host;
	struct bytes address;                           /* numeric, without brackets */
	struct bytes interface;                         /* the name of the one it was heard on */
	uint16_t port;                                  /* of the SRV record, which counts */
	struct bytes channel, arch, version, http_port; /* TXT; BYTES_NONE when absent */
};

/* One TXT string, "key=value"; unknown keys are ignored, the first one given counts. */
void discover_announcement_txt(struct discover_announcement *a, struct bytes item);
/* Whether TXT http_port says something else than the SRV record. */
bool discover_announcement_port_differs(const struct discover_announcement *a);

/* ERR_MISSING or ERR_VALUE, and why->what is the member, when nothing could be fetched there:
 * channel or arch absent or impossible, or an address that no other host has (unspecified,
 * loopback, multicast) or that means nothing without naming an interface (link-local IPv6). On failure c is untouched.
 */
MUST_CHECK int discover_candidate_announced(struct discover_candidate *c, const struct discover_announcement *a,
					    struct why *why);
/* A manifest as it was found at an http or https URL. ERR_LIMIT, ERR_VALUE for URLs that are none. */
MUST_CHECK int discover_candidate_fetched(struct discover_candidate *c, const char *url, const struct manifest *m,
					  struct why *why);
/* HOST:PORT that a URL leads to, as curl understands it: the scheme's port when it names none, an
 * address in its usual spelling. ERR_VALUE when curl takes the URL for none, ERR_LIMIT, ERR_NO_MEMORY. */
MUST_CHECK int discover_candidate_address(const char *url, char address[static CANDIDATE_ADDRESS_MAX + 1]);
/* Where a --url leads: one whose path ends in .json is a manifest's, any other a provider's root,
 * below which lies CHANNEL/ARCH/manifest.json, or manifest.json when channel is NULL. Writes the
 * URL and a NUL. */
MUST_CHECK int discover_manifest_url(const char *url, const char *channel, const char *arch,
				     char out[static CANDIDATE_URL_MAX + 1]);

/* One line of JSON with LF and NUL. */
MUST_CHECK int discover_candidate_json(const struct discover_candidate *c, struct wall seen_at,
				       char out[static CANDIDATE_JSON_MAX]);

#endif
