#include "host/signing.h"

#include "crypto/secret.h"
#include "host/file.h"
#include "host/file_kind.h"
#include "host/keyfile.h"
#include "host/trust.h"

/* Replaces the text and reads it again. */
static int take_text(struct signing *s, struct bytes text)
{
	struct arena a = arena_of(s->memory, SIGNABLE_ARENA_BYTES);
	struct why why = {.err = OK};
	file_free(s->text);
	s->text = text;
	int err = signable_read(&s->document, text, &a, &why);
	if (err != OK)
		file_kind_fail(s->cli, err, s->subject, &why, text, "a release manifest or a policy");
	return err;
}

static void warn(const struct signing *s, struct wall at)
{
	if (s->document.is_policy) {
		trust_warn_unknown(s->cli, s->subject, &s->document.policy);
		return;
	}
	if (s->document.manifest.expires_at.s <= at.s)
		cli_warn(s->cli, "%s: warning: this release has expired already", s->subject);
	if (s->document.manifest.critical_unknown.n != 0)
		cli_warn(s->cli, "%s: a critical member is not understood by this version", s->subject);
}

int signing_open(struct signing *s, struct cli *cli, const char *subject, struct bytes text, struct wall at)
{
	s->cli = cli;
	s->subject = subject;
	s->text = BYTES_NONE;
	s->memory = malloc(SIGNABLE_ARENA_BYTES);
	if (s->memory == NULL) {
		s->text = text;
		cli_error(cli, ERR_NO_MEMORY, "%s", err_text(ERR_NO_MEMORY));
		return ERR_NO_MEMORY;
	}
	int err = take_text(s, text);
	if (err == OK)
		warn(s, at);
	return err;
}

void signing_close(struct signing *s)
{
	file_free(s->text);
	free(s->memory);
	s->text = BYTES_NONE;
	s->memory = NULL;
}

int signing_make(struct signing *s, const char *path, struct signature *made)
{
	uint8_t seed[ED25519_SEED_BYTES];
	struct why why = {.err = OK};
	int err = keyfile_secret(path, seed, &why);
	if (err != OK) {
		cli_fail(s->cli, err, path, &why);
		return err;
	}
	*made = (struct signature){.known = true, .well_formed = true};
	ed25519_public(seed, made->key);
	ed25519_sign(seed, signable_message(&s->document), made->signature);
	secret_wipe(seed, sizeof seed);
	return OK;
}

int signing_add(struct signing *s, const struct signature *made, struct bytes signed_at)
{
	size_t room = s->text.n + SIGNATURE_ENTRY_BYTES_MAX;
	uint8_t *p = malloc(room);
	struct writer w = writer_of(p, room);
	int err = p == NULL ? ERR_NO_MEMORY : signature_attach(&s->document, made, signed_at, &w);
	if (err == OK)
		return take_text(s, writer_view(&w));
	free(p);
	cli_error(s->cli, err, "%s: with one more signature: %s", s->subject, err_text(err));
	return err;
}

int signing_attach(struct signing *s, const char *path)
{
	struct why why = {.err = OK};
	struct signature made;
	struct bytes signed_at, text = BYTES_NONE;
	void *memory = malloc(SIGNABLE_ARENA_BYTES);
	int err = memory == NULL ? ERR_NO_MEMORY : file_read(path, DOCUMENT_BYTES_MAX, &text);
	if (err == OK) {
		struct arena a = arena_of(memory, SIGNABLE_ARENA_BYTES);
		err = signature_entry_read(&made, &signed_at, text, &a, &why);
	}
	if (err == OK && (err = signature_check(&made, signable_message(&s->document))) != OK)
		(void)why_not(&why, (enum err)err, "made for another document, or damaged", 0, BYTES_NONE);
	if (err != OK)
		file_kind_fail(s->cli, err, path, &why, text, "a detached signature");
	else
		err = signing_add(s, &made, signed_at);
	file_free(text);
	free(memory);
	return err;
}
