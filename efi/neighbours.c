#include "efi/neighbours.h"

#include <string.h>

#include "core/arch.h"
#include "efi/net_address.h"
#include "p2p/dns.h"

#define SERVICE "_phase-image._tcp.local"
#define INSTANCES_MAX 8 /* in one message */

/* What one message says of an instance. */
struct instance {
	struct dns_name name, host;
	uint16_t port;
	bool other; /* for another channel or architecture */
	bool has_address;
	struct net_address address;
};

struct instances {
	struct instance v[INSTANCES_MAX];
	size_t n;
};

static struct bytes view(const struct dns_name *name)
{
	return bytes_of(name->text, name->n);
}

static struct instance *of_name(struct instances *list, const struct dns_name *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (dns_name_is(&list->v[i].name, view(name)))
			return &list->v[i];
	if (list->n == INSTANCES_MAX || !bytes_ends(view(name), "." SERVICE))
		return NULL;
	list->v[list->n] = (struct instance){.name = *name};
	return &list->v[list->n++];
}

static bool is_other(const struct dns_record *txt, const struct policy *policy)
{
	struct bytes value;
	if (policy->channel.n > 0 && dns_txt_value(txt, "channel", &value) && !bytes_equal(value, policy->channel))
		return true;
	if (!dns_txt_value(txt, "arch", &value))
		return false;
	const char *arch = arch_canonical(value);
	return arch == NULL || !bytes_is(policy->arch, arch);
}

static void take_record(struct instances *list, const struct dns_record *record, const struct policy *policy)
{
	struct instance *i = NULL;
	if (record->type == DNS_SRV || record->type == DNS_TXT)
		i = of_name(list, &record->name);
	if (i != NULL && record->type == DNS_SRV) {
		i->host = record->target;
		i->port = record->port;
	} else if (i != NULL) {
		i->other = is_other(record, policy);
	}
}

/* The address of each instance's host. */
static void take_address(struct instances *list, const struct dns_record *record)
{
	for (size_t i = 0; i < list->n; i++) {
		if (record->type != DNS_A || !dns_name_is(&record->name, view(&list->v[i].host)))
			continue;
		list->v[i].has_address = true;
		memcpy(list->v[i].address.ip, record->data.p, 4);
	}
}

/* Records may come in any order, so the message is read twice. */
static void read_message(struct instances *list, struct bytes data, const struct policy *policy)
{
	struct dns_message m;
	struct dns_record record;
	list->n = 0;
	if (dns_message_read(&m, data) != OK || !m.answer)
		return;
	while (dns_record_read(&m, &record) == OK)
		take_record(list, &record, policy);
	if (dns_message_read(&m, data) != OK)
		return;
	while (dns_record_read(&m, &record) == OK)
		take_address(list, &record);
}

static bool is_same(const struct net_address *a, const struct net_address *b)
{
	return a->six == b->six && memcmp(a->ip, b->ip, a->six ? sizeof a->ip : 4) == 0;
}

/* Whether there is room for it, which is told once if not. What others say of an address does not
 * keep whoever has it from speaking for itself. */
static bool has_room(struct neighbours *n, const struct report *r, const struct neighbour *new)
{
	struct net_address_text text;
	const bool itself = is_same(&new->sender, &new->address);
	unsigned of_sender = 0, of_address = 0;
	for (size_t i = 0; i < n->n; i++) {
		const struct neighbour *old = &n->v[i];
		of_sender += is_same(&old->sender, &new->sender);
		of_address += !itself && is_same(&old->address, &new->address);
	}
	if (of_sender >= NEIGHBOURS_EACH || of_address >= NEIGHBOURS_EACH) {
		if (!n->told_each && of_sender >= NEIGHBOURS_EACH)
			report(r, "mDNS: %s announces more than %d: %s is left out, and what else is too much",
			       net_address_text(&text, &new->sender), NEIGHBOURS_EACH, (const char *)new->url);
		else if (!n->told_each)
			report(r, "mDNS: others announce more than %d at %s: %s is left out, and what else is too much",
			       NEIGHBOURS_EACH, net_address_text(&text, &new->address), (const char *)new->url);
		n->told_each = true;
		return false;
	}
	if (n->n == NEIGHBOURS_MAX && !n->told_max)
		report(r, "mDNS: more than %d neighbours: %s is left out, and all that answer later", NEIGHBOURS_MAX,
		       (const char *)new->url);
	n->told_max |= n->n == NEIGHBOURS_MAX;
	return n->n < NEIGHBOURS_MAX;
}

static bool add(struct neighbours *n, const struct report *r, const struct instance *i, const struct net_address *from,
		struct find *f)
{
	struct net_address_text text;
	struct neighbour new = {.sender = *from, .address = i->has_address ? i->address : *from};
	if (i->other || i->port == 0 || (!i->has_address && from->six))
		return false;
	struct writer w = writer_of(new.url, sizeof new.url - 1); /* and a NUL */
	write_text(&w, "http://");
	write_text(&w, net_address_text(&text, &new.address));
	write_u8(&w, ':');
	write_decimal(&w, i->port);
	write_u8(&w, '/');
	for (size_t k = 0; k < n->n; k++)
		if (bytes_equal(bytes_text((const char *)n->v[k].url), writer_view(&w)))
			return false;
	if (!has_room(n, r, &new))
		return false;
	n->v[n->n] = new;
	report(r, "mDNS: %.*s at %.*s", REPORT_BYTES(view(&i->name)), REPORT_BYTES(writer_view(&w)));
	find_add(f, bytes_of(n->v[n->n++].url, w.n));
	return true;
}

void neighbours_find(struct neighbours *n, const struct report *r, struct net *net, const struct policy *policy,
		     struct find *f)
{
	uint8_t query[DNS_QUERY_BYTES_MAX], data[NET_DATAGRAM_BYTES_MAX];
	struct platform *p = r->platform;
	struct writer w = writer_of(query, sizeof query);
	struct instances list;
	uint64_t now = platform_now_ms(p), end = now + NEIGHBOURS_MS, again = now;
	uint32_t socket = net_socket(net);
	n->n = 0;
	n->told_each = n->told_max = false;
	if (socket == NET_NONE || dns_query_write(&w, 0, BYTES_LITERAL(SERVICE), DNS_PTR, false) != OK) {
		report(r, "mDNS: this network stack cannot ask");
		return;
	}
	for (; now < end && !platform_interrupted(p); now = platform_now_ms(p)) {
		struct net_address from;
		uint16_t port;
		size_t size;
		if (now >= again) {
			(void)net_send_to(net, socket, &resolve_mdns_group, RESOLVE_MDNS_PORT,
					  writer_view(&w)); /* asked again below */
			again = now + NEIGHBOURS_AGAIN_MS;
		}
		net_poll(net);
		while (net_receive_from(net, socket, data, &size, &from, &port)) {
			read_message(&list, bytes_of(data, size), policy);
			for (size_t i = 0; i < list.n; i++)
				if (add(n, r, &list.v[i], &from, f) && end > now + NEIGHBOURS_ENOUGH_MS)
					end = now + NEIGHBOURS_ENOUGH_MS;
		}
	}
	net_socket_end(net, socket);
	if (n->n == 0)
		report(r, "mDNS: nobody on this network answers for this channel and architecture");
}
