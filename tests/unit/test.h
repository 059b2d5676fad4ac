/* A unit test is a program: TEST functions called from main, CHECK inside them, and at the end
 * one line a test function in TAP, "ok N - name" or "not ok N - name".
 *
 *	TEST(reads_what_it_wrote) { CHECK(...); }
 *	int main(void) { RUN(reads_what_it_wrote); return test_end(); } */
#ifndef UNIT_TEST_H
#define UNIT_TEST_H

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"

static unsigned test_n, test_failed_n, test_checks_failed;

#define TEST(name) static void test_##name(void)
#define RUN(name) test_run(#name, test_##name)
/* Fails the running test when x is false; the test goes on. */
#define CHECK(x) test_check((x), #x, __FILE__, __LINE__)

__attribute__((unused)) static int test_check(int good, const char *text, const char *file, int line)
{
	if (!good) {
		test_checks_failed++;
		printf("# %s:%d: %s\n", file, line, text);
	}
	return good;
}

__attribute__((unused)) static void test_run(const char *name, void (*run)(void))
{
	test_checks_failed = 0;
	run();
	test_n++;
	if (test_checks_failed != 0)
		test_failed_n++;
	printf("%sok %u - %s\n", test_checks_failed != 0 ? "not " : "", test_n, name);
	fflush(stdout);
}

__attribute__((unused)) static int test_end(void)
{
	printf("1..%u\n", test_n);
	return test_failed_n != 0 || test_n == 0;
}

/* tests/vectors/NAME parsed; ends the program when it cannot be. The caller deletes it. */
__attribute__((unused)) static cJSON *test_vectors(const char *name)
{
	char path[256];
	(void)snprintf(path, sizeof path, "tests/vectors/%s", name);
	FILE *f = fopen(path, "rb");
	char *text = NULL;
	size_t n = 0;
	if (f != NULL) {
		text = malloc(8U << 20);
		n = text == NULL ? 0 : fread(text, 1, 8U << 20, f);
		fclose(f);
	}
	cJSON *json = text == NULL ? NULL : cJSON_ParseWithLength(text, n);
	free(text);
	if (json == NULL) {
		printf("Bail out! cannot read %s\n", path);
		exit(1);
	}
	return json;
}

/* The string member called name of a vector, "" when there is none. */
__attribute__((unused)) static const char *test_text(const cJSON *object, const char *name)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
	return s == NULL ? "" : s;
}

#endif
