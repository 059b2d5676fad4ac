#include "core/json.h"

#include "json_invariants.h"
#include "test.h"

/* The canonical form of text, without the member omit; the caller frees it. NULL when refused. */
static char *canonical_of(struct bytes text, const char *omit)
{
	struct parsed p;
	char *out = calloc(1, text.n + 1);
	if (out == NULL)
		abort();
	parsed_of(&p, text);
	struct writer w = writer_of(out, text.n);
	if (p.err == OK)
		json_canonical(&p.json, json_root(&p.json), omit, &w);
	if (p.err != OK || w.full) {
		free(out);
		out = NULL;
	}
	parsed_free(&p);
	return out;
}

static void becomes(struct bytes text, const char *omit, const char *want)
{
	char *got = canonical_of(text, omit);
	if (!CHECK(got != NULL && strcmp(got, want) == 0))
		printf("# got %s, want %s\n", got == NULL ? "a refusal" : got, want);
	free(got);
}

TEST(canonical_forms)
{
	static const struct {
		const char *text, *canonical;
	} cases[] = {
		{" null ", "null"},
		{"\t[ 1 ,\n2 ]\r", "[1,2]"},
		{"[ ]", "[]"},
		{"{ }", "{}"},
		{"[3,1,2]", "[3,1,2]"}, /* elements keep their order */
		{"{\"b\":1,\"a\":2}", "{\"a\":2,\"b\":1}"},
		{"{\"b\":{\"d\":1,\"c\":2},\"a\":[{\"z\":0,\"y\":0}]}",
		 "{\"a\":[{\"y\":0,\"z\":0}],\"b\":{\"c\":2,\"d\":1}}"},
		{"{\"aa\":1,\"a\":2,\"\":3}", "{\"\":3,\"a\":2,\"aa\":1}"},
		{"{\"10\":1,\"9\":2,\"1\":3}", "{\"1\":3,\"10\":1,\"9\":2}"},
		{"{\"\\u0062\":1,\"\\u0061\":2}", "{\"a\":2,\"b\":1}"},
		{"\"\\u0008\\u0009\\u000a\\u000c\\u000d\"", "\"\\b\\t\\n\\f\\r\""},
		{"\"\\u0000\\u0007\\u000B\\u000e\\u001F\"", "\"\\u0000\\u0007\\u000b\\u000e\\u001f\""},
		{"\"\\u0022\\u005C\\u002f\\/\"", "\"\\\"\\\\//\""},
		{"\"\\u007f\\u0080\\u00e9\"", "\"\x7f\xc2\x80\xc3\xa9\""},
		{"\"\\u2028\\uFEFF\"", "\"\xe2\x80\xa8\xef\xbb\xbf\""},
		{"\"\\uD83D\\uDE00\"", "\"\xf0\x9f\x98\x80\""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		becomes(bytes_text(cases[i].text), NULL, cases[i].canonical);
}

/* RFC 8785: the sample of section 3.2.2 with its numbers made integers (others are refused), and
 * the property sorting sample of section 3.2.3 as it stands. */
TEST(samples_of_rfc_8785)
{
	becomes(BYTES_LITERAL("{\n  \"numbers\": [333333333, 4, 2, 1, 0],\n"
			      "  \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\n"
			      "  \"literals\": [null, true, false]\n}"),
		NULL,
		"{\"literals\":[null,true,false],\"numbers\":[333333333,4,2,1,0],"
		"\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
	becomes(BYTES_LITERAL("{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\","
			      "\"\\ufb33\":\"Hebrew Letter Dalet With Dagesh\",\"1\":\"One\","
			      "\"\\ud83d\\ude00\":\"Emoji: Grinning Face\",\"\\u0080\":\"Control\","
			      "\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}"),
		NULL,
		"{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
		"\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\",\"\xe2\x82\xac\":\"Euro Sign\","
		"\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\",\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}");
	/* the samples of RFC 8785 section 3.2.2 that are no integers, and of its appendix B */
	static const char *const numbers[] = {"4.50",
					      "2e-3",
					      "0.000000000000000000000000001",
					      "1E30",
					      "-0",
					      "1e21",
					      "9007199254740992",
					      "295147905179352830000",
					      "-9007199254740992"};
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		CHECK(canonical_of(bytes_text(numbers[i]), NULL) == NULL);
}

TEST(one_member_is_left_out_at_the_top_only)
{
	becomes(BYTES_LITERAL("{\"s\":1,\"a\":{\"s\":2},\"b\":[{\"s\":3}]}"), "s",
		"{\"a\":{\"s\":2},\"b\":[{\"s\":3}]}");
	becomes(BYTES_LITERAL("{\"a\":1,\"\\u0073\":[1,2]}"), "s", "{\"a\":1}"); /* whatever its spelling */
	becomes(BYTES_LITERAL("{\"s\":1}"), "s", "{}");
	becomes(BYTES_LITERAL("{\"z\":1,\"S\":2,\"s \":3}"), "s", "{\"S\":2,\"s \":3,\"z\":1}");
	becomes(BYTES_LITERAL("[\"s\",{\"s\":1}]"), "s", "[\"s\",{\"s\":1}]");
	becomes(BYTES_LITERAL("[1,2]"), "", "[1,2]"); /* elements have no name, not even the empty one */
	becomes(BYTES_LITERAL("{\"\":1,\"a\":2}"), "", "{\"a\":2}");
}

/* Messages that the Phase project signed: its canonical form is ours, but for its floats. */
TEST(messages_signed_by_the_phase_project)
{
	static const char prefix[] = "phase-manifest:v1:";
	cJSON *vectors = test_vectors("phase-signedmanifest.json");
	const cJSON *c;
	unsigned same = 0, refused = 0;
	cJSON_ArrayForEach(c, cJSON_GetObjectItem(vectors, "cases"))
	{
		const char *message = test_text(c, "message_utf8");
		if (*message == '\0')
			continue;
		CHECK(strncmp(message, prefix, sizeof prefix - 1) == 0);
		const char *json = message + sizeof prefix - 1;
		char *canonical = canonical_of(bytes_text(json), NULL);
		if (canonical == NULL)
			refused += CHECK(strcmp(test_text(c, "name"), "signedmanifest-numbers") == 0) != 0;
		else if (strcmp(test_text(c, "name"), "signedmanifest-keyorder-utf8-vs-utf16") == 0)
			CHECK(strcmp(canonical, json) != 0); /* it sorts by UTF-8 bytes, RFC 8785 does not */
		else
			same += CHECK(strcmp(canonical, json) == 0) != 0;
		free(canonical);
	}
	cJSON_Delete(vectors);
	CHECK(same == 5 && refused == 1);
}

static uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* An object of n members in an order that seed gives; with doubled, one name comes back. */
static struct bytes many_members(size_t n, bool doubled, uint32_t seed)
{
	size_t room = 20 * n + 32, *order = malloc(n * sizeof *order);
	uint8_t *text = malloc(room);
	if (order == NULL || text == NULL)
		abort();
	for (size_t i = 0; i < n; i++)
		order[i] = i;
	for (size_t i = n - 1; seed != 0 && i > 0; i--) {
		size_t k = random_next(&seed) % (i + 1), swap = order[i];
		order[i] = order[k];
		order[k] = swap;
	}
	struct writer w = writer_of(text, room);
	for (size_t i = 0; i < n; i++) {
		write_text(&w, i == 0 ? "{\"" : ",\"");
		write_decimal(&w, 1000000 + order[i]);
		write_text(&w, "\":0");
	}
	write_text(&w, doubled ? ",\"1\\u00300000\\u0030\":1}" : "}");
	free(order);
	return writer_view(&w);
}

/* A sort that is not n log n would take hours here. */
TEST(half_a_million_members_are_sorted)
{
	const size_t n = 500000;
	struct bytes ascending = many_members(n, false, 0), shuffled = many_members(n, false, 7);
	char *canonical = canonical_of(shuffled, NULL);
	CHECK(canonical != NULL && bytes_is(ascending, canonical));
	free(canonical);
	free((void *)(uintptr_t)shuffled.p);

	struct bytes doubled = many_members(n, true, 9);
	struct parsed p;
	parsed_of(&p, doubled);
	CHECK(p.err == ERR_DUPLICATE && p.why.at > doubled.n - 24); /* the later one is blamed */
	parsed_free(&p);
	free((void *)(uintptr_t)doubled.p);
	free((void *)(uintptr_t)ascending.p);
}

TEST(a_full_writer_stays_a_full_writer)
{
	struct bytes text = BYTES_LITERAL("{\"b\":[1,\"\\n\"],\"a\":{\"c\":null}}");
	struct parsed p;
	uint8_t out[64];
	parsed_of(&p, text);
	struct writer whole = writer_of(out, sizeof out);
	json_canonical(&p.json, json_root(&p.json), NULL, &whole);
	for (size_t room = 0; room < whole.n; room++) {
		memset(out, 0x55, sizeof out);
		struct writer w = writer_of(out, room);
		json_canonical(&p.json, json_root(&p.json), NULL, &w);
		CHECK(w.full && writer_view(&w).n == 0 && out[room] == 0x55);
	}
	parsed_free(&p);
}

int main(void)
{
	RUN(canonical_forms);
	RUN(samples_of_rfc_8785);
	RUN(one_member_is_left_out_at_the_top_only);
	RUN(messages_signed_by_the_phase_project);
	RUN(half_a_million_members_are_sorted);
	RUN(a_full_writer_stays_a_full_writer);
	return test_end();
}
