/* For tests of Swarm's wire: the bytes of vectors, and an identity whose signatures they have, because
 * firmware cannot sign. */
#ifndef UNIT_SWARM_FIXTURE_H
#define UNIT_SWARM_FIXTURE_H

#include "core/err.h"
#include "core/hex.h"
#include "swarm/identity.h"
#include "test.h"

/* The hexadecimal member called name of a vector, decoded into out. */
__attribute__((unused)) static struct bytes fixture_bytes(const cJSON *json, const char *name, uint8_t *out,
							  size_t room)
{
	const char *text = test_text(json, name);
	const size_t n = strlen(text) / 2;
	CHECK(n <= room && hex_decode(bytes_text(text), out, n) == OK);
	return bytes_of(out, n);
}

/* The i-th row of an array of swarm-handshake.json; the file is deleted at the end by fixture_end. */
static cJSON *fixture_file;

__attribute__((unused)) static const cJSON *fixture_row(const char *array, int i)
{
	if (fixture_file == NULL)
		fixture_file = test_vectors("swarm-handshake.json");
	return cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(fixture_file, array), i);
}

__attribute__((unused)) static int fixture_end(void)
{
	cJSON_Delete(fixture_file);
	return test_end();
}

#define FIXTURE_NOW ((struct wall){1700000000}) /* when the vectors' records were made */

/* The i-th identity of the vectors: 0 of the network 10, 1 of the network 1. */
__attribute__((unused)) static void fixture_identity(struct identity *id, int i)
{
	uint8_t owner[20], nonce[32], underlay[64], overlay[32];
	const cJSON *row = fixture_row("v15", i);
	const struct bytes address = fixture_bytes(row, "underlay_hex", underlay, sizeof underlay);
	const uint64_t network_id = cJSON_GetNumberValue(cJSON_GetObjectItem(row, "network_id")) > 1 ? 10 : 1;
	fixture_bytes(row, "eth_address", owner, sizeof owner);
	fixture_bytes(row, "nonce", nonce, sizeof nonce);
	CHECK(identity_init(id, owner, network_id, nonce, &address, 1, BYTES_LITERAL("hi"), FIXTURE_NOW) == OK);
	fixture_bytes(row, "signature", id->signatures[BZZ_15], sizeof id->signatures[BZZ_15]);
	fixture_bytes(fixture_row("v14", i), "signature", id->signatures[BZZ_14], sizeof id->signatures[BZZ_14]);
	fixture_bytes(row, "overlay", overlay, sizeof overlay);
	CHECK(memcmp(overlay, id->overlay, sizeof overlay) == 0);
}

#endif
