#include "host/mdns_browse.h"

#include <avahi-client/client.h>
#include <avahi-client/lookup.h>
#include <avahi-common/error.h>
#include <avahi-common/simple-watch.h>
#include <errno.h>
#include <net/if.h>

#include "host/clock.h"

#define SERVICE "_phase-image._tcp"
#define RESOLVERS_MAX 256 /* at once: a flood of announcements gets no more memory than this */
#define RECONNECT_MS 1000 /* while not even D-Bus is there */

struct mdns_browser {
	struct cli *cli;
	mdns_found *found;
	void *context;
	AvahiSimplePoll *poll;
	AvahiClient *client; /* owns the browser and the resolvers */
	AvahiServiceBrowser *browser;
	size_t resolvers_n;
	uint64_t reconnect_at_ms; /* when client is NULL */
	bool warned, flooded;
	uint64_t timeout_ms;
};

static void warn_once(struct mdns_browser *b, const char *text)
{
	if (!b->warned)
		cli_warn(b->cli, "mDNS: %s", text);
	b->warned = true;
}

static void warn_absent(struct mdns_browser *b, const char *text)
{
	char whole[256];
	bool seconds = b->timeout_ms % 1000 == 0;
	(void)snprintf(whole, sizeof whole, "%s; waiting for it (%llu%s)", text,
		       (unsigned long long)(seconds ? b->timeout_ms / 1000 : b->timeout_ms), seconds ? "s" : "ms");
	warn_once(b, whole);
}

static void resolved(struct mdns_browser *b, const char *name, const struct discover_announcement *a)
{
	struct discover_candidate c;
	struct why why;
	int err = discover_candidate_announced(&c, a, &why);
	if (err != OK) {
		cli_debug(b->cli, "mDNS: %s: of no use: %s (%s)", name, err_text(err), why.what);
		return;
	}
	if (discover_announcement_port_differs(a))
		cli_warn(b->cli,
			 "mDNS: %s: http_port in its TXT record is not the port of the service, %u, which is used",
			 name, a->port);
	b->found(b->context, &c);
}

static void resolver_event(AvahiServiceResolver *r, AvahiIfIndex interface, AvahiProtocol protocol,
			   AvahiResolverEvent event, const char *name, const char *type, const char *domain,
			   const char *host, const AvahiAddress *address, uint16_t port, AvahiStringList *texts,
			   AvahiLookupResultFlags flags, void *context)
{
	struct mdns_browser *b = context;
	char text[AVAHI_ADDRESS_STR_MAX], device[IF_NAMESIZE] = "";
	(void)protocol, (void)type, (void)domain, (void)flags;
	if (event == AVAHI_RESOLVER_FOUND) {
		(void)if_indextoname((unsigned)interface, device); /* else none: it may be gone */
		struct discover_announcement a = {
			.host = bytes_text(host),
			.address = bytes_text(avahi_address_snprint(text, sizeof text, address)),
			.interface = bytes_text(device),
			.port = port,
		};
		for (AvahiStringList *t = texts; t != NULL; t = avahi_string_list_get_next(t))
			discover_announcement_txt(&a, bytes_of(avahi_string_list_get_text(t),
							       avahi_string_list_get_size(t)));
		resolved(b, name, &a);
	} else {
		cli_debug(b->cli, "mDNS: %s: %s", name, avahi_strerror(avahi_client_errno(b->client)));
	}
	(void)avahi_service_resolver_free(r); /* fails with the connection, which is told then */
	b->resolvers_n--;
}

static void browser_event(AvahiServiceBrowser *browser, AvahiIfIndex interface, AvahiProtocol protocol,
			  AvahiBrowserEvent event, const char *name, const char *type, const char *domain,
			  AvahiLookupResultFlags flags, void *context)
{
	struct mdns_browser *b = context;
	(void)browser, (void)flags;
	if (event == AVAHI_BROWSER_FAILURE)
		warn_once(b, avahi_strerror(avahi_client_errno(b->client)));
	if (event != AVAHI_BROWSER_NEW)
		return;
	if (b->resolvers_n == RESOLVERS_MAX) {
		if (!b->flooded)
			cli_warn(b->cli, "mDNS: more than %d announcements at once: some are not looked at",
				 RESOLVERS_MAX);
		b->flooded = true;
		return;
	}
	/* the address of the family it was heard by: a dual-stack host is heard by both */
	if (avahi_service_resolver_new(b->client, interface, protocol, name, type, domain, protocol, 0, resolver_event,
				       b) == NULL)
		warn_once(b, avahi_strerror(avahi_client_errno(b->client)));
	else
		b->resolvers_n++;
}

static void disconnect(struct mdns_browser *b)
{
	if (b->client != NULL)
		avahi_client_free(b->client); /* with the browser and the resolvers */
	b->client = NULL;
	b->browser = NULL;
	b->resolvers_n = 0;
	b->reconnect_at_ms = clock_now_ms() + RECONNECT_MS;
}

/* The first call comes before avahi_client_new returns. */
static void client_changed(AvahiClient *client, AvahiClientState state, void *context)
{
	struct mdns_browser *b = context;
	b->client = client;
	switch (state) {
	case AVAHI_CLIENT_S_RUNNING:
	case AVAHI_CLIENT_S_REGISTERING: /* names are looked up before the host's own is settled */
	case AVAHI_CLIENT_S_COLLISION:
		b->warned = false;
		if (b->browser == NULL)
			b->browser = avahi_service_browser_new(client, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC, SERVICE,
							       NULL, 0, browser_event, b);
		if (b->browser == NULL)
			warn_once(b, avahi_strerror(avahi_client_errno(client)));
		break;
	case AVAHI_CLIENT_FAILURE:
		warn_absent(b, avahi_strerror(avahi_client_errno(client)));
		disconnect(b);
		break;
	case AVAHI_CLIENT_CONNECTING:
		warn_absent(b, "no avahi-daemon is running");
		break;
	}
}

static void reconnect(struct mdns_browser *b)
{
	int err = 0;
	if (avahi_client_new(avahi_simple_poll_get(b->poll), AVAHI_CLIENT_NO_FAIL, client_changed, b, &err) != NULL)
		return;
	warn_absent(b, avahi_strerror(err));
	b->client = NULL; /* a callback may have seen the one that failed */
	b->reconnect_at_ms = clock_now_ms() + RECONNECT_MS;
}

struct mdns_browser *mdns_browse(struct cli *cli, uint64_t timeout_ms, mdns_found *found, void *context)
{
	struct mdns_browser *b = malloc(sizeof *b);
	if (b == NULL)
		return NULL;
	*b = (struct mdns_browser){.cli = cli,
				   .found = found,
				   .context = context,
				   .timeout_ms = timeout_ms,
				   .poll = avahi_simple_poll_new()};
	if (b->poll == NULL) {
		free(b);
		return NULL;
	}
	reconnect(b);
	return b;
}

int mdns_browse_step(struct mdns_browser *b, uint64_t wait_ms)
{
	uint64_t now = clock_now_ms(), until = now + wait_ms;
	do {
		uint64_t next = until;
		if (b->client == NULL && b->reconnect_at_ms <= now)
			reconnect(b);
		if (b->client == NULL && b->reconnect_at_ms < next)
			next = b->reconnect_at_ms;
		uint64_t left = next > now ? next - now : 0;
		errno = 0;
		if (avahi_simple_poll_iterate(b->poll, left > INT32_MAX ? INT32_MAX : (int)left) < 0 &&
		    errno != EINTR) {
			cli_error(b->cli, ERR_IO, "mDNS: %s", strerror(errno));
			return ERR_IO;
		}
		now = clock_now_ms();
	} while (b->client == NULL && now < until);
	return OK;
}

bool mdns_browse_connected(const struct mdns_browser *b)
{
	return b->browser != NULL;
}

void mdns_browse_end(struct mdns_browser *b)
{
	if (b == NULL)
		return;
	disconnect(b);
	avahi_simple_poll_free(b->poll);
	free(b);
}
