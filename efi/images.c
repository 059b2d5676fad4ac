#include "efi/images.h"

static int take_memory(struct images *images, const struct report *r, const struct artifact *a)
{
	struct image *image = &images->v[images->n];
	struct report_size needed, free_bytes;
	if (platform_pages(r->platform, a->size, &image->pages) != OK) {
		report(r, "%.*s needs %s of memory, and %s are free %s", REPORT_BYTES(a->filename),
		       report_size(&needed, a->size), report_size(&free_bytes, platform_free_bytes(r->platform)),
		       platform_error(r->platform));
		return ERR_NO_MEMORY;
	}
	image->artifact = a;
	images->n++;
	return OK;
}

int images_take(struct images *images, const struct report *r, const struct manifest *m)
{
	const struct artifact *initrds[PLAN_INITRDS_MAX];
	size_t n = plan_initrds(m, initrds);
	if (plan_kernel(m) == NULL) {
		report(r, "release %llu has neither a kernel nor a uki", (unsigned long long)m->release);
		return ERR_MISSING;
	}
	if (manifest_artifact(m, "dtb") != NULL) {
		report(r, "release %llu has a device tree (dtb), and a kernel for %.*s takes none: sign it without one",
		       (unsigned long long)m->release, REPORT_BYTES(m->arch));
		return ERR_VALUE;
	}
	int err = take_memory(images, r, plan_kernel(m));
	for (size_t i = 0; i < n && err == OK; i++)
		err = take_memory(images, r, initrds[i]);
	return err;
}

void images_give(struct images *images, const struct report *r, bool quiet)
{
	for (size_t i = 0; quiet && i < images->n; i++)
		platform_give_pages(r->platform, images->v[i].pages, images->v[i].artifact->size);
	images->n = 0;
}

int images_start(const struct images *images, const struct report *r, const struct manifest *m, bool *started)
{
	struct bytes initrds[PLATFORM_INITRDS_MAX];
	struct platform_boot boot = {.initrds = initrds, .has_cmdline = m->has_cmdline, .cmdline = m->cmdline};
	for (size_t i = 0; i < images->n; i++) {
		const struct image *image = &images->v[i];
		struct bytes content = bytes_of(image->pages, (size_t)image->artifact->size);
		if (i == 0)
			boot.kernel = content;
		else
			initrds[boot.initrds_n++] = content;
	}
	report(r, "starting release %llu: %.*s", (unsigned long long)m->release, REPORT_BYTES(m->cmdline));
	int err = platform_start(r->platform, &boot, started);
	if (err != OK)
		report(r, "%.*s cannot be started: %s", REPORT_BYTES(images->v[0].artifact->filename),
		       platform_error(r->platform));
	return err;
}
