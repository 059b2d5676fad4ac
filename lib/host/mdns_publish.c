#include "host/mdns_publish.h"

#include <avahi-client/client.h>
#include <avahi-client/publish.h>
#include <avahi-common/alternative.h>
#include <avahi-common/domain.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <avahi-common/thread-watch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/arch.h"
#include "host/mdns_name.h"
#include "phase/document.h"

#define SERVICE "_phase-image._tcp"
#define INSTANCES_MAX 64 /* channels times architectures of one provider */
#define RENAMES_MAX 16   /* hosts that want the same name */

struct instance {
	struct mdns_publisher *publisher;
	char channel[256], arch[16];
	char *name; /* owned (avahi_free) */
	AvahiEntryGroup *group;
	unsigned renames;
};

struct mdns_publisher {
	struct cli *cli;
	struct serve *serve;
	AvahiThreadedPoll *poll;
	AvahiClient *client;
	AvahiProtocol protocol;
	bool warned;
	struct instance instances[INSTANCES_MAX];
	size_t n;
};

static void warn_once(struct mdns_publisher *p, const char *text)
{
	if (!p->warned)
		cli_warn(p->cli, "not announced by mDNS for now: %s", text);
	p->warned = true;
}

static void add_service(struct instance *i);

static void group_changed(AvahiEntryGroup *group, AvahiEntryGroupState state, void *context)
{
	struct instance *i = context;
	switch (state) {
	case AVAHI_ENTRY_GROUP_COLLISION: { /* another host has this name */
		char *other = avahi_alternative_service_name(i->name);
		avahi_free(i->name);
		i->name = other;
		if (i->renames++ < RENAMES_MAX) {
			(void)avahi_entry_group_reset(group); /* adding says what is wrong */
			add_service(i);
		}
		break;
	}
	case AVAHI_ENTRY_GROUP_FAILURE:
		warn_once(i->publisher, avahi_strerror(avahi_client_errno(i->publisher->client)));
		break;
	case AVAHI_ENTRY_GROUP_UNCOMMITED:
	case AVAHI_ENTRY_GROUP_REGISTERING:
	case AVAHI_ENTRY_GROUP_ESTABLISHED:
		break;
	}
}

static AvahiStringList *texts(const struct instance *i)
{
	char channel[280], arch[32], version[32], port[32];
	(void)snprintf(channel, sizeof channel, "channel=%s", i->channel);
	(void)snprintf(arch, sizeof arch, "arch=%s", i->arch);
	(void)snprintf(version, sizeof version, "version=%s", VERSION);
	(void)snprintf(port, sizeof port, "http_port=%u", (unsigned)serve_port(i->publisher->serve));
	return avahi_string_list_new(channel, arch, version, port, NULL);
}

static void add_service(struct instance *i)
{
	struct mdns_publisher *p = i->publisher;
	AvahiStringList *list = texts(i);
	int err = AVAHI_ERR_COLLISION;
	if (i->group == NULL)
		i->group = avahi_entry_group_new(p->client, group_changed, i);
	for (; i->group != NULL && err == AVAHI_ERR_COLLISION && i->renames < RENAMES_MAX; i->renames++) {
		err = avahi_entry_group_add_service_strlst(i->group, AVAHI_IF_UNSPEC, p->protocol, 0, i->name, SERVICE,
							   NULL, NULL, serve_port(p->serve), list);
		if (err != AVAHI_ERR_COLLISION) /* with another service of this very host */
			break;
		char *other = avahi_alternative_service_name(i->name);
		avahi_free(i->name);
		i->name = other;
	}
	avahi_string_list_free(list);
	if (i->group == NULL || err < 0 || (err = avahi_entry_group_commit(i->group)) < 0)
		warn_once(p, avahi_strerror(i->group == NULL ? avahi_client_errno(p->client) : err));
}

static void forget_instances(struct mdns_publisher *p)
{
	for (size_t k = 0; k < p->n; k++) {
		if (p->instances[k].group != NULL)
			(void)avahi_entry_group_free(p->instances[k].group); /* goes with the client anyway */
		avahi_free(p->instances[k].name);
	}
	p->n = 0;
}

/* What is to be announced. */
struct offers {
	size_t n, refused_n;
	struct offer {
		char channel[256], arch[16];
		bool refused; /* so that a folder is judged once, not once a file */
	} v[INSTANCES_MAX];
};

static const struct offer *find_offer(const struct offers *offers, const char *channel, const char *arch)
{
	for (size_t k = 0; k < offers->n; k++)
		if (strcmp(offers->v[k].channel, channel) == 0 && strcmp(offers->v[k].arch, arch) == 0)
			return &offers->v[k];
	return NULL;
}

/* One for every folder that has a file, and with a policy a release that it accepts. */
static void list_offers(struct mdns_publisher *p, struct offers *offers)
{
	struct catalogue_file file;
	offers->n = offers->refused_n = 0;
	for (size_t k = 0; offers->n < INSTANCES_MAX && catalogue_file_at(serve_catalogue(p->serve), k, &file); k++) {
		const char *arch = arch_canonical(bytes_text(file.arch));
		if (arch == NULL || strlen(file.channel) > MDNS_CHANNEL_BYTES_MAX ||
		    find_offer(offers, file.channel, arch) != NULL)
			continue;
		struct offer *o = &offers->v[offers->n++];
		(void)snprintf(o->channel, sizeof o->channel, "%s", file.channel);
		(void)snprintf(o->arch, sizeof o->arch, "%s", arch);
		o->refused = !serve_offers(p->serve, file.channel, arch);
		offers->refused_n += o->refused;
	}
}

static bool is_published(const struct mdns_publisher *p, const struct offers *offers)
{
	for (size_t k = 0; k < p->n; k++) {
		const struct offer *o = find_offer(offers, p->instances[k].channel, p->instances[k].arch);
		if (o == NULL || o->refused)
			return false;
	}
	return p->n == offers->n - offers->refused_n;
}

/* Called in the poll's thread or with its lock, when the daemon runs. */
static void publish_all(struct mdns_publisher *p)
{
	char host[65] = "unknown", name[MDNS_NAME_BYTES];
	struct offers offers;
	list_offers(p, &offers);
	if (is_published(p, &offers))
		return;
	(void)gethostname(host, sizeof host - 1); /* else "unknown" */
	forget_instances(p);
	for (const struct offer *o = offers.v; o < offers.v + offers.n; o++) {
		if (o->refused)
			continue;
		struct instance *i = &p->instances[p->n++];
		mdns_instance_name(bytes_text(o->channel), bytes_text(o->arch), bytes_text(host), name);
		*i = (struct instance){.publisher = p, .name = avahi_strdup(name)};
		memcpy(i->channel, o->channel, sizeof i->channel);
		memcpy(i->arch, o->arch, sizeof i->arch);
		add_service(i);
	}
}

static void client_changed(AvahiClient *client, AvahiClientState state, void *context);

static void connect_daemon(struct mdns_publisher *p)
{
	int err;
	p->client = avahi_client_new(avahi_threaded_poll_get(p->poll), AVAHI_CLIENT_NO_FAIL, client_changed, p, &err);
	if (p->client == NULL)
		warn_once(p, avahi_strerror(err));
}

static void client_changed(AvahiClient *client, AvahiClientState state, void *context)
{
	struct mdns_publisher *p = context;
	p->client = client; /* the first call comes before avahi_client_new returns */
	switch (state) {
	case AVAHI_CLIENT_S_RUNNING:
		p->warned = false;
		publish_all(p);
		break;
	case AVAHI_CLIENT_S_REGISTERING:
	case AVAHI_CLIENT_S_COLLISION:
		forget_instances(p); /* the host name is changing: published again when it is settled */
		break;
	case AVAHI_CLIENT_FAILURE:
		warn_once(p, avahi_strerror(avahi_client_errno(client)));
		forget_instances(p);
		avahi_client_free(client);
		p->client = NULL;
		connect_daemon(p);
		break;
	case AVAHI_CLIENT_CONNECTING:
		warn_once(p, "no avahi-daemon is running; waiting for it");
		break;
	}
}

struct mdns_publisher *mdns_publish(struct cli *cli, struct serve *serve)
{
	if (mdns_url_is_local(serve_url(serve))) {
		cli_info(cli, "not announced by mDNS: only this machine can reach %s", serve_url(serve));
		return NULL;
	}
	struct mdns_publisher *p = calloc(1, sizeof *p);
	if (p == NULL)
		return NULL;
	bool ipv6 = strchr(serve_url(serve), '[') != NULL;
	*p = (struct mdns_publisher){.cli = cli,
				     .serve = serve,
				     .protocol = ipv6 ? AVAHI_PROTO_UNSPEC : AVAHI_PROTO_INET,
				     .poll = avahi_threaded_poll_new()};
	if (p->poll == NULL) {
		warn_once(p, "out of memory");
		free(p);
		return NULL;
	}
	connect_daemon(p); /* without a bus it fails, and mdns_refresh tries again */
	if (avahi_threaded_poll_start(p->poll) < 0) {
		if (p->client != NULL)
			avahi_client_free(p->client);
		avahi_threaded_poll_free(p->poll);
		free(p);
		return NULL;
	}
	return p;
}

void mdns_refresh(struct mdns_publisher *p)
{
	avahi_threaded_poll_lock(p->poll);
	if (p->client == NULL)
		connect_daemon(p);
	else if (avahi_client_get_state(p->client) == AVAHI_CLIENT_S_RUNNING)
		publish_all(p);
	avahi_threaded_poll_unlock(p->poll);
}

void mdns_withdraw(struct mdns_publisher *p)
{
	(void)avahi_threaded_poll_stop(p->poll); /* fails only when it never ran */
	forget_instances(p);
	if (p->client != NULL)
		avahi_client_free(p->client);
	avahi_threaded_poll_free(p->poll);
	free(p);
}
