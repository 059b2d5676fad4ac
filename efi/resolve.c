#include "efi/resolve.h"

#include <string.h>

#include "efi/net_address.h"

#define DNS_PORT 53
#define RCODE_GOOD 0 /* RFC 1035, 4.1.1; the others say that the resolver could not or would not */
#define RCODE_NO_NAME 3

const struct net_address resolve_mdns_group = {.ip = {224, 0, 0, 251}};

void resolver_init(struct resolver *r, struct platform *p, struct net *net)
{
	memset(r, 0, sizeof *r);
	r->platform = p;
	r->net = net;
	r->socket = NET_NONE;
}

void resolver_close(struct resolver *r)
{
	if (r->socket != NET_NONE)
		net_socket_end(r->net, r->socket);
	r->socket = NET_NONE;
}

static bool is_local(const struct resolving *n)
{
	return bytes_ends(bytes_of(n->name, n->name_n), ".local");
}

static void ask(struct resolver *r, struct resolving *n, enum dns_type type)
{
	uint8_t query[DNS_QUERY_BYTES_MAX];
	struct writer w = writer_of(query, sizeof query);
	uint16_t id = (uint16_t)(n->id + (type == DNS_AAAA));
	if (dns_query_write(&w, id, bytes_of(n->name, n->name_n), type, !is_local(n)) != OK) {
		n->err = ERR_VALUE;
		return;
	}
	/* one that could not go out is asked again, like one that got lost */
	(void)net_send_to(r->net, r->socket, &n->asked, is_local(n) ? RESOLVE_MDNS_PORT : DNS_PORT, writer_view(&w));
}

static void try(struct resolver *r, struct resolving *n, uint64_t now_ms)
{
	const struct net_facts *facts = net_facts(r->net);
	if (r->socket == NET_NONE)
		r->socket = net_socket(r->net);
	if (r->socket == NET_NONE || (!is_local(n) && facts->resolvers_n == 0)) {
		n->err = ERR_NOT_FOUND;
		return;
	}
	n->asked = is_local(n) ? resolve_mdns_group : facts->resolvers[n->tries % facts->resolvers_n];
	n->tries++;
	n->try_ms = now_ms;
	n->four_failed = n->six_failed = false;
	if (!n->four_done)
		ask(r, n, DNS_A);
	if (!n->six_done && n->err == RESOLVE_WAIT)
		ask(r, n, DNS_AAAA);
}

static void keep(struct net_address *list, size_t *n, bool six, struct bytes ip)
{
	struct net_address a = {.six = six};
	memcpy(a.ip, ip.p, ip.n);
	for (size_t i = 0; i < *n; i++)
		if (memcmp(&list[i], &a, sizeof a) == 0)
			return;
	if (*n < RESOLVE_ADDRESSES_MAX)
		list[(*n)++] = a;
}

/* What a resolver says: its answer section, of whom the name stands for. */
static void take_answer(struct resolving *n, struct dns_message m)
{
	bool six = m.question_type == DNS_AAAA;
	struct dns_record record;
	struct dns_name name;
	int err = m.rcode == RCODE_GOOD || m.rcode == RCODE_NO_NAME ? dns_alias_follow(&m, &name) : ERR_SOURCE;
	while (err == OK && (err = dns_record_read(&m, &record)) == OK) {
		if (record.section != DNS_ANSWERS || record.type != m.question_type ||
		    !dns_name_is(&record.name, bytes_of(name.text, name.n)))
			continue;
		if (six)
			keep(n->six, &n->six_n, true, record.data);
		else
			keep(n->four, &n->four_n, false, record.data);
	}
	*(six ? &n->six_failed : &n->four_failed) = err != ERR_NOT_FOUND || m.cut;
	*(six ? &n->six_done : &n->four_done) |= err == ERR_NOT_FOUND && !m.cut;
}

/* What a neighbour says, to all: every record says whose it is, in whatever section. */
static void take_said(struct resolving *n, struct dns_message m)
{
	struct dns_record record;
	while (dns_record_read(&m, &record) == OK) {
		if (!dns_name_is(&record.name, bytes_of(n->name, n->name_n)))
			continue;
		if (record.type == DNS_A)
			keep(n->four, &n->four_n, false, record.data);
		if (record.type == DNS_AAAA)
			keep(n->six, &n->six_n, true, record.data);
	}
	/* what is there is there: nobody says what is not */
	n->four_done = n->four_n > 0;
	n->six_done = n->four_done || n->six_n > 0;
}

/* Whether the message answers what was asked of this name, by whom it was asked. */
static bool answers(const struct resolving *n, const struct dns_message *m, const struct net_address *from)
{
	return (m->id == n->id || m->id == n->id + 1) && memcmp(from, &n->asked, sizeof *from) == 0 &&
	       dns_name_is(&m->question, bytes_of(n->name, n->name_n)) &&
	       m->question_type == (m->id == n->id ? DNS_A : DNS_AAAA);
}

static void receive(struct resolver *r)
{
	uint8_t data[NET_DATAGRAM_BYTES_MAX];
	struct net_address from;
	struct dns_message m;
	uint16_t port;
	size_t size;
	while (r->socket != NET_NONE && net_receive_from(r->net, r->socket, data, &size, &from, &port)) {
		if (dns_message_read(&m, bytes_of(data, size)) != OK || !m.answer)
			continue;
		for (size_t i = 0; i < RESOLVE_NAMES_MAX; i++) {
			struct resolving *n = &r->names[i];
			if (n->name_n == 0 || n->err != RESOLVE_WAIT)
				continue;
			if (is_local(n) && port == RESOLVE_MDNS_PORT && m.rcode == RCODE_GOOD) /* RFC 6762, 18.11 */
				take_said(n, m);
			else if (!is_local(n) && port == DNS_PORT && answers(n, &m, &from))
				take_answer(n, m);
		}
	}
}

/* What is known by now. */
static void judge(struct resolver *r, struct resolving *n, uint64_t now_ms)
{
	bool any = n->four_n + n->six_n > 0, failed = n->four_failed || n->six_failed;
	bool heard = (n->four_done || n->four_failed) && (n->six_done || n->six_failed);
	bool over = now_ms >= n->try_ms + RESOLVE_TRY_MS;
	if (n->four_done && n->six_done)
		n->err = any ? OK : ERR_NOT_FOUND;
	else if (any && (heard || over))
		n->err = OK; /* one kind of address will do */
	else if (over && n->tries == RESOLVE_TRIES)
		n->err = failed ? ERR_SOURCE : ERR_TIMEOUT;
	else if (over || (heard && n->tries < net_facts(r->net)->resolvers_n))
		try(r, n, now_ms); /* those who were not asked yet at once, then each again */
}

/* Whether it is asked, and somebody waits for it: who does would have had it judged, or asked again, by then. */
static bool is_busy(const struct resolving *n, uint64_t now_ms)
{
	return n->name_n > 0 && n->err == RESOLVE_WAIT && now_ms < n->try_ms + 2 * (uint64_t)RESOLVE_TRY_MS;
}

/* The oldest that is not busy. NULL: all are; else names would take each other's room before an answer can come. */
static struct resolving *room_for_one(struct resolver *r, uint64_t now_ms)
{
	for (size_t i = 0; i < RESOLVE_NAMES_MAX; i++) {
		struct resolving *n = &r->names[r->oldest++ % RESOLVE_NAMES_MAX];
		if (!is_busy(n, now_ms))
			return n;
	}
	return NULL;
}

static struct resolving *find(struct resolver *r, struct bytes host, uint64_t now_ms)
{
	for (size_t i = 0; i < RESOLVE_NAMES_MAX; i++)
		if (bytes_equal(bytes_of(r->names[i].name, r->names[i].name_n), host))
			return &r->names[i];
	struct resolving *n = room_for_one(r, now_ms);
	uint8_t id[2];
	if (n == NULL)
		return NULL;
	*n = (struct resolving){.err = RESOLVE_WAIT, .name_n = host.n};
	memcpy(n->name, host.p, host.n);
	(void)platform_random(r->platform, id, sizeof id); /* with the random port, the guess of a liar is 2^-30 */
	n->id = (uint16_t)((id[0] << 8 | id[1]) & 0xfffe);
	try(r, n, now_ms);
	return n;
}

static void interleave(const struct resolving *n, struct resolved *out)
{
	out->n = 0;
	for (size_t i = 0; i < RESOLVE_ADDRESSES_MAX; i++) {
		if (i < n->six_n && out->n < RESOLVE_ADDRESSES_MAX)
			out->v[out->n++] = n->six[i];
		if (i < n->four_n && out->n < RESOLVE_ADDRESSES_MAX)
			out->v[out->n++] = n->four[i];
	}
}

int resolver_find(struct resolver *r, struct bytes host, uint64_t now_ms, struct resolved *out)
{
	if (net_address_read(host, &out->v[0]) == OK) {
		out->n = 1;
		return OK;
	}
	if (host.n == 0 || host.n >= sizeof r->names[0].name)
		return ERR_VALUE;
	receive(r);
	struct resolving *n = find(r, host, now_ms);
	if (n == NULL)
		return RESOLVE_WAIT;
	if (n->err == RESOLVE_WAIT)
		judge(r, n, now_ms);
	int err = n->err;
	if (err == OK)
		interleave(n, out);
	else if (err != RESOLVE_WAIT)
		n->name_n = 0; /* whoever asks again wants it asked again */
	return err;
}
