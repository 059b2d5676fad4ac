#include <string.h>

#include "core/hex.h"
#include "host/bzz_site_parts.h"
#include "swarm/chunk.h"

bool bzz_parse_owner(struct bytes text, uint8_t owner[static SECP256K1_ADDRESS_BYTES])
{
	if (bytes_starts(text, "0x"))
		text = bytes_skip(text, 2);
	return hex_decode_any_case(text, owner, SECP256K1_ADDRESS_BYTES) == OK;
}

/* The file whose root it wraps, or that root itself when only it is asked for. */
static enum MHD_Result send_wrapped(const struct bzz_request *r, const struct chunk *wrapped, struct bzz_answer *a)
{
	const char *only_root = http_header(r->c, "Swarm-Only-Root-Chunk");
	char signature[2 * SECP256K1_RECOVERABLE_BYTES + 1] = "";
	struct bzz_root root = {.chunk_n = wrapped->content.n};
	hex_encode(bytes_of(wrapped->signature, SECP256K1_RECOVERABLE_BYTES), signature);
	bzz_answer_add(a, "Swarm-Soc-Signature", signature);
	if (only_root != NULL && strcmp(only_root, "true") == 0)
		return bzz_send_bytes(r, a, wrapped->content);
	memcpy(root.reference.address, wrapped->address, sizeof root.reference.address);
	memcpy(root.chunk, wrapped->content.p, wrapped->content.n);
	int err = bzz_answer_open(r, &root, a);
	return err == OK ? bzz_send(r, a) : bzz_problem_of(r, err, "Not Found");
}

enum MHD_Result bzz_route_soc(const struct bzz_request *r)
{
	uint8_t owner[SECP256K1_ADDRESS_BYTES], id[SOC_ID_BYTES], address[REFERENCE_BYTES];
	uint8_t data[CHUNK_STORED_BYTES_MAX];
	struct bzz_answer a = {.type = "application/octet-stream"};
	struct bmt_scratch scratch;
	struct chunk chunk;
	size_t n;
	if (!bzz_parse_owner(r->first, owner) || hex_decode_any_case(r->rest, id, sizeof id) != OK)
		return bzz_problem(r, MHD_HTTP_BAD_REQUEST, "invalid path params");
	soc_address(id, owner, address);
	int err = chunk_source_get(&r->source, address, data, &n);
	if (err == OK)
		err = chunk_check(address, bytes_of(data, n), keccak_widest(), &scratch, &chunk);
	return err == OK ? send_wrapped(r, &chunk, &a) : bzz_problem_of(r, err, "requested chunk cannot be retrieved");
}
