#include "phase/signature.h"

#include "core/err.h"
#include "core/hex.h"
#include "test.h"

/* RFC 8032, section 7.1: tests 1, 2 and 3. */
static const char *const keys_hex[3] = {
	"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
	"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
	"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
};
/* By the second key, of the message 0x72. */
static const char good_hex[] = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
			       "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
static const struct bytes message = {(const uint8_t *)"\x72", 1};

struct padded {
	uint8_t key[ED25519_KEY_BYTES];
	char name[5]; /* keys stand in larger structs */
};
static struct padded keys[3];

static struct signature entry(size_t key, const char *signature)
{
	struct signature s = {.known = true};
	memcpy(s.key, keys[key].key, sizeof s.key);
	s.well_formed = hex_decode(bytes_text(signature), s.signature, sizeof s.signature) == OK;
	return s;
}

static struct signature_tally count(const struct signature *signatures, size_t n)
{
	struct signature_tally t;
	signatures_count(&t, keys[0].key, sizeof keys[0], 3, signatures, n, message);
	return t;
}

TEST(one_good_one)
{
	const struct signature s[] = {entry(1, good_hex)};
	struct signature_tally t = count(s, 1);
	CHECK(t.good_n == 1 && t.good[1] && !t.good[0] && !t.good[2] && !t.wrong[1]);
	CHECK(signature_check(&s[0], message) == OK);
	CHECK(signature_check(&s[0], BYTES_LITERAL("\x73")) == ERR_SIGNATURE);
}

TEST(entries_are_not_keys)
{
	const struct signature s[] = {entry(1, good_hex), entry(1, good_hex), entry(1, good_hex)};
	CHECK(count(s, 3).good_n == 1);
	CHECK(count(s, 0).good_n == 0);
}

TEST(a_wrong_entry_harms_only_a_key_that_has_no_right_one)
{
	struct signature wrong = entry(1, good_hex), other = entry(2, good_hex), malformed = entry(0, "zz");
	wrong.signature[0] ^= 1;
	const struct signature before[] = {wrong, entry(1, good_hex), other, malformed};
	const struct signature after[] = {malformed, other, entry(1, good_hex), wrong};
	for (unsigned i = 0; i < 2; i++) {
		struct signature_tally t = count(i == 0 ? before : after, 4);
		CHECK(t.good_n == 1 && t.good[1] && !t.wrong[1] && t.wrong[2] && t.wrong[0]);
	}
	CHECK(count(&wrong, 1).wrong[1]);
}

TEST(unknown_entries_never_count)
{
	struct signature s = entry(1, good_hex);
	s.known = false;
	CHECK(signature_check(&s, message) == ERR_SIGNATURE);
	CHECK(count(&s, 1).good_n == 0 && !count(&s, 1).wrong[1]);
	s = entry(1, good_hex);
	s.well_formed = false;
	CHECK(signature_check(&s, message) == ERR_SIGNATURE);
	CHECK(count(&s, 1).good_n == 0 && count(&s, 1).wrong[1]);
}

TEST(a_key_of_small_order)
{
	struct signature s = {.key = {1}, .signature = {1}, .known = true, .well_formed = true};
	CHECK(signature_check(&s, message) == ERR_KEY);
}

int main(void)
{
	for (size_t i = 0; i < 3; i++)
		CHECK(hex_decode(bytes_text(keys_hex[i]), keys[i].key, ED25519_KEY_BYTES) == OK);
	RUN(one_good_one);
	RUN(entries_are_not_keys);
	RUN(a_wrong_entry_harms_only_a_key_that_has_no_right_one);
	RUN(unknown_entries_never_count);
	RUN(a_key_of_small_order);
	return test_end();
}
