/* Loading an artifact into memory from several providers at once: carries out what the fetch
 * machine wants over efi/net.h, checks every 4 KiB block as it arrives against the Swarm tree and
 * the SHA-256 of the whole in order behind it. Nothing here trusts a byte that is not checked. */
#ifndef EFI_LOAD_H
#define EFI_LOAD_H

#include "efi/checking.h"
#include "efi/report.h"
#include "efi/request.h"
#include "fetch/fetch.h"
#include "http/url.h"
#include "phase/manifest.h"
#include "swarm/tree.h"

#define LOAD_SOURCES_MAX 8  /* two connections each, and some for what comes after */
#define LOAD_REVIVALS 5     /* times that sources which all failed are tried again */
#define LOAD_REVIVE_MS 2000 /* before the first of them, doubled by each further one */

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
	const struct manifest *manifest;
	enum keccak_kind kind;
	struct bytes roots[LOAD_SOURCES_MAX]; /* views: end in '/' */
	size_t roots_n;                       /* beside them: the URL that an artifact itself names */
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

/* report, net, web, m and the roots (URLs of providers) must outlive l, which must be zero. Takes
 * processors of the machine until load_close. */
void load_open(struct load *l, struct report *r, struct net *net, struct web *web, const struct manifest *m,
	       enum keccak_kind kind);
/* Doubles are left out, and more than LOAD_SOURCES_MAX, which is told. */
void load_add_root(struct load *l, struct bytes root);
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
