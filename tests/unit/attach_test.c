#include "phase/attach.h"

#include "phase_fixture.h"

static struct signable doc;
static uint8_t out[DOCUMENT_BYTES_MAX + SIGNATURE_ENTRY_BYTES_MAX];

static struct signature signature_of(uint8_t key, uint8_t value)
{
	struct signature s = {.known = true, .well_formed = true};
	memset(s.key, key, sizeof s.key);
	memset(s.signature, value, sizeof s.signature);
	return s;
}

static int read_doc(struct bytes text)
{
	struct arena a = arena_of(fixture_memory[0], sizeof fixture_memory[0]);
	return signable_read(&doc, text, &a, &fixture_why);
}

/* The text with a signature added, in out; the document is read again from there. */
static struct bytes attached(struct bytes text, uint8_t key, uint8_t value)
{
	struct signature s = signature_of(key, value);
	struct writer w = writer_of(out, sizeof out);
	CHECK(read_doc(text) == OK);
	CHECK(signature_attach(&doc, &s, BYTES_LITERAL("2026-11-20T00:00:00Z"), &w) == OK);
	CHECK(read_doc(writer_view(&w)) == OK);
	return writer_view(&w);
}

static bool has(struct bytes text, const char *part)
{
	char *copy = strndup((const char *)text.p, text.n);
	bool found = strstr(copy, part) != NULL;
	free(copy);
	return found;
}

TEST(adds_to_an_empty_array)
{
	struct bytes text = attached(bytes_text(fixture_manifest), 1, 2);
	size_t kept = sizeof fixture_manifest - 1 - 2; /* but "]}" */
	CHECK(memcmp(text.p, fixture_manifest, kept) == 0);
	CHECK(bytes_ends(text, "\"signed_at\":\"2026-11-20T00:00:00Z\"}]}\n"));
	CHECK(doc.manifest.signatures_n == 1 && doc.manifest.signatures[0].well_formed);
	CHECK(doc.manifest.signatures[0].key[31] == 1 && doc.manifest.signatures[0].signature[63] == 2);
}

TEST(makes_the_member_where_there_is_none)
{
	char *text = fixture_edit(fixture_manifest, ",\"signatures\":[]}", "\n }\n\n");
	struct bytes with = attached(bytes_text(text), 1, 2);
	size_t kept = strlen(text) - strlen("\n }\n\n");
	CHECK(memcmp(with.p, text, kept) == 0);
	CHECK(bytes_ends(with, "\"}]\n }\n\n") && doc.manifest.signatures_n == 1);
	free(text);
}

TEST(two_keys_and_one_of_them_again)
{
	struct bytes text = attached(bytes_text(fixture_manifest), 1, 2);
	char *second = strndup((const char *)text.p, text.n);
	text = attached(bytes_text(second), 3, 4);
	CHECK(doc.manifest.signatures_n == 2);
	char *third = strndup((const char *)text.p, text.n);
	(void)attached(bytes_text(third), 1, 9);
	CHECK(doc.manifest.signatures_n == 2);
	CHECK(doc.manifest.signatures[0].key[0] == 1 && doc.manifest.signatures[0].signature[0] == 9);
	CHECK(doc.manifest.signatures[1].key[0] == 3 && doc.manifest.signatures[1].signature[0] == 4);
	free(second);
	free(third);
}

TEST(entries_of_others_stay_as_written)
{
	static const char entries[] = "\"signatures\":[ {\"algorithm\":\"ed448\",\n\"x\":[1, 2]} , {} ]";
	char *text = fixture_edit(fixture_manifest, "\"signatures\":[]", entries);
	struct bytes with = attached(bytes_text(text), 1, 2);
	CHECK(doc.manifest.signatures_n == 3 && !doc.manifest.signatures[0].known && doc.manifest.signatures[2].known);
	CHECK(has(with, "{\"algorithm\":\"ed448\",\n\"x\":[1, 2]}"));
	free(text);
}

TEST(signing_does_not_change_what_is_signed)
{
	char message[4096];
	CHECK(read_doc(bytes_text(fixture_manifest)) == OK);
	struct bytes before = signable_message(&doc);
	CHECK(before.n < sizeof message);
	memcpy(message, before.p, before.n);
	before = bytes_of(message, before.n);
	(void)attached(bytes_text(fixture_manifest), 1, 2);
	CHECK(bytes_equal(before, signable_message(&doc)));
}

TEST(the_65th_signature_is_refused)
{
	char entries[64 * 3 + 32] = "\"signatures\":[";
	struct signature s = signature_of(1, 2);
	struct writer w = writer_of(out, sizeof out);
	for (size_t i = 0; i < 64; i++) {
		size_t used = strlen(entries);
		(void)snprintf(entries + used, sizeof entries - used, "%s{}", i == 0 ? "" : ",");
	}
	size_t used = strlen(entries);
	(void)snprintf(entries + used, sizeof entries - used, "]");
	char *text = fixture_edit(fixture_manifest, "\"signatures\":[]", entries);
	CHECK(read_doc(bytes_text(text)) == OK);
	CHECK(signature_attach(&doc, &s, BYTES_NONE, &w) == ERR_LIMIT);
	free(text);
}

TEST(a_document_grown_over_the_limit_is_refused)
{
	struct signature s = signature_of(1, 2);
	struct writer w = writer_of(out, sizeof out);
	char *text = malloc(DOCUMENT_BYTES_MAX);
	memset(text, ' ', DOCUMENT_BYTES_MAX);
	memcpy(text, fixture_manifest, sizeof fixture_manifest - 1);
	CHECK(read_doc(bytes_of(text, DOCUMENT_BYTES_MAX)) == OK);
	CHECK(signature_attach(&doc, &s, BYTES_NONE, &w) == ERR_LIMIT);
	w = writer_of(out, 1000);
	CHECK(signature_attach(&doc, &s, BYTES_NONE, &w) == ERR_NO_SPACE);
	free(text);
}

TEST(tells_policies_from_manifests)
{
	static const char policy[] = "{\"policy_version\":1,\"threshold\":1,\"keys\":[{\"key_id\":"
				     "\"8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c\"}]}";
	(void)attached(bytes_text(policy), 1, 2);
	CHECK(doc.is_policy && doc.policy.signatures_n == 1);
	CHECK(bytes_starts(signable_message(&doc), POLICY_SIGNED_PREFIX "{\"keys\":"));
	CHECK(read_doc(BYTES_LITERAL("{\"policy_version\":1,\"manifest_version\":1}")) == ERR_VERSION);
	CHECK(read_doc(BYTES_LITERAL("{\"release\":1}")) == ERR_MISSING);
	CHECK(read_doc(BYTES_LITERAL("{\"policy_version\":1}")) == ERR_MISSING);
	CHECK(read_doc(BYTES_LITERAL("[]")) == ERR_TYPE);
}

static int entry_of(const char *from, const char *to, struct bytes *signed_at)
{
	struct signature s = signature_of(0xab, 0xcd), read;
	uint8_t buf[SIGNATURE_ENTRY_BYTES_MAX];
	struct arena a = arena_of(fixture_memory[1], sizeof fixture_memory[1]);
	struct writer w = writer_of(buf, sizeof buf);
	signature_entry_write(&s, BYTES_LITERAL("2026-11-20T00:00:00Z"), &w);
	write_u8(&w, 0);
	char *text = fixture_edit((const char *)buf, from, to);
	int err = signature_entry_read(&read, signed_at, bytes_text(text), &a, &fixture_why);
	if (err == OK)
		CHECK(memcmp(&read, &s, sizeof s) == 0);
	free(text);
	return err;
}

TEST(entries_made_elsewhere)
{
	struct bytes at = BYTES_NONE;
	CHECK(entry_of("{", " {", &at) == OK && bytes_is(at, "2026-11-20T00:00:00Z"));
	CHECK(entry_of("2026-", "2026\\u002d", &at) == OK && bytes_is(at, "2026-11-20T00:00:00Z"));
	CHECK(entry_of(",\"signed_at\":\"2026-11-20T00:00:00Z\"", "", &at) == OK && at.n == 0);
	CHECK(entry_of("2026-", "2026/", &at) == ERR_VALUE);
	CHECK(entry_of("\"ed25519\"", "\"rsa\"", &at) == ERR_VALUE);
	CHECK(entry_of("\"abab", "\"ABab", &at) == ERR_VALUE);
	CHECK(entry_of("\"cdcd", "\"cd", &at) == ERR_VALUE);
	CHECK(entry_of("\"signature\"", "\"sig\"", &at) == ERR_VALUE);
	CHECK(entry_of("}", "}}", &at) == ERR_TRAILING);
}

int main(void)
{
	RUN(adds_to_an_empty_array);
	RUN(makes_the_member_where_there_is_none);
	RUN(two_keys_and_one_of_them_again);
	RUN(entries_of_others_stay_as_written);
	RUN(signing_does_not_change_what_is_signed);
	RUN(the_65th_signature_is_refused);
	RUN(a_document_grown_over_the_limit_is_refused);
	RUN(tells_policies_from_manifests);
	RUN(entries_made_elsewhere);
	return test_end();
}
