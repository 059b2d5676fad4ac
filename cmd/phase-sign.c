#include <errno.h>
#include <stdalign.h>

#include "core/decimal.h"
#include "core/hex.h"
#include "crypto/secret.h"
#include "host/cli.h"
#include "host/file.h"
#include "host/keyfile.h"
#include "phase/attach.h"

struct options {
	struct cli_texts keys, attach;
	const char *new_key;
	bool print_payload, detached;
};

#define FIELD(name) offsetof(struct options, name)
static const struct cli_option table[] = {
	{'k', "key", CLI_TEXTS, FIELD(keys), "FILE", "sign with this secret key (PKCS#8 PEM); may be repeated"},
	{0, "new-key", CLI_TEXT, FIELD(new_key), "NAME", "make NAME.key and NAME.pub, print the key id"},
	{0, "print-payload", CLI_FLAG, FIELD(print_payload), NULL, "print the bytes to sign, nothing else"},
	{0, "detached", CLI_FLAG, FIELD(detached), NULL, "print the signature alone, for --attach elsewhere"},
	{0, "attach", CLI_TEXTS, FIELD(attach), "FILE",
	 "add a signature made elsewhere, checked first; may be repeated"},
};
static const struct cli_program program = {
	.name = "phase-sign",
	.operands = "[MANIFEST]",
	.summary = "add signatures to a release manifest or a policy",
	.text = "Reads standard input when no MANIFEST is given. Everything but the signatures stays as it is,\n"
		"byte for byte. A key that has signed already replaces its signature.\n"
		"\n"
		"  phase-sign --new-key release-a\n"
		"  phase-manifest --release 42 store | phase-sign --key release-a.key > manifest.json\n"
		"  phase-sign --detached --key b.key manifest.json > b.sig    # on the machine with the key\n"
		"  phase-sign --attach b.sig manifest.json                    # on the other one\n",
	.options = table,
	.options_n = sizeof table / sizeof table[0],
	.operands_max = 1,
};

static struct signable document; /* large: not on the stack */
static alignas(16) uint8_t memory[SIGNABLE_ARENA_BYTES], entry_memory[SIGNABLE_ARENA_BYTES];
static uint8_t text[DOCUMENT_BYTES_MAX + SIGNATURE_ENTRY_BYTES_MAX];
static const char *subject = "-";

static int make_key(struct cli *cli, const char *name)
{
	uint8_t key[ED25519_KEY_BYTES];
	char digits[2 * sizeof key];
	struct why why = {.err = OK};
	int err = keyfile_make(name, key, &why);
	if (err != OK) {
		cli_error(cli, err, "%s%s: %s", name, why.what, err == ERR_IO ? strerror(errno) : err_text(err));
		return err;
	}
	hex_encode(bytes_of(key, sizeof key), digits);
	printf("%.*s\n", (int)sizeof digits, digits);
	return OK;
}

/* The time that signatures carry: SOURCE_DATE_EPOCH, or now. */
static void time_of_signing(struct cli *cli, char at[static WALL_TEXT_BYTES])
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	uint64_t s = (uint64_t)clock_wall_s();
	if (epoch != NULL && decimal_read(bytes_text(epoch), &s) != OK)
		cli_usage(cli, "SOURCE_DATE_EPOCH: not a number of seconds");
	if (s > INT64_MAX || wall_write((struct wall){(int64_t)s}, at) != OK)
		cli_usage(cli, "SOURCE_DATE_EPOCH: not a time");
}

static int read_document(struct cli *cli, struct bytes in)
{
	struct arena a = arena_of(memory, sizeof memory);
	struct why why = {.err = OK};
	int err = signable_read(&document, in, &a, &why);
	if (err != OK)
		cli_fail(cli, err, subject, &why);
	return err;
}

static int sign(struct cli *cli, const char *path, struct signature *s)
{
	uint8_t seed[ED25519_SEED_BYTES];
	struct why why = {.err = OK};
	int err = keyfile_secret(path, seed, &why);
	if (err != OK) {
		cli_fail(cli, err, path, &why);
		return err;
	}
	*s = (struct signature){.known = true, .well_formed = true};
	ed25519_public(seed, s->key);
	ed25519_sign(seed, signable_message(&document), s->signature);
	secret_wipe(seed, sizeof seed);
	return OK;
}

/* Reads an entry made elsewhere; one that does not fit this document is refused here and not on
 * the machine that is to boot it. */
static int read_entry(struct cli *cli, const char *path, struct signature *s, struct bytes *signed_at)
{
	struct arena a = arena_of(entry_memory, sizeof entry_memory);
	struct why why = {.err = OK};
	struct bytes data;
	int err = file_read(path, SIGNATURE_ENTRY_BYTES_MAX * 2, &data);
	if (err == OK) {
		err = signature_entry_read(s, signed_at, data, &a, &why);
		free((void *)(uintptr_t)data.p); /* what was read lies in the arena */
	}
	if (err == OK && (err = signature_check(s, signable_message(&document))) != OK)
		why = (struct why){.err = (enum err)err, .what = "it does not fit this document"};
	if (err != OK)
		cli_fail(cli, err, path, &why);
	return err;
}

/* Replaces the text by the one with s in it. */
static int attach(struct cli *cli, const struct signature *s, struct bytes signed_at, struct bytes *current)
{
	static uint8_t next[sizeof text];
	struct writer w = writer_of(next, sizeof next);
	int err = signature_attach(&document, s, signed_at, &w);
	if (err != OK) {
		cli_fail(cli, err, subject, &(struct why){.err = (enum err)err, .what = "signatures"});
		return err;
	}
	memcpy(text, next, w.n);
	*current = bytes_of(text, w.n);
	return read_document(cli, *current);
}

static void print(struct bytes out)
{
	(void)fwrite(out.p, 1, out.n, stdout); /* cli_end sees failures */
}

static void print_entry(const struct signature *s, struct bytes signed_at)
{
	uint8_t buf[SIGNATURE_ENTRY_BYTES_MAX];
	struct writer w = writer_of(buf, sizeof buf);
	signature_entry_write(s, signed_at, &w);
	write_u8(&w, '\n');
	print(writer_view(&w));
}

/* What the machines will refuse is worth a word here, where it can still be mended. */
static void warn(struct cli *cli, const char *at)
{
	struct wall now;
	if (document.is_policy || wall_read(bytes_of(at, WALL_TEXT_BYTES), &now) != OK)
		return;
	if (document.manifest.expires_at.s <= now.s)
		cli_warn(cli, "%s: this release has expired already", subject);
	if (document.manifest.critical_unknown.n != 0)
		cli_warn(cli, "%s: a critical member is not understood by this version", subject);
}

static int add_all(struct cli *cli, const struct options *o, struct bytes current)
{
	char at[WALL_TEXT_BYTES];
	struct signature s;
	struct bytes signed_at;
	int err = OK;
	time_of_signing(cli, at);
	warn(cli, at);
	for (size_t i = 0; i < o->keys.n && err == OK; i++) {
		if ((err = sign(cli, o->keys.v[i], &s)) != OK)
			break;
		if (o->detached)
			print_entry(&s, bytes_of(at, sizeof at));
		else
			err = attach(cli, &s, bytes_of(at, sizeof at), &current);
	}
	for (size_t i = 0; i < o->attach.n && err == OK; i++)
		if ((err = read_entry(cli, o->attach.v[i], &s, &signed_at)) == OK)
			err = attach(cli, &s, signed_at, &current);
	if (err == OK && !o->detached)
		print(current);
	return err;
}

static void check_usage(struct cli *cli, const struct options *o)
{
	bool signing = o->keys.n + o->attach.n > 0;
	if (o->new_key != NULL && (signing || o->print_payload || o->detached || cli->operands.n > 0))
		cli_usage(cli, "--new-key goes with nothing else");
	if (o->print_payload && (signing || o->detached))
		cli_usage(cli, "--print-payload signs nothing: not with --key, --attach or --detached");
	if (o->detached && (o->keys.n == 0 || o->attach.n > 0))
		cli_usage(cli, "--detached goes with --key only");
	if (o->new_key == NULL && !o->print_payload && !signing)
		cli_usage(cli, "nothing to do: give --key, --attach, --print-payload or --new-key");
}

int main(int argc, char **argv)
{
	struct options o = {.new_key = NULL};
	struct cli cli;
	struct bytes in = BYTES_NONE;
	int err;
	cli_start(&cli, &program, argc, argv, &o);
	check_usage(&cli, &o);
	if (o.new_key != NULL)
		return cli_end(&cli, make_key(&cli, o.new_key));
	if (cli.operands.n > 0)
		subject = cli.operands.v[0];
	if ((err = file_read(subject, DOCUMENT_BYTES_MAX, &in)) != OK)
		cli_fail(&cli, err, subject, NULL);
	else if ((err = read_document(&cli, in)) == OK && o.print_payload)
		print(signable_message(&document));
	else if (err == OK)
		err = add_all(&cli, &o, in);
	free((void *)(uintptr_t)in.p);
	return cli_end(&cli, err);
}
