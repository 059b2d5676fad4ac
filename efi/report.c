#include "efi/report.h"

#include <stdarg.h>

#include "core/utf8.h"

void report_init(struct report *r, struct platform *p)
{
	*r = (struct report){.platform = p, .began_ms = platform_now_ms(p)};
}

/* Digits behind the point, leading zeros kept. */
static void write_fraction(struct writer *w, uint64_t value, uint64_t unit, unsigned digits)
{
	for (unsigned i = 0; i < digits; i++) {
		value = value % unit * 10;
		write_u8(w, (uint8_t)('0' + value / unit));
	}
}

/* Somebody else's text: a bad byte becomes '?', and so does what would move the cursor. */
static void write_shown(struct writer *w, struct bytes text)
{
	while (text.n > 0) {
		struct bytes before = text;
		uint32_t code;
		if (!utf8_take(&text, &code)) {
			write_u8(w, '?');
			text = bytes_skip(text, 1);
			continue;
		}
		struct bytes character = bytes_of(before.p, before.n - text.n);
		if (utf8_printable(character))
			write_bytes(w, character);
		else
			write_u8(w, '?');
	}
}

static void write_signed(struct writer *w, int value)
{
	if (value < 0)
		write_u8(w, '-');
	write_decimal(w, value < 0 ? (uint64_t) - (int64_t)value : (uint64_t)value);
}

/* One conversion behind '%'; gives what follows it. */
static const char *write_conversion(struct writer *w, const char *f, va_list *arguments)
{
	if (f[0] == 's') {
		write_text(w, va_arg(*arguments, const char *));
	} else if (f[0] == 'u') {
		write_decimal(w, va_arg(*arguments, unsigned));
	} else if (f[0] == 'd') {
		write_signed(w, va_arg(*arguments, int));
	} else if (f[0] == 'l' && f[1] == 'l' && f[2] == 'u') {
		write_decimal(w, va_arg(*arguments, unsigned long long));
		return f + 3;
	} else if (f[0] == '.' && f[1] == '*' && f[2] == 's') {
		size_t n = (size_t)va_arg(*arguments, int);
		write_shown(w, bytes_of(va_arg(*arguments, const char *), n));
		return f + 3;
	} else {
		write_u8(w, '%'); /* also for any that is not known: nothing is taken for it */
	}
	return f + 1;
}

static void say(const struct report *r, const char *format, va_list *arguments)
{
	uint8_t line[REPORT_LINE_BYTES];
	struct writer w = writer_of(line, sizeof line - 1);
	uint64_t ms = platform_now_ms(r->platform) - r->began_ms;
	write_u8(&w, '[');
	for (uint64_t s = ms / 1000, wide = 1000; wide > 1 && s < wide; wide /= 10)
		write_u8(&w, ' ');
	write_decimal(&w, ms / 1000);
	write_u8(&w, '.');
	write_fraction(&w, ms, 1000, 3);
	write_text(&w, "] ");
	while (*format != 0) {
		if (*format == '%')
			format = write_conversion(&w, format + 1, arguments);
		else
			write_u8(&w, (uint8_t)*format++);
	}
	line[w.n++] = '\n';
	platform_print(r->platform, bytes_of(line, w.n));
}

void report(const struct report *r, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	say(r, format, &arguments);
	va_end(arguments);
}

void report_detail(const struct report *r, const char *format, ...)
{
	va_list arguments;
	if (!r->verbose)
		return;
	va_start(arguments, format);
	say(r, format, &arguments);
	va_end(arguments);
}

const char *report_size(struct report_size *s, uint64_t bytes)
{
	static const char *const names[] = {" bytes", " kB", " MB", " GB", " TB"};
	struct writer w = writer_of(s->text, sizeof s->text - 1);
	uint64_t unit = 1;
	unsigned i = 0;
	while (i < 4 && bytes / unit >= 1000) {
		unit *= 1000;
		i++;
	}
	write_decimal(&w, bytes / unit);
	if (i > 0) {
		write_u8(&w, '.');
		write_fraction(&w, bytes, unit, 1);
	}
	write_text(&w, names[i]);
	s->text[w.n] = 0;
	return s->text;
}
