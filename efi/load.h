/* Loading an artifact into memory from several providers and Swarm gateways at once, and chunk by chunk from Swarm
 * itself: carries out what the fetch
 * machine wants over efi/net.h, checks every 4 KiB block as it arrives against the Swarm tree and
 * the SHA-256 of the whole in order behind it. Nothing here trusts a byte that is not checked. */
#ifndef EFI_LOAD_H
#define EFI_LOAD_H

#include "efi/checking.h"
#include "efi/chunks.h"
#include "efi/report.h"
#include "efi/request.h"
#include "fetch/fetch.h"
#include "http/url.h"
#include "phase/manifest.h"
#include "swarm/tree.h"

#define LOAD_SOURCES_MAX 8  /* two connections each, and some for what comes after */
#define LOAD_REVIVALS 5     /* times that sources which all failed are tried again */
#define LOAD_REVIVE_MS 2000 /* before the first of them, doubled by each further one */

#define LOAD_GATEWAYS_MAX 4 /* of these sources: so many places are kept for gateways */

/* A provider's root, which ends in '/', or a gateway to Swarm. */
struct load_place {
	struct bytes url; /* a view */
	bool gateway;
};

/* What a load works with; all of it must outlive the load. */
struct load_with {
	struct report *report;
	struct net *net;
	struct web *web;
	enum keccak_kind kind;
	struct native *native; /* nodes of Swarm; NULL: none are configured */
	bool native_first;     /* before providers and gateways, and not only for what they do not give */
};

/* A request of the fetch machine while it is under way. */
struct load_transfer {
	bool active;
	struct asked asked;
	uint8_t url[URL_BYTES_MAX + DOCUMENT_NAME_MAX];
	struct request request;
};

struct load {
	struct report *report;
	struct net *net;
	struct web *web;
	struct native *native;
	bool native_first;
	const struct manifest *manifest;
	enum keccak_kind kind;
	struct load_place places[LOAD_SOURCES_MAX];
	size_t places_n;   /* beside them: the URL that an artifact itself names */
	size_t reserved_n; /* places that are for gateways */
	enum fetch_fault told[FETCH_SOURCES_MAX];
	struct fetch fetch;
	struct load_transfer transfers[FETCH_REQUESTS_MAX];
	/* of the artifact that is being loaded */
	const struct artifact *artifact;
	uint8_t *into; /* borrowed */
	struct tree tree;
	uint8_t *tree_file; /* owned: FILE.bmt in pages, checked; NULL: none */
	struct bmt_scratch scratch;
	struct checking checking;
	uint64_t began_ms, told_ms;
};

/* l must be zero; m and all URLs must outlive it. Takes processors of the machine until load_close.
 * gateways_n: how many will be added. */
void load_open(struct load *l, const struct load_with *with, const struct manifest *m, size_t gateways_n);
/* Doubles are left out, and so are, which is told, more than there are places for. */
void load_add_root(struct load *l, struct bytes root);
void load_add_gateways(struct load *l, const struct bytes *urls, size_t n);
/* Loads one artifact of the manifest into memory of its signed size, telling progress and which
 * sources were dropped, why. OK: every byte is the signed one. ERR_HASH: all that could give it gave
 * wrong bytes; ERR_NOT_FOUND: nobody has it; ERR_SOURCE: they failed, also after pauses;
 * ERR_INTERRUPTED; ERR_NO_MEMORY. Blocks. What is wrong in into is of no use, and never started. */
MUST_CHECK int load_artifact(struct load *l, const struct artifact *a, uint8_t *into);
/* Ends what is under way, and gives the processors back; of one that was never opened (zero):
 * nothing. False: one has not come back, which is told: what was loaded must stay where it is, for
 * it may be reading it. */
MUST_CHECK bool load_close(struct load *l);

#endif
