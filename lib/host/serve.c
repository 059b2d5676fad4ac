#include "host/serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/hex.h"
#include "host/file.h"
#include "host/serve_parts.h"
#include "phase/names.h"

#define CONNECTIONS_MAX 4096
#define CONNECTIONS_PER_IP_MAX 2048
#define IDLE_TIMEOUT_S 60 /* also bounds a request header that does not end */
/* One request with its answer's headers. MHD clears all of it between requests of a connection,
 * so more costs time and memory; less refuses ordinary browsers. */
#define CONNECTION_MEMORY_BYTES 8192

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Cuts a path at its slashes first and decodes each segment once, so that no encoded slash or NUL
 * can move a border. False: malformed. */
static bool cut_path(const char *url, struct serve_path *path)
{
	size_t n = 0;
	path->n = 0;
	if (url[0] != '/' || strlen(url) >= sizeof path->room)
		return false;
	while (*url == '/') {
		size_t start = n;
		if (path->n == SERVE_SEGMENTS_MAX)
			return false;
		for (url++; *url != 0 && *url != '/'; url++) {
			int high = -1, low = -1;
			if (*url == '%' && ((high = hex_value(url[1])) < 0 || (low = hex_value(url[2])) < 0))
				return false;
			path->room[n++] = *url == '%' ? (char)(high << 4 | low) : *url;
			url += *url == '%' ? 2 : 0;
		}
		path->v[path->n++] = bytes_of(path->room + start, n - start);
	}
	return true;
}

static enum MHD_Result not_found(struct serve *s, struct MHD_Connection *c)
{
	return serve_problem(s, c, 404, "Nothing is served under this path.");
}

static enum MHD_Result send_found(struct serve *s, struct MHD_Connection *c, const char *url,
				  const struct catalogue_file *file, int fd, bool head)
{
	const char *why = NULL;
	struct serve_item *item = NULL;
	if (serve_allows(s, file, &why))
		item = serve_item_make(s, url, file, fd, "application/octet-stream");
	if (item != NULL)
		return serve_file(s, c, item, head);
	(void)close(fd); /* only read from */
	return why != NULL ? serve_problem(s, c, 404, why) : MHD_NO;
}

static enum MHD_Result route_artifact(struct serve *s, struct MHD_Connection *c, const char *url,
				      const struct serve_path *p, bool head)
{
	struct catalogue_file file;
	int fd;
	bool side = names_ignored(p->v[2]) && !bytes_ends(p->v[2], ".bmt") && !bytes_ends(p->v[2], ".sig");
	if (side || catalogue_find(&s->catalogue, p->v[0], p->v[1], p->v[2], &file, &fd) != OK)
		return serve_problem(s, c, 404, "No such artifact.");
	return send_found(s, c, url, &file, fd, head);
}

static enum MHD_Result route_blob(struct serve *s, struct MHD_Connection *c, const char *url,
				  const struct serve_path *p, bool head)
{
	uint8_t hash[SHA256_BYTES];
	struct catalogue_file file;
	int fd;
	struct bytes digits = bytes_of(p->v[2].p, p->v[2].n < 64 ? p->v[2].n : 64);
	if (!bytes_is(bytes_skip(p->v[2], 64), ".bin") || hex_decode(digits, hash, sizeof hash) != OK ||
	    !bytes_equal(p->v[1], bytes_of(digits.p, 2)) || catalogue_find_hash(&s->catalogue, hash, &file, &fd) != OK)
		return serve_problem(s, c, 404, "No artifact with this hash.");
	return send_found(s, c, url, &file, fd, head);
}

static enum MHD_Result route_reference(struct serve *s, struct MHD_Connection *c, const char *url,
				       const struct serve_path *p, bool head)
{
	uint8_t reference[REFERENCE_BYTES];
	struct catalogue_file file;
	int fd;
	if (hex_decode(p->v[1], reference, sizeof reference) != OK ||
	    catalogue_find_reference(&s->catalogue, reference, &file, &fd) != OK)
		return serve_problem(s, c, 404, "No artifact with this Swarm reference.");
	return send_found(s, c, url, &file, fd, head);
}

static enum MHD_Result route_page(struct serve *s, struct MHD_Connection *c, const char *url, bool head)
{
	if (strcmp(url, "/") == 0)
		return serve_page_root(s, c);
	if (strcmp(url, "/health") == 0)
		return serve_page_health(s, c);
	if (strcmp(url, "/status") == 0)
		return serve_page_status(s, c);
	if (strcmp(url, "/metrics") == 0)
		return serve_page_metrics(s, c);
	if (strcmp(url, "/manifest.json") == 0)
		return serve_manifest(s, c, url, bytes_text(s->o.channel), bytes_text(s->o.arch), head);
	return not_found(s, c);
}

static enum MHD_Result route(struct serve *s, struct MHD_Connection *c, const char *url, bool head)
{
	struct serve_path p;
	struct serve_item *ready = serve_item_find(s, url);
	if (ready != NULL && s->o.policy == NULL)
		return serve_file(s, c, ready, head);
	if (!cut_path(url, &p))
		return serve_problem(s, c, 404, "The path is malformed.");
	if (p.n == 1)
		return route_page(s, c, url, head);
	if (p.n == 2 && bytes_is(p.v[0], "bytes"))
		return route_reference(s, c, url, &p, head);
	if (p.n == 3 && bytes_is(p.v[0], "blobs"))
		return route_blob(s, c, url, &p, head);
	if (p.n == 3 && bytes_is(p.v[2], "manifest.json"))
		return serve_manifest(s, c, url, p.v[0], p.v[1], head);
	if (p.n == 3)
		return route_artifact(s, c, url, &p, head);
	return not_found(s, c);
}

/* Queueing in the first call would make MHD close the connection afterwards: once per request it
 * is called before the (absent) body, and again after it. */
static enum MHD_Result answer(void *context, struct MHD_Connection *c, const char *url, const char *method,
			      const char *version, const char *upload, size_t *upload_n, void **seen)
{
	static int mark;
	struct serve *s = context;
	(void)version;
	(void)upload;
	if (*seen == NULL) {
		*seen = &mark;
		return MHD_YES;
	}
	if (*upload_n > 0) {
		*upload_n = 0; /* a body that nobody asked for */
		return MHD_YES;
	}
	atomic_fetch_add(&s->requests_total, 1);
	if (s->o.log_requests)
		cli_debug(s->cli, "%s %s", method, url);
	bool head = strcmp(method, "HEAD") == 0;
	if (!head && strcmp(method, "GET") != 0)
		return serve_problem(s, c, 405, "Only GET and HEAD are answered here.");
	return route(s, c, url, head);
}

static size_t keep_encoded(void *context, struct MHD_Connection *c, char *text)
{
	(void)context;
	(void)c;
	return strlen(text);
}

static void count_connection(void *context, struct MHD_Connection *c, void **socket_context,
			     enum MHD_ConnectionNotificationCode code)
{
	struct serve *s = context;
	(void)c;
	(void)socket_context;
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		atomic_fetch_add(&s->connections, 1);
	else
		atomic_fetch_sub(&s->connections, 1);
}

static void log_nothing(void *context, const char *format, va_list args)
{
	(void)context;
	(void)format;
	(void)args;
}

/* Binds by address text, so that errors name what was asked for. */
static int bind_socket(struct cli *cli, const struct serve_options *o, int *fd)
{
	char port[8];
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_PASSIVE | AI_NUMERICSERV | AI_NUMERICHOST};
	struct addrinfo *found = NULL;
	(void)snprintf(port, sizeof port, "%u", (unsigned)o->port);
	int bad = getaddrinfo(o->bind, port, &hints, &found);
	if (bad != 0) {
		cli_error(cli, ERR_USAGE, "--bind: '%s' is no address", o->bind);
		return ERR_USAGE;
	}
	int one = 1, off = 0, s = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s >= 0 && found->ai_family == AF_INET6) /* [::] takes IPv4 too */
		(void)setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	if (s < 0 || setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
	    bind(s, found->ai_addr, found->ai_addrlen) != 0 || listen(s, SOMAXCONN) != 0) {
		cli_error(cli, ERR_IO, "cannot listen on %s port %s: %s", o->bind, port, strerror(errno));
		if (s >= 0)
			(void)close(s); /* never used */
		s = -1;
	}
	freeaddrinfo(found);
	*fd = s;
	return s >= 0 ? OK : ERR_IO;
}

static void name_url(struct serve *s, int fd)
{
	struct sockaddr_storage address;
	socklen_t n = sizeof address;
	char host[INET6_ADDRSTRLEN] = "";
	if (getsockname(fd, (struct sockaddr *)&address, &n) != 0)
		return;
	if (address.ss_family == AF_INET6) {
		const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&address;
		s->port = ntohs(six->sin6_port);
		(void)inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof host);
		(void)snprintf(s->url, sizeof s->url, "http://[%s]:%u", host, s->port);
	} else {
		const struct sockaddr_in *four = (const struct sockaddr_in *)&address;
		s->port = ntohs(four->sin_port);
		(void)inet_ntop(AF_INET, &four->sin_addr, host, sizeof host);
		(void)snprintf(s->url, sizeof s->url, "http://%s:%u", host, s->port);
	}
}

static int listen_and_serve(struct serve *s)
{
	int fd, err = bind_socket(s->cli, &s->o, &fd);
	if (err != OK)
		return err;
	name_url(s, fd);
	s->daemon =
		MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ERROR_LOG, 0, NULL, NULL,
				 answer, s, MHD_OPTION_EXTERNAL_LOGGER, log_nothing, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
				 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES,
				 MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
				 MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)CONNECTIONS_PER_IP_MAX,
				 MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_TIMEOUT_S, MHD_OPTION_UNESCAPE_CALLBACK,
				 keep_encoded, NULL, MHD_OPTION_NOTIFY_CONNECTION, count_connection, s, MHD_OPTION_END);
	if (s->daemon == NULL) {
		(void)close(fd); /* nobody has it */
		cli_error(s->cli, ERR_IO, "%s: the HTTP server does not start: %s", s->url, strerror(errno));
		return ERR_IO;
	}
	return OK;
}

int serve_start(struct cli *cli, const struct serve_options *o, struct serve **serve)
{
	struct serve *s = calloc(1, sizeof *s);
	if (s == NULL)
		return ERR_NO_MEMORY;
	s->cli = cli;
	s->o = *o;
	s->started_ms = clock_now_ms();
	for (size_t i = 0; i < SERVE_CACHE_N; i++)
		s->items[i].fd = -1;
	int err = catalogue_open(&s->catalogue, o->store);
	if (err != OK) {
		cli_fail(cli, err, o->store, NULL);
		free(s);
		return err;
	}
	if ((err = catalogue_scan(&s->catalogue)) != OK)
		cli_fail(cli, err, o->store, NULL);
	while (err == OK && catalogue_hash_next(&s->catalogue))
		;
	if (err != OK || (err = listen_and_serve(s)) != OK) {
		catalogue_close(&s->catalogue);
		free(s);
		return err;
	}
	*serve = s;
	return OK;
}

const char *serve_url(const struct serve *s)
{
	return s->url;
}

uint16_t serve_port(const struct serve *s)
{
	return s->port;
}

struct catalogue *serve_catalogue(struct serve *s)
{
	return &s->catalogue;
}

void serve_tend(struct serve *s)
{
	if (catalogue_scan(&s->catalogue) != OK)
		return; /* the store is away for now: /health says so */
	while (catalogue_hash_next(&s->catalogue))
		;
}

void serve_stop(struct serve *s, uint64_t linger_ms)
{
	MHD_socket listening = MHD_quiesce_daemon(s->daemon);
	if (listening != MHD_INVALID_SOCKET)
		(void)close(listening); /* nothing was written to it */
	for (uint64_t end = clock_now_ms() + linger_ms; atomic_load(&s->connections) > 0 && clock_now_ms() < end;)
		(void)usleep(20000); /* may be cut short by a signal */
	MHD_stop_daemon(s->daemon);
	serve_items_free(s);
	catalogue_close(&s->catalogue);
	free(s);
}
