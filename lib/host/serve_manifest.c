#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/arch.h"
#include "host/clock.h"
#include "host/file.h"
#include "host/serve_parts.h"
#include "phase/names.h"

#define GENERATED_DAYS 30
#define DAY_S 86400

struct parsed {
	struct bytes text;    /* owned, unless borrowed */
	void *memory;         /* owned */
	struct manifest read; /* leads into both */
};

static void free_parsed(struct parsed *p)
{
	if (p != NULL) {
		file_free(p->text);
		free(p->memory);
	}
	free(p);
}

/* ERR_LIMIT, ERR_NO_MEMORY, ERR_IO; ERR_CHANGED when fewer than size bytes are there. */
static int read_fd(int fd, uint64_t size, struct bytes *out)
{
	if (size > MANIFEST_BYTES_MAX)
		return ERR_LIMIT;
	uint8_t *text = malloc((size_t)size + 1);
	size_t n = 0;
	if (text == NULL)
		return ERR_NO_MEMORY;
	while (n < size) {
		ssize_t got = pread(fd, text + n, (size_t)size - n, (off_t)n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			free(text);
			return got < 0 ? ERR_IO : ERR_CHANGED;
		}
		n += (size_t)got;
	}
	*out = bytes_of(text, n);
	return OK;
}

/* Says why a release is refused, once for each version of it. */
static void note_refusal(struct serve *s, const struct catalogue_file *file, int err)
{
	bool known = false;
	(void)pthread_mutex_lock(&s->refusals_lock); /* of a mutex that is ours: cannot fail */
	for (size_t i = 0; i < SERVE_REFUSALS_N && !known; i++)
		known = s->refusals[i].err == err && file_same(&s->refusals[i].st, &file->st);
	if (!known)
		s->refusals[s->refusals_n++ % SERVE_REFUSALS_N] = (struct serve_refusal){file->st, err};
	(void)pthread_mutex_unlock(&s->refusals_lock);
	if (!known)
		cli_warn(s->cli, "%s/%s/%s is not served: %s", file->channel, file->arch, file->name, err_text(err));
}

/* The manifest in fd, when it is one and the policy (if there is one) accepts it. */
static struct parsed *accepted(struct serve *s, const struct catalogue_file *file, int fd)
{
	struct parsed *p = calloc(1, sizeof *p);
	struct verdict verdict;
	const struct circumstances now = {.now = {clock_wall_s()}, .has_now = true};
	int err = p == NULL || (p->memory = malloc(MANIFEST_ARENA_BYTES)) == NULL
			  ? ERR_NO_MEMORY
			  : read_fd(fd, (uint64_t)file->st.st_size, &p->text);
	if (err == OK) {
		struct arena a = arena_of(p->memory, MANIFEST_ARENA_BYTES);
		struct why why;
		err = manifest_read(&p->read, p->text, &a, &why);
		if (err == OK && s->o.policy != NULL)
			err = verdict_reach(&verdict, &p->read, s->o.policy, &now);
	}
	/* A release copied into another channel's folder would be a release of that channel. */
	if (err == OK && !bytes_is(p->read.channel, file->channel))
		err = ERR_CHANNEL;
	const char *arch = err == OK ? arch_canonical(p->read.arch) : NULL;
	if (err == OK && (arch == NULL || strcmp(arch, arch_canonical(bytes_text(file->arch))) != 0))
		err = ERR_ARCH;
	if (err == OK)
		return p;
	note_refusal(s, file, err);
	free_parsed(p);
	return NULL;
}

static struct parsed *accepted_of(struct serve *s, struct bytes channel, struct bytes arch)
{
	struct catalogue_file manifest;
	int fd;
	if (catalogue_find(&s->catalogue, channel, arch, BYTES_LITERAL("manifest.json"), &manifest, &fd) != OK)
		return NULL;
	struct parsed *p = accepted(s, &manifest, fd);
	(void)close(fd); /* only read from */
	return p;
}

bool serve_offers(struct serve *s, const char *channel, const char *arch)
{
	if (s->o.policy == NULL)
		return true;
	struct parsed *p = accepted_of(s, bytes_text(channel), bytes_text(arch));
	free_parsed(p);
	return p != NULL;
}

static void tell_gap(struct serve *s, const struct catalogue_file *file)
{
	struct catalogue_file manifest;
	struct bytes channel = bytes_text(file->channel), arch = bytes_text(file->arch);
	int fd, err = catalogue_find(&s->catalogue, channel, arch, BYTES_LITERAL("manifest.json"), &manifest, &fd);
	if (err != OK) {
		cli_warn(s->cli, "%s/%s: warning: no manifest.json here: with --policy none of its files is served",
			 file->channel, file->arch);
		return;
	}
	free_parsed(accepted(s, &manifest, fd)); /* says why not */
	(void)close(fd);                         /* only read from */
}

void serve_tell_gaps(struct serve *s)
{
	struct catalogue_file file, before = {.channel = ""};
	bool any = false;
	for (size_t i = 0; catalogue_file_at(&s->catalogue, i, &file); i++) {
		bool same = strcmp(file.channel, before.channel) == 0 && strcmp(file.arch, before.arch) == 0;
		any |= file.present;
		if (file.present && s->o.policy != NULL && !same)
			tell_gap(s, &file);
		before = file; /* a folder's files follow each other, as they were found in one scan */
	}
	if (!any)
		cli_warn(s->cli, "%s: warning: no CHANNEL/ARCH folder with files here; nothing to serve", s->o.store);
}

bool serve_allows(struct serve *s, const struct catalogue_file *file)
{
	struct bytes name = bytes_text(file->name);
	bool tree = bytes_ends(name, ".bmt"), allowed = false;
	if (s->o.policy == NULL)
		return true;
	if (tree)
		name.n -= 4;
	struct parsed *p = accepted_of(s, bytes_text(file->channel), bytes_text(file->arch));
	for (size_t i = 0; p != NULL && i < p->read.artifacts_n && !allowed; i++) {
		const struct artifact *a = &p->read.artifacts[i];
		allowed = bytes_equal(a->filename, name) &&
			  (tree || (file->hashed && memcmp(a->sha256, file->sha256, SHA256_BYTES) == 0));
	}
	free_parsed(p);
	return allowed;
}

static enum MHD_Result send_generated(struct serve *s, struct MHD_Connection *c, struct bytes text)
{
	uint8_t hash[SHA256_BYTES];
	char etag[40] = "\"";
	sha256_of(text, hash);
	for (size_t i = 0; i < 16; i++)
		(void)snprintf(etag + 1 + 2 * i, 4, "%02x\"", hash[i]);
	const char *none = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "If-None-Match");
	bool same = none != NULL && (strcmp(none, "*") == 0 || strstr(none, etag) != NULL);
	struct MHD_Response *r =
		MHD_create_response_from_buffer(same ? 0 : text.n, (void *)(uintptr_t)text.p, MHD_RESPMEM_MUST_COPY);
	if (r == NULL)
		return MHD_NO;
	http_add_header(r, "Content-Type", "application/json");
	http_add_header(r, "Cache-Control", "no-cache");
	http_add_header(r, "ETag", etag);
	atomic_fetch_add(&s->bytes_served_total, same ? 0 : text.n);
	return http_queue(c, same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, r);
}

static const char still_hashing[] = "the files are still being hashed";

/* What an unsigned manifest of a folder is made of. */
struct generated {
	struct manifest made;
	struct catalogue_file files[MANIFEST_ARTIFACTS_MAX];
	char urls[MANIFEST_ARTIFACTS_MAX * 1024];
	uint8_t text[MANIFEST_ARTIFACTS_MAX * 4096];
};

/* Adds a file; a sentence when it cannot be. */
static const char *add_file(struct generated *g, const struct catalogue_file *file, struct writer *urls)
{
	if (g->made.artifacts_n == MANIFEST_ARTIFACTS_MAX)
		return "the folder holds more files than a manifest takes";
	if (!file->hashed)
		return file->unfit ? "a file of the folder is empty or cannot be read" : still_hashing;
	size_t i = g->made.artifacts_n, start = urls->n;
	g->files[i] = *file;
	const struct catalogue_file *f = &g->files[i];
	struct bytes role = names_role(bytes_text(f->name));
	for (size_t k = 0; k < i; k++)
		if (bytes_equal(g->made.artifacts[k].role, role))
			return "two files of the folder would be the same artifact";
	manifest_write_url(bytes_text(f->channel), bytes_text(f->arch), bytes_text(f->name), urls);
	struct artifact *a = &g->made.artifacts[g->made.artifacts_n++];
	*a = (struct artifact){.role = role,
			       .filename = bytes_text(f->name),
			       .download_url = bytes_of(urls->p + start, urls->n - start),
			       .size = (uint64_t)f->st.st_size,
			       .has_swarm = true};
	memcpy(a->sha256, f->sha256, SHA256_BYTES);
	memcpy(a->swarm, f->reference, REFERENCE_BYTES);
	if (f->st.st_mtim.tv_sec > g->made.created_at.s)
		g->made.created_at.s = f->st.st_mtim.tv_sec;
	return NULL;
}

static const char *generate(struct serve *s, struct generated *g, const struct store_folder *folder)
{
	struct writer urls = writer_of(g->urls, sizeof g->urls);
	struct catalogue_file file;
	g->made = (struct manifest){.version = BYTES_LITERAL("0"),
				    .channel = bytes_text(folder->channel),
				    .arch = bytes_text(arch_canonical(bytes_text(folder->arch)))};
	for (size_t i = 0; catalogue_file_at(&s->catalogue, i, &file); i++) {
		if (strcmp(file.channel, folder->channel) != 0 || strcmp(file.arch, folder->arch) != 0)
			continue;
		catalogue_hash_small(&s->catalogue, &file);
		const char *sentence = add_file(g, &file, &urls);
		if (sentence != NULL)
			return sentence;
	}
	g->made.expires_at.s = g->made.created_at.s + (int64_t)GENERATED_DAYS * DAY_S;
	if (manifest_artifact(&g->made, "kernel") == NULL && manifest_artifact(&g->made, "uki") == NULL)
		return "the folder holds no kernel";
	return NULL;
}

static enum MHD_Result send_unsigned(struct serve *s, struct MHD_Connection *c, struct bytes channel, struct bytes arch)
{
	struct store_folder folder;
	if (s->o.policy != NULL)
		return serve_problem(s, c, 404, "No release here that the policy accepts.");
	if (store_folder_open(&s->catalogue.store, channel, arch, &folder) != OK)
		return serve_problem(s, c, 404, "No artifacts found for this channel and architecture.");
	struct generated *g = calloc(1, sizeof *g);
	const char *sentence = g == NULL ? "out of memory" : NULL;
	if (sentence == NULL && catalogue_scan(&s->catalogue) != OK) /* what came a moment ago belongs in it */
		sentence = "the store cannot be read";
	if (sentence == NULL)
		sentence = generate(s, g, &folder);
	store_folder_close(&folder);
	struct writer w = writer_of(g == NULL ? NULL : g->text, g == NULL ? 0 : sizeof g->text);
	char detail[160];
	enum MHD_Result result;
	if (sentence == NULL && manifest_write(&g->made, &w) == OK) {
		result = send_generated(s, c, writer_view(&w));
	} else {
		(void)snprintf(detail, sizeof detail, "No manifest lies here and none can be made: %s.",
			       sentence == NULL ? "the dates cannot be written" : sentence);
		result = serve_problem(s, c, sentence == still_hashing ? 503 : 404, detail);
	}
	free(g);
	return result;
}

enum MHD_Result serve_manifest(struct serve *s, struct MHD_Connection *c, const char *url, struct bytes channel,
			       struct bytes arch, bool head)
{
	struct catalogue_file file;
	int fd;
	if (catalogue_find(&s->catalogue, channel, arch, BYTES_LITERAL("manifest.json"), &file, &fd) != OK)
		return send_unsigned(s, c, channel, arch);
	if (s->o.policy != NULL) {
		struct parsed *p = accepted(s, &file, fd);
		free_parsed(p);
		if (p == NULL) {
			(void)close(fd); /* only read from */
			return serve_problem(s, c, 404, "The policy does not accept the release that lies here.");
		}
	}
	struct serve_item *item = serve_item_make(s, url, &file, fd, "application/json");
	return item == NULL ? MHD_NO : serve_file(s, c, item, head);
}
