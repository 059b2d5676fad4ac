#include "host/discover_probe.h"

#include <errno.h>
#include <stdlib.h>

#define OTHERS_MAX 64 /* descriptors that avahi-client waits for: two or three */
#define DETAIL_MAX (CURL_ERROR_SIZE + 32)

struct discover_probe {
	struct discover_probe *next;
	struct discover_probes *probes;
	CURL *easy;
	const void *subject;
	uint8_t *body;
	size_t n;
	bool too_long;
	char error[CURL_ERROR_SIZE];
};

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
	struct discover_probe *x = context;
	size_t n = size * count;
	if (n > x->probes->bytes_max - x->n) {
		x->too_long = true;
		return CURL_WRITEFUNC_ERROR;
	}
	uint8_t *grown = realloc(x->body, x->n + n + 1);
	if (grown == NULL)
		return CURL_WRITEFUNC_ERROR;
	x->body = grown;
	memcpy(x->body + x->n, data, n);
	x->n += n;
	return n;
}

int discover_probes_open(struct discover_probes *p, size_t bytes_max, discover_probe_done *done, void *context)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return ERR_NO_MEMORY;
	*p = (struct discover_probes){.multi = curl_multi_init(),
				      .bytes_max = bytes_max,
				      .done = done,
				      .context = context};
	if (p->multi == NULL)
		return ERR_NO_MEMORY;
	(void)curl_multi_setopt(p->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)PROBE_CONNECTIONS_MAX);
	return OK;
}

static void drop(struct discover_probe *x)
{
	struct discover_probe **link = &x->probes->first;
	while (*link != NULL && *link != x)
		link = &(*link)->next;
	if (*link == x)
		*link = x->next;
	if (x->easy != NULL) {
		(void)curl_multi_remove_handle(x->probes->multi, x->easy);
		curl_easy_cleanup(x->easy);
	}
	free(x->body);
	free(x);
}

static bool set_options(struct discover_probe *x, const struct discover_probe_request *r)
{
	CURL *c = x->easy;
	long timeout = r->timeout_ms > LONG_MAX ? LONG_MAX : (long)r->timeout_ms;
	return curl_easy_setopt(c, CURLOPT_URL, r->url) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       (!r->direct || curl_easy_setopt(c, CURLOPT_NOPROXY, "*") == CURLE_OK) &&
	       curl_easy_setopt(c, CURLOPT_USERAGENT, "phase-discover/" VERSION) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, timeout) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_WRITEDATA, x) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_ERRORBUFFER, x->error) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_PRIVATE, x) == CURLE_OK;
}

int discover_probe_start(struct discover_probes *p, const struct discover_probe_request *r)
{
	struct discover_probe *x = calloc(1, sizeof *x);
	if (x == NULL)
		return ERR_NO_MEMORY;
	x->probes = p;
	x->subject = r->subject;
	x->next = p->first;
	p->first = x;
	x->easy = curl_easy_init();
	if (x->easy == NULL || !set_options(x, r) || curl_multi_add_handle(p->multi, x->easy) != CURLM_OK) {
		drop(x);
		return ERR_NO_MEMORY;
	}
	return OK;
}

static void finish(struct discover_probe *x, CURLcode code)
{
	struct discover_probes *p = x->probes;
	char detail[DETAIL_MAX] = "";
	long status = 0;
	int err = ERR_SOURCE;
	(void)curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
	if (x->too_long)
		err = ERR_LIMIT;
	else if (code == CURLE_OPERATION_TIMEDOUT)
		err = ERR_TIMEOUT;
	else if (code == CURLE_OK && status == 200)
		err = OK;
	if (code == CURLE_OK)
		(void)snprintf(detail, sizeof detail, "HTTP %ld", status);
	else if (x->too_long)
		(void)snprintf(detail, sizeof detail, "%s", err_text(ERR_LIMIT));
	else
		(void)snprintf(detail, sizeof detail, "%s", x->error[0] != 0 ? x->error : curl_easy_strerror(code));
	p->done(p->context, x->subject, err, detail, bytes_of(x->body, x->n));
	drop(x);
}

void discover_probes_run(struct discover_probes *p)
{
	int left;
	if (p->multi == NULL || p->first == NULL)
		return;
	(void)curl_multi_perform(p->multi, &left);
	for (CURLMsg *m; (m = curl_multi_info_read(p->multi, &left)) != NULL;) {
		struct discover_probe *x = NULL;
		if (m->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&x) != CURLE_OK || x == NULL)
			continue;
		finish(x, m->data.result);
	}
}

/* The bits of poll(2) and of curl are the same in meaning, not in value. */
static short to_curl(short events)
{
	return (short)((events & POLLIN ? CURL_WAIT_POLLIN : 0) | (events & POLLPRI ? CURL_WAIT_POLLPRI : 0) |
		       (events & POLLOUT ? CURL_WAIT_POLLOUT : 0));
}

static short from_curl(short events)
{
	return (short)((events & CURL_WAIT_POLLIN ? POLLIN : 0) | (events & CURL_WAIT_POLLPRI ? POLLPRI : 0) |
		       (events & CURL_WAIT_POLLOUT ? POLLOUT : 0));
}

int discover_probes_poll(struct discover_probes *p, struct pollfd *fds, unsigned fds_n, int timeout_ms)
{
	struct curl_waitfd others[OTHERS_MAX];
	int ready = 0, all = 0;
	if (p->multi == NULL || p->first == NULL)
		return poll(fds, fds_n, timeout_ms);
	if (fds_n > OTHERS_MAX) {
		errno = EINVAL;
		return -1;
	}
	for (unsigned i = 0; i < fds_n; i++)
		others[i] = (struct curl_waitfd){.fd = fds[i].fd, .events = to_curl(fds[i].events)};
	if (curl_multi_poll(p->multi, others, fds_n, timeout_ms < 0 ? INT_MAX : timeout_ms, &all) != CURLM_OK) {
		errno = EIO;
		return -1;
	}
	for (unsigned i = 0; i < fds_n; i++) {
		fds[i].revents = from_curl(others[i].revents);
		ready += fds[i].revents != 0;
	}
	return ready;
}

void discover_probes_close(struct discover_probes *p)
{
	while (p->first != NULL)
		drop(p->first);
	if (p->multi != NULL) {
		(void)curl_multi_cleanup(p->multi);
		curl_global_cleanup();
	}
	*p = (struct discover_probes){.multi = NULL};
}
