#include "core/arch.h"
#include "test.h"

static const char *const pairs[][2] = {{"x86_64", "amd64"}, {"arm64", "aarch64"}};

TEST(both_spellings_mean_the_canonical_one)
{
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < 2; k++)
			CHECK(strcmp(arch_canonical(bytes_text(pairs[i][k])), pairs[i][0]) == 0);
}

TEST(each_spelling_has_one_other)
{
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < 2; k++)
			CHECK(strcmp(arch_other(bytes_text(pairs[i][k])), pairs[i][1 - k]) == 0);
}

TEST(anything_else_is_none)
{
	static const char *const others[] = {"", "x86", "X86_64", "amd64 ", "arm", "riscv64", "aarch64_be"};
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		CHECK(arch_canonical(bytes_text(others[i])) == NULL && arch_other(bytes_text(others[i])) == NULL);
	CHECK(arch_canonical(BYTES_NONE) == NULL && arch_other(BYTES_NONE) == NULL);
}

TEST(messages_name_them_all)
{
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < 2; k++)
			CHECK(strstr(ARCH_NAMES, pairs[i][k]) != NULL);
}

int main(void)
{
	RUN(both_spellings_mean_the_canonical_one);
	RUN(each_spelling_has_one_other);
	RUN(anything_else_is_none);
	RUN(messages_name_them_all);
	return test_end();
}
