/* Finding the release: asks every provider for its manifest at once, judges each as it arrives,
 * and takes the highest release that the policy accepts; after one that nobody could deliver, a
 * lower one first. Nothing a provider says is believed but what is signed. */
#ifndef EFI_FIND_H
#define EFI_FIND_H

#include "efi/remembered.h"
#include "efi/report.h"
#include "efi/request.h"
#include "fetch/boot_config.h"
#include "http/url.h"
#include "phase/verdict.h"

#define FIND_PROVIDERS_MAX 16
#define FIND_LIMIT_MS 15000 /* for all answers */
#define FIND_GRACE_MS 500   /* after the first accepted one that will do, for others to be sources or newer */

struct provider {
	uint8_t url[URL_BYTES_MAX + sizeof "/manifest.json" + 2 * DOCUMENT_NAME_MAX]; /* of the manifest, as asked */
	size_t url_n;
	struct bytes given; /* what the configuration has, or mDNS */
	unsigned place;     /* which of the places below its root was asked last */
	bool under_way, accepted;
	bool offered;  /* its manifest came from elsewhere: it is nobody to ask */
	uint8_t *text; /* owned: MANIFEST_BYTES_MAX in pages, while it is needed */
	size_t text_n;
	uint8_t digest[SHA256_BYTES]; /* of the bytes that are signed; accepted ones */
	struct request request;
};

struct find {
	struct report *report;
	const struct policy *policy; /* channel may be empty, arch is the machine's */
	struct web *web;
	struct net *net;
	struct provider providers[FIND_PROVIDERS_MAX];
	size_t providers_n;
	int refused;          /* the weightiest reason why one was not accepted; OK: none was */
	uint64_t accepted_ms; /* when the first that will do was; 0: not yet */
	size_t best;          /* SIZE_MAX: none */
	uint64_t below;       /* releases below this one come first; 0: none do */
	struct manifest manifest, tried;
	uint8_t *memory, *spare; /* owned: arenas of manifest and tried, in pages */
	struct belief time;
};

/* report, net, web and policy must outlive f. ERR_NO_MEMORY; f can be given to find_close then, too. */
MUST_CHECK int find_open(struct find *f, struct report *r, struct net *net, struct web *web,
			 const struct policy *policy);
/* A provider's root, or the URL of a manifest (url_ok, or as a bridge has it: request.h); views are kept. Doubles and
 * more than fit are left out. */
void find_add(struct find *f, struct bytes url);
/* Before find_release: this one was chosen before, and came to nothing. The highest below it comes
 * first, and there is time for whoever has one to answer; any other is taken if there is none, so
 * that several attempts go through all that is offered, and begin again. */
void find_failed_before(struct find *f, uint64_t release);
/* A manifest that came from elsewhere: judged like one that a provider gave. name, a view, is told. text: pages of
 * MANIFEST_BYTES_MAX, f's from now on. */
void find_offer(struct find *f, struct bytes name, uint8_t *text, size_t n);
/* Where one was to come from, nobody gave it: told, and a reason why there is none. */
void find_offer_failed(struct find *f, struct bytes name, int err);
/* Asks all. OK: f->manifest is the release, the highest that the policy accepts. Otherwise the
 * weightiest reason, and what each provider's was has been told; ERR_NOT_FOUND when there is nobody
 * to ask. Blocks; ERR_INTERRUPTED on Escape. */
MUST_CHECK int find_release(struct find *f);
/* After find_release, when time has passed: judges the release by what the clock says now. OK: it is
 * accepted still; otherwise why not, which has been told. */
MUST_CHECK int find_judge_again(struct find *f);
/* Whether provider i has the chosen release: the same signed bytes. Not one that was offered, nor a
 * bridge: it has no root. */
bool find_has_release(const struct find *f, size_t i);
/* The URL of its manifest, as it was asked last. A view. */
struct bytes find_url(const struct provider *p);
void find_close(struct find *f);

#endif
