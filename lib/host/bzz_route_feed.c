#include <inttypes.h>
#include <string.h>

#include "core/decimal.h"
#include "core/hex.h"
#include "host/bzz_site_parts.h"
#include "host/bzz_update.h"

#define TOPIC_BYTES_MAX 64

static void add_headers(const struct bzz_update *u, const char *version, bool all, struct bzz_answer *a)
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
	struct bzz_update u;
	int err = bzz_update_newest(&r->source, owner, topic, first, &u);
	if (err == OK)
		add_headers(&u, bzz_update_content(&r->source, &u, root), false, a);
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
	struct bzz_update u;
	uint64_t first = 0;
	if (!bzz_parse_owner(r->first, owner) || r->rest.n > 2 * sizeof topic || r->rest.n == 0 ||
	    hex_decode_any_case(r->rest, topic, r->rest.n / 2) != OK)
		return bzz_problem(r, MHD_HTTP_BAD_REQUEST, "invalid path params");
	if (after != NULL && decimal_read(bytes_text(after), &first) != OK)
		return bzz_problem(r, MHD_HTTP_BAD_REQUEST, "invalid query params");
	int err = bzz_update_newest(&r->source, owner, bytes_of(topic, r->rest.n / 2), first, &u);
	if (err != OK)
		return bzz_problem_of(r, err, "no update found");
	add_headers(&u, bzz_update_content(&r->source, &u, &root), true, &a);
	if (only_root != NULL && strcmp(only_root, "true") == 0)
		return send_root(r, &root, &a);
	err = bzz_answer_open(r, &root, &a);
	return err == OK ? bzz_send(r, &a) : bzz_problem_of(r, err, "wrapped chunk cannot be retrieved");
}
