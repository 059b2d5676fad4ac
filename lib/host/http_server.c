#include "swarm/bzz_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "host/clock.h"
#include "host/descriptors.h"
#include "host/http_server_parts.h"
#include "swarm/bzz_address.h"

/* One request with its answer's headers. MHD clears all of it between requests of a connection,
 * so more costs time and memory; less refuses ordinary browsers. */
#define CONNECTION_MEMORY_BYTES 6144

static void log_answer(struct http_server *s, struct MHD_Connection *c, const char *method, const char *url)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	char host[NI_MAXHOST] = "?";
	if (info != NULL)
		(void)getnameinfo(info->client_addr, sizeof(struct sockaddr_in6), host, sizeof host, NULL, 0,
				  NI_NUMERICHOST); /* else "?" */
	char shown[1024];                          /* keys are not for logs */
	cli_debug(s->cli, "%s %s %s %u", host, method, bzz_address_shown(bytes_text(url), shown, sizeof shown),
		  http_client_of(c)->status);
}

/* Called before answer, with the path as it came: what it returns is *request there. */
static void *end_of_path(void *context, const char *path, struct MHD_Connection *c)
{
	(void)context;
	(void)c;
	return (void *)(uintptr_t)(path + strlen(path));
}

/* A request is answered in the second call: queueing in the first makes MHD close the connection
 * afterwards. That is right for other methods, whose body nobody wants to read. */
static enum MHD_Result answer(void *context, struct MHD_Connection *c, const char *url, const char *method,
			      const char *version, const char *upload, size_t *upload_n, void **request)
{
	struct http_server *s = context;
	struct http_client *client = http_client_of(c);
	bool head = strcmp(method, "HEAD") == 0, get = head || strcmp(method, "GET") == 0;
	bool first = *request != client;
	(void)upload;
	if (client == NULL)
		return MHD_NO; /* there was no memory for it */
	if (first)             /* the version stands right behind the path, unless a NUL stands in it */
		client->has_nul = version != (const char *)*request + 1;
	*request = client;
	if (first && get)
		return MHD_YES;
	if (*upload_n > 0) {
		*upload_n = 0; /* a body that nobody asked for */
		return MHD_YES;
	}
	atomic_store(&client->since_ms, 0);
	atomic_fetch_add(&s->requests_total, 1);
	enum MHD_Result result;
	if (!get)
		result = s->problem(s->context, c, 405, "Only GET and HEAD are answered here.");
	else if (client->has_nul)
		result = s->problem(s->context, c, 404, "The path is malformed.");
	else
		result = s->route(s->context, c, url, head);
	if (s->log_requests)
		log_answer(s, c, method, url);
	return result;
}

static size_t keep_encoded(void *context, struct MHD_Connection *c, char *text)
{
	(void)context;
	(void)c;
	return strlen(text);
}

static void log_nothing(void *context, const char *format, va_list args)
{
	(void)context;
	(void)format;
	(void)args;
}

/* Binds by address text, so that errors name what was asked for. */
static int bind_socket(struct cli *cli, const char *option, const char *address, uint16_t number, int *fd)
{
	char port[8];
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_PASSIVE | AI_NUMERICSERV | AI_NUMERICHOST};
	struct addrinfo *found = NULL;
	(void)snprintf(port, sizeof port, "%u", (unsigned)number);
	int bad = getaddrinfo(address, port, &hints, &found);
	if (bad != 0)
		cli_usage(cli, "%s: '%s' is no address in numbers, such as 127.0.0.1, or 0.0.0.0 for all", option,
			  address);
	int one = 1, off = 0, s = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s >= 0 && found->ai_family == AF_INET6) /* [::] takes IPv4 too */
		(void)setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	if (s < 0 || setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
	    bind(s, found->ai_addr, found->ai_addrlen) != 0 || listen(s, SOMAXCONN) != 0) {
		cli_error(cli, ERR_IO, "cannot listen on %s port %s: %s", address, port, strerror(errno));
		if (s >= 0)
			(void)close(s); /* never used */
		s = -1;
	}
	freeaddrinfo(found);
	*fd = s;
	return s >= 0 ? OK : ERR_IO;
}

static void name_url(struct http_server *s, int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} address = {.six = {.sin6_family = AF_UNSPEC}};
	socklen_t n = sizeof address;
	char host[INET6_ADDRSTRLEN] = "";
	if (getsockname(fd, &address.any, &n) != 0)
		return;
	bool six = address.any.sa_family == AF_INET6;
	s->port = ntohs(six ? address.six.sin6_port : address.four.sin_port);
	if (six)
		(void)inet_ntop(AF_INET6, &address.six.sin6_addr, host, sizeof host);
	else
		(void)inet_ntop(AF_INET, &address.four.sin_addr, host, sizeof host);
	(void)snprintf(s->url, sizeof s->url, six ? "http://[%s]:%u" : "http://%s:%u", host, s->port);
}

int http_server_start(struct http_server *s, const char *option, const char *address, uint16_t port)
{
	int fd, err = bind_socket(s->cli, option, address, port, &fd);
	if (err != OK)
		return err;
	s->clients_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	name_url(s, fd);
	/* A thousand machines that ask for ranges are two thousand descriptors: more than many systems give by
	 * themselves. */
	descriptors_allow(2 * (size_t)s->connections_max + s->files_spare);
	s->daemon =
		MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ERROR_LOG, 0, NULL, NULL,
				 answer, s, MHD_OPTION_EXTERNAL_LOGGER, log_nothing, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
				 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES,
				 MHD_OPTION_CONNECTION_LIMIT, s->connections_max, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
				 s->per_client_max, MHD_OPTION_CONNECTION_TIMEOUT,
				 (unsigned)((s->idle_ms + 999) / 1000), MHD_OPTION_UNESCAPE_CALLBACK, keep_encoded,
				 NULL, MHD_OPTION_URI_LOG_CALLBACK, end_of_path, NULL, MHD_OPTION_NOTIFY_CONNECTION,
				 http_client_changed, s, MHD_OPTION_NOTIFY_COMPLETED, http_client_done, s,
				 MHD_OPTION_THREAD_POOL_SIZE, s->threads > 1 ? s->threads : 0, MHD_OPTION_END);
	if (s->daemon == NULL) {
		(void)close(fd); /* nobody has it */
		cli_error(s->cli, ERR_IO, "%s: the HTTP server does not start: %s", s->url, strerror(errno));
		return ERR_IO;
	}
	return OK;
}

void http_server_stop(struct http_server *s, uint64_t linger_ms)
{
	MHD_socket listening = MHD_quiesce_daemon(s->daemon);
	if (listening != MHD_INVALID_SOCKET)
		(void)close(listening); /* nothing was written to it */
	for (uint64_t end = clock_now_ms() + linger_ms; atomic_load(&s->connections) > 0 && clock_now_ms() < end;) {
		http_clients_cut_idle(s);
		(void)usleep(10000); /* may be cut short by a signal */
	}
	MHD_stop_daemon(s->daemon);
}

const char *http_header(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

void http_add_header(struct MHD_Response *r, const char *name, const char *value)
{
	(void)MHD_add_response_header(r, name, value); /* fails for lack of memory only: an answer without it */
}

enum MHD_Result http_queue(struct MHD_Connection *c, unsigned status, struct MHD_Response *r)
{
	struct http_client *client = http_client_of(c);
	if (r == NULL)
		return MHD_NO;
	if (client != NULL)
		client->status = status;
	enum MHD_Result queued = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return queued;
}

struct MHD_Response *http_empty(void)
{
	static char nothing[1];
	return MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
}
