#include "p2p/dns.h"

#include <string.h>

#define HEADER_BYTES 12
#define LABEL_MAX 63
#define WIRE_NAME_MAX 255
#define CLASS_IN 1
#define FLAG_ANSWER 0x8000
#define FLAG_CUT 0x0200
#define FLAG_RECURSE 0x0100
#define MDNS_CLASS_MASK 0x7fff /* the top bit says "flush the cache" */

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* Labels of letters, digits, '-' and '_', as hosts and services have them. */
static bool write_name(struct writer *w, struct bytes name)
{
	if (name.n > 0 && name.p[name.n - 1] == '.')
		name.n--;
	if (name.n == 0 || name.n + 2 > WIRE_NAME_MAX)
		return false;
	while (name.n > 0) {
		size_t n = 0;
		for (; n < name.n && name.p[n] != '.'; n++) {
			uint8_t c = lower(name.p[n]);
			if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
				return false;
		}
		if (n == 0 || n > LABEL_MAX || n + 1 == name.n)
			return false;
		write_u8(w, (uint8_t)n);
		for (size_t i = 0; i < n; i++)
			write_u8(w, lower(name.p[i]));
		name = bytes_skip(name, n + 1);
	}
	write_u8(w, 0);
	return true;
}

int dns_query_write(struct writer *w, uint16_t id, struct bytes name, enum dns_type type, bool recurse)
{
	write_be16(w, id);
	write_be16(w, recurse ? FLAG_RECURSE : 0);
	write_be16(w, 1);
	write_be16(w, 0);
	write_be16(w, 0);
	write_be16(w, 0);
	if (!write_name(w, name))
		return ERR_VALUE;
	write_be16(w, (uint16_t)type);
	write_be16(w, CLASS_IN);
	return w->full ? ERR_NO_SPACE : OK;
}

static void write_label(struct writer *w, struct bytes label)
{
	if (w->n > 0)
		write_u8(w, '.');
	for (size_t i = 0; i < label.n; i++) {
		if (label.p[i] == '.' || label.p[i] == '\\')
			write_u8(w, '\\');
		write_u8(w, lower(label.p[i]));
	}
}

/* Reads a name at *at and moves *at behind it. Pointers lead only backwards, so that it ends. */
static int read_name(struct bytes all, size_t *at, struct dns_name *name)
{
	struct writer w = writer_of(name->text, sizeof name->text);
	size_t here = *at, lowest = here, wire_n = 0;
	bool jumped = false;
	for (;;) {
		if (here >= all.n)
			return ERR_PROTOCOL;
		uint8_t n = all.p[here];
		if (n >= 0xc0) {
			if (here + 1 >= all.n)
				return ERR_PROTOCOL;
			size_t to = (size_t)(n & 0x3f) << 8 | all.p[here + 1];
			if (!jumped)
				*at = here + 2;
			if (to >= lowest)
				return ERR_PROTOCOL;
			jumped = true;
			here = lowest = to;
			continue;
		}
		wire_n += n + 1U;
		if (n > LABEL_MAX || wire_n > WIRE_NAME_MAX || n > all.n - here - 1)
			return ERR_PROTOCOL;
		if (n == 0)
			break;
		write_label(&w, bytes_of(all.p + here + 1, n));
		here += n + 1U;
	}
	if (!jumped)
		*at = here + 1;
	name->n = w.n;
	return w.full ? ERR_PROTOCOL : OK;
}

static uint16_t be16_at(struct bytes all, size_t at)
{
	return (uint16_t)(all.p[at] << 8 | all.p[at + 1]);
}

int dns_message_read(struct dns_message *m, struct bytes all)
{
	if (all.n < HEADER_BYTES || all.n > DNS_MESSAGE_BYTES_MAX)
		return ERR_PROTOCOL;
	*m = (struct dns_message){.all = all, .at = HEADER_BYTES, .id = be16_at(all, 0), .flags = be16_at(all, 2)};
	m->rcode = m->flags & 15;
	m->answer = (m->flags & FLAG_ANSWER) != 0;
	m->cut = (m->flags & FLAG_CUT) != 0;
	for (size_t i = 0; i < DNS_SECTIONS_N; i++)
		m->left[i] = be16_at(all, 6 + 2 * i);
	for (unsigned i = 0; i < be16_at(all, 4); i++) {
		struct dns_name name;
		if (read_name(all, &m->at, &name) != OK || all.n - m->at < 4)
			return ERR_PROTOCOL;
		if (i == 0) {
			m->question = name;
			m->question_type = be16_at(all, m->at);
		}
		m->at += 4;
	}
	return OK;
}

/* What a record of a kind that we use must look like. */
static int read_data(const struct dns_message *m, struct dns_record *r)
{
	size_t at = r->data_at, end = r->data_at + r->data.n;
	struct bytes all = bytes_of(m->all.p, end);
	switch (r->type) {
	case DNS_A:
		return r->data.n == 4 ? OK : ERR_PROTOCOL;
	case DNS_AAAA:
		return r->data.n == 16 ? OK : ERR_PROTOCOL;
	case DNS_SRV: /* RFC 2782: priority, weight, port, target */
		if (r->data.n < 7)
			return ERR_PROTOCOL;
		r->port = be16_at(m->all, at + 4);
		at += 6;
		break;
	case DNS_PTR:
	case DNS_CNAME:
		break;
	default:
		return OK;
	}
	return read_name(all, &at, &r->target) == OK && at == end ? OK : ERR_PROTOCOL;
}

/* Nothing behind a record that is none can be read. */
static int ends(struct dns_message *m)
{
	m->section = DNS_SECTIONS_N;
	return ERR_PROTOCOL;
}

int dns_record_read(struct dns_message *m, struct dns_record *r)
{
	while (m->section < DNS_SECTIONS_N) {
		if (m->left[m->section] == 0) {
			m->section++;
			continue;
		}
		m->left[m->section]--;
		memset(r, 0, sizeof *r);
		r->section = (enum dns_section)m->section;
		if (read_name(m->all, &m->at, &r->name) != OK || m->all.n - m->at < 10)
			return ends(m);
		uint16_t class = be16_at(m->all, m->at + 2) & MDNS_CLASS_MASK;
		r->type = be16_at(m->all, m->at);
		r->ttl_s = load_be32(m->all.p + m->at + 4);
		size_t n = be16_at(m->all, m->at + 8);
		m->at += 10;
		if (n > m->all.n - m->at)
			return ends(m);
		r->data_at = m->at;
		r->data = bytes_of(m->all.p + m->at, n);
		m->at += n;
		if (class != CLASS_IN)
			continue;
		return read_data(m, r) == OK ? OK : ends(m);
	}
	return ERR_NOT_FOUND;
}

/* Whom name stands for, one step; false: nobody else. */
static bool find_alias(const struct dns_message *m, struct dns_name *name)
{
	struct dns_message own = *m;
	struct dns_record r;
	while (dns_record_read(&own, &r) == OK && r.section == DNS_ANSWERS) {
		if (r.type != DNS_CNAME || !dns_name_is(&r.name, bytes_of(name->text, name->n)))
			continue;
		*name = r.target;
		return true;
	}
	return false;
}

int dns_alias_follow(const struct dns_message *m, struct dns_name *name)
{
	struct dns_name now = m->question;
	for (unsigned i = 0; find_alias(m, &now); i++)
		if (i == DNS_ALIASES_MAX)
			return ERR_LIMIT;
	*name = now;
	return OK;
}

bool dns_txt_value(const struct dns_record *r, const char *key, struct bytes *value)
{
	struct bytes left = r->data, wanted = bytes_text(key);
	while (left.n > 0) {
		size_t n = left.p[0], same = 0;
		if (n > left.n - 1)
			return false;
		struct bytes text = bytes_of(left.p + 1, n);
		left = bytes_skip(left, n + 1);
		while (same < wanted.n && same < text.n && lower(text.p[same]) == wanted.p[same])
			same++;
		if (same < wanted.n || text.n == same || text.p[same] != '=')
			continue;
		*value = bytes_skip(text, same + 1);
		return true;
	}
	return false;
}

bool dns_name_is(const struct dns_name *name, struct bytes text)
{
	if (name->n != text.n)
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (name->text[i] != lower(text.p[i]))
			return false;
	return true;
}
