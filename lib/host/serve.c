#include "host/serve.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "host/clock.h"
#include "host/serve_parts.h"

#define CONNECTIONS_MAX 4096
#define CONNECTIONS_PER_IP_MAX 2048 /* a rack may stand behind one address */
#define FILES_SPARE (CHUNK_INDEX_TREES_MAX + 1024)
#define TEND_EVERY_S 2

static int listen_and_serve(struct serve *s)
{
	s->http = (struct http_server){.route = serve_route,
				       .problem = serve_problem,
				       .context = s,
				       .cli = s->cli,
				       .idle_ms = s->o.idle_ms,
				       .connections_max = CONNECTIONS_MAX,
				       .per_client_max = CONNECTIONS_PER_IP_MAX,
				       .files_spare = FILES_SPARE,
				       .threads = 1,
				       .log_requests = s->o.log_requests};
	return http_server_start(&s->http, "--bind", s->o.bind, (uint16_t)s->o.port);
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
	chunk_stores_close(&s->stores);
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
	s->refusals_lock = s->tender_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
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
	else if ((err = serve_content_open(s)) == OK && (err = listen_and_serve(s)) == OK &&
		 pthread_create(&s->tender, NULL, tend, s) != 0) {
		cli_error(cli, err = ERR_NO_MEMORY, "cannot start a thread");
		http_server_stop(&s->http, 0);
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
	return s->http.url;
}

uint16_t serve_port(const struct serve *s)
{
	return s->http.port;
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

int serve_watch_fd(const struct serve *s)
{
	return s->inotify;
}

void serve_watch(struct serve *s)
{
	_Alignas(struct inotify_event) char events[4096];
	ssize_t n;
	while ((n = read(s->inotify, events, sizeof events)) > 0) {
		for (const char *p = events; p < events + n;) {
			const struct inotify_event *e = (const struct inotify_event *)(const void *)p;
			if ((e->mask & IN_MODIFY) != 0)
				http_server_cut_receivers(&s->http, e->wd);
			p += sizeof *e + e->len;
		}
	}
	http_server_cut_late(&s->http);
}

void serve_stop(struct serve *s, uint64_t linger_ms)
{
	http_server_stop(&s->http, linger_ms);
	if (end_tender(s))
		free_serve(s); /* else the thread has it until the process ends, which is next */
}
