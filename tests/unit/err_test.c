#include "core/err.h"

#include "test.h"

static const struct {
	int err;
	enum err_class class;
} all[] = {
#define ERR_ROW(name, value, class, text) {ERR_##name, ERR_CLASS_##class},
	ERR_TABLE(ERR_ROW)
#undef ERR_ROW
};

#define ALL_N (sizeof all / sizeof all[0])

TEST(every_error_has_a_sentence_of_its_own)
{
	for (size_t i = 0; i < ALL_N; i++) {
		const char *text = err_text(all[i].err);
		size_t n = strlen(text);
		CHECK(n > 0 && text[n - 1] != '.' && text[n - 1] != '\n');
		CHECK(strcmp(text, err_text(1)) != 0 && strcmp(text, err_text(OK)) != 0);
		CHECK(err_class(all[i].err) == all[i].class && all[i].class != ERR_CLASS_NONE);
		for (size_t k = 0; k < i; k++)
			CHECK(all[k].err != all[i].err && strcmp(err_text(all[k].err), text) != 0);
	}
}

TEST(soft_and_fatal_are_two_ranges)
{
	for (size_t i = 0; i < ALL_N; i++) {
		bool fatal = all[i].err <= ERR_FATAL_MAX;
		CHECK(all[i].err < 0 && (fatal || all[i].err > -100));
		/* what a document says is never a reason to drop a connection */
		CHECK(!fatal || all[i].class == ERR_CLASS_IO || all[i].class == ERR_CLASS_USAGE);
	}
}

TEST(values_outside_the_table_have_a_sentence_too)
{
	static const int strange[] = {1, 42, -99, -1000, INT32_MAX, INT32_MIN};
	for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
		CHECK(strcmp(err_text(strange[i]), "unknown error") == 0);
		CHECK(err_class(strange[i]) == ERR_CLASS_NONE);
	}
	CHECK(strcmp(err_text(OK), "done") == 0 && err_class(OK) == ERR_CLASS_NONE);
}

TEST(detail_is_noted_where_it_is_wanted)
{
	struct why why = {.err = OK};
	CHECK(why_not(&why, ERR_HASH, "kernel", 4096, BYTES_LITERAL("id")) == ERR_HASH);
	CHECK(why.err == ERR_HASH && strcmp(why.what, "kernel") == 0 && why.at == 4096 && bytes_is(why.id, "id"));
	CHECK(why_not(NULL, ERR_TRUNCATED, "x", 1, BYTES_NONE) == ERR_TRUNCATED);
}

int main(void)
{
	RUN(every_error_has_a_sentence_of_its_own);
	RUN(soft_and_fatal_are_two_ranges);
	RUN(values_outside_the_table_have_a_sentence_too);
	RUN(detail_is_noted_where_it_is_wanted);
	return test_end();
}
