#include "phase/manifest_content.h"

static void add_number(struct sha256 *h, uint64_t v)
{
	uint8_t bytes[8];
	struct writer w = writer_of(bytes, sizeof bytes);
	write_be64(&w, v);
	sha256_add(h, writer_view(&w));
}

/* With its length, so that no two lists of texts are one stream of bytes. */
static void add_text(struct sha256 *h, struct bytes text)
{
	add_number(h, text.n);
	sha256_add(h, text);
}

void manifest_content(const struct manifest *m, uint8_t out[static SHA256_BYTES])
{
	struct sha256 h;
	sha256_init(&h);
	add_number(&h, m->release);
	add_text(&h, m->channel);
	add_text(&h, m->arch);
	add_number(&h, m->artifacts_n);
	for (size_t i = 0; i < m->artifacts_n; i++) {
		add_text(&h, m->artifacts[i].filename);
		sha256_add(&h, bytes_of(m->artifacts[i].sha256, SHA256_BYTES));
	}
	sha256_end(&h, out);
}
