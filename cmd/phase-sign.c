#include <errno.h>

#include "core/hex.h"
#include "host/cli.h"
#include "host/file.h"
#include "host/keyfile.h"
#include "host/signing.h"

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
	 "add a signature made elsewhere, if it is right; may be repeated"},
};
static const struct cli_program program = {
	.name = "phase-sign",
	.operands = "[MANIFEST]",
	.summary = "add signatures to a release manifest or a policy",
	.text = "Reads standard input when no MANIFEST is given. Everything but the signatures stays as it is,\n"
		"byte for byte. A key that has signed already replaces its signature.\n"
		"\n"
		"  phase-sign --new-key release-a\n"
		"  phase-manifest --release 42 store | phase-sign --key release-a.key > m.json\n"
		"  phase-sign --detached --key b.key manifest.json > b.json   # on the machine with the key\n"
		"  phase-sign --attach b.json manifest.json                   # on the other one\n",
	.options = table,
	.options_n = sizeof table / sizeof table[0],
	.operands_max = 1,
};

static int make_key(struct cli *cli, const char *name)
{
	uint8_t key[ED25519_KEY_BYTES];
	char digits[2 * sizeof key];
	struct why why = {.what = ""};
	int err = keyfile_make(name, key, &why);
	if (err != OK) {
		if (err == ERR_CRYPTO)
			cli_error(cli, err, "%s: %s", name, err_text(err));
		else if (errno == EEXIST)
			cli_error(cli, err, "%s%s exists; nothing is replaced", name, why.what);
		else
			cli_error(cli, err, "%s%s: %s", name, why.what, strerror(errno));
		return err;
	}
	hex_encode(bytes_of(key, sizeof key), digits);
	printf("%.*s\n", (int)sizeof digits, digits);
	return OK;
}

static void print_entry(const struct signature *s, struct bytes signed_at)
{
	uint8_t buf[SIGNATURE_ENTRY_BYTES_MAX];
	struct writer w = writer_of(buf, sizeof buf);
	signature_entry_write(s, signed_at, &w);
	write_u8(&w, '\n');
	cli_print(writer_view(&w));
}

static int sign(struct signing *s, const struct options *o, struct bytes signed_at)
{
	struct signature made;
	int err = OK;
	for (size_t i = 0; i < o->keys.n && err == OK; i++) {
		err = signing_make(s, o->keys.v[i], &made);
		if (err == OK && o->detached)
			print_entry(&made, signed_at);
		else if (err == OK)
			err = signing_add(s, &made, signed_at);
	}
	for (size_t i = 0; i < o->attach.n && err == OK; i++)
		err = signing_attach(s, o->attach.v[i]);
	if (err == OK && !o->detached)
		cli_print(s->text);
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
	struct signing signing;
	struct options o = {.new_key = NULL};
	char at_text[WALL_TEXT_BYTES];
	struct cli cli;
	struct bytes in;
	cli_start(&cli, &program, argc, argv, &o);
	check_usage(&cli, &o);
	if (o.new_key != NULL)
		return cli_end(&cli, make_key(&cli, o.new_key));
	const char *path = cli.operands.n > 0 ? cli.operands.v[0] : "-";
	const char *subject = strcmp(path, "-") == 0 ? "stdin" : path;
	struct wall at = cli_source_date(&cli, at_text);
	if (strcmp(path, "-") == 0)
		cli_reads_stdin(&cli, "a manifest or policy");
	int err = file_read(path, DOCUMENT_BYTES_MAX, &in);
	if (err != OK) {
		cli_fail(&cli, err, subject, NULL);
		return cli_end(&cli, err);
	}
	err = signing_open(&signing, &cli, subject, in, at);
	if (err == OK && o.print_payload)
		cli_print(signable_message(&signing.document));
	else if (err == OK)
		err = sign(&signing, &o, bytes_of(at_text, sizeof at_text));
	signing_close(&signing);
	return cli_end(&cli, err);
}
