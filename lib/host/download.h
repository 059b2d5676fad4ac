/* Downloads a release's artifacts from several providers and Swarm gateways at once: libcurl carries out what the
 * fetch machine wants, a checker thread checks what arrived.
 *
 * NAME.part in the output folder holds the bytes, and behind them one byte per piece that says
 * whether it is there; it survives a kill -9 and is gone through again when the download is taken
 * up. NAME appears only when size and SHA-256 are the signed ones. */
#ifndef HOST_DOWNLOAD_H
#define HOST_DOWNLOAD_H

#include "fetch/fetch.h"
#include "host/cli.h"
#include "phase/manifest.h"

struct download;

#define DOWNLOAD_GATEWAYS_MAX 16

/* Whom to ask; borrowed while the download lives. */
struct download_places {
	const char *const *roots; /* base URLs of providers ("http://host:8080/") */
	size_t roots_n;
	const char *const *gateways; /* to Swarm ("http://host:1633"): for what has a Swarm reference */
	size_t gateways_n;           /* at most DOWNLOAD_GATEWAYS_MAX */
};

/* Roots beyond FETCH_SOURCES_MAX - 1, gateways counted, are not asked, which is told. ERR_NO_MEMORY. */
MUST_CHECK int download_open(struct cli *cli, const struct download_places *places, const char *folder,
			     struct download **download);
/* One artifact of m into folder/FILENAME; nothing is fetched when it is there already. Messages,
 * also about sources that were dropped, are printed. ERR_SOURCE: no source could give it;
 * ERR_HASH: all that could gave wrong bytes; ERR_IO: this machine's disk; ERR_NO_MEMORY. */
MUST_CHECK int download_artifact(struct download *d, const struct manifest *m, const struct artifact *a);
/* What source i has done so far: the roots, then the gateways. */
const struct fetch_source *download_source(const struct download *d, size_t i);
/* Its root, or the gateway's URL; NULL: there is no such source. */
const char *download_source_url(const struct download *d, size_t i);
void download_close(struct download *d);

#endif
