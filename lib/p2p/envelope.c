#include "p2p/envelope.h"

#include <string.h>

#include "core/err.h"
#include "core/protobuf.h"
#include "core/varint.h"
#include "p2p/multiaddr.h"
#include "p2p/peer_key.h"

#define DOMAIN "libp2p-peer-record"
#define TYPE "\x03\x01" /* two bytes, and not the varint of 0x0301 */
#define SIGNED_BYTES_MAX (ENVELOPE_BYTES_MAX + 64)

enum { ENVELOPE_KEY = 1, ENVELOPE_TYPE = 2, ENVELOPE_PAYLOAD = 3, ENVELOPE_SIGNATURE = 5 };
enum { RECORD_PEER = 1, RECORD_SEQUENCE = 2, RECORD_ADDRESS = 3, ADDRESS_BYTES = 1 };

static void write_sized(struct writer *w, struct bytes v)
{
	varint_write(w, v.n);
	write_bytes(w, v);
}

/* What is signed: domain, type and payload, each with its length. */
static struct bytes signed_text(struct bytes payload, uint8_t buffer[static SIGNED_BYTES_MAX])
{
	struct writer w = writer_of(buffer, SIGNED_BYTES_MAX);
	write_sized(&w, BYTES_LITERAL(DOMAIN));
	write_sized(&w, BYTES_LITERAL(TYPE));
	write_sized(&w, payload);
	return writer_view(&w);
}

/* The address in an AddressInfo; empty: none that is one. */
static struct bytes read_address(struct bytes info)
{
	struct reader r = reader_of(info);
	struct protobuf_field f;
	struct bytes address = BYTES_NONE;
	while (protobuf_next(&r, &f))
		if (f.number == ADDRESS_BYTES)
			address = protobuf_bytes(&r, &f);
	return r.dead || multiaddr_check(address) != OK ? BYTES_NONE : address;
}

static int read_record(struct peer_record *record, struct bytes payload)
{
	struct reader r = reader_of(payload);
	struct protobuf_field f;
	struct bytes peer = BYTES_NONE;
	memset(record, 0, sizeof *record);
	while (protobuf_next(&r, &f)) {
		if (f.number == RECORD_PEER) {
			peer = protobuf_bytes(&r, &f);
		} else if (f.number == RECORD_SEQUENCE) {
			record->sequence = protobuf_number(&r, &f);
		} else if (f.number == RECORD_ADDRESS) {
			const struct bytes address = read_address(protobuf_bytes(&r, &f));
			if (address.n > 0 && record->addresses_n < ENVELOPE_ADDRESSES_MAX)
				record->addresses[record->addresses_n++] = address;
		}
	}
	return r.dead || peer_id_read(&record->peer, peer) != OK ? ERR_PROTOCOL : OK;
}

int envelope_read(struct peer_record *record, struct bytes envelope)
{
	struct reader r = reader_of(envelope);
	struct protobuf_field f;
	struct bytes key_bytes = BYTES_NONE, type = BYTES_NONE, payload = BYTES_NONE, signature = BYTES_NONE;
	struct peer_key key;
	struct peer_id signer;
	struct peer_record found;
	uint8_t text[SIGNED_BYTES_MAX];
	if (envelope.n > ENVELOPE_BYTES_MAX)
		return ERR_PROTOCOL;
	while (protobuf_next(&r, &f)) {
		if (f.number == ENVELOPE_KEY)
			key_bytes = protobuf_bytes(&r, &f);
		else if (f.number == ENVELOPE_TYPE)
			type = protobuf_bytes(&r, &f);
		else if (f.number == ENVELOPE_PAYLOAD)
			payload = protobuf_bytes(&r, &f);
		else if (f.number == ENVELOPE_SIGNATURE)
			signature = protobuf_bytes(&r, &f);
	}
	if (r.dead || !bytes_is(type, TYPE))
		return ERR_PROTOCOL;
	int err = peer_key_read(&key, key_bytes);
	if (err == OK)
		err = peer_key_verify(&key, signed_text(payload, text), signature);
	if (err == OK)
		err = read_record(&found, payload);
	if (err != OK)
		return err;
	peer_id_of_key(&signer, key_bytes);
	if (!peer_id_equal(&signer, &found.peer))
		return ERR_KEY;
	*record = found;
	return OK;
}

int envelope_write(struct writer *w, const struct peer_record *record, const uint8_t seed[static ED25519_SEED_BYTES])
{
	uint8_t key[ED25519_KEY_BYTES], protobuf[PEER_KEY_ED25519_BYTES], signature[ED25519_SIGNATURE_BYTES];
	uint8_t payload[ENVELOPE_BYTES_MAX - 128], text[SIGNED_BYTES_MAX]; /* 128: all but the payload, and more */
	struct writer p = writer_of(payload, sizeof payload);
	struct peer_id id;
	ed25519_public(seed, key);
	peer_key_ed25519(key, protobuf);
	peer_id_of_key(&id, bytes_of(protobuf, sizeof protobuf));
	protobuf_write_bytes(&p, RECORD_PEER, peer_id_bytes(&id));
	protobuf_write_number(&p, RECORD_SEQUENCE, record->sequence);
	for (size_t i = 0; i < record->addresses_n; i++) {
		const size_t info = protobuf_write_begin(&p, RECORD_ADDRESS);
		protobuf_write_bytes(&p, ADDRESS_BYTES, record->addresses[i]);
		protobuf_write_end(&p, info);
	}
	if (p.full)
		return ERR_LIMIT;
	ed25519_sign(seed, signed_text(writer_view(&p), text), signature);
	protobuf_write_bytes(w, ENVELOPE_KEY, bytes_of(protobuf, sizeof protobuf));
	protobuf_write_bytes(w, ENVELOPE_TYPE, BYTES_LITERAL(TYPE));
	protobuf_write_bytes(w, ENVELOPE_PAYLOAD, writer_view(&p));
	protobuf_write_bytes(w, ENVELOPE_SIGNATURE, bytes_of(signature, sizeof signature));
	return w->full ? ERR_NO_SPACE : OK;
}
