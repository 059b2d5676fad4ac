#include "host/discover_candidate.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <strings.h>

#include "core/arch.h"
#include "core/decimal.h"
#include "core/json.h"
#include "host/cli.h"

#define ADDRESS_TEXT_MAX INET6_ADDRSTRLEN /* with its NUL */

void discover_announcement_txt(struct discover_announcement *a, struct bytes item)
{
	const struct {
		const char *key;
		struct bytes *value;
	} known[] = {{"channel", &a->channel},
		     {"arch", &a->arch},
		     {"version", &a->version},
		     {"http_port", &a->http_port}};
	const uint8_t *equals = item.n == 0 ? NULL : memchr(item.p, '=', item.n);
	if (equals == NULL)
		return;
	size_t key_n = (size_t)(equals - item.p);
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].value->p == NULL && strlen(known[i].key) == key_n &&
		    strncasecmp(known[i].key, (const char *)item.p, key_n) == 0)
			*known[i].value = bytes_skip(item, key_n + 1);
}

bool discover_announcement_port_differs(const struct discover_announcement *a)
{
	uint64_t port;
	return a->http_port.p != NULL && (decimal_read(a->http_port, &port) != OK || port != a->port);
}

static bool copy(char *out, size_t room, struct bytes text)
{
	if (text.n >= room)
		return false;
	if (text.n > 0)
		memcpy(out, text.p, text.n);
	out[text.n] = 0;
	return true;
}

static bool copy_written(char *out, size_t room, const struct writer *w)
{
	return !w->full && copy(out, room, writer_view(w));
}

/* An address of another host; of this one only when it was heard on the loopback interface. */
static bool ipv4_usable(const struct in_addr *address, bool loopback)
{
	uint32_t a = ntohl(address->s_addr);
	return a != 0 && !IN_MULTICAST(a) && a != INADDR_BROADCAST && ((a >> 24) == IN_LOOPBACKNET) == loopback;
}

static bool ipv6_usable(const struct in6_addr *a, bool loopback)
{
	return !IN6_IS_ADDR_UNSPECIFIED(a) && !IN6_IS_ADDR_MULTICAST(a) && !IN6_IS_ADDR_V4MAPPED(a) &&
	       !IN6_IS_ADDR_LINKLOCAL(a) && (IN6_IS_ADDR_LOOPBACK(a) != 0) == loopback;
}

/* HOST:PORT. */
static int write_address(struct writer *w, const struct discover_announcement *a)
{
	char text[ADDRESS_TEXT_MAX];
	struct in_addr v4;
	struct in6_addr v6;
	bool loopback = bytes_is(a->interface, "lo");
	if (!copy(text, sizeof text, a->address))
		return ERR_VALUE;
	if (inet_pton(AF_INET, text, &v4) == 1) {
		if (!ipv4_usable(&v4, loopback))
			return ERR_VALUE;
		write_text(w, text);
	} else {
		if (inet_pton(AF_INET6, text, &v6) != 1 || !ipv6_usable(&v6, loopback))
			return ERR_VALUE;
		write_text(w, "[");
		write_text(w, text);
		write_text(w, "]");
	}
	write_text(w, ":");
	write_decimal(w, a->port);
	return OK;
}

static int misfit(struct why *why, enum err err, const char *what)
{
	return why_not(why, err, what, 0, BYTES_NONE);
}

int discover_candidate_announced(struct discover_candidate *c, const struct discover_announcement *a, struct why *why)
{
	struct discover_candidate made = {.via = "mdns", .arch = arch_canonical(a->arch)};
	uint8_t url[CANDIDATE_URL_MAX], address[CANDIDATE_ADDRESS_MAX];
	struct writer u = writer_of(url, sizeof url), h = writer_of(address, sizeof address);
	if (a->channel.p == NULL || a->arch.p == NULL)
		return misfit(why, ERR_MISSING, a->channel.p == NULL ? "channel" : "arch");
	if (!name_is_safe(a->channel))
		return misfit(why, ERR_VALUE, "channel");
	if (made.arch == NULL)
		return misfit(why, ERR_VALUE, "arch");
	if (a->port == 0)
		return misfit(why, ERR_VALUE, "port");
	write_text(&u, "http://");
	if (write_address(&h, a) != OK || write_address(&u, a) != OK)
		return misfit(why, ERR_VALUE, "address");
	write_text(&u, "/");
	/* the spelling that was announced: a provider's folder may have only that name */
	manifest_write_url(a->channel, a->arch, BYTES_LITERAL("manifest.json"), &u);
	if (!copy_written(made.manifest_url, sizeof made.manifest_url, &u) ||
	    !copy_written(made.http_addr, sizeof made.http_addr, &h) ||
	    !copy(made.channel, sizeof made.channel, a->channel))
		return misfit(why, ERR_LIMIT, "address");
	(void)cli_quote(a->version, made.version, sizeof made.version);
	(void)cli_quote(a->host, made.peer, sizeof made.peer);
	*c = made;
	return OK;
}

static int address_of(CURLU *u, char address[static CANDIDATE_ADDRESS_MAX + 1])
{
	char *host = NULL, *port = NULL;
	int err = ERR_VALUE;
	if (curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK) {
		struct writer w = writer_of(address, CANDIDATE_ADDRESS_MAX);
		char quoted[CANDIDATE_ADDRESS_MAX + 1]; /* curl has turned %ff into a byte */
		write_text(&w, cli_quote(bytes_text(host), quoted, sizeof quoted));
		write_text(&w, ":");
		write_text(&w, port);
		address[w.n] = 0;
		err = w.full ? ERR_LIMIT : OK;
	}
	curl_free(host);
	curl_free(port);
	return err;
}

int discover_candidate_address(const char *url, char address[static CANDIDATE_ADDRESS_MAX + 1])
{
	char found[CANDIDATE_ADDRESS_MAX + 1];
	CURLU *u = curl_url();
	if (u == NULL)
		return ERR_NO_MEMORY;
	int err = curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK ? address_of(u, found) : ERR_VALUE;
	curl_url_cleanup(u);
	if (err == OK)
		memcpy(address, found, sizeof found);
	return err;
}

/* HOST:PORT of an http(s) URL; whether its path ends in .json. */
static int read_url(const char *url, char address[static CANDIDATE_ADDRESS_MAX + 1], bool *is_manifest)
{
	char *scheme = NULL, *path = NULL, *fragment = NULL;
	int err = ERR_VALUE;
	if (strstr(url, ":///") != NULL) /* libcurl would go on to look for a host */
		return ERR_VALUE;
	CURLU *u = curl_url();
	if (u == NULL)
		return ERR_NO_MEMORY;
	if (curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) &&
	    curl_url_get(u, CURLUPART_FRAGMENT, &fragment, 0) != CURLUE_OK &&
	    curl_url_get(u, CURLUPART_PATH, &path, 0) == CURLUE_OK) {
		*is_manifest = bytes_ends(bytes_text(path), ".json");
		err = address_of(u, address);
	}
	curl_free(scheme);
	curl_free(path);
	curl_free(fragment);
	curl_url_cleanup(u);
	return err;
}

int discover_candidate_fetched(struct discover_candidate *c, const char *url, const struct manifest *m, struct why *why)
{
	struct discover_candidate made = {.via = "url", .arch = arch_canonical(m->arch)};
	bool is_manifest;
	int err = read_url(url, made.http_addr, &is_manifest);
	if (err == OK && !copy(made.manifest_url, sizeof made.manifest_url, bytes_text(url)))
		err = ERR_LIMIT;
	if (err != OK)
		return misfit(why, (enum err)err, "URL");
	if (!copy(made.channel, sizeof made.channel, m->channel))
		return misfit(why, ERR_LIMIT, "channel");
	(void)cli_quote(m->version, made.version, sizeof made.version);
	*c = made;
	return OK;
}

int discover_manifest_url(const char *url, const char *channel, const char *arch,
			  char out[static CANDIDATE_URL_MAX + 1])
{
	char address[CANDIDATE_ADDRESS_MAX + 1];
	struct writer w = writer_of(out, CANDIDATE_URL_MAX);
	struct bytes text = bytes_text(url);
	bool is_manifest;
	int err = read_url(url, address, &is_manifest);
	if (err != OK)
		return err;
	for (size_t i = 0; i < text.n; i++) /* curl takes some of these, JSON and other readers do not */
		if (text.p[i] <= ' ' || text.p[i] >= 0x7f)
			return ERR_VALUE;
	write_bytes(&w, text);
	if (!is_manifest) {
		if (strchr(url, '?') != NULL)
			return ERR_VALUE;
		if (!bytes_ends(text, "/"))
			write_text(&w, "/");
		if (channel != NULL)
			manifest_write_url(bytes_text(channel), bytes_text(arch), BYTES_LITERAL("manifest.json"), &w);
		else
			write_text(&w, "manifest.json");
	}
	out[w.full ? 0 : w.n] = 0;
	return w.full ? ERR_LIMIT : OK;
}

static void write_member(struct writer *w, const char *name, const char *text)
{
	json_write_string(w, bytes_text(name));
	write_text(w, ":");
	json_write_string(w, bytes_text(text));
	write_text(w, ",");
}

int discover_candidate_json(const struct discover_candidate *c, struct wall seen_at,
			    char out[static CANDIDATE_JSON_MAX])
{
	struct writer w = writer_of(out, CANDIDATE_JSON_MAX - 1);
	char time[WALL_TEXT_BYTES];
	int err = wall_write(seen_at, time);
	if (err != OK)
		return err;
	write_text(&w, "{");
	write_member(&w, "manifest_url", c->manifest_url);
	write_member(&w, "http_addr", c->http_addr);
	write_member(&w, "channel", c->channel);
	write_member(&w, "arch", c->arch);
	write_member(&w, "version", c->version);
	write_member(&w, "via", c->via);
	if (c->peer[0] == 0)
		write_text(&w, "\"peer\":null,");
	else
		write_member(&w, "peer", c->peer);
	write_text(&w, "\"seen_at\":");
	json_write_string(&w, bytes_of(time, sizeof time));
	write_text(&w, "}\n");
	out[w.full ? 0 : w.n] = 0;
	return w.full ? ERR_NO_SPACE : OK;
}
