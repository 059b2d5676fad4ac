#include "http/url.h"

#include "test.h"

TEST(urls_that_may_be_asked)
{
	static const char *const good[] = {"http://h", "https://h/", "http://10.0.0.1:8080/a/b?c#d",
					   "http://[fe80::1]:80/x"};
	static const char *const bad[] = {
		"",          "http://",        "ftp://h/",     "file:///etc/passwd", "http:///x",
		"HTTP://h/", "http://user@h/", "http://h/a b", "http://h/\n",        "http://h/\x7f",
		"http://?x", "http://h/\"",    "http://h\\x/", "http://h/\xc3\xa4"};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		CHECK(url_ok(bytes_text(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK(!url_ok(bytes_text(bad[i])));
}

TEST(roots_of_manifest_urls)
{
	static const char *const rows[][2] = {
		{"http://h:1/stable/x86_64/manifest.json", "http://h:1/"},
		{"http://h/stable/amd64/manifest.json", "http://h/"},
		{"http://h/boot/stable/x86_64/manifest.json", "http://h/boot/"},
		{"http://h/manifest.json", "http://h/"},
		{"http://h/other/x86_64/manifest.json", "http://h/other/x86_64/"},
		{"http://h/stable/x86_64/manifest.json?t=1", "http://h/"},
		{"http://h/a/b", "http://h/a/"},
		{"http://h/", "http://h/"},
		{"http://h", "http://h"},
		{"http://stable/x86_64/manifest.json", "http://stable/x86_64/"},
		{"http://x86_64/manifest.json", "http://x86_64/"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		CHECK(bytes_is(url_root(bytes_text(rows[i][0]), bytes_text("stable"), bytes_text("x86_64")),
			       rows[i][1]));
}

TEST(urls_of_documents_and_of_folders)
{
	static const char *const documents[] = {"http://h/manifest.json", "http://h/a/.json", "http://h/?x",
						"http://h#x", "https://h/a.json?t=1"};
	static const char *const folders[] = {"http://h",       "http://h:80/",    "http://h.json",
					      "https://h/json", "http://h/.json/", "http://h/a.jso"};
	for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++)
		CHECK(url_names_json(bytes_text(documents[i])));
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
		CHECK(!url_names_json(bytes_text(folders[i])));
}

int main(void)
{
	RUN(urls_that_may_be_asked);
	RUN(roots_of_manifest_urls);
	RUN(urls_of_documents_and_of_folders);
	return test_end();
}
