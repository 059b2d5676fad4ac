#include "host/kexec_plan.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/hex.h"
#include "host/cli_json.h"
#include "host/clock.h"
#include "host/explain.h"
#include "host/file.h"
#include "host/file_kind.h"
#include "host/kexec_image.h"
#include "host/machine.h"

/* The plan speaks of the manifest that phase-fetch has verified: a file put in its place since
 * would bring its own hashes for its own files. */
static int check_manifest(struct cli *cli, const struct kexec_plan *k, const char *path)
{
	uint8_t found[SHA256_BYTES];
	sha256_of(k->manifest_text, found);
	if (!k->plan.has_manifest_sha256 || memcmp(found, k->plan.manifest_sha256, sizeof found) == 0)
		return OK;
	cli_error(cli, ERR_HASH, "%s: not the manifest that the plan was made from: fetch the release again", path);
	return ERR_HASH;
}

static int read_documents(struct cli *cli, const char *path, struct kexec_plan *k)
{
	const char *subject = strcmp(path, "-") == 0 ? "plan on stdin" : path;
	struct why why = {.err = OK};
	struct arena a = arena_of(k->memory[0], PLAN_ARENA_BYTES), b = arena_of(k->memory[1], MANIFEST_ARENA_BYTES);
	int err = file_read(path, PLAN_BYTES_MAX, &k->plan_text);
	if (err == OK && k->plan_text.n == 0) {
		cli_error(cli, ERR_TRUNCATED, "%s: empty: phase-fetch has printed no plan, and says why", subject);
		return ERR_TRUNCATED;
	}
	if (err == OK)
		err = plan_read(&k->plan, k->plan_text, &a, &why);
	if (err != OK) {
		file_kind_fail(cli, err, subject, &why, k->plan_text, "a boot plan");
		return err;
	}
	subject = (const char *)k->plan.manifest.p; /* a NUL follows it */
	err = strcmp(subject, "-") == 0 ? why_not(&why, ERR_VALUE, "manifest", 0, BYTES_NONE)
					: file_read(subject, MANIFEST_BYTES_MAX, &k->manifest_text);
	if (err == OK && (err = check_manifest(cli, k, subject)) != OK)
		return err;
	if (err == OK)
		err = manifest_read(&k->manifest, k->manifest_text, &b, &why);
	if (err != OK) {
		cli_fail(cli, err, subject, &why);
		return err;
	}
	err = plan_matches(&k->plan, &k->manifest, &why);
	if (err != OK)
		cli_error(cli, err, "%s: the plan does not say what this manifest says: %s", subject, why.what);
	return err;
}

/* What kexec cannot do is said before megabytes are read. */
static int check_startable(struct cli *cli, const struct kexec_plan *k)
{
	const char *own = machine_arch();
	if (k->plan.uki.n > 0) {
		cli_error(cli, ERR_VALUE,
			  "%s: kexec cannot start a unified kernel image: let the firmware start it, or publish "
			  "kernel and initramfs by themselves",
			  (const char *)k->plan.uki.p);
		return ERR_VALUE;
	}
	if (k->plan.dtb.n > 0) {
		cli_error(cli, ERR_VALUE,
			  "%s: kexec_file_load takes no device tree (the running one is passed on): let the "
			  "firmware start this release, or publish it without",
			  (const char *)k->plan.dtb.p);
		return ERR_VALUE;
	}
	if (own == NULL || !bytes_is(k->manifest.arch, own)) {
		cli_error(cli, ERR_ARCH, "the release is for %.*s, this machine is %s", (int)k->manifest.arch.n,
			  (const char *)k->manifest.arch.p, own == NULL ? "something else" : own);
		return ERR_ARCH;
	}
	return OK;
}

int kexec_plan_read(struct cli *cli, const char *path, struct kexec_plan *k)
{
	*k = (struct kexec_plan){.kernel_fd = -1, .initrd_fd = -1};
	k->memory[0] = malloc(PLAN_ARENA_BYTES);
	k->memory[1] = malloc(MANIFEST_ARENA_BYTES);
	if (k->memory[0] == NULL || k->memory[1] == NULL) {
		cli_error(cli, ERR_NO_MEMORY, "%s", err_text(ERR_NO_MEMORY));
		return ERR_NO_MEMORY;
	}
	int err = read_documents(cli, path, k);
	return err != OK ? err : check_startable(cli, k);
}

int kexec_plan_judge(struct cli *cli, struct kexec_plan *k, const struct trust *trust, const char *state)
{
	struct circumstances c = {.now = {clock_wall_s()}, .has_now = true};
	struct verdict v;
	const struct judged judged = {&v, &k->manifest, &trust->policy, &c};
	int err = state == NULL ? OK : trust_floor(cli, state, &k->manifest, &c.floor);
	if (err != OK)
		return err;
	err = verdict_reach(&v, &k->manifest, &trust->policy, &c);
	explain_print(cli, (const char *)k->plan.manifest.p, &judged);
	return err;
}

static void on_step(void *context, const char *path, uint64_t done, uint64_t total)
{
	cli_progress(context, path, done, total);
}

static int complain(struct cli *cli, int err, const char *path, uint64_t size)
{
	if (err == ERR_SIZE)
		cli_error(cli, err, "%s: not the signed size of %llu bytes", path, (unsigned long long)size);
	else if (err == ERR_HASH)
		cli_error(cli, err, "%s: not the signed content: its SHA-256 is another", path);
	else if (err == ERR_VALUE)
		cli_error(cli, err, "%s: not a regular file", path);
	else if (err == ERR_IO)
		cli_error(cli, err, "%s: %s", path, strerror(errno));
	else
		cli_error(cli, err, "%s: %s", path, err_text(err));
	return err;
}

static int image(struct cli *cli, const char *name, const struct kexec_part *parts, size_t n, int *fd)
{
	const struct kexec_progress progress = {on_step, cli};
	size_t failed;
	int err = kexec_image(name, parts, n, &progress, fd, &failed);
	int kept = errno;
	cli_progress_end(cli);
	errno = kept;
	if (err == OK)
		return OK;
	return complain(cli, err, failed < n ? parts[failed].path : "memory for the copy",
			failed < n ? parts[failed].size : 0);
}

int kexec_plan_check_files(struct cli *cli, struct kexec_plan *k)
{
	const struct artifact *kernel = plan_kernel(&k->manifest), *initrds[PLAN_INITRDS_MAX];
	struct kexec_part parts[PLAN_INITRDS_MAX];
	size_t n = plan_initrds(&k->manifest, initrds);
	const struct kexec_part first = {(const char *)k->plan.kernel.p, kernel->size, kernel->sha256};
	int err = image(cli, "kernel", &first, 1, &k->kernel_fd);
	for (size_t i = 0; i < n; i++) {
		parts[i] =
			(struct kexec_part){(const char *)k->plan.initrds[i].p, initrds[i]->size, initrds[i]->sha256};
		k->initrd_bytes += initrds[i]->size;
	}
	if (err == OK && n > 0)
		err = image(cli, "initrd", parts, n, &k->initrd_fd);
	return err;
}

static bool add_file(cJSON *array, struct bytes path, const struct artifact *a)
{
	char hash[2 * SHA256_BYTES + 1] = {0};
	cJSON *o = cJSON_CreateObject();
	hex_encode(bytes_of(a->sha256, SHA256_BYTES), hash);
	if (o == NULL || !cJSON_AddItemToArray(array, o)) {
		cJSON_Delete(o);
		return false;
	}
	return cli_json_text(o, "path", path) && cJSON_AddNumberToObject(o, "size_bytes", (double)a->size) != NULL &&
	       cJSON_AddStringToObject(o, "sha256", hash) != NULL;
}

static bool add_all(cJSON *o, const struct kexec_plan *k, bool judged)
{
	const struct artifact *initrds[PLAN_INITRDS_MAX];
	size_t n = plan_initrds(&k->manifest, initrds);
	cJSON *list, *files;
	bool good = cli_json_text(o, "kernel", k->plan.kernel) && (list = cJSON_AddArrayToObject(o, "initrd")) != NULL;
	for (size_t i = 0; good && i < n; i++) {
		cJSON *path = cJSON_CreateString((const char *)k->plan.initrds[i].p);
		good = path != NULL && cJSON_AddItemToArray(list, path);
	}
	good = good && cli_json_text(o, "cmdline", k->manifest.cmdline) &&
	       cJSON_AddNumberToObject(o, "release", (double)k->manifest.release) != NULL &&
	       cli_json_text(o, "channel", k->manifest.channel) && cli_json_text(o, "arch", k->manifest.arch) &&
	       cli_json_text(o, "manifest", k->plan.manifest) &&
	       (files = cJSON_AddArrayToObject(o, "checked")) != NULL &&
	       add_file(files, k->plan.kernel, plan_kernel(&k->manifest));
	for (size_t i = 0; good && i < n; i++)
		good = add_file(files, k->plan.initrds[i], initrds[i]);
	return good && cJSON_AddBoolToObject(o, "policy_checked", judged) != NULL;
}

cJSON *kexec_plan_json(const struct kexec_plan *k, bool judged)
{
	cJSON *o = cJSON_CreateObject();
	if (o != NULL && !add_all(o, k, judged)) {
		cJSON_Delete(o);
		return NULL;
	}
	return o;
}

void kexec_plan_free(struct kexec_plan *k)
{
	if (k->memory[0] == NULL) /* zeroed, so the descriptors are none */
		return;
	if (k->kernel_fd >= 0)
		(void)close(k->kernel_fd); /* memory only */
	if (k->initrd_fd >= 0)
		(void)close(k->initrd_fd);
	file_free(k->plan_text);
	file_free(k->manifest_text);
	free(k->memory[0]);
	free(k->memory[1]);
	*k = (struct kexec_plan){.kernel_fd = -1, .initrd_fd = -1};
}
