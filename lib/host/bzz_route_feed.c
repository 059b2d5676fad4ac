#include <inttypes.h>
#include <string.h>

#include "core/decimal.h"
#include "core/hex.h"
#include "host/bzz_site_parts.h"
#include "swarm/feed.h"

#define TOPIC_BYTES_MAX 64

/* One update as it is stored, and what it is. */
struct update {
	uint64_t number;
	struct chunk chunk; /* views into data */
	uint8_t data[CHUNK_STORED_BYTES_MAX];
};

static int get_update(const struct bzz_request *r, const uint8_t owner[static SECP256K1_ADDRESS_BYTES],
		      struct bytes topic, uint64_t number, struct update *u)
{
	uint8_t address[REFERENCE_BYTES];
	struct bmt_scratch scratch;
	size_t n;
	feed_address(topic, owner, number, address);
	int err = chunk_source_get(&r->source, address, u->data, &n);
	if (err == OK)
		err = chunk_check(address, bytes_of(u->data, n), keccak_widest(), &scratch, &u->chunk);
	if (err == OK && u->chunk.kind != CHUNK_SINGLE_OWNER)
		err = ERR_NOT_FOUND;
	u->number = number;
	return err;
}

static int find_newest(const struct bzz_request *r, const uint8_t owner[static SECP256K1_ADDRESS_BYTES],
		       struct bytes topic, uint64_t first, struct update *u)
{
	struct feed_search s;
	enum feed_answer answer;
	uint64_t number;
	feed_search_init(&s, first);
	while (!feed_search_done(&s) && feed_search_want(&s, &number)) {
		int err = feed_answer_of(get_update(r, owner, topic, number, u), &answer);
		if (err != OK)
			return err;
		feed_search_answer(&s, number, answer);
	}
	return s.any ? get_update(r, owner, topic, s.newest, u) : ERR_NOT_FOUND;
}

/* Where its content begins. An update whose length is that of the older form may still be content of
 * that length: the reference counts when it leads somewhere. Gives the version's name. */
static const char *find_content(const struct bzz_request *r, const struct update *u, struct bzz_root *root)
{
	uint8_t chunk[CHUNK_STORED_BYTES_MAX];
	size_t n;
	uint64_t time_s;
	root->chunk_n = 0;
	if (feed_is_legacy(u->chunk.content, &time_s, &root->reference)) {
		if (chunk_source_get(&r->source, root->reference.address, chunk, &n) != ERR_NOT_FOUND)
			return "v1"; /* also when it is damaged: that makes it no other content */
	}
	root->reference = (struct reference){.encrypted = false};
	memcpy(root->reference.address, u->chunk.address, sizeof root->reference.address);
	root->chunk_n = u->chunk.content.n;
	memcpy(root->chunk, u->chunk.content.p, u->chunk.content.n);
	return "v2";
}

static void add_headers(const struct update *u, const char *version, bool all, struct bzz_answer *a)
{
	char text[2 * SECP256K1_RECOVERABLE_BYTES + 1] = "";
	(void)snprintf(text, sizeof text, "%016" PRIx64, u->number);
	bzz_answer_add(a, "Swarm-Feed-Index", text);
	bzz_answer_add(a, "Swarm-Feed-Resolved-Version", version);
	if (!all)
		return;
	(void)snprintf(text, sizeof text, "%016" PRIx64, u->number + 1);
	bzz_answer_add(a, "Swarm-Feed-Index-Next", text);
	hex_encode(bytes_of(u->chunk.signature, SECP256K1_RECOVERABLE_BYTES), text);
	text[2 * SECP256K1_RECOVERABLE_BYTES] = 0;
	bzz_answer_add(a, "Swarm-Soc-Signature", text);
}

int bzz_feed_newest(const struct bzz_request *r, const uint8_t owner[static SECP256K1_ADDRESS_BYTES],
		    struct bytes topic, uint64_t first, struct bzz_root *root, struct bzz_answer *a)
{
	struct update u;
	int err = find_newest(r, owner, topic, first, &u);
	if (err == OK)
		add_headers(&u, find_content(r, &u, root), false, a);
	return err;
}

static enum MHD_Result send_root(const struct bzz_request *r, const struct bzz_root *root, const struct bzz_answer *a)
{
	uint8_t chunk[CHUNK_STORED_BYTES_MAX];
	size_t n;
	if (root->chunk_n != 0)
		return bzz_send_bytes(r, a, bytes_of(root->chunk, root->chunk_n));
	int err = chunk_source_get(&r->source, root->reference.address, chunk, &n);
	return err == OK ? bzz_send_bytes(r, a, bytes_of(chunk, n))
			 : bzz_problem_of(r, err, "wrapped chunk cannot be retrieved");
}

enum MHD_Result bzz_route_feed(const struct bzz_request *r)
{
	uint8_t owner[SECP256K1_ADDRESS_BYTES], topic[TOPIC_BYTES_MAX];
	const char *after = MHD_lookup_connection_value(r->c, MHD_GET_ARGUMENT_KIND, "after");
	const char *only_root = http_header(r->c, "Swarm-Only-Root-Chunk");
	struct bzz_answer a = {.type = "application/octet-stream"};
	struct bzz_root root;
	struct update u;
	uint64_t first = 0;
	if (!bzz_parse_owner(r->first, owner) || r->rest.n > 2 * sizeof topic || r->rest.n == 0 ||
	    hex_decode_any_case(r->rest, topic, r->rest.n / 2) != OK)
		return bzz_problem(r, MHD_HTTP_BAD_REQUEST, "invalid path params");
	if (after != NULL && decimal_read(bytes_text(after), &first) != OK)
		return bzz_problem(r, MHD_HTTP_BAD_REQUEST, "invalid query params");
	int err = find_newest(r, owner, bytes_of(topic, r->rest.n / 2), first, &u);
	if (err != OK)
		return bzz_problem_of(r, err, "no update found");
	add_headers(&u, find_content(r, &u, &root), true, &a);
	if (only_root != NULL && strcmp(only_root, "true") == 0)
		return send_root(r, &root, &a);
	err = bzz_answer_open(r, &root, &a);
	return err == OK ? bzz_send(r, &a) : bzz_problem_of(r, err, "wrapped chunk cannot be retrieved");
}
