/* Which lines of a list become candidates, and how many of one host. Asking them: phase-fetch.bats. */
#include "host/candidates.h"

#include "test.h"

static const struct cli_program program = {.name = "probe", .operands = "", .summary = ""};
static struct cli cli;
static struct candidates c;
static struct policy policy;

static int read_list(const char *text)
{
	cli = (struct cli){.program = &program};
	candidates_free(&c);
	return candidates_read(&cli, &c, &policy, bytes_text(text));
}

static void accept(const char *channel, const char *arch)
{
	policy_init(&policy);
	policy.channel = bytes_text(channel);
	policy.arch = bytes_text(arch);
}

#define LINE(rest) "{\"manifest_url\":\"http://h/manifest.json\"" rest "}\n"

TEST(lines_for_something_else_are_dropped)
{
	static const struct {
		const char *channel, *arch, *line;
		int err; /* OK: it is taken */
	} rows[] = {
		{"stable", "arm64", LINE(",\"channel\":\"stable\",\"arch\":\"arm64\""), OK},
		{"stable", "arm64", LINE(",\"channel\":\"stable\",\"arch\":\"aarch64\""), OK},
		{"stable", "arm64", LINE(",\"channel\":\"st\\u0061ble\""), OK},
		{"stable", "arm64", LINE(""), OK},
		{"stable", "arm64", LINE(",\"channel\":null,\"arch\":7"), OK},
		{"stable", "arm64", "http://h/beta/x86_64/manifest.json", OK},
		{"", "", LINE(",\"channel\":\"beta\",\"arch\":\"mips\""), OK},
		{"", "arm64", LINE(",\"channel\":\"beta\",\"arch\":\"arm64\""), OK},
		{"stable", "", LINE(",\"channel\":\"beta\""), ERR_CHANNEL},
		{"stable", "arm64", LINE(",\"channel\":\"stable2\",\"arch\":\"arm64\""), ERR_CHANNEL},
		{"stable", "arm64", LINE(",\"channel\":\"Stable\",\"arch\":\"x86_64\""), ERR_CHANNEL},
		{"stable", "arm64", LINE(",\"channel\":\"\""), ERR_CHANNEL},
		{"stable", "arm64", LINE(",\"channel\":\"stable\",\"arch\":\"amd64\""), ERR_ARCH},
		{"", "arm64", LINE(",\"arch\":\"mips\""), ERR_ARCH},
		{"", "arm64", LINE(",\"arch\":\"\""), ERR_ARCH},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		accept(rows[i].channel, rows[i].arch);
		bool good = CHECK(read_list(rows[i].line) == OK);
		good = CHECK(c.n == (rows[i].err == OK)) && good;
		good = CHECK(c.others_n == (rows[i].err != OK)) && good;
		if (!(CHECK(c.others_n == 0 || c.others_err == rows[i].err) && good))
			printf("# row %zu: %s\n", i, rows[i].line);
	}
}

/* A name longer than any policy's is another one. */
TEST(names_without_end_are_other_names)
{
	char line[1024] = {0};
	(void)snprintf(line, sizeof line, "{\"manifest_url\":\"http://h/m.json\",\"channel\":\"%0600d\"}", 0);
	accept("stable", "");
	CHECK(read_list(line) == OK && c.n == 0 && c.others_err == ERR_CHANNEL);
	(void)snprintf(line, sizeof line, "{\"manifest_url\":\"http://h/m.json\",\"arch\":\"%0600d\"}", 0);
	accept("", "arm64");
	CHECK(read_list(line) == OK && c.n == 0 && c.others_err == ERR_ARCH);
}

TEST(four_of_one_host_and_port)
{
	accept("", "");
	CHECK(read_list("http://h/1\nhttp://h/2\nhttp://h:80/3\nhttp://H/4\nhttp://h/5\nhttp://h:80/6\n"
			"http://h/1\n"          /* again */
			"http://h:8080/1\n"     /* another port */
			"https://h/1\n"         /* another port */
			"http://g/1\n") == OK); /* another host */
	CHECK(c.n == 7 && c.beyond_n == 2);
	CHECK(strcmp(c.v[3].url, "http://H/4/manifest.json") == 0);
	CHECK(strcmp(c.v[4].url, "http://h:8080/1/manifest.json") == 0);
	CHECK(strcmp(c.v[6].url, "http://g/1/manifest.json") == 0);
	/* one address, as often as it can be spelt */
	CHECK(read_list("http://127.0.0.1/1\nhttp://127.1/2\nhttp://0x7f000001/3\nhttp://2130706433/4\n"
			"http://127.0.1/5\nhttp://[::1]/1\nhttp://[0:0:0:0:0:0:0:1]/2\nhttp://[0::1]:80/3\n"
			"http://[::0:1]/4\nhttp://[::1]/5\n") == OK);
	CHECK(c.n == 8 && c.beyond_n == 2);
}

TEST(the_table_has_an_end)
{
	static char text[100 * 32];
	struct writer w = writer_of(text, sizeof text - 1);
	for (unsigned i = 0; i < 100; i++) {
		write_text(&w, "http://h");
		write_decimal(&w, i);
		write_text(&w, "/\n");
	}
	accept("", "");
	CHECK(!w.full && read_list(text) == OK);
	CHECK(c.n == CANDIDATES_MAX && c.beyond_n == 100 - CANDIDATES_MAX);
	CHECK(strcmp(c.v[CANDIDATES_MAX - 1].authority, "h30:80") == 0);
}

/* What curl takes for no URL is asked all the same, and told then; but not without end. */
TEST(what_curl_would_not_ask)
{
	accept("", "");
	CHECK(read_list("http://h:99999/1\nhttp://h:99999/2\nhttp://[1/\nhttp://h:x/\nhttp://h:99999/5\n") == OK);
	CHECK(c.n == 4 && c.beyond_n == 1);
}

int main(void)
{
	RUN(lines_for_something_else_are_dropped);
	RUN(names_without_end_are_other_names);
	RUN(four_of_one_host_and_port);
	RUN(the_table_has_an_end);
	RUN(what_curl_would_not_ask);
	candidates_free(&c);
	return test_end();
}
