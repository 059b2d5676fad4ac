/* bmt-hash: Swarm references of files. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/hex.h"
#include "crypto/secret.h"
#include "host/file.h"
#include "host/keyfile.h"
#include "host/reference_list.h"

struct options {
	const char *tree, *check;
	bool plain, chunk, encrypt;
	const char *key_file;
	uint64_t span, redundancy;
};

#define SPAN_UNSET UINT64_MAX

static const struct cli_option options[] = {
	{'t', "tree", CLI_TEXT, offsetof(struct options, tree), "FILE", "also write the intermediate chunks to FILE"},
	{'p', "plain", CLI_FLAG, offsetof(struct options, plain), NULL, "print REFERENCE  FILE, as sha256sum does"},
	{'c', "check", CLI_TEXT, offsetof(struct options, check), "LIST", "check the references listed in LIST"},
	{0, "redundancy", CLI_LEVEL, offsetof(struct options, redundancy), "LEVEL",
	 "as uploaded with this redundancy: 0 to 4, or none to paranoid (none)"},
	{0, "encrypt", CLI_FLAG, offsetof(struct options, encrypt), NULL,
	 "as uploaded encrypted: 128 digits, with a key"},
	{0, "key-file", CLI_TEXT, offsetof(struct options, key_file), "FILE",
	 "with --encrypt: the keys follow from the secret in FILE (fresh ones)"},
	{0, "chunk", CLI_FLAG, offsetof(struct options, chunk), NULL,
	 "hash each file as one chunk of at most 4096 bytes"},
	{0, "span", CLI_UINT, offsetof(struct options, span), "N", "the chunk's span (default: its length)"},
};

static const struct cli_program program = {
	.name = "bmt-hash",
	.operands = "[FILE...]",
	.summary = "Print the Swarm reference (BMT hash) of each FILE, or of standard input.",
	.text = "examples:\n"
		"  bmt-hash vmlinuz | jq -r .reference\n"
		"  bmt-hash --plain * > REFERENCES && bmt-hash -c REFERENCES\n"
		"  bmt-hash --tree vmlinuz.bmt vmlinuz    # lets any 4 KiB of it be checked alone",
	.options = options,
	.options_n = sizeof options / sizeof options[0],
	.operands_min = 0,
	.operands_max = SIZE_MAX,
};

static int hash_chunk(struct cli *cli, const char *path, uint64_t span, char text[static REFERENCE_TEXT_BYTES],
		      uint64_t *size)
{
	struct bmt_scratch scratch;
	struct bytes data;
	uint8_t address[REFERENCE_BYTES];
	if (strcmp(path, "-") == 0)
		cli_reads_stdin(cli, "a chunk");
	int err = file_read(path, CHUNK_PAYLOAD_MAX, &data);
	if (err != OK) {
		if (err == ERR_LIMIT)
			cli_error(cli, err, "%s: larger than a chunk, %d bytes", path, CHUNK_PAYLOAD_MAX);
		else
			cli_fail(cli, err, path, NULL);
		return err;
	}
	bmt_address(keccak_widest(), span == SPAN_UNSET ? data.n : span, data, address, &scratch);
	hex_encode(bytes_of(address, sizeof address), text);
	text[2 * REFERENCE_BYTES] = 0;
	*size = data.n;
	file_free(data);
	return OK;
}

static void check_usage(struct cli *cli, const struct options *o)
{
	if (o->check != NULL && (cli->operands.n > 0 || o->tree != NULL || o->chunk || o->encrypt))
		cli_usage(cli, "--check takes no FILE, --tree, --chunk or --encrypt");
	if (o->tree != NULL && (cli->operands.n > 1 || o->chunk || o->encrypt))
		cli_usage(cli, "--tree goes with one FILE, and not with --chunk or --encrypt");
	if (o->span != SPAN_UNSET && !o->chunk)
		cli_usage(cli, "--span goes with --chunk");
	if (o->chunk && (o->redundancy > 0 || o->encrypt))
		cli_usage(cli, "--chunk is one chunk in the clear: no --redundancy, no --encrypt");
	if (o->key_file != NULL && !o->encrypt)
		cli_usage(cli, "--key-file goes with --encrypt");
}

static int print_files(struct cli *cli, const struct options *o, const struct reference_how *how)
{
	const size_t n = cli->operands.n == 0 ? 1 : cli->operands.n;
	int err = OK;
	for (size_t i = 0; i < n; i++) {
		const char *path = cli->operands.n == 0 ? "-" : cli->operands.v[i];
		char text[REFERENCE_TEXT_BYTES];
		uint64_t size;
		int bad = o->chunk ? hash_chunk(cli, path, o->span, text, &size)
				   : reference_of_file(cli, path, how, text, &size);
		if (bad == OK)
			reference_print(path, text, size, o->plain);
		else if (err == OK)
			err = bad;
	}
	return err;
}

int main(int argc, char **argv)
{
	struct options o = {.span = SPAN_UNSET};
	uint8_t secret[CHUNK_KEYS_SECRET_BYTES];
	struct cli cli;
	struct why why = {.err = OK};
	cli_start(&cli, &program, argc, argv, &o);
	check_usage(&cli, &o);
	if (o.check != NULL)
		return cli_end(&cli, reference_list_check(&cli, o.check, (unsigned)o.redundancy));
	const struct reference_how how = {.redundancy = (unsigned)o.redundancy,
					  .tree = o.tree,
					  .encrypted = o.encrypt,
					  .secret = o.key_file == NULL ? NULL : secret};
	int err = o.key_file == NULL ? OK : keyfile_hex(o.key_file, secret, &why);
	if (err != OK)
		cli_fail(&cli, err, o.key_file, &why);
	else
		err = print_files(&cli, &o, &how);
	secret_wipe(secret, sizeof secret);
	return cli_end(&cli, err);
}
