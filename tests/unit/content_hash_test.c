/* Content hashes of ENS and CIDs: known ones, what other systems have, every cut and every bit. */
#include "swarm/content_hash.h"

#include "core/hex.h"
#include "test.h"

/* From bee's own test of its resolver. */
static const char bee_manifest[] = "bah5acgzazjrvpieogf6rl3cwb7xtjzgel6hrt4a4g4vkody5u4v7u7y2im4a";
static const char bee_feed[] = "bah5qcgzazjrvpieogf6rl3cwb7xtjzgel6hrt4a4g4vkody5u4v7u7y2im4a";
static const char bee_reference[] = "ca6357a08e317d15ec560fef34e4c45f8f19f01c372aa70f1da72bfa7f1a4338";

static enum content_hash_codec codec;
static struct reference reference;
static struct why why;

static bool refers_to(const char *wanted)
{
	char text[REFERENCE_TEXT_BYTES];
	reference_text(&reference, text);
	return strcmp(text, wanted) == 0;
}

static int read_hex(const char *text)
{
	uint8_t in[128];
	CHECK(hex_decode(bytes_text(text), in, strlen(text) / 2) == OK);
	return content_hash_read(bytes_of(in, strlen(text) / 2), &codec, &reference, &why);
}

static int read_cid(const char *text)
{
	return content_hash_cid_read(bytes_text(text), &codec, &reference, &why);
}

TEST(content_hashes_of_ens)
{
	cJSON *json = test_vectors("swarm-ens.json");
	const cJSON *v;
	unsigned n = 0;
	cJSON_ArrayForEach(v, cJSON_GetObjectItem(json, "contenthash"))
	{
		uint8_t out[CONTENT_HASH_BYTES_MAX];
		char text[2 * CONTENT_HASH_BYTES_MAX + 1] = {0};
		CHECK(read_hex(test_text(v, "hex")) == OK && codec == CONTENT_HASH_MANIFEST);
		CHECK(refers_to(test_text(v, "reference")));
		hex_encode(bytes_of(out, content_hash_write(codec, &reference, out)), text);
		CHECK(strcmp(text, test_text(v, "hex")) == 0);
		n++;
	}
	CHECK(n > 0);
	cJSON_Delete(json);
}

#define DIGEST "d1de9994b4d039f6548d191eb26786769f580809256b4685ef316805265ea162"

TEST(what_else_a_record_may_hold)
{
	static const struct {
		const char *hex;
		int err;
	} cases[] = {
		{"e40101fb011b20" DIGEST, OK},
		{"e40101fa011b40" DIGEST DIGEST, OK},
		{"", ERR_TRUNCATED},
		{"e4", ERR_TRUNCATED},
		{"e30101701220" DIGEST, ERR_VALUE},           /* IPFS */
		{"e50101721220" DIGEST, ERR_VALUE},           /* IPNS */
		{"bc037035336c663537716f767975", ERR_VALUE},  /* onion service */
		{"e40102fa011b20" DIGEST, ERR_VALUE},         /* CID 2 */
		{"e40100fa011b20" DIGEST, ERR_VALUE},         /* CID 0 */
		{"e40101701b20" DIGEST, ERR_VALUE},           /* dag-pb */
		{"e40101e4011b20" DIGEST, ERR_VALUE},         /* the namespace twice */
		{"e40101fa011220" DIGEST, ERR_VALUE},         /* SHA-256 */
		{"e40101fa011b1f" DIGEST, ERR_VALUE},         /* 31 bytes */
		{"e40101fa011b40" DIGEST, ERR_TRUNCATED},     /* 64 that are 32 */
		{"e40101fa011b20" DIGEST "00", ERR_TRAILING}, /* and one more */
		{"e4810001fa011b20" DIGEST, ERR_TRUNCATED},   /* a number of another spelling */
		{"e40101fa811b20" DIGEST, ERR_VALUE},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK(read_hex(cases[i].hex) == cases[i].err);
	CHECK(read_hex("e40101fa011b40" DIGEST DIGEST) == OK && reference.encrypted);
	uint8_t out[CONTENT_HASH_BYTES_MAX];
	CHECK(content_hash_write(CONTENT_HASH_FEED, &reference, out) == sizeof out && out[3] == 0xfb);
}

TEST(cids_of_bee)
{
	CHECK(read_cid(bee_manifest) == OK && codec == CONTENT_HASH_MANIFEST && refers_to(bee_reference));
	CHECK(read_cid(bee_feed) == OK && codec == CONTENT_HASH_FEED && refers_to(bee_reference));
	CHECK(read_cid("bafybeiekkklkqtypmqav6ytqjbdqucxfwuk5cgige4245d2qhkccuyfnly") == ERR_VALUE);
	CHECK(read_cid("bafybeiekk") == ERR_VALUE);
	CHECK(read_cid("QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG") == ERR_VALUE);
	CHECK(read_cid("") == ERR_VALUE && read_cid("b") == ERR_VALUE && read_cid(bee_reference) == ERR_VALUE);
}

TEST(cids_in_every_base)
{
	static const enum content_hash_codec codecs[] = {CONTENT_HASH_NAMESPACE, CONTENT_HASH_MANIFEST,
							 CONTENT_HASH_FEED};
	for (unsigned base = CONTENT_HASH_BASE16; base <= CONTENT_HASH_BASE58; base++) {
		for (unsigned i = 0; i < 3; i++) {
			char text[128] = {0}, upper[128] = {0};
			struct writer w = writer_of(text, sizeof text - 1);
			CHECK(reference_parse(bytes_text(bee_reference), &reference) == OK);
			content_hash_cid_write(&w, (enum content_hash_base)base, codecs[i], &reference);
			CHECK(!w.full && text[0] == "fbkz"[base]);
			CHECK(read_cid(text) == OK && codec == codecs[i] && refers_to(bee_reference));
			for (size_t k = 0; k < w.n; k++)
				upper[k] = (char)(text[k] >= 'a' && text[k] <= 'z' ? text[k] - 'a' + 'A' : text[k]);
			CHECK((read_cid(upper) == OK) == (base != CONTENT_HASH_BASE58));
			for (size_t cut = 0; cut < w.n; cut++)
				CHECK(content_hash_cid_read(bytes_of(text, cut), &codec, &reference, &why) != OK);
			text[w.n] = text[w.n - 1]; /* too long */
			CHECK(read_cid(text) != OK);
		}
	}
	struct writer w = writer_of((uint8_t[128]){0}, 128);
	CHECK(reference_parse(bytes_text(bee_reference), &reference) == OK);
	content_hash_cid_write(&w, CONTENT_HASH_BASE32, CONTENT_HASH_MANIFEST, &reference);
	CHECK(bytes_is(writer_view(&w), bee_manifest));
}

TEST(every_cut_and_every_bit_is_refused_or_another_reference)
{
	uint8_t in[CONTENT_HASH_BYTES_MAX];
	const size_t n = 39;
	CHECK(hex_decode(BYTES_LITERAL("e40101fa011b20" DIGEST), in, n) == OK);
	for (size_t cut = 0; cut < n; cut++)
		CHECK(content_hash_read(bytes_of(in, cut), &codec, &reference, &why) == ERR_TRUNCATED);
	for (size_t i = 0; i < 8 * n; i++) {
		uint8_t out[CONTENT_HASH_BYTES_MAX];
		in[i / 8] ^= (uint8_t)(1U << i % 8);
		const int err = content_hash_read(bytes_of(in, n), &codec, &reference, &why);
		CHECK(err != OK || i / 8 >= 7 || (i == 24 && codec == CONTENT_HASH_FEED));
		CHECK(err != OK || (content_hash_write(codec, &reference, out) == n && memcmp(in, out, n) == 0));
		in[i / 8] ^= (uint8_t)(1U << i % 8);
	}
}

int main(void)
{
	RUN(content_hashes_of_ens);
	RUN(what_else_a_record_may_hold);
	RUN(cids_of_bee);
	RUN(cids_in_every_base);
	RUN(every_cut_and_every_bit_is_refused_or_another_reference);
	return test_end();
}
