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

static bool add(struct neighbours *n, const struct report *r, const struct instance *i, const struct net_address *from,
		struct find *f)
{
	struct net_address_text text;
	if (i->other || i->port == 0 || n->n == NEIGHBOURS_MAX || (!i->has_address && from->six))
		return false;
	struct writer w = writer_of(n->urls[n->n], sizeof n->urls[0] - 1);
	write_text(&w, "http://");
	write_text(&w, net_address_text(&text, i->has_address ? &i->address : from));
	write_u8(&w, ':');
	write_decimal(&w, i->port);
	write_u8(&w, '/');
	for (size_t k = 0; k < n->n; k++)
		if (bytes_equal(bytes_text((const char *)n->urls[k]), writer_view(&w)))
			return false;
	n->urls[n->n][w.n] = 0;
	report(r, "mDNS: %.*s at %.*s", REPORT_BYTES(view(&i->name)), REPORT_BYTES(writer_view(&w)));
	find_add(f, bytes_of(n->urls[n->n++], w.n));
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
