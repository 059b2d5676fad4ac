#include "host/download.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "fetch/artifact_url.h"
#include "host/clock.h"
#include "host/download_parts.h"
#include "host/hash.h"

#define POLL_MAX_MS 1000

static void wake(void *context)
{
	(void)curl_multi_wakeup(context); /* at worst the poll ends by itself within POLL_MAX_MS */
}

int download_open(struct cli *cli, const struct download_places *places, const char *folder, struct download **download)
{
	const size_t most = FETCH_SOURCES_MAX - 1 - places->gateways_n;
	struct download *d = calloc(1, sizeof *d);
	if (d == NULL)
		return ERR_NO_MEMORY;
	d->cli = cli;
	d->places = *places;
	if (d->places.roots_n > most) {
		cli_warn(cli, "%zu of the providers are not asked: with the gateways there are too many",
			 places->roots_n - most);
		d->places.roots_n = most;
	}
	d->folder = strdup(folder);
	d->multi = curl_multi_init();
	fetch_init(&d->fetch);
	for (size_t i = 0; i <= d->places.roots_n + d->places.gateways_n;
	     i++) /* the last: the URL that an artifact itself names */
		(void)fetch_source_add(&d->fetch);
	if (d->folder == NULL || d->multi == NULL) {
		download_close(d);
		return ERR_NO_MEMORY;
	}
	*download = d;
	return OK;
}

void download_close(struct download *d)
{
	transfer_free_all(d);
	if (d->multi != NULL)
		(void)curl_multi_cleanup(d->multi); /* its handles are gone */
	free(d->folder);
	free(d);
}

const struct fetch_source *download_source(const struct download *d, size_t i)
{
	return &d->fetch.sources[i];
}

const char *download_source_url(const struct download *d, size_t i)
{
	const struct download_places *p = &d->places;
	if (i < p->roots_n)
		return p->roots[i];
	return i - p->roots_n < p->gateways_n ? p->gateways[i - p->roots_n] : NULL;
}

static const char *fault_text(const struct fetch_source *s, CURLcode cause)
{
	if (s->fault == FETCH_FAILING && s->last == ERR_IO && cause != CURLE_OK)
		return curl_easy_strerror(cause);
	return fetch_fault_text(s);
}

/* All files of that source are meant, and one file is why. */
static void tell_wrong(struct download *d, unsigned source)
{
	char url[DOWNLOAD_URL_BYTES], name[256];
	const char *place = download_source_url(d, source);
	if (place == NULL)
		place = transfer_url(d, source, "", url) ? url : "";
	cli_warn(d->cli, "%s: dropped: sent wrong bytes of %s", place,
		 cli_quote(d->artifact->filename, name, sizeof name));
}

static void tell_faults(struct download *d)
{
	char url[DOWNLOAD_URL_BYTES];
	for (unsigned i = 0; i < d->fetch.sources_n; i++) {
		const struct fetch_source *s = &d->fetch.sources[i];
		if (s->fault == d->told[i])
			continue;
		d->told[i] = s->fault;
		if (s->fault == FETCH_WRONG)
			tell_wrong(d, i);
		else if (s->fault != FETCH_FINE && transfer_url(d, i, "", url))
			cli_warn(d->cli, "%s: %s", url, fault_text(s, d->cause[i]));
	}
}

static void take_results(struct download *d)
{
	uint32_t piece;
	bool good;
	while (checker_result(&d->checker, &piece, &good)) {
		fetch_checked(&d->fetch, piece, good);
		if (part_file_mark(&d->part, piece, good) != OK) {
			d->disk_err = ERR_IO;
			d->disk_errno = errno;
		}
	}
}

/* All pieces are there: 1 when the whole is right, 0 to go on, or an error. */
static int judge_whole(struct download *d)
{
	uint8_t sha256[SHA256_BYTES];
	int err;
	if (!checker_hash(&d->checker, sha256, &err)) {
		(void)curl_multi_poll(d->multi, NULL, 0, POLL_MAX_MS, NULL); /* woken by the checker */
		return 0;
	}
	if (err != OK)
		return err;
	if (fetch_hashed(&d->fetch, memcmp(sha256, d->artifact->sha256, SHA256_BYTES) == 0))
		return 1;
	cli_warn(d->cli, "%s: %s; fetching it again", d->part.final, err_text(ERR_HASH));
	checker_restart(&d->checker);
	return part_file_forget(&d->part) == OK ? 0 : ERR_IO;
}

/* Lets curl do what it can now. What it finishes is taken in at once: a later poll would not tell. */
static int perform(struct download *d)
{
	int running;
	if (curl_multi_perform(d->multi, &running) != CURLM_OK)
		return ERR_NO_MEMORY;
	transfer_reap(d);
	return OK;
}

static int wait_for_more(struct download *d, const struct fetch_want *want)
{
	uint64_t now = clock_now_ms();
	int ms = POLL_MAX_MS;
	if (want->at_ms <= now)
		ms = 0;
	else if (want->at_ms - now < POLL_MAX_MS)
		ms = (int)(want->at_ms - now);
	if (curl_multi_poll(d->multi, NULL, 0, ms, NULL) != CURLM_OK)
		return ERR_NO_MEMORY;
	return perform(d);
}

/* The one switch: carries out what the machine wants until the artifact is whole. */
static int drive(struct download *d)
{
	struct fetch_want want;
	int done, err = OK;
	while (err == OK && d->disk_err == OK) {
		take_results(d);
		fetch_next(&d->fetch, clock_now_ms(), &want);
		tell_faults(d);
		cli_progress(d->cli, d->part.final, fetch_done_bytes(&d->fetch), d->fetch.size);
		switch (want.kind) {
		case FETCH_WANT_ASK:
			err = transfer_begin(d, &want);
			if (err == OK)
				err = perform(d);
			break;
		case FETCH_WANT_ABANDON:
			transfer_abandon(d, want.request);
			break;
		case FETCH_WANT_WAIT:
			err = wait_for_more(d, &want);
			break;
		case FETCH_WANT_HASH:
			if ((done = judge_whole(d)) == 1)
				return OK;
			err = done;
			break;
		case FETCH_WANT_FAIL:
			err = ERR_SOURCE;
			break;
		}
	}
	if (d->disk_err == OK)
		return err;
	errno = d->disk_errno;
	return d->disk_err;
}

static int fetch_and_check(struct download *d, const struct checker_tree *tree)
{
	d->disk_err = OK;
	int err = checker_start(&d->checker, d->part.fd, &d->fetch, tree, wake, d->multi);
	if (err != OK)
		return err;
	for (uint32_t i = 0; i < d->fetch.pieces_n; i++)
		if (d->fetch.state[i] == FETCH_STORED) /* found on disk */
			checker_add(&d->checker, i);
	err = drive(d);
	int kept = errno;
	transfer_free_all(d);
	cli_progress_end(d->cli);
	checker_stop(&d->checker);
	errno = kept;
	if (err == OK)
		err = part_file_finish(&d->part, d->fetch.size);
	/* When all that could give it gave wrong bytes, that is the news. */
	return err == ERR_SOURCE && fetch_verdict(&d->fetch) == ERR_HASH ? ERR_HASH : err;
}

/* Whether FOLDER/FILENAME is the artifact already. An older release's, or a damaged one, is told. */
static bool is_there(const struct download *d)
{
	char path[4096];
	struct stat st;
	struct hash_result result;
	const struct artifact *a = d->artifact;
	struct hash_wanted wanted = {.sha256 = true, .tree_fd = -1};
	(void)snprintf(path, sizeof path, "%s/%.*s", d->folder, (int)a->filename.n, (const char *)a->filename.p);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return false;
	bool there = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == a->size &&
		     hash_file(fd, &wanted, &result) == OK && memcmp(result.sha256, a->sha256, SHA256_BYTES) == 0;
	(void)close(fd); /* only read from */
	if (!there)
		cli_info(d->cli, "%s: is there, but is not what was signed for release %llu: fetching that", path,
			 (unsigned long long)d->manifest->release);
	return there;
}

/* Better before the first byte than after hours. Folders whose file system does not say how large it
 * is count as large enough. */
static int check_room(struct download *d)
{
	struct statvfs fs;
	struct stat st;
	uint64_t size = d->artifact->size, there = 0, free_bytes;
	char name[256];
	if (fstatvfs(d->part.fd, &fs) != 0 || fs.f_blocks == 0 || fstat(d->part.fd, &st) != 0)
		return OK;
	there = (uint64_t)st.st_blocks * 512;
	if (there >= size || __builtin_mul_overflow(fs.f_bavail, fs.f_frsize, &free_bytes) ||
	    free_bytes >= size - there)
		return OK;
	cli_error(d->cli, ERR_IO, "%s/%s: No space left on device: %llu bytes needed, %llu free", d->folder,
		  cli_quote(d->artifact->filename, name, sizeof name), (unsigned long long)(size - there),
		  (unsigned long long)free_bytes);
	return ERR_IO;
}

/* suffix: of the file that the error is about; what: a better sentence than err's, or NULL. */
static void complain(struct download *d, int err, const char *suffix, const char *what)
{
	char name[256];
	const char *text = err == ERR_IO ? strerror(errno) : err_text(err);
	(void)cli_quote(d->artifact->filename, name, sizeof name);
	if (err == ERR_SOURCE)
		cli_error(d->cli, err, "%s: no source is left that could give it; run again to go on where it stopped",
			  name);
	else
		cli_error(d->cli, err, "%s/%s%s: %s", d->folder, name, suffix, what != NULL ? what : text);
}

static void tell_no_reference(struct download *d)
{
	char name[256];
	if (d->places.gateways_n > 0 && !d->artifact->has_swarm)
		cli_warn(d->cli, "%s: has no Swarm reference in its manifest: gateways are not asked for it",
			 cli_quote(d->artifact->filename, name, sizeof name));
}

int download_artifact(struct download *d, const struct manifest *m, const struct artifact *a)
{
	struct checker_tree tree;
	d->manifest = m;
	d->artifact = a;
	if (is_there(d)) {
		cli_debug(d->cli, "%s/%.*s: is there already", d->folder, (int)a->filename.n,
			  (const char *)a->filename.p);
		return OK;
	}
	fetch_begin(&d->fetch, a->size);
	fetch_source_moved(&d->fetch, (unsigned)d->fetch.sources_n - 1, artifact_url_absolute(a));
	tell_no_reference(d);
	for (size_t i = 0; i < d->fetch.sources_n; i++) /* who is dropped already is not asked for this one */
		d->told[i] = d->fetch.sources[i].fault;
	if (tree_get(d, &tree))
		fetch_use_tree(&d->fetch);
	struct why why = {.err = OK};
	int err = part_file_open(&d->part, d->folder, a->filename, &why);
	if (err == OK && (err = part_file_map(&d->part, &d->fetch)) != OK) {
		int kept = errno;
		part_file_close(&d->part);
		errno = kept;
	}
	if (err == OK) {
		err = check_room(d);
		bool room = err == OK; /* else it is said */
		if (room)
			err = fetch_and_check(d, d->fetch.has_tree ? &tree : NULL);
		if (err != OK && room)
			complain(d, err, "", NULL);
		part_file_close(&d->part);
	} else {
		complain(d, err, err == ERR_NOT_REGULAR ? "" : ".part", why.what);
	}
	tree_release(&tree);
	return err;
}
