#include "phase/attach.h"

#include "core/hex.h"

static bool has(const struct document *d, const char *name)
{
	return json_member(&d->json, json_root(&d->json), name) != NULL;
}

int signable_read(struct signable *s, struct bytes text, struct arena *a, struct why *why)
{
	struct document d;
	size_t mark = a->n;
	int err = document_open(&d, text, a, why);
	if (err != OK)
		return err;
	bool is_manifest = has(&d, "manifest_version"), is_policy = has(&d, "policy_version");
	if (is_manifest && is_policy)
		return document_misfit(&d, ERR_VERSION, "both manifest_version and policy_version", NULL);
	if (!is_manifest && !is_policy)
		return document_misfit(&d, ERR_MISSING, "manifest_version", NULL);
	a->n = mark; /* that was only a look at it */
	s->is_policy = is_policy;
	return is_policy ? policy_read(&s->policy, text, a, why) : manifest_read(&s->manifest, text, a, why);
}

struct bytes signable_message(const struct signable *s)
{
	return s->is_policy ? s->policy.message : s->manifest.message;
}

static bool is_date(struct bytes text)
{
	struct wall when;
	return wall_read(text, &when) == OK;
}

int signature_entry_read(struct signature *s, struct bytes *signed_at, struct bytes text, struct arena *a,
			 struct why *why)
{
	struct document d;
	struct signature read;
	int err = document_open(&d, text, a, why);
	if (err != OK)
		return err;
	const struct json_node *root = json_root(&d.json);
	if ((err = document_signature(&d, root, &read)) != OK)
		return err;
	if (!read.known)
		return document_misfit(&d, ERR_VALUE, "algorithm or key_id", root);
	if (!read.well_formed)
		return document_misfit(&d, ERR_VALUE, "signature", root);
	*signed_at = BYTES_NONE;
	if ((err = document_text(&d, root, "signed_at", false, is_date, signed_at)) != OK)
		return err;
	*s = read;
	return OK;
}

static void write_hex_string(struct writer *w, struct bytes in)
{
	char digits[2 * ED25519_SIGNATURE_BYTES];
	hex_encode(in, digits);
	json_write_string(w, bytes_of(digits, 2 * in.n));
}

void signature_entry_write(const struct signature *s, struct bytes signed_at, struct writer *w)
{
	write_text(w, "{\"algorithm\":\"ed25519\",\"key_id\":");
	write_hex_string(w, bytes_of(s->key, sizeof s->key));
	write_text(w, ",\"signature\":");
	write_hex_string(w, bytes_of(s->signature, sizeof s->signature));
	if (signed_at.n != 0) {
		write_text(w, ",\"signed_at\":");
		json_write_string(w, signed_at);
	}
	write_u8(w, '}');
}

static bool same_key(const struct signature *a, const struct signature *b)
{
	return a->known && b->known && bytes_equal(bytes_of(a->key, sizeof a->key), bytes_of(b->key, sizeof b->key));
}

/* The array's entries as they stand, with entry in place of those by the same key. */
static void write_entries(const struct json *j, const struct json_node *array, const struct signature *signatures,
			  const struct signature *s, struct bytes entry, struct writer *w)
{
	bool placed = false, first = true;
	size_t i = 0;
	for (const struct json_node *e = json_child(j, array); e != NULL; e = json_next(j, e)) {
		bool replaced = same_key(&signatures[i++], s);
		if (replaced && placed)
			continue;
		if (!first)
			write_u8(w, ',');
		first = false;
		write_bytes(w, replaced ? entry : json_span(j, e));
		placed |= replaced;
	}
	if (!placed) {
		if (!first)
			write_u8(w, ',');
		write_bytes(w, entry);
	}
}

int signature_attach(const struct signable *doc, const struct signature *s, struct bytes signed_at, struct writer *w)
{
	const struct json *j = doc->is_policy ? &doc->policy.json : &doc->manifest.json;
	const struct signature *signatures = doc->is_policy ? doc->policy.signatures : doc->manifest.signatures;
	const struct json_node *root = json_root(j), *array = json_member(j, root, "signatures");
	uint8_t buf[SIGNATURE_ENTRY_BYTES_MAX];
	struct writer entry = writer_of(buf, sizeof buf);
	struct bytes text = j->text;
	size_t n, start = w->n;
	signature_entry_write(s, signed_at, &entry);
	if (entry.full)
		return ERR_LIMIT;
	if (array != NULL) {
		n = array->n;
		for (size_t i = 0; i < array->n; i++)
			n -= same_key(&signatures[i], s);
		write_bytes(w, bytes_of(text.p, array->at));
		write_u8(w, '[');
		write_entries(j, array, signatures, s, writer_view(&entry), w);
		write_u8(w, ']');
		write_bytes(w, bytes_skip(text, array->end));
	} else {
		size_t end = root->end - 1; /* its closing brace; before that, behind the last value */
		while (text.p[end - 1] <= ' ')
			end--;
		n = 0;
		write_bytes(w, bytes_of(text.p, end));
		write_text(w, ",\"signatures\":[");
		write_bytes(w, writer_view(&entry));
		write_u8(w, ']');
		write_bytes(w, bytes_skip(text, end));
	}
	if (!w->full && w->p[w->n - 1] != '\n')
		write_u8(w, '\n');
	if (w->full)
		return ERR_NO_SPACE;
	return n >= SIGNATURES_MAX || w->n - start > DOCUMENT_BYTES_MAX ? ERR_LIMIT : OK;
}
