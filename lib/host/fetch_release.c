#include "host/fetch_release.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/hex.h"
#include "host/cli_json.h"
#include "host/clock.h"
#include "host/download.h"
#include "host/file.h"
#include "phase/plan.h"

struct fetching {
	struct cli *cli;
	const struct fetch_options *o;
	const struct candidates *c;
	const struct release *r;
	struct download *download;
	char *folder; /* owned: absolute */
	const struct artifact *wanted[MANIFEST_ARTIFACTS_MAX];
	size_t wanted_n;
};

static void want(struct fetching *f, const struct artifact *a)
{
	for (size_t i = 0; i < f->wanted_n; i++)
		if (f->wanted[i] == a)
			return;
	if (a != NULL)
		f->wanted[f->wanted_n++] = a;
}

static bool is_wanted(const struct fetching *f, const struct artifact *a)
{
	for (size_t i = 0; i < f->wanted_n; i++)
		if (f->wanted[i] == a)
			return true;
	return false;
}

static int choose_artifacts(struct fetching *f)
{
	const struct manifest *m = &f->r->manifest;
	const struct artifact *initrds[PLAN_INITRDS_MAX];
	for (size_t i = 0; i < f->o->artifacts->n; i++) {
		const struct artifact *a = manifest_artifact(m, f->o->artifacts->v[i]);
		if (a == NULL) {
			cli_error(f->cli, ERR_NOT_FOUND, "--artifact %s: release %llu has no such artifact",
				  f->o->artifacts->v[i], (unsigned long long)m->release);
			return ERR_NOT_FOUND;
		}
		want(f, a);
	}
	if (f->wanted_n > 0)
		return OK;
	size_t n = plan_initrds(m, initrds);
	want(f, plan_kernel(m));
	for (size_t i = 0; i < n; i++)
		want(f, initrds[i]);
	if (manifest_artifact(m, "dtb") != NULL)
		want(f, manifest_artifact(m, "dtb"));
	return OK;
}

static int download_all(struct fetching *f)
{
	for (size_t i = 0; i < f->wanted_n; i++) {
		int err = download_artifact(f->download, &f->r->manifest, f->wanted[i]);
		if (err != OK)
			return err;
	}
	return OK;
}

static char *path_of(const struct fetching *f, struct bytes name)
{
	char *path = NULL;
	if (asprintf(&path, "%s/%.*s", f->folder, (int)name.n, (const char *)name.p) < 0)
		return NULL;
	return path;
}

/* Appends a file's path to an array, or adds it as a member; nothing when it was not fetched. */
static bool add_path(const struct fetching *f, cJSON *to, const char *name, const struct artifact *a)
{
	if (a == NULL || !is_wanted(f, a))
		return true;
	char *path = path_of(f, a->filename);
	cJSON *string = path == NULL ? NULL : cJSON_CreateString(path);
	free(path);
	if (string == NULL)
		return false;
	return name == NULL ? cJSON_AddItemToArray(to, string) : cJSON_AddItemToObject(to, name, string);
}

static bool add_files(const struct fetching *f, cJSON *o)
{
	const struct manifest *m = &f->r->manifest;
	const struct artifact *initrds[PLAN_INITRDS_MAX];
	size_t n = plan_initrds(m, initrds);
	const struct artifact *kernel = manifest_artifact(m, "kernel");
	bool good =
		kernel != NULL ? add_path(f, o, "kernel", kernel) : add_path(f, o, "uki", manifest_artifact(m, "uki"));
	cJSON *array = cJSON_AddArrayToObject(o, "initrd");
	good = good && array != NULL;
	for (size_t i = 0; i < n; i++)
		good = good && add_path(f, array, NULL, initrds[i]);
	return good && add_path(f, o, "dtb", manifest_artifact(m, "dtb"));
}

static bool add_sources(const struct fetching *f, cJSON *o)
{
	cJSON *array = cJSON_AddArrayToObject(o, "sources");
	const char *url;
	for (size_t i = 0; array != NULL && (url = download_source_url(f->download, i)) != NULL; i++) {
		const struct fetch_source *s = download_source(f->download, i);
		cJSON *source = cJSON_CreateObject();
		if (source == NULL || !cJSON_AddItemToArray(array, source))
			return false;
		if (cJSON_AddStringToObject(source, "url", url) == NULL ||
		    cJSON_AddNumberToObject(source, "bytes", (double)s->bytes) == NULL ||
		    cJSON_AddNumberToObject(source, "bad", (double)s->bad_bytes) == NULL)
			return false;
	}
	return array != NULL;
}

/* Of the manifest that was verified, so that no other can take its place. */
static bool add_hash(const struct fetching *f, cJSON *o)
{
	uint8_t hash[SHA256_BYTES];
	char text[2 * SHA256_BYTES + 1] = {0};
	sha256_of(f->r->text, hash);
	hex_encode(bytes_of(hash, sizeof hash), text);
	return cJSON_AddStringToObject(o, "manifest_sha256", text) != NULL;
}

static cJSON *plan_json(const struct fetching *f)
{
	const struct manifest *m = &f->r->manifest;
	char *manifest = path_of(f, BYTES_LITERAL("manifest.json"));
	cJSON *o = cJSON_CreateObject();
	bool good = manifest != NULL && o != NULL && add_files(f, o);
	good = good && cli_json_text(o, "cmdline", m->cmdline) &&
	       cJSON_AddNumberToObject(o, "release", (double)m->release) != NULL &&
	       cli_json_text(o, "channel", m->channel) && cli_json_text(o, "arch", m->arch) &&
	       cJSON_AddStringToObject(o, "manifest", manifest) != NULL && add_hash(f, o) && add_sources(f, o);
	free(manifest);
	if (good)
		return o;
	cJSON_Delete(o);
	return NULL;
}

static int keep_manifest(struct fetching *f)
{
	char *path = path_of(f, BYTES_LITERAL("manifest.json"));
	int err = path == NULL ? ERR_NO_MEMORY : file_write(path, f->r->text, 0666);
	if (err != OK)
		cli_fail(f->cli, err, path == NULL ? "manifest.json" : path, NULL);
	free(path);
	return err;
}

static int fetch(struct fetching *f)
{
	const struct download_places places = {.roots = (const char *const *)f->c->roots,
					       .roots_n = f->c->roots_n,
					       .gateways = f->o->gateways->v,
					       .gateways_n = f->o->gateways->n};
	int err = download_open(f->cli, &places, f->folder, &f->download);
	if (err != OK) {
		cli_fail(f->cli, err, f->folder, NULL);
		return err;
	}
	if ((err = download_all(f)) == OK && (err = keep_manifest(f)) == OK && f->o->state != NULL)
		err = trust_raise_floor(f->cli, f->o->state, &f->r->manifest, (struct wall){clock_wall_s()});
	if (err == OK)
		err = cli_json_print(plan_json(f));
	download_close(f->download);
	return err;
}

int fetch_release(struct cli *cli, const struct fetch_options *o, const struct candidates *c, const struct release *r)
{
	struct fetching f = {.cli = cli, .o = o, .c = c, .r = r};
	int err = choose_artifacts(&f);
	if (err != OK)
		return err;
	if (file_make_folders(o->folder) != OK || (f.folder = realpath(o->folder, NULL)) == NULL) {
		cli_error(cli, ERR_IO, "%s: %s", o->folder, strerror(errno));
		return ERR_IO;
	}
	err = fetch(&f);
	free(f.folder);
	return err;
}
