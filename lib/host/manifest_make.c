#include "host/manifest_make.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/arch.h"
#include "host/file.h"
#include "host/hash.h"
#include "host/store.h"
#include "phase/manifest.h"
#include "phase/names.h"

#define LEFT_OUT_SHOWN_MAX 10 /* each by a line of its own; of the others how many they are */

struct making {
	struct cli *cli;
	const struct manifest_options *o;
	struct store store;
	struct store_folder folder;
	struct store_names names;
	struct bytes roles[MANIFEST_ARTIFACTS_MAX];
	const char *showing; /* the file being hashed */
};

/* The role that --role gives the file, or what its name means. */
static struct bytes role_of(const struct making *m, const char *file)
{
	for (size_t i = 0; i < m->o->roles.n; i++) {
		const char *pair = m->o->roles.v[i], *equals = strchr(pair, '=');
		if (equals != NULL && strcmp(equals + 1, file) == 0)
			return bytes_of(pair, (size_t)(equals - pair));
	}
	return names_role(bytes_text(file));
}

static bool has_file(const struct making *m, const char *file)
{
	for (size_t i = 0; i < m->names.n; i++)
		if (strcmp(m->names.v[i], file) == 0)
			return true;
	return false;
}

/* The files that --role names are there. */
static int check_roles(const struct making *m)
{
	for (size_t i = 0; i < m->o->roles.n; i++) {
		const char *file = strchr(m->o->roles.v[i], '=') + 1;
		if (has_file(m, file))
			continue;
		cli_error(m->cli, ERR_NOT_FOUND, "--role %s: no such artifact in %s/%s/%s%s", m->o->roles.v[i],
			  m->o->store, m->folder.channel, m->folder.arch,
			  strchr(file, '/') == NULL ? "" : ": FILE is a name in that folder, no path");
		return ERR_NOT_FOUND;
	}
	return OK;
}

static int assign_roles(struct making *m)
{
	char a[256], b[256];
	bool kernel = false;
	int err = check_roles(m);
	if (err != OK)
		return err;
	if (m->names.n > MANIFEST_ARTIFACTS_MAX) {
		cli_error(m->cli, ERR_LIMIT, "%s/%s/%s holds %zu files; a manifest takes %d", m->o->store,
			  m->folder.channel, m->folder.arch, m->names.n, MANIFEST_ARTIFACTS_MAX);
		return ERR_LIMIT;
	}
	for (size_t i = 0; i < m->names.n; i++) {
		m->roles[i] = role_of(m, m->names.v[i]);
		kernel |= bytes_is(m->roles[i], "kernel") || bytes_is(m->roles[i], "uki");
		for (size_t k = 0; k < i; k++) {
			if (!bytes_equal(m->roles[i], m->roles[k]))
				continue;
			cli_error(m->cli, ERR_DUPLICATE,
				  "%s and %s would both be '%s': remove one, or say --role NAME=%s",
				  cli_quote(bytes_text(m->names.v[k]), a, sizeof a), m->names.v[i],
				  cli_quote(m->roles[i], b, sizeof b), m->names.v[i]);
			return ERR_DUPLICATE;
		}
	}
	if (kernel)
		return OK;
	cli_error(m->cli, ERR_NOT_FOUND,
		  "%s/%s/%s: no kernel: a file named vmlinuz*, bzImage, Image, kernel or *.efi is needed", m->o->store,
		  m->folder.channel, m->folder.arch);
	return ERR_NOT_FOUND;
}

static void show(void *context, uint64_t done, uint64_t total)
{
	struct making *m = context;
	cli_progress(m->cli, m->showing, done, total);
}

/* FILE.bmt, in the folder itself: the store is the caller's own. */
static int open_tree(const struct making *m, const char *file, struct file_output *out)
{
	char path[4096];
	int n = snprintf(path, sizeof path, "%s/%s/%s/%s.bmt", m->o->store, m->folder.channel, m->folder.arch, file);
	if (n < 0 || (size_t)n >= sizeof path)
		return ERR_LIMIT;
	return file_output_open(out, path, 0666);
}

static int hash_artifact(struct making *m, const char *file, struct hash_result *result)
{
	struct stat st;
	struct file_output out = {.fd = -1};
	int fd, err = store_file_open(&m->store, &m->folder, file, &fd, &st);
	if (err != OK)
		return err;
	m->showing = file;
	if (m->o->trees)
		err = open_tree(m, file, &out);
	struct hash_wanted wanted = {.sha256 = true,
				     .reference = true,
				     .redundancy = (unsigned)m->o->redundancy,
				     .tree_fd = out.fd,
				     .progress = show,
				     .context = m};
	if (err == OK)
		err = hash_file(fd, &wanted, result);
	if (err == OK && m->o->trees)
		err = file_output_commit(&out);
	int kept = errno;
	cli_progress_end(m->cli);
	file_output_drop(&out); /* nothing when it was committed */
	(void)close(fd);        /* only read from */
	errno = kept;
	if (err == OK && result->size == 0)
		err = ERR_SIZE;
	return err;
}

static int add_artifact(struct making *m, struct manifest *made, size_t i, struct writer *strings)
{
	struct hash_result result;
	int err = hash_artifact(m, m->names.v[i], &result);
	if (err != OK) {
		const char *text = err == ERR_SIZE ? "the file is empty"
				   : err == ERR_IO ? strerror(errno)
						   : err_text(err);
		const char *suffix = err == ERR_NOT_REGULAR ? ".bmt" : "";
		err = err == ERR_SIZE ? ERR_VALUE : err;
		cli_error(m->cli, err, "%s/%s/%s/%s%s: %s", m->o->store, m->folder.channel, m->folder.arch,
			  m->names.v[i], suffix, text);
		return err;
	}
	size_t start = strings->n;
	manifest_write_url(bytes_text(m->folder.channel), bytes_text(m->folder.arch), bytes_text(m->names.v[i]),
			   strings);
	struct artifact *a = &made->artifacts[made->artifacts_n++];
	*a = (struct artifact){.role = m->roles[i],
			       .filename = bytes_text(m->names.v[i]),
			       .download_url = bytes_of(strings->p + start, strings->n - start),
			       .size = result.size,
			       .has_swarm = true};
	memcpy(a->sha256, result.sha256, SHA256_BYTES);
	memcpy(a->swarm, result.reference.address, REFERENCE_BYTES);
	return OK;
}

static int write_release(struct making *m, struct manifest *made, struct writer *w)
{
	char urls[MANIFEST_ARTIFACTS_MAX * 1024], number[24]; /* 3 * 255 bytes and their encoding fit */
	struct writer strings = writer_of(urls, sizeof urls), digits = writer_of(number, sizeof number);
	write_decimal(&digits, m->o->release);
	*made = (struct manifest){
		.version = m->o->version != NULL ? bytes_text(m->o->version) : writer_view(&digits),
		.channel = bytes_text(m->folder.channel),
		.arch = bytes_text(arch_canonical(bytes_text(m->folder.arch))),
		.release = m->o->release,
		.created_at = m->o->created_at,
		.expires_at = m->o->expires_at,
		.has_cmdline = m->o->cmdline != NULL,
		.cmdline = m->o->cmdline != NULL ? bytes_text(m->o->cmdline) : BYTES_NONE,
	};
	for (size_t i = 0; i < m->names.n; i++) {
		int err = add_artifact(m, made, i, &strings);
		if (err != OK)
			return err;
	}
	int err = strings.full ? ERR_LIMIT : manifest_write(made, w);
	if (err != OK)
		cli_error(m->cli, err, "the manifest: %s", err_text(err));
	return err;
}

/* What is printed must be what every reader accepts. */
static int check(struct making *m, struct manifest *read, struct bytes document)
{
	struct why why = {.err = OK};
	void *memory = malloc(MANIFEST_ARENA_BYTES);
	int err = ERR_NO_MEMORY;
	if (memory != NULL) {
		struct arena a = arena_of(memory, MANIFEST_ARENA_BYTES);
		err = manifest_read(read, document, &a, &why);
	}
	if (err != OK)
		cli_fail(m->cli, err, m->o->store, &why);
	free(memory);
	return err;
}

/* Else a release would lack a file, and nobody would know why. */
static int warn_left_out(struct making *m)
{
	struct store_names names = {.v = NULL};
	char shown[512];
	int err = store_unsafe_names(&m->folder, &names);
	if (err != OK)
		cli_error(m->cli, err, "%s/%s/%s: %s", m->o->store, m->folder.channel, m->folder.arch,
			  err == ERR_IO ? strerror(errno) : err_text(err));
	for (size_t i = 0; i < names.n && i < LEFT_OUT_SHOWN_MAX; i++)
		cli_warn(m->cli, "%s/%s/%s/%s: left out: no manifest can hold this name", m->o->store,
			 m->folder.channel, m->folder.arch, cli_quote(bytes_text(names.v[i]), shown, sizeof shown));
	if (names.n > LEFT_OUT_SHOWN_MAX)
		cli_warn(m->cli, "and %zu more", names.n - LEFT_OUT_SHOWN_MAX);
	store_names_free(&names);
	return err;
}

static int make(struct making *m, struct bytes *document)
{
	struct why why = {.err = OK};
	int err = store_list(&m->store, &m->folder, &m->names, &why);
	if (err != OK) {
		if (err == ERR_VALUE)
			cli_error(m->cli, err, "%s/%s/%s/%.*s %s", m->o->store, m->folder.channel, m->folder.arch,
				  (int)why.id.n, (const char *)why.id.p, why.what);
		else
			cli_error(m->cli, err, "%s/%s/%s%s%.*s: %s", m->o->store, m->folder.channel, m->folder.arch,
				  why.id.n > 0 ? "/" : "", (int)why.id.n, (const char *)why.id.p,
				  err == ERR_IO ? strerror(errno) : err_text(err));
		return err;
	}
	if ((err = warn_left_out(m)) != OK || (err = assign_roles(m)) != OK)
		return err;
	uint8_t *text = malloc(MANIFEST_BYTES_MAX);
	struct manifest *made = malloc(sizeof *made);
	struct writer w = writer_of(text, MANIFEST_BYTES_MAX);
	err = text == NULL || made == NULL ? ERR_NO_MEMORY : write_release(m, made, &w);
	if (err == OK && (err = check(m, made, writer_view(&w))) == OK)
		*document = writer_view(&w);
	else
		free(text);
	free(made);
	return err;
}

int manifest_make(struct cli *cli, const struct manifest_options *o, struct bytes *document)
{
	struct making m = {.cli = cli, .o = o};
	int err = store_open(&m.store, o->store);
	if (err != OK) {
		cli_fail(cli, err, o->store, NULL);
		return err;
	}
	err = store_folder_open(&m.store, bytes_text(o->channel), bytes_text(o->arch), &m.folder);
	if (err != OK) {
		cli_error(cli, err, "%s/%s/%s: %s%s", o->store, o->channel, o->arch,
			  errno == EXDEV ? "leads out of the store" : strerror(errno),
			  errno == ENOENT ? "; STORE is the folder above CHANNEL/ARCH" : "");
	} else {
		err = make(&m, document);
		store_folder_close(&m.folder);
	}
	store_names_free(&m.names);
	store_close(&m.store);
	return err;
}
