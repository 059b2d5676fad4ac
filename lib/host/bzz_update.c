#include "host/bzz_update.h"

#include <string.h>

#include "swarm/feed.h"

static int get_update(const struct chunk_source *source, const uint8_t owner[static SECP256K1_ADDRESS_BYTES],
		      struct bytes topic, uint64_t number, enum keccak_kind kind, struct bzz_update *u)
{
	uint8_t address[REFERENCE_BYTES];
	struct bmt_scratch scratch;
	size_t n;
	feed_address(topic, owner, number, address);
	int err = chunk_source_get(source, address, u->data, &n);
	if (err == OK)
		err = chunk_check(address, bytes_of(u->data, n), kind, &scratch, &u->chunk);
	if (err == OK && u->chunk.kind != CHUNK_SINGLE_OWNER)
		err = ERR_NOT_FOUND;
	u->number = number;
	return err;
}

int bzz_update_newest(const struct chunk_source *source, const uint8_t owner[static SECP256K1_ADDRESS_BYTES],
		      struct bytes topic, uint64_t first, struct bzz_update *u)
{
	struct feed_search s;
	enum feed_answer answer;
	uint64_t number;
	const enum keccak_kind kind = keccak_widest();
	feed_search_init(&s, first);
	while (!feed_search_done(&s) && feed_search_want(&s, &number)) {
		int err = feed_answer_of(get_update(source, owner, topic, number, kind, u), &answer);
		if (err != OK)
			return err;
		feed_search_answer(&s, number, answer);
	}
	return s.any ? get_update(source, owner, topic, s.newest, kind, u) : ERR_NOT_FOUND;
}

const char *bzz_update_content(const struct chunk_source *source, const struct bzz_update *u, struct bzz_root *root)
{
	uint8_t chunk[CHUNK_STORED_BYTES_MAX];
	size_t n;
	uint64_t time_s;
	root->chunk_n = 0;
	if (feed_is_legacy(u->chunk.content, &time_s, &root->reference)) {
		if (chunk_source_get(source, root->reference.address, chunk, &n) != ERR_NOT_FOUND)
			return "v1"; /* also when it is damaged: that makes it no other content */
	}
	root->reference = (struct reference){.encrypted = false};
	memcpy(root->reference.address, u->chunk.address, sizeof root->reference.address);
	root->chunk_n = u->chunk.content.n;
	memcpy(root->chunk, u->chunk.content.p, u->chunk.content.n);
	return "v2";
}
