#include "phase/document.h"

#include "phase_fixture.h"

static struct document d;

static int opened(const char *text)
{
	struct arena a = arena_of(fixture_memory[0], sizeof fixture_memory[0]);
	fixture_why = (struct why){.err = OK};
	return document_open(&d, bytes_text(text), &a, &fixture_why);
}

static bool anything(struct bytes text)
{
	(void)text;
	return true;
}

TEST(only_objects)
{
	static const char *const others[] = {"[]", "1", "\"x\"", "null", "true"};
	CHECK(opened(" {} ") == OK);
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		CHECK(opened(others[i]) == ERR_TYPE && fixture_why.err == ERR_TYPE);
}

TEST(absent_members_leave_the_result_alone)
{
	struct bytes text = BYTES_LITERAL("before");
	struct wall wall = {7};
	uint64_t number = 7;
	bool present = true;
	uint8_t hex[2] = {7, 7};
	CHECK(opened("{}") == OK);
	const struct json_node *root = json_root(&d.json);
	CHECK(document_text(&d, root, "a", false, anything, &text) == OK && bytes_is(text, "before"));
	CHECK(document_uint(&d, root, "a", false, &number) == OK && number == 7);
	CHECK(document_wall(&d, "a", false, &wall, &present) == OK && wall.s == 7 && !present);
	present = true;
	CHECK(document_hex(&d, root, "a", false, "", hex, 2, &present) == OK && hex[1] == 7 && !present);
	CHECK(document_arch(&d, false, &text) == OK && bytes_is(text, "before"));
	CHECK(document_text(&d, root, "a", true, anything, &text) == ERR_MISSING);
	CHECK(strcmp(fixture_why.what, "a") == 0);
}

TEST(values_that_misfit_leave_the_result_alone)
{
	uint8_t hex[2] = {7, 7};
	struct wall wall = {7};
	struct bytes text = BYTES_LITERAL("before");
	CHECK(opened("{\"h\":\"x:0102\",\"s\":\"x:01\",\"l\":\"x:010203\",\"u\":\"x:0A0B\",\"w\":\"no\",\"n\":1,"
		     "\"arch\":\"vax\"}") == OK);
	const struct json_node *root = json_root(&d.json);
	CHECK(document_hex(&d, root, "s", true, "x:", hex, 2, NULL) == ERR_VALUE);
	CHECK(document_hex(&d, root, "l", true, "x:", hex, 2, NULL) == ERR_VALUE);
	CHECK(document_hex(&d, root, "u", true, "x:", hex, 2, NULL) == ERR_VALUE);
	CHECK(document_hex(&d, root, "h", true, "y:", hex, 2, NULL) == ERR_VALUE);
	CHECK(document_hex(&d, root, "n", true, "", hex, 2, NULL) == ERR_TYPE && hex[0] == 7);
	CHECK(document_wall(&d, "w", true, &wall, NULL) == ERR_VALUE && wall.s == 7);
	CHECK(document_arch(&d, true, &text) == ERR_VALUE && bytes_is(text, "before"));
	CHECK(document_hex(&d, root, "h", true, "x:", hex, 2, NULL) == OK && hex[0] == 1 && hex[1] == 2);
}

TEST(lists_of_texts)
{
	const struct json_node *array = NULL;
	CHECK(opened("{\"a\":[\"x\",\"y\"],\"b\":[1],\"c\":\"x\",\"d\":[\"x\",\"\"]}") == OK);
	CHECK(document_texts(&d, json_root(&d.json), "a", name_is_safe, &array) == OK && array != NULL &&
	      array->n == 2);
	CHECK(document_texts(&d, json_root(&d.json), "b", name_is_safe, &array) == ERR_TYPE);
	CHECK(document_texts(&d, json_root(&d.json), "c", name_is_safe, &array) == ERR_TYPE);
	CHECK(document_texts(&d, json_root(&d.json), "d", name_is_safe, &array) == ERR_VALUE && array->n == 2);
	CHECK(document_texts(&d, json_root(&d.json), "e", name_is_safe, &array) == OK && array == NULL);
}

TEST(the_signed_bytes_leave_out_the_signatures_of_the_root_only)
{
	uint8_t memory[512];
	struct arena a = arena_of(memory, sizeof memory);
	struct bytes message;
	CHECK(opened("{ \"signatures\" : [1] , \"b\" : {\"signatures\":2}, \"a\" : \"\\u0041\" }") == OK);
	CHECK(document_message(&d, "p\n", &a, &message) == OK);
	CHECK(bytes_is(message, "p\n{\"a\":\"A\",\"b\":{\"signatures\":2}}"));
	a = arena_of(memory, 64);
	CHECK(document_message(&d, "p\n", &a, &message) == ERR_NO_SPACE);
}

TEST(names)
{
	char longest[DOCUMENT_NAME_MAX + 1];
	memset(longest, 'x', sizeof longest);
	CHECK(name_is_safe(bytes_of(longest, DOCUMENT_NAME_MAX)) && !name_is_safe(bytes_of(longest, sizeof longest)));
	CHECK(name_is_printable(BYTES_LITERAL("a/b")) && !name_is_safe(BYTES_LITERAL("a/b")));
	CHECK(name_is_printable(BYTES_LITERAL("..")) && !name_is_safe(BYTES_LITERAL("..")));
	CHECK(!name_is_printable(BYTES_NONE) && !name_is_printable(BYTES_LITERAL("a\tb")));
}

int main(void)
{
	RUN(only_objects);
	RUN(absent_members_leave_the_result_alone);
	RUN(values_that_misfit_leave_the_result_alone);
	RUN(lists_of_texts);
	RUN(the_signed_bytes_leave_out_the_signatures_of_the_root_only);
	RUN(names);
	return test_end();
}
