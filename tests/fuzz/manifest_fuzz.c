/* Any bytes: manifests are refused cleanly, or what was read keeps every promise of the header,
 * survives being signed, and its signed bytes are a fixed point. */
#include <stdalign.h>

#include "core/arch.h"
#include "phase/attach.h"
#include "phase/plan.h"
#include "phase/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static alignas(16) uint8_t memory[3][DOCUMENT_ARENA_BYTES];
static uint8_t out[DOCUMENT_BYTES_MAX + SIGNATURE_ENTRY_BYTES_MAX];
static struct manifest m;
static struct signable signable;

static void must(bool x)
{
	if (!x)
		abort();
}

static void check_artifacts(void)
{
	const struct artifact *initrds[PLAN_INITRDS_MAX];
	must(m.artifacts_n > 0 && m.artifacts_n <= MANIFEST_ARTIFACTS_MAX && plan_kernel(&m) != NULL);
	for (size_t i = 0; i < m.artifacts_n; i++) {
		const struct artifact *a = &m.artifacts[i];
		must(artifact_filename_ok(a->filename) && name_is_printable(a->role));
		must(a->size > 0 && a->size <= MANIFEST_SIZE_MAX);
		must(a->download_url.n == 0 || download_url_ok(a->download_url));
		for (size_t k = 0; k < i; k++)
			must(!bytes_equal(a->filename, m.artifacts[k].filename));
	}
	must(plan_initrds(&m, initrds) <= m.artifacts_n);
}

static void check_manifest(void)
{
	must(name_is_safe(m.channel) && arch_canonical(m.arch) != NULL);
	must(m.created_at.s < m.expires_at.s && m.release <= JSON_UINT_MAX);
	must(m.cmdline.n <= MANIFEST_CMDLINE_MAX && m.signatures_n <= MANIFEST_SIGNATURES_MAX);
	must(bytes_starts(m.message, MANIFEST_SIGNED_PREFIX));
	check_artifacts();
}

/* The canonical form, read again, gives the same signed bytes. */
static void check_message(void)
{
	static struct manifest again;
	struct arena a = arena_of(memory[1], sizeof memory[1]);
	struct bytes canonical = bytes_skip(m.message, sizeof MANIFEST_SIGNED_PREFIX - 1);
	must(manifest_read(&again, canonical, &a, NULL) == OK);
	must(bytes_equal(again.message, m.message) && again.artifacts_n == m.artifacts_n && again.signatures_n == 0);
}

static void check_signing(struct bytes text)
{
	struct signature s = {.key = {1}, .signature = {2}, .known = true, .well_formed = true};
	struct arena a = arena_of(memory[1], sizeof memory[1]), b = arena_of(memory[2], sizeof memory[2]);
	struct writer w = writer_of(out, sizeof out);
	if (signable_read(&signable, text, &a, NULL) != OK)
		return; /* a policy_version too */
	int err = signature_attach(&signable, &s, BYTES_NONE, &w);
	must(err == OK || err == ERR_LIMIT);
	if (err != OK)
		return;
	must(signable_read(&signable, writer_view(&w), &b, NULL) == OK);
	must(bytes_equal(signable_message(&signable), m.message));
	must(signable.manifest.signatures_n > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct policy nobody;
	struct arena a = arena_of(memory[0], sizeof memory[0]);
	struct why why = {.err = OK};
	struct circumstances c = {.has_now = true};
	struct verdict v;
	int err = manifest_read(&m, bytes_of(data, n), &a, &why);
	must(err == (int)why.err && why.at <= DOCUMENT_BYTES_MAX);
	if (err != OK)
		return 0;
	check_manifest();
	check_message();
	check_signing(bytes_of(data, n));
	policy_init(&nobody);
	must(verdict_reach(&v, &m, &nobody, &c) != OK);
	return 0;
}
