#include "host/cli_json.h"
#include "test.h"

TEST(a_view_becomes_a_member)
{
	static const char *const texts[] = {"", "a", "\xc3\xa4 \"quoted\"\n"};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		char with_more[64];
		cJSON *o = cJSON_CreateObject();
		(void)snprintf(with_more, sizeof with_more, "%sand more", texts[i]);
		CHECK(cli_json_text(o, "name", bytes_of(with_more, strlen(texts[i]))));
		CHECK(strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(o, "name")), texts[i]) == 0);
		cJSON_Delete(o);
	}
	cJSON *o = cJSON_CreateObject();
	CHECK(cli_json_text(o, "name", BYTES_NONE));
	CHECK(strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(o, "name")), "") == 0);
	cJSON_Delete(o);
}

TEST(nothing_to_print_is_lack_of_memory)
{
	CHECK(!cli_json_text(NULL, "name", BYTES_LITERAL("x")));
	CHECK(cli_json_print(NULL) == ERR_NO_MEMORY);
}

int main(void)
{
	RUN(a_view_becomes_a_member);
	RUN(nothing_to_print_is_lack_of_memory);
	return test_end();
}
