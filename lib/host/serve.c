#include "host/serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "host/clock.h"
#include "host/serve_parts.h"

#define CONNECTIONS_MAX 4096
#define CONNECTIONS_PER_IP_MAX 2048
#define FILES_SPARE (CHUNK_INDEX_TREES_MAX + 1024) /* descriptors beside those of connections */
#define TEND_EVERY_S 2
/* One request with its answer's headers. MHD clears all of it between requests of a connection,
 * so more costs time and memory; less refuses ordinary browsers. */
#define CONNECTION_MEMORY_BYTES 6144

static void log_answer(struct serve *s, struct MHD_Connection *c, const char *method, const char *url)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	char host[NI_MAXHOST] = "?";
	if (info != NULL)
		(void)getnameinfo(info->client_addr, sizeof(struct sockaddr_in6), host, sizeof host, NULL, 0,
				  NI_NUMERICHOST); /* else "?" */
	cli_debug(s->cli, "%s %s %s %u", host, method, url, serve_client_of(c)->status);
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
	struct serve *s = context;
	struct serve_client *client = serve_client_of(c);
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
		result = serve_problem(s, c, 405, "Only GET and HEAD are answered here.");
	else if (client->has_nul)
		result = serve_problem(s, c, 404, "The path is malformed.");
	else
		result = serve_route(s, c, url, head);
	if (s->o.log_requests)
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
static int bind_socket(struct cli *cli, const struct serve_options *o, int *fd)
{
	char port[8];
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_PASSIVE | AI_NUMERICSERV | AI_NUMERICHOST};
	struct addrinfo *found = NULL;
	(void)snprintf(port, sizeof port, "%u", (unsigned)o->port);
	int bad = getaddrinfo(o->bind, port, &hints, &found);
	if (bad != 0)
		cli_usage(cli, "--bind: '%s' is no address", o->bind);
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

/* A thousand machines that ask for ranges are two thousand descriptors: more than many systems
 * give by themselves. */
static void raise_files_limit(void)
{
	struct rlimit limit;
	const rlim_t wanted = 2 * CONNECTIONS_MAX + FILES_SPARE;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	(void)setrlimit(RLIMIT_NOFILE, &limit); /* else fewer connections at once */
}

static int listen_and_serve(struct serve *s)
{
	int fd, err = bind_socket(s->cli, &s->o, &fd);
	if (err != OK)
		return err;
	name_url(s, fd);
	raise_files_limit();
	s->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ERROR_LOG, 0, NULL, NULL,
				     answer, s, MHD_OPTION_EXTERNAL_LOGGER, log_nothing, NULL, MHD_OPTION_LISTEN_SOCKET,
				     fd, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES,
				     MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
				     MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)CONNECTIONS_PER_IP_MAX,
				     MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)((s->o.idle_ms + 999) / 1000),
				     MHD_OPTION_UNESCAPE_CALLBACK, keep_encoded, NULL, MHD_OPTION_URI_LOG_CALLBACK,
				     end_of_path, NULL, MHD_OPTION_NOTIFY_CONNECTION, serve_client_changed, s,
				     MHD_OPTION_NOTIFY_COMPLETED, serve_client_done, s, MHD_OPTION_END);
	if (s->daemon == NULL) {
		(void)close(fd); /* nobody has it */
		cli_error(s->cli, ERR_IO, "%s: the HTTP server does not start: %s", s->url, strerror(errno));
		return ERR_IO;
	}
	return OK;
}

static bool tender_ends(struct serve *s, bool wait)
{
	struct timespec until;
	(void)pthread_mutex_lock(&s->tender_lock); /* of a mutex that is ours: cannot fail */
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += TEND_EVERY_S;
	if (wait && !s->tender_ends)
		(void)pthread_cond_timedwait(&s->tender_woken, &s->tender_lock, &until); /* early or late is as well */
	bool ends = s->tender_ends;
	(void)pthread_mutex_unlock(&s->tender_lock);
	return ends;
}

/* The thread that finds and hashes what is new in the store. */
static void *tend(void *context)
{
	struct serve *s = context;
	do {
		if (catalogue_scan(&s->catalogue) != OK)
			continue; /* the store is away for now: /health says so */
		while (!tender_ends(s, false) && catalogue_hash_next(&s->catalogue))
			;
		atomic_store(&s->ready, true);
		chunk_index_refresh(&s->chunks);
		(void)malloc_trim(0); /* else it keeps what hashing used */
	} while (!tender_ends(s, true));
	return NULL;
}

static void free_serve(struct serve *s)
{
	if (s->inotify >= 0)
		(void)close(s->inotify); /* only read from */
	serve_items_free(s);
	chunk_index_close(&s->chunks);
	if (s->catalogue.files != NULL)
		catalogue_close(&s->catalogue);
	free(s);
}

/* Large blocks (of hashing) go back to the system instead of staying as holes, and threads share
 * one heap: what a server keeps is what its connections need. */
static void keep_heap_small(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, 64 << 10); /* else more memory than needed */
	(void)mallopt(M_ARENA_MAX, 1);
}

int serve_start(struct cli *cli, const struct serve_options *o, struct serve **serve)
{
	keep_heap_small();
	struct serve *s = calloc(1, sizeof *s);
	if (s == NULL)
		return ERR_NO_MEMORY;
	s->cli = cli;
	s->o = *o;
	s->started_ms = clock_now_ms();
	s->refusals_lock = s->clients_lock = s->tender_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	s->tender_woken = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	s->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	chunk_index_open(&s->chunks, cli, &s->catalogue);
	int err = catalogue_open(&s->catalogue, o->store);
	if (err == OK)
		err = catalogue_scan(&s->catalogue);
	if (err == OK && s->inotify < 0)
		err = ERR_IO;
	if (err != OK)
		cli_fail(cli, err, o->store, NULL);
	else if ((err = listen_and_serve(s)) == OK && pthread_create(&s->tender, NULL, tend, s) != 0) {
		cli_error(cli, err = ERR_NO_MEMORY, "cannot start a thread");
		MHD_stop_daemon(s->daemon);
	}
	if (err != OK) {
		free_serve(s);
		return err;
	}
	*serve = s;
	return OK;
}

bool serve_ready(const struct serve *s)
{
	return atomic_load(&s->ready);
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

/* Whether the tending thread has ended; hashing a large file cannot be cut short. */
static bool end_tender(struct serve *s)
{
	struct timespec until;
	(void)pthread_mutex_lock(&s->tender_lock); /* of a mutex that is ours: cannot fail */
	s->tender_ends = true;
	(void)pthread_cond_signal(&s->tender_woken);
	(void)pthread_mutex_unlock(&s->tender_lock);
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 200000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	return pthread_timedjoin_np(s->tender, NULL, &until) == 0;
}

void serve_stop(struct serve *s, uint64_t linger_ms)
{
	MHD_socket listening = MHD_quiesce_daemon(s->daemon);
	if (listening != MHD_INVALID_SOCKET)
		(void)close(listening); /* nothing was written to it */
	for (uint64_t end = clock_now_ms() + linger_ms; atomic_load(&s->connections) > 0 && clock_now_ms() < end;) {
		serve_clients_cut_idle(s);
		(void)usleep(10000); /* may be cut short by a signal */
	}
	MHD_stop_daemon(s->daemon);
	if (end_tender(s))
		free_serve(s); /* else the thread has it until the process ends, which is next */
}
