#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
		free((void *)(uintptr_t)p->text.p);
		free(p->memory);
	}
	free(p);
}

static struct bytes read_fd(int fd, uint64_t size)
{
	uint8_t *text = size > MANIFEST_BYTES_MAX ? NULL : malloc((size_t)size + 1);
	size_t n = 0;
	while (text != NULL && n < size) {
		ssize_t got = pread(fd, text + n, (size_t)size - n, (off_t)n);
		if (got <= 0) {
			free(text);
			return BYTES_NONE;
		}
		n += (size_t)got;
	}
	return bytes_of(text, n);
}

/* The manifest that lies in a folder, when it is one and the policy accepts it. */
static struct parsed *accepted(struct serve *s, int fd, uint64_t size)
{
	struct parsed *p = calloc(1, sizeof *p);
	struct verdict verdict;
	const struct circumstances now = {.now = {clock_wall_s()}, .has_now = true};
	if (p == NULL)
		return NULL;
	p->text = read_fd(fd, size);
	p->memory = malloc(MANIFEST_ARENA_BYTES);
	if (p->text.p != NULL && p->memory != NULL) {
		struct arena a = arena_of(p->memory, MANIFEST_ARENA_BYTES);
		struct why why;
		if (manifest_read(&p->read, p->text, &a, &why) == OK &&
		    (s->o.policy == NULL || verdict_reach(&verdict, &p->read, s->o.policy, &now) == OK))
			return p;
	}
	free_parsed(p);
	return NULL;
}

bool serve_allows(struct serve *s, const struct catalogue_file *file, const char **why)
{
	struct catalogue_file manifest;
	int fd;
	if (s->o.policy == NULL)
		return true;
	*why = "no release that the policy accepts has this file";
	if (catalogue_find(&s->catalogue, bytes_text(file->channel), bytes_text(file->arch),
			   BYTES_LITERAL("manifest.json"), &manifest, &fd) != OK)
		return false;
	struct parsed *p = accepted(s, fd, (uint64_t)manifest.st.st_size);
	(void)close(fd); /* only read from */
	bool allowed = false;
	for (size_t i = 0; p != NULL && i < p->read.artifacts_n && !allowed; i++) {
		const struct artifact *a = &p->read.artifacts[i];
		struct bytes name = bytes_text(file->name);
		if (bytes_ends(name, ".bmt"))
			name.n -= 4;
		allowed = bytes_equal(a->filename, name) &&
			  (name.n != strlen(file->name) ||
			   (file->hashed && memcmp(a->sha256, file->sha256, SHA256_BYTES) == 0));
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
	bool same = none != NULL && strstr(none, etag) != NULL;
	struct MHD_Response *r =
		MHD_create_response_from_buffer(same ? 0 : text.n, (void *)(uintptr_t)text.p, MHD_RESPMEM_MUST_COPY);
	if (r == NULL)
		return MHD_NO;
	(void)MHD_add_response_header(r, "Content-Type", "application/json"); /* else an answer without it */
	(void)MHD_add_response_header(r, "Cache-Control", "no-cache");
	(void)MHD_add_response_header(r, "ETag", etag);
	enum MHD_Result queued = MHD_queue_response(c, same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, r);
	MHD_destroy_response(r);
	atomic_fetch_add(&s->bytes_served_total, same ? 0 : text.n);
	return queued;
}

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
		return file->unfit ? "a file of the folder is empty or cannot be read"
				   : "the files are still being hashed";
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
	const char *sentence = g == NULL ? "out of memory" : generate(s, g, &folder);
	store_folder_close(&folder);
	struct writer w = writer_of(g == NULL ? NULL : g->text, g == NULL ? 0 : sizeof g->text);
	char detail[160];
	enum MHD_Result result;
	if (sentence == NULL && manifest_write(&g->made, &w) == OK) {
		result = send_generated(s, c, writer_view(&w));
	} else {
		(void)snprintf(detail, sizeof detail, "No manifest lies here and none can be made: %s.",
			       sentence == NULL ? "the dates cannot be written" : sentence);
		result = serve_problem(s, c, 404, detail);
	}
	free(g);
	return result;
}

enum MHD_Result serve_manifest(struct serve *s, struct MHD_Connection *c, const char *url, struct bytes channel,
			       struct bytes arch, bool head)
{
	struct catalogue_file file;
	int fd;
	int err = catalogue_find(&s->catalogue, channel, arch, BYTES_LITERAL("manifest.json"), &file, &fd);
	if (err != OK)
		return send_unsigned(s, c, channel, arch);
	if (s->o.policy != NULL) {
		struct parsed *p = accepted(s, fd, (uint64_t)file.st.st_size);
		bool good = p != NULL;
		free_parsed(p);
		if (!good) {
			(void)close(fd); /* only read from */
			return serve_problem(s, c, 404, "The policy does not accept the release that lies here.");
		}
	}
	struct serve_item *item = serve_item_make(s, url, &file, fd, "application/json");
	if (item != NULL)
		return serve_file(s, c, item, head);
	(void)close(fd); /* only read from */
	return MHD_NO;
}
