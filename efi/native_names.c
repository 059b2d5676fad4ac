/* The addresses that the configuration names, and what names in "/dnsaddr" lead to. */
#include <string.h>

#include "efi/native_parts.h"
#include "p2p/dns.h"

#define DNS_PORT 53
#define PREFIX "_dnsaddr."

static bool look_up(struct native *n, enum peers_kind kind, unsigned depth, struct bytes name,
		    const struct peer_id *peer)
{
	struct native_names *names = &n->names;
	struct native_name *v = &names->v[names->n];
	if (names->n == NATIVE_NAMES_MAX || depth > NATIVE_DEPTH_MAX || name.n > sizeof v->name - sizeof PREFIX)
		return false;
	*v = (struct native_name){.active = true, .kind = kind, .depth = depth, .has_peer = peer != NULL};
	if (peer != NULL)
		v->peer = *peer;
	memcpy(v->name, PREFIX, sizeof PREFIX - 1);
	memcpy(v->name + sizeof PREFIX - 1, name.p, name.n);
	v->name_n = sizeof PREFIX - 1 + name.n;
	names->n++;
	names->active_n++;
	return true;
}

/* "/dnsaddr/NAME" with or without "/p2p/...": only addresses of that peer count then, and they lead on. */
static bool add_name(struct native *n, enum peers_kind kind, unsigned depth, struct bytes address,
		     const struct peer_id *only)
{
	struct reader r = reader_of(address);
	struct multiaddr_part name, peer;
	struct peer_id id;
	if (!multiaddr_next(&r, &name))
		return false;
	if (multiaddr_next(&r, &peer)) {
		if (peer.code != MULTIADDR_P2P || peer_id_read(&id, peer.value) != OK || !reader_done(&r) ||
		    (only != NULL && !peer_id_equal(&id, only)))
			return false;
		only = &id;
	}
	return look_up(n, kind, depth, name.value, only);
}

static bool add(struct native *n, enum peers_kind kind, unsigned depth, struct bytes address,
		const struct peer_id *only)
{
	struct reader r = reader_of(address);
	struct multiaddr_part first;
	struct target t;
	if (multiaddr_next(&r, &first) && first.code == MULTIADDR_DNSADDR)
		return add_name(n, kind, depth, address, only);
	if (!target_read(address, &t) || address.n > PEERS_ADDRESS_BYTES_MAX ||
	    (only != NULL && !(t.has_peer && peer_id_equal(&t.peer, only))))
		return false;
	if (t.ip.six && !net_facts(n->with.net)->six.six)
		return true; /* there is no way to it from here */
	(void)peers_add(&n->peers, kind, NULL, address);
	n->news = true;
	return true;
}

bool native_add(struct native *n, enum peers_kind kind, struct bytes address)
{
	return add(n, kind, 0, address, NULL);
}

static void try(struct native *n, struct native_name *v, uint64_t now_ms)
{
	const struct net_facts *facts = net_facts(n->with.net);
	uint8_t query[DNS_QUERY_BYTES_MAX], id[2];
	struct writer w = writer_of(query, sizeof query);
	(void)platform_random(n->with.report->platform, id, sizeof id);
	v->id = (uint16_t)(id[0] << 8 | id[1]);
	v->asked = facts->resolvers[v->tries++ % facts->resolvers_n];
	v->try_ms = now_ms;
	/* what cannot go out now is asked again, like what got lost */
	if (dns_query_write(&w, v->id, bytes_of(v->name, v->name_n), DNS_TXT, true) == OK)
		(void)net_send_to(n->with.net, n->names.socket, &v->asked, DNS_PORT, writer_view(&w));
}

static void finish(struct native *n, struct native_name *v, const char *what)
{
	v->active = false;
	n->names.active_n--;
	if (what != NULL)
		report(n->with.report, "Swarm: %.*s: %s", (int)v->name_n, (const char *)v->name, what);
}

static void take_answer(struct native *n, struct native_name *v, struct dns_message *m)
{
	struct dns_record record;
	struct bytes text;
	unsigned seen = 0, used = 0;
	while (seen < NATIVE_RECORDS_MAX && dns_record_read(m, &record) == OK) {
		uint8_t address[MULTIADDR_BYTES_MAX];
		struct writer w = writer_of(address, sizeof address);
		if (record.section != DNS_ANSWERS || record.type != DNS_TXT ||
		    !dns_txt_value(&record, "dnsaddr", &text))
			continue;
		seen++;
		if (multiaddr_parse(&w, text) == OK)
			used += add(n, v->kind, v->depth + 1, writer_view(&w), v->has_peer ? &v->peer : NULL);
	}
	finish(n, v, used > 0 ? NULL : "names no node that can be reached from here");
}

static void receive(struct native *n)
{
	uint8_t data[NET_DATAGRAM_BYTES_MAX];
	struct net_address from;
	struct dns_message m;
	uint16_t port;
	size_t size;
	while (net_receive_from(n->with.net, n->names.socket, data, &size, &from, &port)) {
		if (port != DNS_PORT || dns_message_read(&m, bytes_of(data, size)) != OK || !m.answer)
			continue;
		for (size_t i = 0; i < n->names.n; i++) {
			struct native_name *v = &n->names.v[i];
			if (!v->active || v->tries == 0 || m.id != v->id || m.question_type != DNS_TXT ||
			    memcmp(&from, &v->asked, sizeof from) != 0 ||
			    !dns_name_is(&m.question, bytes_of(v->name, v->name_n)))
				continue;
			take_answer(n, v, &m);
			break;
		}
	}
}

void native_names_step(struct native *n, uint64_t now_ms)
{
	struct native_names *names = &n->names;
	if (names->active_n == 0)
		return;
	if (names->socket == NET_NONE && net_facts(n->with.net)->resolvers_n > 0)
		names->socket = net_socket(n->with.net);
	if (names->socket != NET_NONE)
		receive(n);
	for (size_t i = 0; i < names->n; i++) {
		struct native_name *v = &names->v[i];
		if (!v->active || (v->tries > 0 && now_ms < v->try_ms + RESOLVE_TRY_MS))
			continue;
		if (names->socket == NET_NONE)
			finish(n, v, "there is nobody to ask for names");
		else if (v->tries == RESOLVE_TRIES)
			finish(n, v, "nobody says what it leads to");
		else
			try(n, v, now_ms);
	}
}

void native_names_close(struct native *n)
{
	if (n->names.socket != NET_NONE)
		net_socket_end(n->with.net, n->names.socket);
	n->names.socket = NET_NONE;
}
