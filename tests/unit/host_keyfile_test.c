#include "host/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/hex.h"
#include "test.h"

static struct why why;

static void put(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fchmod(fd, mode) == 0);
	(void)close(fd);
}

/* RFC 8032, test 1, as openssl writes it. */
#define PEM_SECRET                                                                                        \
	"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n" \
	"-----END PRIVATE KEY-----\n"
#define ID "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
#define PEM_PUBLIC                                                                                   \
	"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n" \
	"-----END PUBLIC KEY-----\n"

TEST(a_secret_is_made_once)
{
	uint8_t first[ED25519_SEED_BYTES], again[ED25519_SEED_BYTES];
	struct stat st;
	CHECK(keyfile_secret_or_new("identity", first, &why) == OK);
	CHECK(stat("identity", &st) == 0 && (st.st_mode & 07777) == 0600 && st.st_nlink == 1);
	CHECK(keyfile_secret_or_new("identity", again, &why) == OK && memcmp(first, again, sizeof first) == 0);
	CHECK(keyfile_secret("identity", again, &why) == OK && memcmp(first, again, sizeof first) == 0);
	CHECK(keyfile_secret_or_new("other", again, &why) == OK && memcmp(first, again, sizeof first) != 0);
	/* What is there and of no use is left as it is. */
	put("bad", "no key\n", 0600);
	CHECK(keyfile_secret_or_new("bad", again, &why) == ERR_VALUE);
	CHECK(chmod("identity", 0640) == 0 && keyfile_secret_or_new("identity", again, &why) == ERR_VALUE);
	CHECK(keyfile_secret_or_new("no-such-folder/identity", again, &why) == ERR_NOT_FOUND);
	CHECK(unlink("identity") == 0 && unlink("other") == 0 && unlink("bad") == 0);
}

TEST(a_pair_that_was_made_is_read_back)
{
	uint8_t made[ED25519_KEY_BYTES], seed[ED25519_SEED_BYTES], key[ED25519_KEY_BYTES];
	struct stat st;
	CHECK(keyfile_make("pair", made, &why) == OK);
	CHECK(stat("pair.key", &st) == 0 && (st.st_mode & 07777) == 0600);
	CHECK(keyfile_secret("pair.key", seed, &why) == OK);
	ed25519_public(seed, key);
	CHECK(memcmp(made, key, sizeof key) == 0);
	CHECK(keyfile_public("pair.pub", key, &why) == OK && memcmp(made, key, sizeof key) == 0);
	CHECK(keyfile_make("pair", key, &why) == ERR_IO && errno == EEXIST);
}

TEST(known_keys)
{
	uint8_t seed[ED25519_SEED_BYTES], key[ED25519_KEY_BYTES], want[ED25519_KEY_BYTES];
	CHECK(hex_decode(BYTES_LITERAL(ID), want, sizeof want) == OK);
	put("rfc.key", PEM_SECRET, 0600);
	CHECK(keyfile_secret("rfc.key", seed, &why) == OK && seed[0] == 0x9d && seed[31] == 0x60);
	ed25519_public(seed, key);
	CHECK(memcmp(key, want, sizeof key) == 0);
	put("rfc.pub", PEM_PUBLIC, 0644);
	put("rfc.id", ID "\r\n", 0644);
	static const char *const forms[] = {"rfc.pub", "rfc.id", ID};
	for (size_t i = 0; i < 3; i++) {
		memset(key, 0, sizeof key);
		CHECK(keyfile_public(forms[i], key, &why) == OK && memcmp(key, want, sizeof key) == 0);
	}
}

TEST(secrets_that_others_may_read)
{
	uint8_t seed[ED25519_SEED_BYTES];
	static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0601, 0644, 0777};
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		put("open.key", PEM_SECRET, modes[i]);
		memset(seed, 7, sizeof seed);
		CHECK(keyfile_secret("open.key", seed, &why) == ERR_VALUE && seed[0] == 0);
	}
	put("open.key", PEM_SECRET, 0400);
	CHECK(keyfile_secret("open.key", seed, &why) == OK);
}

TEST(files_that_hold_no_key)
{
	uint8_t key[ED25519_KEY_BYTES];
	static const char broken[] = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
	static const char longer[] = ID "0";
	static const char *const texts[] = {"", "x", longer, "\xff\xfe", "-----BEGIN PUBLIC KEY-----\n", broken};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		put("none", texts[i], 0600);
		CHECK(keyfile_secret("none", key, &why) == ERR_VALUE);
		CHECK(keyfile_public("none", key, &why) == ERR_VALUE);
	}
	CHECK(keyfile_secret("nowhere", key, &why) == ERR_NOT_FOUND);
	CHECK(keyfile_public("nowhere", key, &why) == ERR_NOT_FOUND);
	CHECK(keyfile_secret(".", key, &why) != OK && keyfile_public(".", key, &why) != OK);
	CHECK(keyfile_public("0100000000000000000000000000000000000000000000000000000000000000", key, &why) == ERR_KEY);
}

TEST(a_pem_cut_anywhere)
{
	uint8_t key[ED25519_KEY_BYTES];
	char text[] = PEM_SECRET;
	for (size_t n = 0; n < sizeof text - 2; n++) { /* the last line feed may be missing */
		char cut[sizeof text];
		memcpy(cut, text, sizeof text);
		cut[n] = '\0';
		put("cut", cut, 0600);
		CHECK(keyfile_secret("cut", key, &why) == ERR_VALUE);
	}
}

TEST(secrets_of_hex_digits)
{
	static const char digits[] = "00000000000000000000000000000000000000000000000000000000000000a7";
	static const char *const texts[] = {"", "a7", ID "0", ID "\n" ID, "x" ID, PEM_SECRET};
	uint8_t key[KEYFILE_HEX_BYTES];
	char upper[sizeof digits];
	memcpy(upper, digits, sizeof digits);
	upper[62] = 'A';
	put("hex", digits, 0600);
	CHECK(keyfile_hex("hex", key, &why) == OK && key[0] == 0 && key[31] == 0xa7);
	put("hex", ID "\r\n", 0400);
	CHECK(keyfile_hex("hex", key, &why) == OK && key[0] == 0xd7 && key[31] == 0x1a);
	put("hex", digits, 0640);
	CHECK(keyfile_hex("hex", key, &why) == ERR_VALUE && key[0] == 0);
	put("hex", upper, 0600);
	CHECK(keyfile_hex("hex", key, &why) == ERR_VALUE);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		put("hex", texts[i], 0600);
		CHECK(keyfile_hex("hex", key, &why) == ERR_VALUE);
	}
	CHECK(keyfile_hex("nowhere", key, &why) == ERR_NOT_FOUND);
}

TEST(nothing_is_left_when_one_half_fails)
{
	uint8_t key[ED25519_KEY_BYTES];
	char longest[PATH_MAX + 8];
	put("half.key", "x", 0600);
	CHECK(keyfile_make("half", key, &why) == ERR_IO && access("half.pub", F_OK) != 0);
	put("other.pub", "x", 0600);
	CHECK(keyfile_make("other", key, &why) == ERR_IO && access("other.key", F_OK) != 0);
	memset(longest, 'a', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	CHECK(keyfile_make(longest, key, &why) == ERR_IO && errno == ENAMETOOLONG);
}

int main(void)
{
	char folder[] = "/tmp/keyfile_test.XXXXXX";
	if (mkdtemp(folder) == NULL || chdir(folder) != 0) {
		printf("Bail out! no folder\n");
		return 1;
	}
	RUN(a_secret_is_made_once);
	RUN(a_pair_that_was_made_is_read_back);
	RUN(known_keys);
	RUN(secrets_that_others_may_read);
	RUN(files_that_hold_no_key);
	RUN(a_pem_cut_anywhere);
	RUN(secrets_of_hex_digits);
	RUN(nothing_is_left_when_one_half_fails);
	static const char *const files[] = {"pair.key", "pair.pub", "rfc.key",  "rfc.pub",   "rfc.id", "open.key",
					    "none",     "cut",      "half.key", "other.pub", "hex"};
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		(void)unlink(files[i]);
	CHECK(rmdir(folder) == 0); /* and nothing else was left */
	return test_end() != 0 || access(folder, F_OK) == 0;
}
