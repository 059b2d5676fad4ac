#include "swarm/bzz_record.h"

#include <string.h>

#include "core/err.h"
#include "core/protobuf.h"
#include "crypto/keccak.h"

enum { FIELD_UNDERLAY = 1, FIELD_SIGNATURE, FIELD_OVERLAY, FIELD_NONCE, FIELD_TIMESTAMP, FIELD_CHEQUEBOOK };

static void read_field(struct bzz_record *record, struct reader *r, const struct protobuf_field *f)
{
	switch (f->number) {
	case FIELD_UNDERLAY:
		record->underlay = protobuf_bytes(r, f);
		break;
	case FIELD_SIGNATURE:
		record->signature = protobuf_bytes(r, f);
		break;
	case FIELD_OVERLAY:
		record->overlay = protobuf_bytes(r, f);
		break;
	case FIELD_NONCE:
		record->nonce = protobuf_bytes(r, f);
		break;
	case FIELD_TIMESTAMP:
		record->timestamp = (int64_t)protobuf_number(r, f);
		break;
	case FIELD_CHEQUEBOOK:
		record->chequebook = protobuf_bytes(r, f);
		break;
	default:
		break;
	}
}

int bzz_record_read(struct bzz_record *record, struct bytes message)
{
	struct bzz_record found = {.timestamp = 0};
	struct reader r = reader_of(message);
	struct protobuf_field f;
	while (protobuf_next(&r, &f))
		read_field(&found, &r, &f);
	if (r.dead)
		return ERR_PROTOCOL;
	*record = found;
	return OK;
}

/* What generation 15 signs beyond 14. */
static struct bytes tail_of(const struct bzz_record *record, uint8_t *tail)
{
	memset(tail, 0, OVERLAY_NONCE_BYTES + 8 + BZZ_CHEQUEBOOK_BYTES);
	memcpy(tail, record->nonce.p, OVERLAY_NONCE_BYTES);
	store_be64(tail + OVERLAY_NONCE_BYTES, (uint64_t)record->timestamp);
	if (record->chequebook.n > 0)
		memcpy(tail + OVERLAY_NONCE_BYTES + 8, record->chequebook.p, BZZ_CHEQUEBOOK_BYTES);
	return bytes_of(tail, OVERLAY_NONCE_BYTES + 8 + BZZ_CHEQUEBOOK_BYTES);
}

void bzz_record_digest(const struct bzz_record *record, enum bzz_generation generation, uint64_t network_id,
		       uint8_t digest[static SECP256K1_DIGEST_BYTES])
{
	static const char prefix[] = "bee-handshake-";
	uint8_t tail[OVERLAY_NONCE_BYTES + 8 + BZZ_CHEQUEBOOK_BYTES], network[8], digits[20];
	const struct bytes rest = generation == BZZ_15 ? tail_of(record, tail) : BYTES_NONE;
	struct writer w = writer_of(digits, sizeof digits);
	struct keccak256 h;
	store_be64(network, network_id);
	write_decimal(&w, sizeof prefix - 1 + record->underlay.n + OVERLAY_BYTES + sizeof network + rest.n);
	keccak256_init(&h);
	keccak256_add(&h, BYTES_LITERAL("\x19"
					"Ethereum Signed Message:\n"));
	keccak256_add(&h, writer_view(&w));
	keccak256_add(&h, bytes_of(prefix, sizeof prefix - 1));
	keccak256_add(&h, record->underlay);
	keccak256_add(&h, bytes_of(record->overlay.p, OVERLAY_BYTES));
	keccak256_add(&h, bytes_of(network, sizeof network));
	keccak256_add(&h, rest);
	keccak256_end(&h, digest);
}

static int check_signer(const struct bzz_record *record, enum bzz_generation generation, uint64_t network_id)
{
	uint8_t digest[SECP256K1_DIGEST_BYTES], key[SECP256K1_KEY_BYTES], owner[SECP256K1_ADDRESS_BYTES];
	uint8_t overlay[OVERLAY_BYTES];
	bzz_record_digest(record, generation, network_id, digest);
	if (secp256k1_recover(digest, record->signature.p, key) != OK)
		return ERR_SIGNATURE;
	secp256k1_address(key, owner);
	overlay_address(owner, network_id, record->nonce.p, overlay);
	return memcmp(overlay, record->overlay.p, OVERLAY_BYTES) == 0 ? OK : ERR_SIGNATURE;
}

int bzz_record_check(const struct bzz_record *record, enum bzz_generation generation, uint64_t network_id,
		     struct wall now)
{
	size_t addresses_n;
	if (record->signature.n != SECP256K1_RECOVERABLE_BYTES || record->overlay.n != OVERLAY_BYTES ||
	    record->nonce.n != OVERLAY_NONCE_BYTES || underlay_check(record->underlay, &addresses_n) != OK ||
	    addresses_n == 0)
		return ERR_VALUE;
	if (generation == BZZ_15) {
		if (record->timestamp <= 0 ||
		    (record->chequebook.n != 0 && record->chequebook.n != BZZ_CHEQUEBOOK_BYTES))
			return ERR_VALUE;
		if (record->timestamp > now.s && record->timestamp - now.s > BZZ_RECORD_AHEAD_S)
			return ERR_NOT_YET;
	}
	return check_signer(record, generation, network_id);
}

void bzz_record_write(struct writer *w, uint32_t number, const struct bzz_record *record,
		      enum bzz_generation generation)
{
	static const uint8_t no_chequebook[BZZ_CHEQUEBOOK_BYTES];
	const size_t begun = protobuf_write_begin(w, number);
	protobuf_write_bytes(w, FIELD_UNDERLAY, record->underlay);
	protobuf_write_bytes(w, FIELD_SIGNATURE, record->signature);
	protobuf_write_bytes(w, FIELD_OVERLAY, record->overlay);
	if (record->nonce.n > 0)
		protobuf_write_bytes(w, FIELD_NONCE, record->nonce);
	if (generation == BZZ_15) {
		if (record->timestamp != 0)
			protobuf_write_number(w, FIELD_TIMESTAMP, (uint64_t)record->timestamp);
		protobuf_write_bytes(w, FIELD_CHEQUEBOOK,
				     record->chequebook.n > 0 ? record->chequebook
							      : bytes_of(no_chequebook, sizeof no_chequebook));
	}
	protobuf_write_end(w, begun);
}
