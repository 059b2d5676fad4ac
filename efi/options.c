#include "efi/options.h"

#include "core/utf8.h"

/* "SWFETCH.EFI", or a path that ends so, in either case as names of files are on such a volume. */
static bool is_program(struct bytes word)
{
	static const char lower[] = ".efi", upper[] = ".EFI";
	const size_t n = sizeof lower - 1;
	if (word.n < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (word.p[word.n - n + i] != (uint8_t)lower[i] && word.p[word.n - n + i] != (uint8_t)upper[i])
			return false;
	return true;
}

static bool is_blank(uint32_t code)
{
	return code == ' ' || code == '\t' || code == '\r' || code == '\n';
}

int options_read(struct bytes wide, uint8_t *room, size_t room_n, struct bytes *text)
{
	struct writer w = writer_of(room, room_n);
	size_t name_n = 0;
	for (; wide.n >= 2; wide = bytes_skip(wide, 2)) {
		uint32_t code = (uint32_t)wide.p[0] | (uint32_t)wide.p[1] << 8;
		if (code == 0)
			break;
		if (!is_blank(code) && (code < ' ' || (code >= 0xd800 && code <= 0xdfff)))
			return ERR_TYPE;
		utf8_write(&w, is_blank(code) ? ' ' : code);
	}
	if (w.full)
		return ERR_LIMIT;
	*text = writer_view(&w);
	while (name_n < text->n && text->p[name_n] != ' ')
		name_n++;
	if (is_program(bytes_of(text->p, name_n)))
		*text = bytes_skip(*text, name_n);
	return OK;
}
