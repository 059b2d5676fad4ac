/* The release manifest, version 1: what a release consists of, for which channel and
 * architecture, how long it holds, and who signed it. Contract: docs/manifest(5).
 *
 * What is signed: the ASCII bytes "phase-boot-manifest-v1\n" followed by the RFC 8785 canonical
 * form of the document without its top-level member "signatures". Unknown members are covered by
 * the signature and otherwise ignored, unless a top-level "critical" array names them. */
#ifndef PHASE_MANIFEST_H
#define PHASE_MANIFEST_H

#include "core/json.h"
#include "core/wall.h"
#include "crypto/ed25519.h"
#include "crypto/sha256.h"

#define MANIFEST_BYTES_MAX (1U << 20)
#define MANIFEST_NODES_MAX 65536  /* JSON values; an honest manifest has a few hundred */
#define MANIFEST_ARTIFACTS_MAX 64 /* kernel, initramfs.N, dtb, rootfs and some more */
#define MANIFEST_SIGNATURES_MAX 64
#define MANIFEST_CMDLINE_MAX 2047 /* what the x86 kernel takes, without its NUL */
#define MANIFEST_NAME_MAX 255     /* bytes of a file name, role, channel or version */
/* Scratch that manifest_read and policy_read never exceed. */
#define MANIFEST_ARENA_BYTES (MANIFEST_NODES_MAX * sizeof(struct json_node) + 2 * MANIFEST_BYTES_MAX + 4096)
#define MANIFEST_SIGNED_PREFIX "phase-boot-manifest-v1\n"

struct artifact {
	struct bytes role;         /* the member name: "kernel", "initramfs", "initramfs.1", … */
	struct bytes filename;     /* no '/', no leading '.', no control characters */
	struct bytes download_url; /* as written; empty when absent */
	uint64_t size;             /* bytes, > 0 */
	uint8_t sha256[SHA256_BYTES];
	bool has_swarm;
	uint8_t swarm[32]; /* BMT reference of the plain content */
};

struct signature {
	uint8_t key[ED25519_KEY_BYTES];
	uint8_t signature[ED25519_SIGNATURE_BYTES];
	bool known; /* algorithm is ed25519 and both hex strings are well formed */
};

/* All views lead into the text or into the arena it was read with. */
struct manifest {
	struct json json;
	struct bytes version, channel, cmdline; /* empty when absent; channel is required */
	struct bytes arch;                      /* canonical: "x86_64" or "arm64" */
	uint64_t release;
	struct wall created_at, expires_at;
	bool has_cmdline;
	struct artifact artifacts[MANIFEST_ARTIFACTS_MAX]; /* in canonical order of their roles */
	size_t artifacts_n;
	struct signature signatures[MANIFEST_SIGNATURES_MAX];
	size_t signatures_n;
	struct bytes critical_unknown; /* first name in "critical" that is not understood; or empty */
	struct bytes message;          /* the bytes that signatures cover */
};

/* Reads and checks the form; nothing here decides about trust. text must outlive m, and so must
 * the arena (MANIFEST_ARENA_BYTES always suffice). On failure why says which member, where. */
MUST_CHECK int manifest_read(struct manifest *m, struct bytes text, struct arena *a, struct why *why);

/* NULL when there is none of that role. */
const struct artifact *manifest_artifact(const struct manifest *m, const char *role);

/* The canonical spelling ("x86_64" for amd64, "arm64" for aarch64), or NULL for anything else. */
const char *arch_canonical(struct bytes arch);
/* The other spelling of a canonical arch: "amd64", "aarch64". */
const char *arch_alias(const char *canonical);

#endif
