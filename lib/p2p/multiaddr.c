#include "p2p/multiaddr.h"

#include <string.h>

#include "core/decimal.h"
#include "core/err.h"
#include "core/varint.h"
#include "p2p/ip_text.h"
#include "p2p/peer_id.h"

#define NAME_BYTES_MAX 255
#define CERTHASH_BYTES_MAX 66 /* a multihash of 64 bytes */

enum kind { KIND_NONE, KIND_IP4, KIND_IP6, KIND_PORT, KIND_NAME, KIND_PEER, KIND_CERTHASH };

struct protocol {
	enum multiaddr_code code;
	enum kind kind;
	char name[14];
};

static const struct protocol protocols[] = {
	{MULTIADDR_IP4, KIND_IP4, "ip4"},
	{MULTIADDR_TCP, KIND_PORT, "tcp"},
	{MULTIADDR_IP6, KIND_IP6, "ip6"},
	{MULTIADDR_IP6ZONE, KIND_NAME, "ip6zone"},
	{MULTIADDR_DNS, KIND_NAME, "dns"},
	{MULTIADDR_DNS4, KIND_NAME, "dns4"},
	{MULTIADDR_DNS6, KIND_NAME, "dns6"},
	{MULTIADDR_DNSADDR, KIND_NAME, "dnsaddr"},
	{MULTIADDR_UDP, KIND_PORT, "udp"},
	{MULTIADDR_P2P_CIRCUIT, KIND_NONE, "p2p-circuit"},
	{MULTIADDR_P2P, KIND_PEER, "p2p"},
	{MULTIADDR_P2P, KIND_PEER, "ipfs"},
	{MULTIADDR_TLS, KIND_NONE, "tls"},
	{MULTIADDR_SNI, KIND_NAME, "sni"},
	{MULTIADDR_NOISE, KIND_NONE, "noise"},
	{MULTIADDR_QUIC, KIND_NONE, "quic"},
	{MULTIADDR_QUIC_V1, KIND_NONE, "quic-v1"},
	{MULTIADDR_WEBTRANSPORT, KIND_NONE, "webtransport"},
	{MULTIADDR_CERTHASH, KIND_CERTHASH, "certhash"},
	{MULTIADDR_WS, KIND_NONE, "ws"},
	{MULTIADDR_WSS, KIND_NONE, "wss"},
};

#define PROTOCOLS_N (sizeof protocols / sizeof protocols[0])

static const struct protocol *protocol_of(uint64_t code)
{
	for (size_t i = 0; i < PROTOCOLS_N; i++)
		if ((uint64_t)protocols[i].code == code)
			return &protocols[i];
	return NULL;
}

/* No blanks, control characters or '/', which ends a part of a text; not even a bit beyond ASCII. */
static bool name_good(struct bytes name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] >= 0x7f || name.p[i] == '/')
			return false;
	return name.n > 0 && name.n <= NAME_BYTES_MAX;
}

static bool certhash_good(struct bytes hash)
{
	struct reader r = reader_of(hash);
	(void)varint_read(&r);
	const struct bytes digest = read_bytes(&r, varint_read(&r));
	return reader_done(&r) && digest.n > 0 && hash.n <= CERTHASH_BYTES_MAX;
}

static bool value_good(enum kind kind, struct bytes value)
{
	struct peer_id id;
	switch (kind) {
	case KIND_NAME:
		return name_good(value);
	case KIND_PEER:
		return peer_id_read(&id, value) == OK;
	case KIND_CERTHASH:
		return certhash_good(value);
	case KIND_NONE:
	case KIND_IP4:
	case KIND_IP6:
	case KIND_PORT:
	default:
		return true; /* of a fixed length */
	}
}

bool multiaddr_next(struct reader *r, struct multiaddr_part *part)
{
	static const uint8_t sizes[] = {[KIND_NONE] = 0, [KIND_IP4] = 4, [KIND_IP6] = 16, [KIND_PORT] = 2};
	if (r->dead || r->left.n == 0)
		return false;
	const struct protocol *p = protocol_of(varint_read(r));
	if (r->dead || p == NULL) {
		r->dead = true;
		return false;
	}
	part->code = p->code;
	part->value = read_bytes(r, p->kind < sizeof sizes ? sizes[p->kind] : varint_read(r));
	if (!r->dead && !value_good(p->kind, part->value))
		r->dead = true;
	return !r->dead;
}

int multiaddr_check(struct bytes address)
{
	struct reader r = reader_of(address);
	struct multiaddr_part part;
	unsigned n = 0;
	while (multiaddr_next(&r, &part))
		n++;
	return r.dead || n == 0 || n > MULTIADDR_PARTS_MAX || address.n > MULTIADDR_BYTES_MAX ? ERR_VALUE : OK;
}

void multiaddr_write_part(struct writer *w, enum multiaddr_code code, struct bytes value)
{
	const struct protocol *p = protocol_of((uint64_t)code);
	varint_write(w, (uint64_t)code);
	if (p != NULL && p->kind > KIND_PORT)
		varint_write(w, value.n);
	write_bytes(w, value);
}

/* RFC 4648 section 5, without padding, and 'u' before it, which says so. */
static const char base64url[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void write_certhash(struct writer *w, struct bytes hash)
{
	unsigned held = 0, bits = 0;
	write_u8(w, 'u');
	for (size_t i = 0; i < hash.n; i++) {
		held = (held << 8 | hash.p[i]) & 0xffff;
		for (bits += 8; bits >= 6; bits -= 6)
			write_u8(w, (uint8_t)base64url[held >> (bits - 6) & 63]);
	}
	if (bits > 0)
		write_u8(w, (uint8_t)base64url[held << (6 - bits) & 63]);
}

static int read_certhash(struct bytes text, struct writer *w)
{
	unsigned held = 0, bits = 0;
	if (text.n == 0 || text.p[0] != 'u')
		return ERR_VALUE;
	for (size_t i = 1; i < text.n; i++) {
		const char *at = memchr(base64url, text.p[i], sizeof base64url);
		if (at == NULL)
			return ERR_VALUE;
		held = held << 6 | (unsigned)(at - base64url);
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		write_u8(w, (uint8_t)(held >> bits));
		held &= (1U << bits) - 1;
	}
	return bits >= 6 || held != 0 || w->full || !certhash_good(writer_view(w)) ? ERR_VALUE : OK;
}

static int read_port(struct bytes text, struct writer *w)
{
	uint64_t port;
	if (text.n > 5 || (text.n > 1 && text.p[0] == '0') || decimal_read(text, &port) != OK || port > UINT16_MAX)
		return ERR_VALUE;
	write_be16(w, (uint16_t)port);
	return OK;
}

/* The value of a part that text has. */
static int read_value(enum kind kind, struct bytes text, struct writer *w)
{
	uint8_t ip[16];
	struct peer_id id;
	switch (kind) {
	case KIND_IP4:
		if (ip_text_read4(text, ip) != OK)
			return ERR_VALUE;
		write_bytes(w, bytes_of(ip, 4));
		return OK;
	case KIND_IP6:
		if (ip_text_read6(text, ip) != OK)
			return ERR_VALUE;
		write_bytes(w, bytes_of(ip, 16));
		return OK;
	case KIND_PORT:
		return read_port(text, w);
	case KIND_PEER:
		if (peer_id_parse(&id, text) != OK)
			return ERR_VALUE;
		write_bytes(w, peer_id_bytes(&id));
		return OK;
	case KIND_CERTHASH:
		return read_certhash(text, w);
	case KIND_NAME:
		write_bytes(w, text);
		return name_good(text) ? OK : ERR_VALUE;
	case KIND_NONE:
	default:
		return OK;
	}
}

/* What stands between two '/', and moves text to the second. */
static struct bytes next_word(struct bytes *text)
{
	const struct bytes after = bytes_skip(*text, 1);
	const uint8_t *at = after.n == 0 ? NULL : memchr(after.p, '/', after.n);
	const size_t n = at == NULL ? after.n : (size_t)(at - after.p);
	*text = bytes_skip(after, n);
	return bytes_of(after.p, n);
}

int multiaddr_parse(struct writer *w, struct bytes text)
{
	const size_t begun = w->n;
	if (text.n == 0 || text.p[0] != '/' || text.n > MULTIADDR_TEXT_MAX)
		return ERR_VALUE;
	while (text.n > 0) {
		uint8_t value[NAME_BYTES_MAX];
		struct writer v = writer_of(value, sizeof value);
		const struct bytes name = next_word(&text);
		const struct protocol *p = protocols;
		while (p < protocols + PROTOCOLS_N && !bytes_is(name, p->name))
			p++;
		if (p == protocols + PROTOCOLS_N)
			return ERR_VALUE;
		if (p->kind != KIND_NONE && (text.n == 0 || read_value(p->kind, next_word(&text), &v) != OK))
			return ERR_VALUE;
		multiaddr_write_part(w, p->code, writer_view(&v));
	}
	return w->full ? ERR_NO_SPACE : multiaddr_check(bytes_of(w->p + begun, w->n - begun));
}

static void write_value(struct writer *w, enum kind kind, struct bytes value)
{
	struct peer_id id;
	switch (kind) {
	case KIND_IP4:
		ip_text_write4(w, value.p);
		break;
	case KIND_IP6:
		ip_text_write6(w, value.p);
		break;
	case KIND_PORT:
		write_decimal(w, (uint64_t)value.p[0] << 8 | value.p[1]);
		break;
	case KIND_PEER:
		if (peer_id_read(&id, value) == OK)
			peer_id_write(w, &id);
		break;
	case KIND_CERTHASH:
		write_certhash(w, value);
		break;
	case KIND_NAME:
		write_bytes(w, value);
		break;
	case KIND_NONE:
	default:
		break;
	}
}

int multiaddr_write_text(struct writer *w, struct bytes address)
{
	struct reader r = reader_of(address);
	struct multiaddr_part part;
	if (multiaddr_check(address) != OK)
		return ERR_VALUE;
	while (multiaddr_next(&r, &part)) {
		const struct protocol *p = protocol_of((uint64_t)part.code);
		if (p == NULL)
			return ERR_VALUE;
		write_u8(w, '/');
		write_text(w, p->name);
		if (p->kind != KIND_NONE)
			write_u8(w, '/');
		write_value(w, p->kind, part.value);
	}
	return w->full ? ERR_NO_SPACE : OK;
}
