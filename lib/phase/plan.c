#include "phase/plan.h"

#include "core/decimal.h"

/* The place of an initial RAM disk, 0 for the first; false for other roles. */
static bool initrd_place(struct bytes role, uint64_t *place)
{
	*place = 0;
	if (bytes_is(role, "initramfs"))
		return true;
	if (!bytes_starts(role, "initramfs."))
		return false;
	struct bytes digits = bytes_skip(role, sizeof "initramfs." - 1);
	return digits.n > 0 && digits.p[0] != '0' && decimal_read(digits, place) == OK;
}

size_t plan_initrds(const struct manifest *m, const struct artifact *out[static PLAN_INITRDS_MAX])
{
	uint64_t places[PLAN_INITRDS_MAX], place;
	size_t n = 0;
	for (size_t a = 0; a < m->artifacts_n; a++) {
		if (!initrd_place(m->artifacts[a].role, &place))
			continue;
		size_t i = n++;
		for (; i > 0 && places[i - 1] > place; i--) {
			places[i] = places[i - 1];
			out[i] = out[i - 1];
		}
		places[i] = place;
		out[i] = &m->artifacts[a];
	}
	return n;
}

const struct artifact *plan_kernel(const struct manifest *m)
{
	const struct artifact *kernel = manifest_artifact(m, "kernel");
	return kernel != NULL ? kernel : manifest_artifact(m, "uki");
}

static bool has_no_nul(struct bytes text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == 0)
			return false;
	return true;
}

static bool is_path(struct bytes text)
{
	return text.n > 0 && text.n <= PLAN_PATH_MAX && has_no_nul(text);
}

static bool is_cmdline(struct bytes text)
{
	return text.n <= MANIFEST_CMDLINE_MAX && has_no_nul(text);
}

/* A string with a NUL behind it, for which its quotes have left room. */
static int read_string(struct document *d, const struct json_node *object, const char *name, bool required,
		       bool (*valid)(struct bytes), struct bytes *out)
{
	int err = document_text(d, object, name, required, valid, out);
	if (json_member(&d->json, object, name) != NULL)
		write_u8(&d->strings, 0);
	return err;
}

static int read_initrds(struct document *d, struct plan *p)
{
	const struct json_node *array = NULL;
	size_t start = d->strings.n;
	int err = document_texts(d, json_root(&d->json), "initrd", is_path, &array);
	if (err != OK || array == NULL)
		return err;
	if (array->n > PLAN_INITRDS_MAX)
		return document_misfit(d, ERR_LIMIT, "initrd", array);
	d->strings.n = start; /* again, with a NUL behind each */
	for (const struct json_node *e = json_child(&d->json, array); e != NULL; e = json_next(&d->json, e)) {
		size_t at = d->strings.n;
		if ((err = json_string(&d->json, e, &d->strings)) != OK)
			return document_misfit(d, (enum err)err, "initrd", e);
		p->initrds[p->initrds_n++] = bytes_of(d->strings.p + at, d->strings.n - at);
		write_u8(&d->strings, 0);
	}
	return OK;
}

int plan_read(struct plan *p, struct bytes text, struct arena *a, struct why *why)
{
	struct document d;
	struct plan read = {.release = 0};
	int err = document_open(&d, text, a, why);
	if (err != OK)
		return err;
	const struct json_node *root = json_root(&d.json);
	if ((err = read_string(&d, root, "kernel", false, is_path, &read.kernel)) != OK ||
	    (err = read_string(&d, root, "uki", false, is_path, &read.uki)) != OK ||
	    (err = read_string(&d, root, "dtb", false, is_path, &read.dtb)) != OK ||
	    (err = read_string(&d, root, "cmdline", false, is_cmdline, &read.cmdline)) != OK ||
	    (err = read_string(&d, root, "manifest", true, is_path, &read.manifest)) != OK ||
	    (err = document_hex(&d, root, "manifest_sha256", false, "", read.manifest_sha256, SHA256_BYTES,
				&read.has_manifest_sha256)) != OK ||
	    (err = document_text(&d, root, "channel", true, name_is_safe, &read.channel)) != OK ||
	    (err = document_arch(&d, true, &read.arch)) != OK ||
	    (err = document_uint(&d, root, "release", true, &read.release)) != OK ||
	    (err = read_initrds(&d, &read)) != OK)
		return err;
	if (read.kernel.n == 0 && read.uki.n == 0)
		return document_misfit(&d, ERR_MISSING, "kernel", root);
	if (read.kernel.n != 0 && read.uki.n != 0)
		return document_misfit(&d, ERR_VALUE, "uki", json_member(&d.json, root, "uki"));
	*p = read;
	return OK;
}

static int differs(struct why *why, const char *what)
{
	return why_not(why, ERR_VALUE, what, 0, BYTES_NONE);
}

int plan_matches(const struct plan *p, const struct manifest *m, struct why *why)
{
	const struct artifact *initrds[PLAN_INITRDS_MAX];
	bool has_kernel = manifest_artifact(m, "kernel") != NULL;
	if (p->release != m->release)
		return differs(why, "release");
	if (!bytes_equal(p->channel, m->channel))
		return differs(why, "channel");
	if (!bytes_equal(p->arch, m->arch))
		return differs(why, "arch");
	if (!bytes_equal(p->cmdline, m->cmdline))
		return differs(why, "cmdline");
	if ((p->kernel.n != 0) != has_kernel)
		return differs(why, has_kernel ? "kernel" : "uki");
	if (p->initrds_n != plan_initrds(m, initrds))
		return differs(why, "initrd");
	if ((p->dtb.n != 0) != (manifest_artifact(m, "dtb") != NULL))
		return differs(why, "dtb");
	return OK;
}
