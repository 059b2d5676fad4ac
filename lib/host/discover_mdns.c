#include "host/discover_mdns.h"

#include <avahi-client/client.h>
#include <avahi-client/lookup.h>
#include <avahi-common/error.h>
#include <avahi-common/simple-watch.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>

#include "host/file.h"

#define RETRY_MS 500 /* after losing the daemon, or D-Bus */

enum stage { WAITING, RESOLVING, RESOLVED };

/* One instance as heard on one interface by one protocol. */
struct instance {
	struct discover_mdns *mdns;
	AvahiServiceResolver *resolvers[2]; /* for its IPv4 and its IPv6 address */
	AvahiIfIndex interface;
	AvahiProtocol protocol;
	enum stage stage;
	char name[AVAHI_LABEL_MAX];
};

struct discover_mdns {
	struct discover_mdns_calls calls;
	char *type;
	AvahiSimplePoll *poll;
	AvahiClient *client; /* owns the browser and the resolvers */
	AvahiServiceBrowser *browser;
	bool lost; /* the client is to be made anew, which no callback may do */
	bool crowded;
	int trouble; /* of avahi; 0: none */
	uint64_t retry_ms;
	size_t resolving_n, instances_n;
	struct instance instances[DISCOVER_INSTANCES_MAX];
};

static void end_resolver(struct instance *i, AvahiServiceResolver *r)
{
	bool left = false;
	(void)avahi_service_resolver_free(r);
	for (size_t k = 0; k < 2; k++) {
		if (i->resolvers[k] == r)
			i->resolvers[k] = NULL;
		left = left || i->resolvers[k] != NULL;
	}
	if (!left && i->stage == RESOLVING) {
		i->stage = RESOLVED;
		i->mdns->resolving_n--;
	}
}

static void report(struct instance *i, const AvahiAddress *address, uint16_t port, AvahiStringList *txt)
{
	const struct discover_mdns_calls *calls = &i->mdns->calls;
	char text[AVAHI_ADDRESS_STR_MAX], interface[IF_NAMESIZE] = "";
	struct discover_announcement a = {.instance = bytes_text(i->name), .port = port};
	if (avahi_address_snprint(text, sizeof text, address) == NULL)
		return;
	a.address = bytes_text(text);
	if (i->interface >= 0 && if_indextoname((unsigned)i->interface, interface) != NULL)
		a.interface = bytes_text(interface);
	for (AvahiStringList *item = txt; item != NULL; item = avahi_string_list_get_next(item))
		discover_announcement_txt(&a,
					  bytes_of(avahi_string_list_get_text(item), avahi_string_list_get_size(item)));
	calls->found(calls->context, &a);
}

static void on_resolved(AvahiServiceResolver *r, AvahiIfIndex interface, AvahiProtocol protocol,
			AvahiResolverEvent event, const char *name, const char *type, const char *domain,
			const char *host, const AvahiAddress *address, uint16_t port, AvahiStringList *txt,
			AvahiLookupResultFlags flags, void *context)
{
	struct instance *i = context;
	(void)interface, (void)protocol, (void)name, (void)type, (void)domain, (void)host, (void)flags;
	if (event == AVAHI_RESOLVER_FOUND && address != NULL)
		report(i, address, port, txt);
	end_resolver(i, r); /* an instance without an address of this family fails */
}

static void resolve(struct discover_mdns *b, struct instance *i)
{
	static const AvahiProtocol families[2] = {AVAHI_PROTO_INET, AVAHI_PROTO_INET6};
	bool asked = false;
	for (size_t k = 0; k < 2; k++) {
		i->resolvers[k] = avahi_service_resolver_new(b->client, i->interface, i->protocol, i->name, b->type,
							     "local", families[k], 0, on_resolved, i);
		asked = asked || i->resolvers[k] != NULL;
	}
	i->stage = asked ? RESOLVING : RESOLVED;
	b->resolving_n += asked;
}

/* First come, first served, so that a flood delays others and does not starve them. */
static void resolve_waiting(struct discover_mdns *b)
{
	for (size_t i = 0; i < b->instances_n && b->resolving_n < DISCOVER_RESOLVING_MAX; i++)
		if (b->instances[i].stage == WAITING && b->browser != NULL)
			resolve(b, &b->instances[i]);
}

static struct instance *find(struct discover_mdns *b, AvahiIfIndex interface, AvahiProtocol protocol, const char *name)
{
	for (size_t i = 0; i < b->instances_n; i++) {
		struct instance *x = &b->instances[i];
		if (x->interface == interface && x->protocol == protocol && strcmp(x->name, name) == 0)
			return x;
	}
	return NULL;
}

static void add_instance(struct discover_mdns *b, AvahiIfIndex interface, AvahiProtocol protocol, const char *name)
{
	struct instance *i = find(b, interface, protocol, name);
	size_t n = strlen(name);
	if (n >= sizeof i->name)
		return; /* no label is so long */
	if (i != NULL) {
		if (i->stage == RESOLVED) /* gone, and back again, perhaps elsewhere */
			i->stage = WAITING;
		return;
	}
	if (b->instances_n == DISCOVER_INSTANCES_MAX) {
		b->crowded = true;
		return;
	}
	i = &b->instances[b->instances_n++];
	*i = (struct instance){.mdns = b, .interface = interface, .protocol = protocol, .stage = WAITING};
	memcpy(i->name, name, n + 1);
}

static void on_browsed(AvahiServiceBrowser *browser, AvahiIfIndex interface, AvahiProtocol protocol,
		       AvahiBrowserEvent event, const char *name, const char *type, const char *domain,
		       AvahiLookupResultFlags flags, void *context)
{
	struct discover_mdns *b = context;
	(void)browser, (void)type, (void)domain, (void)flags;
	if (event == AVAHI_BROWSER_NEW) {
		add_instance(b, interface, protocol, name);
	} else if (event == AVAHI_BROWSER_FAILURE) {
		b->trouble = avahi_client_errno(b->client);
		b->lost = true;
	}
}

static void on_client(AvahiClient *client, AvahiClientState state, void *context)
{
	struct discover_mdns *b = context;
	if (state == AVAHI_CLIENT_CONNECTING) {
		b->trouble = AVAHI_ERR_NO_DAEMON;
	} else if (state == AVAHI_CLIENT_FAILURE) {
		b->trouble = avahi_client_errno(client);
		b->lost = true;
	} else {
		b->trouble = 0;
		if (b->browser == NULL)
			b->browser = avahi_service_browser_new(client, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC, b->type,
							       "local", 0, on_browsed, b);
		if (b->browser == NULL) {
			b->trouble = avahi_client_errno(client);
			b->lost = true;
		}
	}
}

static void disconnect(struct discover_mdns *b)
{
	if (b->client != NULL)
		avahi_client_free(b->client);
	b->client = NULL;
	b->browser = NULL;
	b->lost = false;
	b->resolving_n = 0;
	for (size_t i = 0; i < b->instances_n; i++)
		if (b->instances[i].stage == RESOLVING) {
			b->instances[i].stage = WAITING;
			b->instances[i].resolvers[0] = b->instances[i].resolvers[1] = NULL;
		}
}

/* Without D-Bus there is no client to wait with: this tries again later. */
static void connect_again(struct discover_mdns *b)
{
	int error = 0;
	if (b->lost)
		disconnect(b);
	if (b->client != NULL || clock_now_ms() < b->retry_ms)
		return;
	b->retry_ms = clock_now_ms() + RETRY_MS;
	b->client = avahi_client_new(avahi_simple_poll_get(b->poll), AVAHI_CLIENT_NO_FAIL, on_client, b, &error);
	if (b->client == NULL)
		b->trouble = error;
}

int discover_mdns_open(struct discover_mdns **out, const char *type, const struct discover_mdns_calls *calls)
{
	struct discover_mdns *b = calloc(1, sizeof *b);
	if (b == NULL)
		return ERR_NO_MEMORY;
	b->calls = *calls;
	b->trouble = AVAHI_ERR_NO_DAEMON;
	b->type = strdup(type);
	b->poll = avahi_simple_poll_new();
	if (b->type == NULL || b->poll == NULL) {
		discover_mdns_close(b);
		return ERR_NO_MEMORY;
	}
	if (calls->poll != NULL)
		avahi_simple_poll_set_func(b->poll, calls->poll, calls->context);
	*out = b;
	return OK;
}

int discover_mdns_step(struct discover_mdns *b, unsigned timeout_ms)
{
	connect_again(b);
	resolve_waiting(b);
	if (b->client == NULL && timeout_ms > RETRY_MS)
		timeout_ms = RETRY_MS;
	int done = avahi_simple_poll_iterate(b->poll, (int)timeout_ms);
	return done < 0 && errno != EINTR ? ERR_IO : OK;
}

const char *discover_mdns_trouble(const struct discover_mdns *b)
{
	return b->trouble == 0 ? NULL : avahi_strerror(b->trouble);
}

bool discover_mdns_crowded(const struct discover_mdns *b)
{
	return b->crowded;
}

void discover_mdns_close(struct discover_mdns *b)
{
	if (b == NULL)
		return;
	disconnect(b);
	if (b->poll != NULL)
		avahi_simple_poll_free(b->poll);
	free(b->type);
	free(b);
}
