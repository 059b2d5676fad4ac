/* Any bytes as policy, release floor, boot plan and signature entry: refused cleanly, or what was
 * read keeps the promises of the headers. */
#include <stdalign.h>

#include "core/arch.h"
#include "phase/attach.h"
#include "phase/floor.h"
#include "phase/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static alignas(16) uint8_t memory[2][DOCUMENT_ARENA_BYTES];
static struct policy p, again;

static void must(bool x)
{
	if (!x)
		abort();
}

static void check_policy(struct bytes text)
{
	struct arena a = arena_of(memory[0], sizeof memory[0]), b = arena_of(memory[1], sizeof memory[1]);
	if (policy_read(&p, text, &a, NULL) != OK)
		return;
	must(p.keys_n > 0 && p.keys_n <= POLICY_KEYS_MAX && p.threshold >= 1 && p.threshold <= p.keys_n);
	must(p.channel.n == 0 || name_is_safe(p.channel));
	must(p.arch.n == 0 || arch_canonical(p.arch) != NULL);
	for (size_t i = 0; i < p.keys_n; i++)
		must(ed25519_key_check(p.keys[i].key) == OK);
	must(policy_replaces(&p, &p, NULL) == ERR_POLICY_OLD);
	must(policy_read(&again, bytes_skip(p.message, sizeof POLICY_SIGNED_PREFIX - 1), &b, NULL) == OK);
	must(bytes_equal(p.message, again.message) && again.keys_n == p.keys_n);
}

static void check_floor(struct bytes text)
{
	struct arena a = arena_of(memory[0], sizeof memory[0]);
	struct floor f;
	uint8_t buf[FLOOR_BYTES_MAX], name[FLOOR_FILENAME_MAX];
	struct writer w = writer_of(buf, sizeof buf), path = writer_of(name, sizeof name);
	if (floor_read(&f, text, &a, NULL) != OK)
		return;
	/* an offset can carry a date of year 1 or 9999 beyond what is written */
	int err = floor_write(&f, &w);
	must(err == OK || err == ERR_VALUE);
	floor_filename(f.channel, f.arch, &path);
	must(!path.full && memchr(name, '/', path.n) == NULL && name[0] != '.');
}

static void check_path(struct bytes path)
{
	must(path.n == 0 || (path.p[path.n] == 0 && strlen((const char *)path.p) == path.n));
}

static void check_plan(struct bytes text)
{
	static struct plan plan;
	struct arena a = arena_of(memory[0], sizeof memory[0]);
	if (plan_read(&plan, text, &a, NULL) != OK)
		return;
	must((plan.kernel.n == 0) != (plan.uki.n == 0) && plan.manifest.n > 0);
	check_path(plan.kernel);
	check_path(plan.uki);
	check_path(plan.dtb);
	check_path(plan.cmdline);
	check_path(plan.manifest);
	for (size_t i = 0; i < plan.initrds_n; i++)
		check_path(plan.initrds[i]);
}

static void check_entry(struct bytes text)
{
	struct arena a = arena_of(memory[0], sizeof memory[0]), b = arena_of(memory[1], sizeof memory[1]);
	struct signature s, t;
	struct bytes at, at_again;
	uint8_t buf[SIGNATURE_ENTRY_BYTES_MAX];
	struct writer w = writer_of(buf, sizeof buf);
	if (signature_entry_read(&s, &at, text, &a, NULL) != OK)
		return;
	signature_entry_write(&s, at, &w);
	if (w.full)
		return; /* a date with very many digits of a second */
	must(signature_entry_read(&t, &at_again, writer_view(&w), &b, NULL) == OK);
	must(memcmp(&s, &t, sizeof s) == 0 && bytes_equal(at, at_again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bytes text = bytes_of(data, n);
	check_policy(text);
	check_floor(text);
	check_plan(text);
	check_entry(text);
	return 0;
}
