#include "http/media_type.h"

#define UNKNOWN "application/octet-stream"

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

const char *media_type_of_name(struct bytes name)
{
	static const struct {
		const char *extension, *type;
	} types[] = {
		{".avif", "image/avif"},
		{".css", "text/css; charset=utf-8"},
		{".gif", "image/gif"},
		{".htm", "text/html; charset=utf-8"},
		{".html", "text/html; charset=utf-8"},
		{".jpeg", "image/jpeg"},
		{".jpg", "image/jpeg"},
		{".js", "text/javascript; charset=utf-8"},
		{".json", "application/json"},
		{".mjs", "text/javascript; charset=utf-8"},
		{".pdf", "application/pdf"},
		{".png", "image/png"},
		{".svg", "image/svg+xml"},
		{".txt", "text/plain; charset=utf-8"}, /* not Go's own, but of every system's table */
		{".wasm", "application/wasm"},
		{".webp", "image/webp"},
		{".xml", "text/xml; charset=utf-8"},
	};
	uint8_t extension[8];
	size_t at = name.n, n = 0;
	while (at > 0 && name.p[at - 1] != '.' && name.p[at - 1] != '/')
		at--;
	if (at == 0 || name.p[at - 1] != '.' || name.n - (at - 1) > sizeof extension)
		return UNKNOWN;
	for (size_t i = at - 1; i < name.n; i++)
		extension[n++] = lower(name.p[i]);
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (bytes_is(bytes_of(extension, n), types[i].extension))
			return types[i].type;
	return UNKNOWN;
}

static bool is_space(uint8_t c)
{
	return c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == ' ';
}

static bool is_html(struct bytes text)
{
	static const char *const tags[] = {
		"<!DOCTYPE HTML", "<HTML",  "<HEAD", "<SCRIPT", "<IFRAME", "<H1", "<DIV", "<FONT", "<TABLE", "<A",
		"<STYLE",         "<TITLE", "<B",    "<BODY",   "<BR",     "<P",  "<!--"};
	for (size_t t = 0; t < sizeof tags / sizeof tags[0]; t++) {
		const struct bytes tag = bytes_text(tags[t]);
		size_t i = 0;
		while (i < tag.n && i < text.n && lower(text.p[i]) == lower(tag.p[i]))
			i++;
		if (i == tag.n && text.n > i && (text.p[i] == ' ' || text.p[i] == '>'))
			return true;
	}
	return false;
}

/* An ISO base media file that says it is MPEG-4. */
static bool is_mp4(struct bytes c)
{
	if (c.n < 12)
		return false;
	const uint32_t box = load_be32(c.p);
	if (box % 4 != 0 || c.n < box || !bytes_equal(bytes_of(c.p + 4, 4), BYTES_LITERAL("ftyp")))
		return false;
	for (size_t i = 8; i < box; i += 4) /* 12: the version, which is none of the names */
		if (i != 12 && c.n >= i + 3 && bytes_equal(bytes_of(c.p + i, 3), BYTES_LITERAL("mp4")))
			return true;
	return false;
}

/* What a content begins with; '.' in mask: any byte there. */
struct signature {
	struct bytes begin;
	const char *mask; /* NULL: all of it counts */
	const char *type;
};

static bool begins(struct bytes c, const struct signature *s)
{
	if (c.n < s->begin.n)
		return false;
	for (size_t i = 0; i < s->begin.n; i++)
		if ((s->mask == NULL || s->mask[i] != '.') && c.p[i] != s->begin.p[i])
			return false;
	return true;
}

#define RIFF_MASK "xxxx....xxxxxx"
#define SIGNATURE(text, mask, type)                 \
	{                                           \
		BYTES_LITERAL(text), (mask), (type) \
	}

static const char *by_signature(struct bytes c)
{
	const struct signature signatures[] = {
		SIGNATURE("%PDF-", NULL, "application/pdf"),
		SIGNATURE("%!PS-Adobe-", NULL, "application/postscript"),
		SIGNATURE("\xfe\xff..", "xx..", "text/plain; charset=utf-16be"),
		SIGNATURE("\xff\xfe..", "xx..", "text/plain; charset=utf-16le"),
		SIGNATURE("\xef\xbb\xbf.", "xxx.", "text/plain; charset=utf-8"),
		SIGNATURE("\0\0\1\0", NULL, "image/x-icon"),
		SIGNATURE("\0\0\2\0", NULL, "image/x-icon"),
		SIGNATURE("BM", NULL, "image/bmp"),
		SIGNATURE("GIF87a", NULL, "image/gif"),
		SIGNATURE("GIF89a", NULL, "image/gif"),
		SIGNATURE("RIFF....WEBPVP", RIFF_MASK, "image/webp"),
		SIGNATURE("\x89PNG\r\n\x1a\n", NULL, "image/png"),
		SIGNATURE("\xff\xd8\xff", NULL, "image/jpeg"),
		SIGNATURE("FORM....AIFF", RIFF_MASK, "audio/aiff"),
		SIGNATURE("ID3", NULL, "audio/mpeg"),
		SIGNATURE("OggS\0", NULL, "application/ogg"),
		SIGNATURE("MThd\0\0\0\6", NULL, "audio/midi"),
		SIGNATURE("RIFF....AVI ", RIFF_MASK, "video/avi"),
		SIGNATURE("RIFF....WAVE", RIFF_MASK, "audio/wave"),
	};
	const struct signature later[] = {
		SIGNATURE("\x1a\x45\xdf\xa3", NULL, "video/webm"),
		SIGNATURE("..................................LP", "..................................xx",
			  "application/vnd.ms-fontobject"),
		SIGNATURE("\0\1\0\0", NULL, "font/ttf"),
		SIGNATURE("OTTO", NULL, "font/otf"),
		SIGNATURE("ttcf", NULL, "font/collection"),
		SIGNATURE("wOFF", NULL, "font/woff"),
		SIGNATURE("wOF2", NULL, "font/woff2"),
		SIGNATURE("\x1f\x8b\x08", NULL, "application/x-gzip"),
		SIGNATURE("PK\3\4", NULL, "application/zip"),
		SIGNATURE("Rar!\x1a\x07\x00", NULL, "application/x-rar-compressed"),
		SIGNATURE("Rar!\x1a\x07\x01\x00", NULL, "application/x-rar-compressed"),
		SIGNATURE("\0asm", NULL, "application/wasm"),
	};
	for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++)
		if (begins(c, &signatures[i]))
			return signatures[i].type;
	if (is_mp4(c))
		return "video/mp4";
	for (size_t i = 0; i < sizeof later / sizeof later[0]; i++)
		if (begins(c, &later[i]))
			return later[i].type;
	return NULL;
}

static bool is_text(struct bytes c)
{
	for (size_t i = 0; i < c.n; i++) {
		const uint8_t b = c.p[i];
		if (b <= 0x08 || b == 0x0b || (b >= 0x0e && b <= 0x1a) || (b >= 0x1c && b <= 0x1f))
			return false;
	}
	return true;
}

const char *media_type_sniff(struct bytes content)
{
	const struct bytes c =
		bytes_of(content.p, content.n < MEDIA_TYPE_SNIFF_BYTES ? content.n : MEDIA_TYPE_SNIFF_BYTES);
	size_t spaces = 0;
	while (spaces < c.n && is_space(c.p[spaces]))
		spaces++;
	const struct bytes text = bytes_skip(c, spaces);
	if (is_html(text))
		return "text/html; charset=utf-8";
	if (bytes_starts(text, "<?xml"))
		return "text/xml; charset=utf-8";
	const char *type = by_signature(c);
	if (type != NULL)
		return type;
	return is_text(text) ? "text/plain; charset=utf-8" : UNKNOWN;
}
