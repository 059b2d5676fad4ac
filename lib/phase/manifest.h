/* The release manifest, version 1: what a release consists of, for which channel and
 * architecture, how long it holds, and who signed it. Contract: phase-manifest(5).
 *
 * What is signed: the ASCII bytes "phase-boot-manifest-v1\n" followed by the RFC 8785 canonical
 * form of the document without its top-level member "signatures". Unknown members are covered by
 * the signature and otherwise ignored, unless a top-level "critical" array names them. */
#ifndef PHASE_MANIFEST_H
#define PHASE_MANIFEST_H

#include "crypto/sha256.h"
#include "phase/document.h"

#define MANIFEST_BYTES_MAX DOCUMENT_BYTES_MAX
#define MANIFEST_ARTIFACTS_MAX 64 /* kernel, initramfs.N, dtb, rootfs and some more */
#define MANIFEST_SIGNATURES_MAX SIGNATURES_MAX
#define MANIFEST_CMDLINE_MAX 2047      /* what the x86 kernel takes, without its NUL */
#define MANIFEST_URL_MAX 2048          /* bytes of a download_url */
#define MANIFEST_SIZE_MAX (1ULL << 48) /* bytes of an artifact */
#define MANIFEST_NAME_MAX DOCUMENT_NAME_MAX
/* Scratch that manifest_read and policy_read never exceed. */
#define MANIFEST_ARENA_BYTES DOCUMENT_ARENA_BYTES
#define MANIFEST_SIGNED_PREFIX "phase-boot-manifest-v1\n"

struct artifact {
	struct bytes role;         /* the member name: "kernel", "initramfs", "initramfs.1", … */
	struct bytes filename;     /* artifact_filename_ok */
	struct bytes download_url; /* download_url_ok, as written; empty when absent */
	uint64_t size;             /* bytes, 1 .. MANIFEST_SIZE_MAX */
	uint8_t sha256[SHA256_BYTES];
	bool has_swarm;
	uint8_t swarm[32]; /* Swarm reference of the content, of whatever redundancy level */
};

/* All views lead into the text or into the arena it was read with. */
struct manifest {
	struct json json;
	struct bytes version, channel, cmdline; /* empty when absent; channel is required */
	struct bytes arch;                      /* canonical: "x86_64" or "arm64" */
	uint64_t release;
	struct wall created_at, expires_at; /* created_at is the earlier one */
	bool has_cmdline;
	struct artifact artifacts[MANIFEST_ARTIFACTS_MAX]; /* in canonical order of their roles */
	size_t artifacts_n;                                /* kernel or uki is among them */
	struct signature signatures[MANIFEST_SIGNATURES_MAX];
	size_t signatures_n;
	struct bytes critical_unknown; /* first name in "critical" that is not understood; or empty */
	struct bytes message;          /* the bytes that signatures cover */
};

/* Reads and checks the form; nothing here decides about trust. text must outlive m, and so must
 * the arena (MANIFEST_ARENA_BYTES always suffice). On failure m is untouched and why says which
 * member (id: of which artifact), where. */
MUST_CHECK int manifest_read(struct manifest *m, struct bytes text, struct arena *a, struct why *why);

/* NULL when there is none of that role. */
const struct artifact *manifest_artifact(const struct manifest *m, const char *role);

/* name_is_safe, and none of the names that stores and downloads keep for themselves:
 * manifest.json and what ends in .bmt, .part or .sig. */
bool artifact_filename_ok(struct bytes filename);
/* A path relative to a provider's root (a leading '/' means the same), or absolute http or https:
 * printable, no spaces, no fragment, no ".." segment however it is encoded. */
bool download_url_ok(struct bytes url);

/* Writes an unsigned manifest, one line with LF, that manifest_read gives back: the texts of m
 * must be such as it accepts. json, signatures, critical_unknown and message are not looked at.
 * ERR_VALUE for dates that nobody could write, ERR_LIMIT when w is full. */
MUST_CHECK int manifest_write(const struct manifest *m, struct writer *w);
/* The download_url of a file in a release folder, CHANNEL/ARCH/FILENAME, percent-encoded. */
void manifest_write_url(struct bytes channel, struct bytes arch, struct bytes filename, struct writer *w);

#endif
