#include "p2p/peer_id.h"

#include "core/err.h"
#include "core/hex.h"
#include "test.h"

static uint8_t buffer[2048];

static struct bytes hex(const cJSON *json, const char *name)
{
	const struct bytes text = bytes_text(test_text(json, name));
	CHECK(text.n / 2 <= sizeof buffer && hex_decode(text, buffer, text.n / 2) == OK);
	return bytes_of(buffer, text.n / 2);
}

static bool says(const struct peer_id *id, void (*write)(struct writer *, const struct peer_id *), const char *text)
{
	uint8_t p[PEER_ID_CID_TEXT_MAX];
	struct writer w = writer_of(p, sizeof p);
	write(&w, id);
	return bytes_is(writer_view(&w), text);
}

TEST(ids_of_keys)
{
	cJSON *file = test_vectors("peer-ids.json");
	const cJSON *json;
	unsigned n = 0;
	cJSON_ArrayForEach(json, file)
	{
		struct peer_id id, read, parsed;
		peer_id_of_key(&id, hex(json, "public_pb"));
		CHECK(bytes_equal(peer_id_bytes(&id), hex(json, "multihash")));
		CHECK(peer_id_read(&read, hex(json, "multihash")) == OK && peer_id_equal(&read, &id));
		CHECK(says(&id, peer_id_write, test_text(json, "base58")));
		CHECK(says(&id, peer_id_write_cid, test_text(json, "cid_base32")));
		static const char *const forms[] = {"base58", "cid_base32", "cid_base36"};
		for (size_t i = 0; i < 3; i++) {
			const char *text = test_text(json, forms[i]);
			if (*text == '\0')
				continue;
			memset(&parsed, 0, sizeof parsed);
			CHECK(peer_id_parse(&parsed, bytes_text(text)) == OK && peer_id_equal(&parsed, &id));
			n++;
		}
	}
	CHECK(n == 15);
	cJSON_Delete(file);
}

/* An id as bees have it, and one that is secp256k1. */
TEST(ids_of_swarms_peers)
{
	cJSON *file = test_vectors("swarm-multiaddr_peerid.json");
	const cJSON *json;
	cJSON_ArrayForEach(json, cJSON_GetObjectItem(file, "peer_ids"))
	{
		struct peer_id id;
		peer_id_of_key(&id, hex(json, "public_key_protobuf"));
		CHECK(bytes_equal(peer_id_bytes(&id), hex(json, "peer_id_bytes")));
		CHECK(says(&id, peer_id_write, test_text(json, "peer_id")));
	}
	CHECK(cJSON_GetArraySize(cJSON_GetObjectItem(file, "peer_ids")) == 2);
	cJSON_Delete(file);
}

/* Cut anywhere, longer, or with any bit flipped: none, or another id that reads back as itself. */
TEST(cut_and_flipped)
{
	cJSON *file = test_vectors("peer-ids.json");
	for (int row = 0; row < 3; row++) {
		const cJSON *json = cJSON_GetArrayItem(file, row);
		const struct bytes good = hex(json, "multihash");
		struct peer_id id, first;
		CHECK(peer_id_read(&first, good) == OK);
		for (size_t n = 0; n <= good.n + 1; n++)
			CHECK((peer_id_read(&id, bytes_of(buffer, n)) == OK) == (n == good.n));
		for (size_t i = 0; i < 8 * good.n; i++) {
			buffer[i / 8] ^= (uint8_t)(1U << i % 8);
			id.n = 0;
			if (peer_id_read(&id, good) == OK)
				CHECK(bytes_equal(peer_id_bytes(&id), good) && !peer_id_equal(&id, &first));
			else
				CHECK(id.n == 0);
			buffer[i / 8] ^= (uint8_t)(1U << i % 8);
		}
		const struct bytes text = bytes_text(test_text(json, "base58"));
		for (size_t n = 0; n < text.n; n++)
			CHECK(peer_id_parse(&id, bytes_of(text.p, n)) == ERR_VALUE);
	}
	cJSON_Delete(file);
}

TEST(what_is_no_id)
{
	static const char *const bad[] = {"", "1", "Qm", "12D3KooW", "notapeer", "z", "b", "k", "f", "baaaa",
					  /* CIDs of another codec, and of version 0 */
					  "bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e",
					  "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi",
					  /* SHA-256 with a byte too many */
					  "QmVMT29id3TUASyfZZ6k9hmNyc2nYabCo4uMSpDw4zrgDk1",
					  "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq ",
					  "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3p0"};
	struct peer_id id;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK(peer_id_parse(&id, bytes_text(bad[i])) == ERR_VALUE);
	/* identity of what is no key; SHA-1; an empty one */
	CHECK(peer_id_read(&id, BYTES_LITERAL("\0\4\1\2\3\4")) == ERR_VALUE);
	CHECK(peer_id_read(&id, BYTES_LITERAL("\x11\x14"
					      "aaaaaaaaaaaaaaaaaaaa")) == ERR_VALUE);
	CHECK(peer_id_read(&id, BYTES_LITERAL("\0\0")) == ERR_VALUE);
}

int main(void)
{
	RUN(ids_of_keys);
	RUN(ids_of_swarms_peers);
	RUN(cut_and_flipped);
	RUN(what_is_no_id);
	return test_end();
}
