#include "host/keyfile.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/hex.h"
#include "crypto/secret.h"
#include "host/file.h"
#include "host/random.h"

static int refuse(struct why *why, enum err err, const char *what)
{
	return why_not(why, err, what, WHY_NOWHERE, BYTES_NONE);
}

/* OpenSSL would ask on the terminal for the passphrase of an encrypted key. */
static int no_passphrase(char *buf, int size, int writing, void *asked)
{
	(void)buf, (void)size, (void)writing;
	*(bool *)asked = true;
	return -1;
}

static int read_error(struct why *why)
{
	return refuse(why, (enum err)file_err(), "open");
}

/* Reads a whole small file; *n is what was there. */
static int read_small(int fd, uint8_t buf[static KEYFILE_BYTES_MAX + 1], size_t *n, struct why *why)
{
	*n = 0;
	while (*n <= KEYFILE_BYTES_MAX) {
		ssize_t got = read(fd, buf + *n, KEYFILE_BYTES_MAX + 1 - *n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return refuse(why, ERR_IO, "read");
		if (got == 0)
			return OK;
		*n += (size_t)got;
	}
	return refuse(why, ERR_LIMIT, "too long for a key file");
}

static int secret_from_pem(const uint8_t *pem, size_t n, uint8_t seed[static ED25519_SEED_BYTES], struct why *why)
{
	bool asked = false;
	size_t seed_n = ED25519_SEED_BYTES;
	int err = OK;
	BIO *bio = BIO_new_mem_buf(pem, (int)n);
	EVP_PKEY *pkey = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked);
	if (asked)
		err = refuse(why, ERR_VALUE, "encrypted key: decrypt it first");
	else if (pkey == NULL)
		err = refuse(why, ERR_VALUE, "not a secret key");
	else if (EVP_PKEY_id(pkey) != EVP_PKEY_ED25519 || EVP_PKEY_get_raw_private_key(pkey, seed, &seed_n) != 1 ||
		 seed_n != ED25519_SEED_BYTES)
		err = refuse(why, ERR_VALUE, "not an Ed25519 key");
	EVP_PKEY_free(pkey);
	BIO_free(bio);
	return err;
}

static struct bytes trim(struct bytes text)
{
	while (text.n > 0 && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r' || text.p[text.n - 1] == ' '))
		text.n--;
	return text;
}

static int secret_from_hex(const uint8_t *text, size_t n, uint8_t key[static KEYFILE_HEX_BYTES], struct why *why)
{
	if (hex_decode(trim(bytes_of(text, n)), key, KEYFILE_HEX_BYTES) == OK)
		return OK;
	return refuse(why, ERR_VALUE, "not a line of 64 lower-case hex digits");
}

typedef int parse_secret(const uint8_t *text, size_t n, uint8_t key[static 32], struct why *why);
static_assert(ED25519_SEED_BYTES == 32 && KEYFILE_HEX_BYTES == 32, "what parse_secret gives");

static int read_secret(const char *path, parse_secret *parse, uint8_t key[static 32], struct why *why)
{
	uint8_t text[KEYFILE_BYTES_MAX + 1];
	size_t n = 0;
	struct stat st;
	int err;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err = read_error(why);
		goto out;
	}
	/* asked of the open file, so that nobody can put another in its place in between */
	if (fstat(fd, &st) != 0)
		err = refuse(why, ERR_IO, "fstat");
	else
		err = read_small(fd, text, &n, why);
	if (err == OK)
		err = parse(text, n, key, why);
	/* last: whoever names a public key by mistake must not be told to hide it */
	if (err == OK && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		err = refuse(why, ERR_VALUE, "others may read or change this secret: chmod 600");
	(void)close(fd);
out:
	secret_wipe(text, sizeof text);
	if (err != OK)
		secret_wipe(key, 32);
	return err;
}

int keyfile_secret(const char *path, uint8_t seed[static ED25519_SEED_BYTES], struct why *why)
{
	return read_secret(path, secret_from_pem, seed, why);
}

int keyfile_hex(const char *path, uint8_t key[static KEYFILE_HEX_BYTES], struct why *why)
{
	return read_secret(path, secret_from_hex, key, why);
}

static int public_from_pem(struct bytes pem, uint8_t key[static ED25519_KEY_BYTES], struct why *why)
{
	size_t n = ED25519_KEY_BYTES;
	int err = OK;
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	EVP_PKEY *pkey = bio == NULL ? NULL : PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	if (pkey == NULL)
		err = refuse(why, ERR_VALUE, "neither a PEM public key nor 64 lower-case hex digits");
	else if (EVP_PKEY_id(pkey) != EVP_PKEY_ED25519 || EVP_PKEY_get_raw_public_key(pkey, key, &n) != 1 ||
		 n != ED25519_KEY_BYTES)
		err = refuse(why, ERR_VALUE, "not an Ed25519 key");
	EVP_PKEY_free(pkey);
	BIO_free(bio);
	return err;
}

int keyfile_public(const char *text, uint8_t key[static ED25519_KEY_BYTES], struct why *why)
{
	uint8_t read[ED25519_KEY_BYTES];
	if (hex_decode(bytes_text(text), read, sizeof read) != OK) {
		struct bytes data;
		int err = file_read(text, KEYFILE_BYTES_MAX, &data);
		if (err != OK)
			return refuse(why, (enum err)err, "public key");
		if (hex_decode(trim(data), read, sizeof read) != OK)
			err = public_from_pem(data, read, why);
		file_free(data);
		if (err != OK)
			return err;
	}
	if (ed25519_key_check(read) != OK)
		return refuse(why, ERR_KEY, "public key");
	memcpy(key, read, sizeof read);
	return OK;
}

/* Writes the PEM text of bio under a name that must be new. */
static int write_new(const char *path, BIO *bio, mode_t mode)
{
	char *pem = NULL;
	long n = BIO_get_mem_data(bio, &pem);
	struct file_output f = {.fd = -1};
	int err = file_output_open(&f, path, mode);
	if (err == OK)
		err = file_write_all(f.fd, bytes_of(pem, (size_t)n));
	if (err == OK)
		err = file_output_commit_new(&f);
	int kept = errno;
	file_output_drop(&f);
	errno = kept;
	return err;
}

static int write_pair(const char *name, EVP_PKEY *pkey, BIO *secret, BIO *public, struct why *why)
{
	char key_path[PATH_MAX], pub_path[PATH_MAX];
	if (snprintf(key_path, sizeof key_path, "%s.key", name) >= (int)sizeof key_path ||
	    snprintf(pub_path, sizeof pub_path, "%s.pub", name) >= (int)sizeof pub_path) {
		errno = ENAMETOOLONG;
		return refuse(why, ERR_IO, ".key");
	}
	if (PEM_write_bio_PKCS8PrivateKey(secret, pkey, NULL, NULL, 0, NULL, NULL) != 1 ||
	    PEM_write_bio_PUBKEY(public, pkey) != 1)
		return refuse(why, ERR_CRYPTO, "PEM");
	if (lstat(key_path, &(struct stat){0}) == 0) {
		errno = EEXIST;
		return refuse(why, ERR_IO, ".key");
	}
	/* the public half first: no secret is made that would have to be thrown away */
	int err = write_new(pub_path, public, 0666);
	if (err != OK)
		return refuse(why, (enum err)err, ".pub");
	err = write_new(key_path, secret, 0600);
	if (err != OK) {
		int kept = errno;
		(void)unlink(pub_path);
		errno = kept;
		return refuse(why, (enum err)err, ".key");
	}
	return OK;
}

int keyfile_make(const char *name, uint8_t key[static ED25519_KEY_BYTES], struct why *why)
{
	size_t n = ED25519_KEY_BYTES;
	int err;
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	BIO *secret = BIO_new(BIO_s_secmem()), *public = BIO_new(BIO_s_mem());
	if (pkey == NULL || secret == NULL || public == NULL || EVP_PKEY_get_raw_public_key(pkey, key, &n) != 1)
		err = refuse(why, ERR_CRYPTO, "key");
	else
		err = write_pair(name, pkey, secret, public, why);
	int kept = errno;
	BIO_free(secret); /* wiped: libcrypto clears what it frees of secure memory */
	BIO_free(public);
	EVP_PKEY_free(pkey);
	errno = kept;
	return err;
}

/* The PEM text of a secret key; the BIO's memory is wiped when it is freed. */
static int secret_pem(const uint8_t seed[static ED25519_SEED_BYTES], BIO *bio)
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, ED25519_SEED_BYTES);
	const bool good =
		pkey != NULL && bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) == 1;
	EVP_PKEY_free(pkey);
	return good ? OK : ERR_CRYPTO;
}

int keyfile_secret_or_new(const char *path, uint8_t seed[static ED25519_SEED_BYTES], struct why *why)
{
	uint8_t fresh[ED25519_SEED_BYTES];
	int err = keyfile_secret(path, seed, why);
	if (err != ERR_NOT_FOUND)
		return err;
	BIO *bio = BIO_new(BIO_s_secmem());
	err = random_fill(fresh, sizeof fresh);
	if (err == OK)
		err = secret_pem(fresh, bio);
	if (err == OK)
		err = write_new(path, bio, 0600);
	const int kept = errno;
	BIO_free(bio);
	secret_wipe(fresh, sizeof fresh);
	errno = kept;
	if (err != OK && !(err == ERR_IO && kept == EEXIST))
		return refuse(why, (enum err)err, "new key");
	/* What is there now: this key, or that of somebody who was quicker. */
	return keyfile_secret(path, seed, why);
}
