#include "http/media_type.h"

#include "test.h"

static bool named(const char *name, const char *type)
{
	return strcmp(media_type_of_name(bytes_text(name)), type) == 0;
}

#define SNIFFED(text, type) (strcmp(media_type_sniff(BYTES_LITERAL(text)), (type)) == 0)
#define TEXT "text/plain; charset=utf-8"
#define BINARY "application/octet-stream"

TEST(by_name)
{
	CHECK(named("index.html", "text/html; charset=utf-8") && named("a/b.c/INDEX.HTM", "text/html; charset=utf-8"));
	CHECK(named("x.tar.json", "application/json") && named(".css", "text/css; charset=utf-8"));
	CHECK(named("", BINARY) && named("html", BINARY) && named("a.html/b", BINARY) && named("a.", BINARY));
	CHECK(named("vmlinuz", BINARY) && named("a.htmlx", BINARY) && named("a.htmlhtmlhtml", BINARY));
	CHECK(named("note.txt", TEXT) && named("p.PNG", "image/png"));
}

/* What Go's http.DetectContentType says of the same bytes. */
TEST(by_content)
{
	CHECK(SNIFFED("", TEXT) && SNIFFED("hello", TEXT) && SNIFFED("a\tb\r\nc\x1b[0m\f", TEXT));
	CHECK(SNIFFED("a\x01", BINARY) && SNIFFED("\x0b", BINARY) && SNIFFED("abc\x1a", BINARY));
	CHECK(SNIFFED(" \n<!doctype html>", "text/html; charset=utf-8") && SNIFFED("<a >", "text/html; charset=utf-8"));
	CHECK(SNIFFED("<ab>", TEXT) && SNIFFED("<a", TEXT) && SNIFFED("<!-->", "text/html; charset=utf-8"));
	CHECK(SNIFFED("\t<?xml version=\"1.0\"?>", "text/xml; charset=utf-8"));
	CHECK(SNIFFED("%PDF-1.7", "application/pdf") && SNIFFED(" %PDF-1.7", TEXT));
	CHECK(SNIFFED("\xfe\xff\0a", "text/plain; charset=utf-16be") && SNIFFED("\xff\xfe"
										"a",
										TEXT));
	CHECK(SNIFFED("\x89PNG\r\n\x1a\n", "image/png") && SNIFFED("\xff\xd8\xff\xe0", "image/jpeg"));
	CHECK(SNIFFED("RIFF1234WAVEfmt", "audio/wave") && SNIFFED("RIFF1234WEBPVP8 ", "image/webp"));
	CHECK(SNIFFED("\x1f\x8b\x08\0", "application/x-gzip") && SNIFFED("PK\3\4", "application/zip"));
	CHECK(SNIFFED("\0asm\1\0\0\0", "application/wasm") && SNIFFED("\0as", BINARY));
	CHECK(SNIFFED("\0\0\0\x18"
		      "ftypisom\0\0\2\0mp41mp42",
		      "video/mp4"));
	CHECK(SNIFFED("\0\0\0\x14"
		      "ftypisom\0\0\2\0avc1",
		      BINARY) &&
	      SNIFFED("\0\0\0\xff"
		      "ftypmp42",
		      BINARY));
	CHECK(SNIFFED("\x7f"
		      "ELF\2\1\1\0",
		      BINARY) &&
	      SNIFFED("MZ\x90\0", BINARY));
}

TEST(looks_no_further)
{
	uint8_t content[MEDIA_TYPE_SNIFF_BYTES + 1];
	memset(content, 'a', sizeof content);
	content[MEDIA_TYPE_SNIFF_BYTES] = 0;
	CHECK(strcmp(media_type_sniff(bytes_of(content, sizeof content)), TEXT) == 0);
	content[MEDIA_TYPE_SNIFF_BYTES - 1] = 0;
	CHECK(strcmp(media_type_sniff(bytes_of(content, sizeof content)), BINARY) == 0);
	for (size_t n = 0; n < 64; n++) { /* no read behind a short one */
		uint8_t exact[64];
		memset(exact, 0, sizeof exact);
		CHECK(media_type_sniff(bytes_of(exact, n)) != NULL);
	}
}

int main(void)
{
	RUN(by_name);
	RUN(by_content);
	RUN(looks_no_further);
	return test_end();
}
