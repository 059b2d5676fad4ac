/* What the tests of lib/phase share: scratch memory, a release and a policy to spoil, and the
 * vectors of phase-release.json. */
#ifndef UNIT_PHASE_FIXTURE_H
#define UNIT_PHASE_FIXTURE_H

#include <stdalign.h>

#include "core/err.h"
#include "phase/manifest.h"
#include "phase/policy.h"
#include "test.h"

static alignas(16) uint8_t fixture_memory[2][DOCUMENT_ARENA_BYTES];
static struct why fixture_why;

#define HASH_1 "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define HASH_2 "sha256:2222222222222222222222222222222222222222222222222222222222222222"

static const char fixture_manifest[] =
	"{\"manifest_version\":1,\"version\":\"1.2.0\",\"release\":42,\"channel\":\"stable\",\"arch\":\"x86_64\","
	"\"created_at\":\"2026-11-20T00:00:00Z\",\"expires_at\":\"2026-12-20T00:00:00Z\",\"cmdline\":\"quiet\","
	"\"artifacts\":{\"kernel\":{\"filename\":\"vmlinuz\",\"size_bytes\":8388608,\"hash\":\"" HASH_1
	"\",\"download_url\":\"stable/x86_64/vmlinuz\",\"swarm\":"
	"\"3333333333333333333333333333333333333333333333333333333333333333\"},"
	"\"initramfs\":{\"filename\":\"initrd.img\",\"size_bytes\":7,\"hash\":\"" HASH_2 "\"}},"
	"\"signatures\":[]}";

__attribute__((unused)) static int fixture_read(struct manifest *m, const void *text, size_t n)
{
	struct arena a = arena_of(fixture_memory[0], sizeof fixture_memory[0]);
	fixture_why = (struct why){.err = OK};
	return manifest_read(m, bytes_of(text, n), &a, &fixture_why);
}

/* slot: two policies may be in use at once. */
__attribute__((unused)) static int fixture_policy(struct policy *p, const char *text, unsigned slot)
{
	struct arena a = arena_of(fixture_memory[slot], sizeof fixture_memory[slot]);
	fixture_why = (struct why){.err = OK};
	return policy_read(p, bytes_text(text), &a, &fixture_why);
}

/* base with the first from replaced by to; from must occur. The caller frees it. */
__attribute__((unused)) static char *fixture_edit(const char *base, const char *from, const char *to)
{
	const char *at = strstr(base, from);
	size_t room = strlen(base) + strlen(to) + 1;
	char *text = malloc(room);
	if (at == NULL || text == NULL) {
		printf("Bail out! nothing to edit: %s\n", from);
		exit(1);
	}
	(void)snprintf(text, room, "%.*s%s%s", (int)(at - base), base, to, at + strlen(from));
	return text;
}

/* The error's name without ERR_, as the vectors have it. */
__attribute__((unused)) static const char *fixture_err_name(int err)
{
	switch (err) {
	case OK:
		return "OK";
#define NAME_CASE(name, value, class, text) \
	case ERR_##name:                    \
		return #name;
		ERR_TABLE(NAME_CASE)
#undef NAME_CASE
	default:
		return "?";
	}
}

#endif
