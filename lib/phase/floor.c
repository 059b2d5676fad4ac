#include "phase/floor.h"

int floor_read(struct floor *f, struct bytes text, struct arena *a, struct why *why)
{
	struct document d;
	struct floor read = {.release = 0};
	int err;
	if (text.n > FLOOR_BYTES_MAX)
		return why_not(why, ERR_LIMIT, "document", FLOOR_BYTES_MAX, BYTES_NONE);
	if ((err = document_open(&d, text, a, why)) != OK)
		return err;
	const struct json_node *root = json_root(&d.json);
	if ((err = document_text(&d, root, "channel", true, name_is_safe, &read.channel)) != OK ||
	    (err = document_arch(&d, true, &read.arch)) != OK ||
	    (err = document_uint(&d, root, "release", true, &read.release)) != OK ||
	    (err = document_wall(&d, "accepted_at", true, &read.accepted_at, NULL)) != OK)
		return err;
	*f = read;
	return OK;
}

int floor_write(const struct floor *f, struct writer *w)
{
	char at[WALL_TEXT_BYTES];
	if (wall_write(f->accepted_at, at) != OK)
		return ERR_VALUE;
	write_text(w, "{\"channel\":");
	json_write_string(w, f->channel);
	write_text(w, ",\"arch\":");
	json_write_string(w, f->arch);
	write_text(w, ",\"release\":");
	write_decimal(w, f->release);
	write_text(w, ",\"accepted_at\":");
	json_write_string(w, bytes_of(at, sizeof at));
	write_text(w, "}\n");
	return w->full ? ERR_NO_SPACE : OK;
}

void floor_filename(struct bytes channel, struct bytes arch, struct writer *w)
{
	write_bytes(w, channel);
	write_u8(w, '-');
	write_bytes(w, arch);
	write_text(w, ".json");
	write_u8(w, 0);
}
