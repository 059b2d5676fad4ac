#include "efi/selftest.h"

#include <stdalign.h>
#include <string.h>

#include "core/hex.h"
#include "crypto/ed25519.h"
#include "crypto/self_test.h"
#include "crypto/sha256.h"
#include "phase/verdict.h"
#include "swarm/bmt.h"

#define SIGNATURES 10000
#define TIMED_BYTES (4U << 20)
#define SIGNED_BYTES 600 /* of the release: its signatures stand behind these */

/* A release by two keys, as another implementation has signed it, and a policy that wants both. */
static const char release[] =
	"{\"manifest_version\":1,\"version\":\"1.2.0\",\"release\":42,\"channel\":\"stable\",\"arch\":\"x86_64\","
	"\"created_at\":\"2026-11-20T00:00:00Z\",\"expires_at\":\"2026-12-20T00:00:00Z\","
	"\"cmdline\":\"console=ttyS0 quiet\",\"artifacts\":{\"kernel\":{\"filename\":\"vmlinuz\","
	"\"size_bytes\":8388608,\"hash\":"
	"\"sha256:1111111111111111111111111111111111111111111111111111111111111111\","
	"\"download_url\":\"stable/x86_64/vmlinuz\",\"swarm\":"
	"\"2222222222222222222222222222222222222222222222222222222222222222\"},"
	"\"initramfs\":{\"filename\":\"initrd.img\",\"size_bytes\":67108864,\"hash\":"
	"\"sha256:3333333333333333333333333333333333333333333333333333333333333333\"}},\"signatures\":["
	"{\"algorithm\":\"ed25519\",\"key_id\":\"8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c\","
	"\"signature\":\"d047e8b037566aed33de912c59742a73472c1cb25da0a768eda28c10e5c17bc8"
	"d41ecd739c5d588fcf44cebe35c56d624703973d497c7a6df48113e358373f06\",\"signed_at\":\"2026-11-20T00:00:01Z\"},"
	"{\"algorithm\":\"ed25519\",\"key_id\":\"8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394\","
	"\"signature\":\"d331fd29e664b63ffb95b1b076c74f0567135a3e15303463dc09d4cdec6ddcf9"
	"3a8b67fc586804768b642f3cbf5c5a964773564cf919bcccdf75bc025991510d\",\"signed_at\":\"2026-11-20T00:00:01Z\"}]}";
static const char policy[] =
	"{\"policy_version\":1,\"version\":3,\"keys\":["
	"{\"key_id\":\"8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c\",\"name\":\"key a\"},"
	"{\"key_id\":\"8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394\",\"name\":\"key b\"}],"
	"\"threshold\":2}";

/* RFC 8032, section 7.1, TEST 3. */
static const char key_hex[] = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025";
static const char signature_hex[] = "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
				    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";

/* Good ones accepted, spoiled ones refused: so many were asked, and so many answers were wrong. */
struct tally {
	unsigned checked, wrong;
};

/* SIGNATURES in all, fewer when Escape ends it. */
static struct tally check_signatures(const struct report *r)
{
	uint8_t key[ED25519_KEY_BYTES], signature[ED25519_SIGNATURE_BYTES];
	const struct bytes message = BYTES_LITERAL("\xaf\x82");
	struct tally t = {.wrong = 0};
	if (hex_decode(bytes_text(key_hex), key, sizeof key) != OK ||
	    hex_decode(bytes_text(signature_hex), signature, sizeof signature) != OK)
		return (struct tally){.wrong = SIGNATURES};
	while (t.checked < SIGNATURES && !platform_interrupted(r->platform)) {
		size_t at = t.checked / 2 % sizeof signature;
		t.wrong += ed25519_verify(key, message, signature) != OK;
		signature[at] ^= 1;
		t.wrong += ed25519_verify(key, message, signature) == OK;
		signature[at] ^= 1;
		t.checked += 2;
	}
	return t;
}

/* What judging needs: too large for a firmware stack. */
struct bench {
	struct manifest manifest;
	struct policy policy;
	struct circumstances now;
	struct verdict verdict;
	char text[sizeof release];
	alignas(16) uint8_t policy_memory[DOCUMENT_ARENA_BYTES];
	alignas(16) uint8_t manifest_memory[DOCUMENT_ARENA_BYTES];
};

static bool accepted(struct bench *b)
{
	struct arena a = arena_of(b->manifest_memory, sizeof b->manifest_memory);
	return manifest_read(&b->manifest, bytes_of(b->text, sizeof release - 1), &a, NULL) == OK &&
	       verdict_reach(&b->verdict, &b->manifest, &b->policy, &b->now) == OK;
}

/* The release is accepted as it is, and refused with a bit of its signed text changed. */
static bool verifier_right(struct bench *b)
{
	struct arena a = arena_of(b->policy_memory, sizeof b->policy_memory);
	b->now.has_now = true;
	memcpy(b->text, release, sizeof release);
	if (policy_read(&b->policy, bytes_text(policy), &a, NULL) != OK ||
	    wall_read(BYTES_LITERAL("2026-11-21T00:00:00Z"), &b->now.now) != OK || !accepted(b))
		return false;
	for (size_t at = 0; at < SIGNED_BYTES; at += 13) {
		b->text[at] = (char)(b->text[at] ^ 1 << at % 7);
		if (accepted(b))
			return false;
		b->text[at] = release[at];
	}
	return accepted(b);
}

/* Hex of a chunk of one byte, 0: swarm-bmt, checked against bee. */
static bool bmt_right(enum keccak_kind kind, struct bmt_scratch *scratch)
{
	uint8_t want[REFERENCE_BYTES], found[REFERENCE_BYTES];
	const uint8_t zero = 0;
	bmt_address(kind, 1, bytes_of(&zero, 1), found, scratch);
	return hex_decode(BYTES_LITERAL("fe60ba40b87599ddfb9e8947c1c872a4a1a5b56f7d1b80f0a646005b38db52a5"), want,
			  sizeof want) == OK &&
	       memcmp(found, want, sizeof want) == 0;
}

static void time_hashes(const struct report *r, enum keccak_kind kind, uint8_t *bytes, struct bmt_scratch *scratch)
{
	struct report_size sha, bmt;
	uint8_t hash[SHA256_BYTES];
	uint64_t began = platform_now_ms(r->platform), middle;
	sha256_of(bytes_of(bytes, TIMED_BYTES), hash);
	middle = platform_now_ms(r->platform);
	for (size_t at = 0; at < TIMED_BYTES; at += CHUNK_PAYLOAD_MAX)
		bmt_address(kind, CHUNK_PAYLOAD_MAX, bytes_of(bytes + at, CHUNK_PAYLOAD_MAX), hash, scratch);
	uint64_t end = platform_now_ms(r->platform);
	report(r, "SHA-256 %s/s, BMT %s/s with %s lanes",
	       report_size(&sha, TIMED_BYTES * 1000ULL / (middle - began + 1)),
	       report_size(&bmt, TIMED_BYTES * 1000ULL / (end - middle + 1)), keccak_kind_name(kind));
}

static bool tell(const struct report *r, const char *name, bool right)
{
	report(r, "selftest: %s: %s", name, right ? "right" : "WRONG");
	return right;
}

static int run_all(const struct report *r, enum keccak_kind kind, uint8_t *memory)
{
	struct bench *b = (struct bench *)(void *)memory; /* pages are aligned for anything */
	struct bmt_scratch *scratch = (struct bmt_scratch *)(void *)(memory + sizeof *b);
	size_t n;
	const struct self_test *tests = self_tests(&n);
	bool right = true;
	for (size_t i = 0; i < n; i++)
		right &= tell(r, tests[i].name, tests[i].run());
	right &= tell(r, "Swarm chunk", bmt_right(kind, scratch));
	memset(b, 0, sizeof *b);
	right &= tell(r, "JSON, manifest, policy and verdict", verifier_right(b));
	time_hashes(r, kind, memory, scratch);
	uint64_t began = platform_now_ms(r->platform);
	struct tally t = check_signatures(r);
	report(r, "selftest: %u signatures checked, %u answers wrong, %llu ms", t.checked, t.wrong,
	       (unsigned long long)(platform_now_ms(r->platform) - began));
	if (!right || t.wrong != 0)
		return ERR_CRYPTO;
	return t.checked < SIGNATURES ? ERR_INTERRUPTED : OK;
}

int selftest_run(const struct report *r, enum keccak_kind kind)
{
	const uint64_t needed = sizeof(struct bench) + sizeof(struct bmt_scratch);
	uint8_t *memory;
	_Static_assert(sizeof(struct bench) >= TIMED_BYTES, "what is timed is in the bench's memory");
	int err = platform_pages(r->platform, needed, &memory);
	if (err != OK) {
		report(r, "selftest: %s %s", err_text(err), platform_error(r->platform));
		return err;
	}
	err = run_all(r, kind, memory);
	platform_give_pages(r->platform, memory, needed);
	report(r, "selftest: %s",
	       err == OK                ? "passed"
	       : err == ERR_INTERRUPTED ? "interrupted; nothing was wrong until then"
					: "FAILED: this machine must not be trusted with verification");
	return err;
}
