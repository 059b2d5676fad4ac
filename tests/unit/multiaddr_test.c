#include "p2p/multiaddr.h"

#include "core/err.h"
#include "core/hex.h"
#include "test.h"

static uint8_t bytes[MULTIADDR_BYTES_MAX + 8], text[MULTIADDR_TEXT_MAX];

static int parse(struct bytes from, struct bytes *out)
{
	struct writer w = writer_of(bytes, sizeof bytes);
	const int err = multiaddr_parse(&w, from);
	*out = writer_view(&w);
	return err;
}

static struct bytes said(struct bytes address)
{
	struct writer w = writer_of(text, sizeof text);
	CHECK(multiaddr_write_text(&w, address) == OK);
	return writer_view(&w);
}

static bool has_bytes(const char *from, const char *hex, const char *back)
{
	uint8_t want[MULTIADDR_BYTES_MAX];
	struct bytes made;
	const size_t n = strlen(hex) / 2;
	return parse(bytes_text(from), &made) == OK && hex_decode(bytes_text(hex), want, n) == OK &&
	       bytes_equal(made, bytes_of(want, n)) && bytes_is(said(made), back);
}

TEST(known_addresses)
{
	cJSON *file = test_vectors("multiaddr.json"), *swarm = test_vectors("swarm-multiaddr_peerid.json");
	const cJSON *json;
	unsigned n = 0;
	cJSON_ArrayForEach(json, cJSON_GetObjectItem(file, "valid"))
	{
		const char *from = test_text(json, "text");
		struct bytes made;
		if (*test_text(json, "bytes") == '\0') { /* a path, whose end only a machine of its own could tell */
			CHECK(parse(bytes_text(from), &made) == ERR_VALUE);
			continue;
		}
		if (!CHECK(has_bytes(from, test_text(json, "bytes"), test_text(json, "back"))))
			printf("# %s\n", from);
		n++;
	}
	cJSON_ArrayForEach(json, cJSON_GetObjectItem(swarm, "multiaddrs"))
	{
		const char *from = test_text(json, "text");
		if (!CHECK(has_bytes(from, test_text(json, "hex"), from)))
			printf("# %s\n", from);
		n++;
	}
	CHECK(n == 28);
	cJSON_Delete(file);
	cJSON_Delete(swarm);
}

/* All that js-libp2p takes beyond them (empty ones, '/' doubled or at the end) is refused as well. */
TEST(texts_that_are_none)
{
	static const char *const bad[] = {"/ip4",
					  "/ip4/",
					  "/ip4/1.2.3.4/tcp/",
					  "/ip4/1.2.3.4/tcp/01",
					  "/ip4/1.2.3.4/tcp/-1",
					  "/ip4/1.2.3.4/tcp/ 1",
					  "/dns/",
					  "/dns/a b",
					  "/dns//tcp/1",
					  "/p2p/",
					  "/tls/1",
					  "/IP4/1.2.3.4",
					  "/ip4/1.2.3.4/quic-v2",
					  "/certhash/u",
					  "/certhash/zQm",
					  "/certhash/uEi=",
					  "/ip6/::1%lo",
					  "/ip4/1.2.3.4/ip4"};
	cJSON *file = test_vectors("multiaddr.json");
	const cJSON *json;
	struct bytes made;
	cJSON_ArrayForEach(json, cJSON_GetObjectItem(file, "invalid_or_edge"))
	{
		if (!CHECK(parse(bytes_text(test_text(json, "text")), &made) == ERR_VALUE))
			printf("# %s\n", test_text(json, "text"));
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (!CHECK(parse(bytes_text(bad[i]), &made) == ERR_VALUE))
			printf("# %s\n", bad[i]);
	cJSON_Delete(file);
}

TEST(certificate_hashes)
{
	static const char from[] = "/ip4/192.0.2.1/udp/4001/quic-v1/webtransport/certhash/"
				   "uEiAkH5a4DPGKUuOBjYw0CgwjvcJCJMD2K_1aluKR_tpevQ/certhash/"
				   "uEiAfbgiymPP2_nX7Dgir8B4QkksjHp2lVuJZz0F79Be9JA";
	struct bytes made;
	CHECK(parse(bytes_text(from), &made) == OK && bytes_is(said(made), from));
	CHECK(parse(bytes_text("/ipfs/QmVMT29id3TUASyfZZ6k9hmNyc2nYabCo4uMSpDw4zrgDk"), &made) == OK);
	CHECK(bytes_is(said(made), "/p2p/QmVMT29id3TUASyfZZ6k9hmNyc2nYabCo4uMSpDw4zrgDk"));
}

/* Cut anywhere or with any bit flipped: none, or one whose text gives the same bytes. */
static void stays_itself(struct bytes address)
{
	uint8_t kept[MULTIADDR_BYTES_MAX];
	struct bytes made;
	if (multiaddr_check(address) != OK)
		return;
	memcpy(kept, address.p, address.n);
	const struct bytes again = said(bytes_of(kept, address.n));
	CHECK(parse(again, &made) == OK && bytes_equal(made, bytes_of(kept, address.n)));
}

TEST(cut_and_flipped)
{
	static const char *const rows[] = {
		"/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq/p2p-circuit",
		"/ip6/2001:db8::1/udp/443/quic-v1/certhash/uEiAkH5a4DPGKUuOBjYw0CgwjvcJCJMD2K_1aluKR_tpevQ",
		"/dns4/example.com/tcp/443/tls/sni/example.org/wss"};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint8_t address[MULTIADDR_BYTES_MAX];
		struct bytes made;
		CHECK(parse(bytes_text(rows[i]), &made) == OK);
		memcpy(address, made.p, made.n);
		for (size_t n = 0; n < made.n; n++)
			stays_itself(bytes_of(address, n));
		for (size_t bit = 0; bit < 8 * made.n; bit++) {
			address[bit / 8] ^= (uint8_t)(1U << bit % 8);
			stays_itself(bytes_of(address, made.n));
			address[bit / 8] ^= (uint8_t)(1U << bit % 8);
		}
		const struct bytes from = bytes_text(rows[i]);
		for (size_t n = 0; n < from.n; n++)
			if (parse(bytes_of(from.p, n), &made) == OK)
				stays_itself(made);
	}
}

TEST(part_by_part)
{
	struct multiaddr_part part;
	struct writer w = writer_of(bytes, sizeof bytes);
	multiaddr_write_part(&w, MULTIADDR_DNS4, BYTES_LITERAL("a.example"));
	multiaddr_write_part(&w, MULTIADDR_UDP, BYTES_LITERAL("\x01\x02"));
	multiaddr_write_part(&w, MULTIADDR_QUIC_V1, BYTES_NONE);
	CHECK(bytes_is(said(writer_view(&w)), "/dns4/a.example/udp/258/quic-v1"));
	struct reader r = reader_of(writer_view(&w));
	CHECK(multiaddr_next(&r, &part) && part.code == MULTIADDR_DNS4 && bytes_is(part.value, "a.example"));
	CHECK(multiaddr_next(&r, &part) && part.code == MULTIADDR_UDP && part.value.n == 2);
	CHECK(multiaddr_next(&r, &part) && part.code == MULTIADDR_QUIC_V1 && part.value.n == 0);
	CHECK(!multiaddr_next(&r, &part) && reader_done(&r));
}

TEST(limits)
{
	struct bytes made;
	char longer[MULTIADDR_TEXT_MAX + 1] = "/dns/";
	memset(longer + 5, 'a', 255);
	CHECK(parse(bytes_of(longer, 260), &made) == OK && made.n == 3 + 255);
	longer[260] = 'a';
	CHECK(parse(bytes_of(longer, 261), &made) == ERR_VALUE);
	for (size_t n = 1; n <= MULTIADDR_PARTS_MAX + 1; n++) {
		struct writer w = writer_of(longer, sizeof longer);
		for (size_t i = 0; i < n; i++)
			write_text(&w, "/tls");
		CHECK(parse(bytes_of(longer, 4 * n), &made) == (n <= MULTIADDR_PARTS_MAX ? OK : ERR_VALUE));
	}
	for (size_t room = 0; room < 8; room++) {
		struct writer w = writer_of(bytes, room);
		CHECK(multiaddr_parse(&w, bytes_text("/ip4/127.0.0.1/tcp/4001")) == ERR_NO_SPACE);
	}
	CHECK(multiaddr_check(BYTES_NONE) == ERR_VALUE);
	/* an unknown protocol, and a length of a number beyond 63 bits */
	CHECK(multiaddr_check(BYTES_LITERAL("\x04\x7f\0\0\x01\x89\x06\x08"
					    "12345678")) == ERR_VALUE);
	CHECK(multiaddr_check(BYTES_LITERAL("\x35\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01z")) == ERR_VALUE);
	CHECK(multiaddr_check(BYTES_LITERAL("\x84\x00\x7f\0\0\x01")) == ERR_VALUE);
}

int main(void)
{
	RUN(known_addresses);
	RUN(texts_that_are_none);
	RUN(certificate_hashes);
	RUN(cut_and_flipped);
	RUN(part_by_part);
	RUN(limits);
	return test_end();
}
