#include "core/json.h"

#include "json_invariants.h"
#include "test.h"

#define TEXT(s)                                     \
	{                                           \
		(const uint8_t *)(s), sizeof(s) - 1 \
	} /* BYTES_LITERAL as an initializer */

/* Must be accepted. Each of them is also cut at every byte and has every bit flipped below. */
static const struct bytes accepted[] = {
	TEXT("null"),
	TEXT("true"),
	TEXT("false"),
	TEXT("0"),
	TEXT("10"),
	TEXT("9007199254740991"),
	TEXT("\"\""),
	TEXT("\"a\""),
	TEXT(" \t\r\n1 \t\r\n"),
	TEXT("[]"),
	TEXT("{}"),
	TEXT(" [ ] "),
	TEXT(" { } "),
	TEXT("[[]]"),
	TEXT("[{},[],\"\",0,null,true,false]"),
	TEXT("[1,2,3]"),
	TEXT("[ 1 , 2 ]"),
	TEXT("[null,null]"),
	TEXT("{\"a\":1}"),
	TEXT("{\"\":0}"),
	TEXT("{ \"a\" : 1 , \"b\" : [ ] }"),
	TEXT("{\"a\":1,\"A\":2}"),
	TEXT("{\"a\":{\"a\":{\"a\":1}}}"),
	TEXT("{\"a\":[{\"a\":1},{\"a\":2}]}"),
	TEXT("{\"a\\u0000b\":1,\"a\":2,\"a\\u0000\":3}"),
	TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
	TEXT("\"\\u0000\\u001F\\u001f\\u0020\\u007f\""),
	TEXT("\"\\u0041\\u00e9\\u20AC\\uFFFF\\ud7ff\\ue000\""),
	TEXT("\"\\ud83d\\ude00\\uDBFF\\uDFFF\\ud800\\udc00\""),
	TEXT("\"\x7f\""),
	TEXT("\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\""),
	TEXT("\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""),
	TEXT("\"\xef\xbb\xbf\""), /* U+FEFF inside a string is text */
	TEXT("\"\xe2\x80\xa8\xe2\x80\xa9\""),
	TEXT("[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"),         /* 16 deep */
	TEXT("[[[[[[[[[[[[[[[[\"[[[[\"]]]]]]]]]]]]]]]]"), /* brackets in strings do not count */
	TEXT("{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[0]}]}]}]}]}]}]}]}"),
};

static const struct refusal {
	struct bytes text;
	int err;
	uint64_t at;
} refused[] = {
#define R(text, err, at)                  \
	{                                 \
		TEXT(text), ERR_##err, at \
	}
	/* nothing, or too little */
	R("", TRUNCATED, 0),
	R(" ", TRUNCATED, 1),
	R("\r\n\t ", TRUNCATED, 4),
	R("[", TRUNCATED, 1),
	R("{", TRUNCATED, 1),
	R("[1", TRUNCATED, 2),
	R("[1,", TRUNCATED, 3),
	R("[1, ", TRUNCATED, 4),
	R("[\"a\"", TRUNCATED, 4),
	R("[[]", TRUNCATED, 3),
	R("[{}", TRUNCATED, 3),
	R("{\"a\"", TRUNCATED, 4),
	R("{\"a\":", TRUNCATED, 5),
	R("{\"a\":1", TRUNCATED, 6),
	R("{\"a\":1,", TRUNCATED, 7),
	R("{\"a\":1, ", TRUNCATED, 8),
	R("\"", TRUNCATED, 1),
	R("\"a", TRUNCATED, 2),
	R("{\"a", TRUNCATED, 3),
	R("[\"\\\"", TRUNCATED, 4),
	/* words */
	R("nul", SYNTAX, 0),
	R("Null", SYNTAX, 0),
	R("NULL", SYNTAX, 0),
	R("nulL", SYNTAX, 0),
	R("tru", SYNTAX, 0),
	R("True", SYNTAX, 0),
	R("TRUE", SYNTAX, 0),
	R("fals", SYNTAX, 0),
	R("False", SYNTAX, 0),
	R("[nul]", SYNTAX, 1),
	R("undefined", SYNTAX, 0),
	R("a", SYNTAX, 0),
	R("NaN", SYNTAX, 0),
	R("nan", SYNTAX, 0),
	R("Infinity", SYNTAX, 0),
	R("inf", SYNTAX, 0),
	R("[a]", SYNTAX, 1),
	R("[True]", SYNTAX, 1),
	R("{\"a\":b}", SYNTAX, 5),
	R("nullx", TRAILING, 4),
	R("truetrue", TRAILING, 4),
	R("[nullnull]", SYNTAX, 5),
	/* commas, colons, brackets */
	R("[,]", SYNTAX, 1),
	R("[1,]", SYNTAX, 3),
	R("[,1]", SYNTAX, 1),
	R("[1,,2]", SYNTAX, 3),
	R("[1 2]", SYNTAX, 3),
	R("[1;2]", SYNTAX, 2),
	R("[1:2]", SYNTAX, 2),
	R("[\"a\":1]", SYNTAX, 4),
	R("[1}", SYNTAX, 2),
	R("[}", SYNTAX, 1),
	R("{]", SYNTAX, 1),
	R("{\"a\":1]", SYNTAX, 6),
	R("]", SYNTAX, 0),
	R("}", SYNTAX, 0),
	R(",", SYNTAX, 0),
	R(":", SYNTAX, 0),
	R("{,}", SYNTAX, 1),
	R("{\"a\":1,}", SYNTAX, 7),
	R("{\"a\":1,,\"b\":2}", SYNTAX, 7),
	R("{,\"a\":1}", SYNTAX, 1),
	R("{\"a\" 1}", SYNTAX, 5),
	R("{\"a\":}", SYNTAX, 5),
	R("{\"a\"}", SYNTAX, 4),
	R("{\"a\",\"b\"}", SYNTAX, 4),
	R("{\"a\"::1}", SYNTAX, 5),
	R("{\"a\":1:2}", SYNTAX, 6),
	R("{\"a\":1 \"b\":2}", SYNTAX, 7),
	R("{:1}", SYNTAX, 1),
	R("{1:1}", SYNTAX, 1),
	R("{a:1}", SYNTAX, 1),
	R("{'a':1}", SYNTAX, 1),
	R("{null:1}", SYNTAX, 1),
	R("{[]:1}", SYNTAX, 1),
	R("{{}:1}", SYNTAX, 1),
	R("{\"a\":1;\"b\":2}", SYNTAX, 6),
	R("{\"a\"=1}", SYNTAX, 4),
	R("(1)", SYNTAX, 0),
	R("<1>", SYNTAX, 0),
	/* what follows */
	R("1 2", TRAILING, 2),
	R("{}{}", TRAILING, 2),
	R("[][]", TRAILING, 2),
	R("[]]", TRAILING, 2),
	R("{}}", TRAILING, 2),
	R("null,", TRAILING, 4),
	R("\"a\"b", TRAILING, 3),
	R("{} x", TRAILING, 3),
	R("{}\0", TRAILING, 2),
	R("{}//", TRAILING, 2),
	R("{}#", TRAILING, 2),
	R("\"\"\"", TRAILING, 2),
	R("{}\xef\xbb\xbf", TRAILING, 2),
	R("1\xc2\xa0", TRAILING, 1),
	R("0x10", TRAILING, 1),
	R("1a", TRAILING, 1),
	R("1+1", TRAILING, 1),
	R("1-", TRAILING, 1),
	R("1_000", TRAILING, 1),
	R("1 000", TRAILING, 2),
	/* white space and what is none, comments, byte order marks */
	R("\xef\xbb\xbf{}", SYNTAX, 0),
	R("\xff\xfe{\0}\0", SYNTAX, 0),
	R("\0", SYNTAX, 0),
	R("\f1", SYNTAX, 0),
	R("\v1", SYNTAX, 0),
	R("\xc2\xa0[]", SYNTAX, 0),
	R("[\f]", SYNTAX, 1),
	R("[\xe2\x81\xa0]", SYNTAX, 1),
	R("/**/1", SYNTAX, 0),
	R("//\n1", SYNTAX, 0),
	R("[/**/]", SYNTAX, 1),
	R("#\n1", SYNTAX, 0),
	R("{/**/\"a\":1}", SYNTAX, 1),
	R("\x1e{}", SYNTAX, 0),
	R("[\\n]", SYNTAX, 1),
	R("\\u0031", SYNTAX, 0),
	/* numbers: only integers in 0..2^53-1 */
	R("-1", NUMBER, 0),
	R("-0", NUMBER, 0),
	R("-", NUMBER, 0),
	R("--1", NUMBER, 0),
	R("-a", NUMBER, 0),
	R("+1", SYNTAX, 0),
	R("01", NUMBER, 0),
	R("00", NUMBER, 0),
	R("007", NUMBER, 0),
	R("1.0", NUMBER, 0),
	R("1.", NUMBER, 0),
	R("0.1", NUMBER, 0),
	R(".1", SYNTAX, 0),
	R("1e3", NUMBER, 0),
	R("1E3", NUMBER, 0),
	R("1e+3", NUMBER, 0),
	R("1e-3", NUMBER, 0),
	R("0e0", NUMBER, 0),
	R("1e", NUMBER, 0),
	R("9007199254740992", NUMBER, 0),
	R("9007199254740993", NUMBER, 0),
	R("18446744073709551616", NUMBER, 0),
	R("99999999999999999999999999999999999999999", NUMBER, 0),
	R("[1,-1]", NUMBER, 3),
	R("[1.5]", NUMBER, 1),
	R("{\"a\": 1e3}", NUMBER, 6),
	R("{\"a\":-1}", NUMBER, 5),
	R("{\"a\":9007199254740992}", NUMBER, 5),
	R("[012]", NUMBER, 1),
	R("[-Infinity]", NUMBER, 1),
	R("\xef\xbc\x91", SYNTAX, 0), /* fullwidth one */
	/* strings: control characters, escapes, quotes */
	R("\"\n\"", SYNTAX, 1),
	R("\"\t\"", SYNTAX, 1),
	R("\"a\0b\"", SYNTAX, 2),
	R("\"\x1f\"", SYNTAX, 1),
	R("{\"a\nb\":1}", SYNTAX, 3),
	R("\"\\a\"", SYNTAX, 1),
	R("\"\\v\"", SYNTAX, 1),
	R("\"\\'\"", SYNTAX, 1),
	R("\"\\0\"", SYNTAX, 1),
	R("\"\\x41\"", SYNTAX, 1),
	R("\"\\U0041\"", SYNTAX, 1),
	R("\"\\N\"", SYNTAX, 1),
	R("\"\\\0\"", SYNTAX, 1),
	R("\"\\ \"", SYNTAX, 1),
	R("\"\\\n\"", SYNTAX, 1),
	R("\"\\\xc3\xa9\"", SYNTAX, 1),
	R("\"\\", SYNTAX, 1),
	R("\"\\u\"", SYNTAX, 1),
	R("\"\\u0\"", SYNTAX, 1),
	R("\"\\u00\"", SYNTAX, 1),
	R("\"\\u004\"", SYNTAX, 1),
	R("\"\\u004", SYNTAX, 1),
	R("\"\\u00g1\"", SYNTAX, 1),
	R("\"\\u-041\"", SYNTAX, 1),
	R("\"\\u 041\"", SYNTAX, 1),
	R("\"\\u+041\"", SYNTAX, 1),
	R("\"\\u0x41\"", SYNTAX, 1),
	R("\"\\u{41}\"", SYNTAX, 1),
	R("\"ab\\uzzzz\"", SYNTAX, 3),
	R("'a'", SYNTAX, 0),
	R("`a`", SYNTAX, 0),
	R("\"a\" \"b\"", TRAILING, 4),
	R("[\"a\" \"b\"]", SYNTAX, 5),
	R("[\"a\"\"b\"]", SYNTAX, 4),
	/* surrogates that are not a pair, as escapes */
	R("\"\\ud800\"", UTF8, 1),
	R("\"\\udbff\"", UTF8, 1),
	R("\"\\udc00\"", UTF8, 1),
	R("\"\\udfff\"", UTF8, 1),
	R("\"\\ud83dx\"", UTF8, 1),
	R("\"\\ud83d\\n\"", UTF8, 1),
	R("\"\\ud83d\\u\"", UTF8, 1),
	R("\"\\ud83d\\u0041\"", UTF8, 1),
	R("\"\\ud83d\\ud83d\"", UTF8, 1),
	R("\"\\ude00\\ud83d\"", UTF8, 1),
	R("\"\\ud83d\\udbff\"", UTF8, 1),
	R("\"\\ud83d\\ue000\"", UTF8, 1),
	R("\"\\ud83d \\ude00\"", UTF8, 1),
	R("\"\\ud83d\\ude0\"", UTF8, 1),
	R("{\"\\ud800\":1}", UTF8, 2),
	R("\"\\ud83d\\ude00\\ude00\"", UTF8, 13),
	/* invalid UTF-8: stray, cut, overlong, surrogate, too large */
	R("\"\x80\"", UTF8, 1),
	R("\"\xbf\"", UTF8, 1),
	R("\"a\xc3\"", UTF8, 2),
	R("\"\xc3(\"", UTF8, 1),
	R("\"\xe2\x82\"", UTF8, 1),
	R("\"\xe2(\xa1\"", UTF8, 1),
	R("\"\xf0\x9f\x98\"", UTF8, 1),
	R("\"\xc0\x80\"", UTF8, 1),
	R("\"\xc0\xaf\"", UTF8, 1),
	R("\"\xc1\xbf\"", UTF8, 1),
	R("\"\xe0\x80\xaf\"", UTF8, 1),
	R("\"\xe0\x9f\xbf\"", UTF8, 1),
	R("\"\xf0\x80\x80\xaf\"", UTF8, 1),
	R("\"\xf0\x8f\xbf\xbf\"", UTF8, 1),
	R("\"\xed\xa0\x80\"", UTF8, 1),
	R("\"\xed\xbf\xbf\"", UTF8, 1),
	R("\"\xed\xa0\xbd\xed\xb8\x80\"", UTF8, 1),
	R("\"\xf4\x90\x80\x80\"", UTF8, 1),
	R("\"\xf5\x80\x80\x80\"", UTF8, 1),
	R("\"\xf8\x88\x80\x80\x80\"", UTF8, 1),
	R("\"\xfc\x84\x80\x80\x80\x80\"", UTF8, 1),
	R("\"\xfe\"", UTF8, 1),
	R("\"\xff\"", UTF8, 1),
	R("{\"\xff\":1}", UTF8, 2),
	R("\xc3\xa9", SYNTAX, 0),
	/* one name twice: at any depth, however it is spelled, however far apart */
	R("{\"a\":1,\"a\":1}", DUPLICATE, 8),
	R("{\"a\":1,\"b\":2,\"a\":3}", DUPLICATE, 14),
	R("{\"\":1,\"\":2}", DUPLICATE, 7),
	R("{\"a\":1,\"\\u0061\":2}", DUPLICATE, 8),
	R("{\"\\u0061\":1,\"a\":2}", DUPLICATE, 13),
	R("{\"/\":1,\"\\/\":2}", DUPLICATE, 8),
	R("{\"\\n\":1,\"\\u000a\":2}", DUPLICATE, 9),
	R("{\"\\u000A\":1,\"\\u000a\":2}", DUPLICATE, 13),
	R("{\"\xc3\xa9\":1,\"\\u00e9\":2}", DUPLICATE, 9),
	R("{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}", DUPLICATE, 11),
	R("{\"a\\u0000\":1,\"a\\u0000\":2}", DUPLICATE, 14),
	R("[{\"x\":1},{\"a\":1,\"a\":2}]", DUPLICATE, 17),
	R("{\"a\":{\"b\":[{\"c\":1,\"c\":2}]}}", DUPLICATE, 19),
	R("{\"a\":{\"a\":1},\"a\":2}", DUPLICATE, 14),
	R("[[[[[[[[[[[[[[[{\"k\":0,\"\\u006b\":0}]]]]]]]]]]]]]]]", DUPLICATE, 23),
	/* nesting: the 17th bracket */
	R("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", DEPTH, 16),
	R("[[[[[[[[[[[[[[[[{}]]]]]]]]]]]]]]]]", DEPTH, 16),
	R("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", DEPTH, 16),
	R("[[[[[[[[[[[[[[[[1,[]]]]]]]]]]]]]]]]]", DEPTH, 18),
	R("{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[[", DEPTH, 48),
#undef R
};

#define ACCEPTED_N (sizeof accepted / sizeof accepted[0])
#define REFUSED_N (sizeof refused / sizeof refused[0])

static void holds(struct bytes text, bool accept)
{
	bool was;
	const char *broken = json_broken(text, &was);
	if (!CHECK(broken == NULL))
		printf("# broken: %s\n", broken);
	if (!CHECK(was == accept))
		printf("# in: %.*s\n", (int)text.n, (const char *)text.p);
}

TEST(accepts_what_must_be_accepted)
{
	for (size_t i = 0; i < ACCEPTED_N; i++)
		holds(accepted[i], true);
}

TEST(refuses_what_must_be_refused_and_says_where)
{
	CHECK(REFUSED_N > 120);
	for (size_t i = 0; i < REFUSED_N; i++) {
		const struct refusal *r = &refused[i];
		struct parsed p;
		parsed_of(&p, r->text);
		if (!CHECK(p.err == r->err && p.why.err == (enum err)r->err && p.why.at == r->at))
			printf("# %.*s: %s at %llu\n", (int)r->text.n, (const char *)r->text.p, err_text(p.err),
			       (unsigned long long)p.why.at);
		parsed_free(&p);
		holds(r->text, false);
	}
}

/* Cut anywhere and any bit flipped: refused, or the invariants hold for what it is now. */
static unsigned maul(struct bytes text)
{
	uint8_t *copy = malloc(text.n);
	bool was;
	unsigned flips_accepted = 0;
	if (copy == NULL)
		abort();
	memcpy(copy, text.p, text.n);
	for (size_t n = 0; n < text.n; n++)
		CHECK(json_broken(bytes_of(copy, n), &was) == NULL);
	for (size_t bit = 0; bit < 8 * text.n; bit++) {
		copy[bit / 8] ^= (uint8_t)(1U << bit % 8);
		CHECK(json_broken(bytes_of(copy, text.n), &was) == NULL);
		flips_accepted += was;
		copy[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	free(copy);
	return flips_accepted;
}

TEST(survives_every_cut_and_every_flipped_bit)
{
	for (size_t i = 0; i < ACCEPTED_N; i++)
		(void)maul(accepted[i]);
	for (size_t i = 0; i < REFUSED_N; i++)
		(void)maul(refused[i].text);
}

TEST(survives_every_cut_and_flip_of_real_documents)
{
	static const char *const files[] = {"phase-signedmanifest.json", "phase-bootmanifest.json"};
	unsigned mauled_n = 0;
	for (size_t f = 0; f < 2; f++) {
		cJSON *vectors = test_vectors(files[f]);
		const cJSON *c;
		cJSON_ArrayForEach(c, cJSON_GetObjectItem(vectors, "cases"))
		{
			const char *wire = test_text(c, f == 0 ? "wire" : "wire_http_sorted");
			size_t n = strlen(wire);
			if (n == 0)
				continue;
			bool was;
			for (size_t cut = 0; cut < n; cut++)
				CHECK(json_broken(bytes_of(wire, cut), &was) == NULL && !was);
			/* one of them has numbers that are refused, and more than one flip would mend */
			CHECK(json_broken(bytes_of(wire, n), &was) == NULL);
			CHECK(was == (strcmp(test_text(c, "name"), "signedmanifest-numbers") != 0));
			CHECK((maul(bytes_of(wire, n)) > 0) == was);
			mauled_n++;
		}
		cJSON_Delete(vectors);
	}
	CHECK(mauled_n >= 15);
}

TEST(depth_sixteen_is_the_last)
{
	char text[2 * JSON_DEPTH_MAX + 2];
	for (size_t depth = 1; depth <= JSON_DEPTH_MAX + 1; depth++) {
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		holds(bytes_of(text, 2 * depth), depth <= JSON_DEPTH_MAX);
	}
}

TEST(too_few_nodes_are_a_limit_not_an_overrun)
{
	struct bytes text = BYTES_LITERAL("{\"a\":[1,2,{\"b\":null}],\"c\":\"d\"}");
	for (size_t lent = 0; lent < 7; lent++) { /* it has 7 values */
		struct json_node *nodes = calloc(lent + 1, sizeof *nodes);
		struct json j = {.nodes_n = 77};
		struct why why;
		if (nodes == NULL)
			abort();
		CHECK(json_parse(&j, text, nodes, lent, &why) == ERR_LIMIT);
		CHECK(why.err == ERR_LIMIT && why.at < text.n && j.nodes_n == 77 && nodes[lent].end == 0);
		free(nodes);
	}
	struct json_node nodes[7];
	struct json j;
	CHECK(json_parse(&j, text, nodes, 7, NULL) == OK && j.nodes_n == 7);
	/* without nodes there is nothing to write to */
	CHECK(json_parse(&j, text, NULL, 0, NULL) == ERR_LIMIT);
}

TEST(documents_end_at_sixteen_mebibytes)
{
	uint8_t *text = malloc((size_t)JSON_BYTES_MAX + 1);
	struct json_node node;
	struct json j;
	struct why why;
	if (text == NULL)
		abort();
	memset(text, ' ', (size_t)JSON_BYTES_MAX + 1);
	text[JSON_BYTES_MAX - 1] = '7';
	CHECK(json_parse(&j, bytes_of(text, JSON_BYTES_MAX), &node, 1, &why) == OK && node.end == JSON_BYTES_MAX);
	CHECK(json_parse(&j, bytes_of(text, (size_t)JSON_BYTES_MAX + 1), &node, 1, &why) == ERR_LIMIT);
	CHECK(why.at == JSON_BYTES_MAX);
	free(text);
}

TEST(finds_members_and_values)
{
	struct json_node nodes[16];
	struct json j;
	uint64_t v = 7;
	char buf[8];
	CHECK(json_parse(&j, BYTES_LITERAL(" {\"z\":1,\"\\u0061\":\"\\u0062\\n\",\"\":[5,{\"y\":null}]} "), nodes, 16,
			 NULL) == OK);
	const struct json_node *root = json_root(&j), *a = json_member(&j, root, "a"),
			       *array = json_member(&j, root, "");
	CHECK(root->n == 3 && json_next(&j, root) == NULL);
	CHECK(json_uint(&j, json_member(&j, root, "z"), &v) == OK && v == 1);
	CHECK(json_string_is(&j, a, "b\n") && !json_string_is(&j, a, "b") && !json_string_is(&j, a, "b\nc"));
	CHECK(json_uint(&j, a, &v) == ERR_TYPE && json_uint(&j, NULL, &v) == ERR_TYPE && v == 1);
	struct writer w = writer_of(buf, sizeof buf);
	CHECK(json_string(&j, a, &w) == OK && bytes_is(writer_view(&w), "b\n"));
	w = writer_of(buf, sizeof buf);
	json_key(&j, a, &w);
	CHECK(bytes_is(writer_view(&w), "a"));
	CHECK(json_string(&j, array, &w) == ERR_TYPE && json_string(&j, NULL, &w) == ERR_TYPE);
	CHECK(bytes_is(json_span(&j, array), "[5,{\"y\":null}]") && array->n == 2);
	/* an element has no name, not even the empty one; what is no object has no members */
	CHECK(json_key_is(&j, array, "") && !json_key_is(&j, json_child(&j, array), "") && !json_key_is(&j, root, ""));
	CHECK(json_member(&j, array, "y") == NULL && json_member(&j, NULL, "y") == NULL);
	CHECK(json_member(&j, root, "y") == NULL && json_member(&j, root, "\\u0061") == NULL);
	CHECK(json_child(&j, NULL) == NULL && json_child(&j, a) == NULL && !json_string_is(&j, NULL, ""));
	CHECK(json_string_is(&j, array, "") == false);
}

TEST(a_name_with_nul_is_not_its_beginning)
{
	struct json_node nodes[4];
	struct json j;
	CHECK(json_parse(&j, BYTES_LITERAL("{\"kernel\\u0000\":1,\"v\":\"x\\u0000y\"}"), nodes, 4, NULL) == OK);
	CHECK(json_member(&j, json_root(&j), "kernel") == NULL);
	CHECK(!json_string_is(&j, json_member(&j, json_root(&j), "v"), "x"));
}

int main(void)
{
	RUN(accepts_what_must_be_accepted);
	RUN(refuses_what_must_be_refused_and_says_where);
	RUN(survives_every_cut_and_every_flipped_bit);
	RUN(survives_every_cut_and_flip_of_real_documents);
	RUN(depth_sixteen_is_the_last);
	RUN(too_few_nodes_are_a_limit_not_an_overrun);
	RUN(documents_end_at_sixteen_mebibytes);
	RUN(finds_members_and_values);
	RUN(a_name_with_nul_is_not_its_beginning);
	return test_end();
}
