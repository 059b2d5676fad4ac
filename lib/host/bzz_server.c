#include "host/bzz_server.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/decimal.h"
#include "host/bzz_site.h"

#define THREADS_MAX 4 /* they read from disk and hash */
#define FILES_SPARE 256

struct bzz_server {
	struct http_server http;
	struct bzz_site site;
};

/* Takes the JSON. */
static enum MHD_Result send_json(struct MHD_Connection *c, unsigned status, cJSON *json)
{
	char *text = cJSON_PrintUnformatted(json);
	cJSON_Delete(json);
	struct MHD_Response *r =
		text == NULL ? NULL : MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_COPY);
	cJSON_free(text);
	if (r == NULL)
		return MHD_NO;
	http_add_header(r, "Content-Type", "application/json; charset=utf-8");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		http_add_header(r, "Allow", "GET, HEAD");
	return http_queue(c, status, r);
}

/* As bee has its errors. */
static enum MHD_Result problem(void *context, struct MHD_Connection *c, unsigned status, const char *detail)
{
	cJSON *json = cJSON_CreateObject();
	(void)context;
	(void)cJSON_AddNumberToObject(json, "code", status);    /* printing NULL fails, */
	(void)cJSON_AddStringToObject(json, "message", detail); /* and is noticed */
	return send_json(c, status, json);
}

static enum MHD_Result send_status(struct MHD_Connection *c, const char *status)
{
	cJSON *json = cJSON_CreateObject();
	(void)cJSON_AddStringToObject(json, "status", status); /* as above */
	(void)cJSON_AddStringToObject(json, "version", VERSION);
	(void)cJSON_AddStringToObject(json, "apiVersion", "8.1.0");
	return send_json(c, MHD_HTTP_OK, json);
}

static enum MHD_Result route(void *context, struct MHD_Connection *c, const char *url, bool head)
{
	struct bzz_server *s = context;
	const char *path = strncmp(url, "/v1/", 4) == 0 ? url + 3 : url;
	if (bzz_site_has(url))
		return bzz_site_route(&s->site, c, url, head);
	if (strcmp(path, "/health") == 0)
		return send_status(c, "ok");
	if (strcmp(path, "/readiness") == 0)
		return send_status(c, "ready");
	return problem(s, c, MHD_HTTP_NOT_FOUND, "Not Found");
}

/* "ADDRESS:PORT" taken apart; ends the program when it is not. */
static uint16_t cut_address(struct cli *cli, const char *text, char *address, size_t room)
{
	const char *colon = strrchr(text, ':');
	uint64_t port = 0;
	struct bytes host = colon == NULL ? BYTES_NONE : bytes_of(text, (size_t)(colon - text));
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = bytes_of(host.p + 1, host.n - 2);
	else if (memchr(text, ':', host.n) != NULL) /* whose last part is no port */
		host.n = 0;
	if (host.n == 0 || host.n >= room || decimal_read(bytes_text(colon + 1), &port) != OK || port > UINT16_MAX)
		cli_usage(cli, "--http: '%s' is not ADDRESS:PORT, such as 127.0.0.1:1633 or [::]:1633", text);
	if (bytes_is(host, "localhost")) /* the only name that needs nobody to be asked */
		host = BYTES_LITERAL("127.0.0.1");
	memcpy(address, host.p, host.n);
	address[host.n] = 0;
	return (uint16_t)port;
}

int bzz_server_start(struct cli *cli, const struct bzz_server_options *o, const struct chunk_source *source,
		     struct bzz_server **server)
{
	char address[64];
	const uint16_t port = cut_address(cli, o->http, address, sizeof address);
	const long processors = sysconf(_SC_NPROCESSORS_ONLN);
	struct bzz_server *s = calloc(1, sizeof *s);
	if (s == NULL)
		return ERR_NO_MEMORY;
	s->site.source = *source;
	s->site.shelf = bzz_shelf_new(); /* without it every request finds its way by itself */
	s->site.cli = cli;
	s->site.problem = problem;
	s->site.context = s;
	s->http.route = route;
	s->http.problem = problem;
	s->http.context = s;
	s->http.cli = cli;
	s->http.idle_ms = o->idle_ms;
	s->http.connections_max = (unsigned)o->connections_max;
	s->http.per_client_max = (unsigned)o->per_client_max;
	s->http.files_spare = FILES_SPARE;
	s->http.threads = processors < 1 ? 1 : processors > THREADS_MAX ? THREADS_MAX : (unsigned)processors;
	s->http.log_requests = o->log_requests;
	int err = http_server_start(&s->http, "--http", address, port);
	if (err != OK) {
		bzz_shelf_free(s->site.shelf);
		free(s);
		return err;
	}
	*server = s;
	return OK;
}

const char *bzz_server_url(const struct bzz_server *s)
{
	return s->http.url;
}

void bzz_server_tick(struct bzz_server *s)
{
	http_server_cut_late(&s->http);
}

void bzz_server_stop(struct bzz_server *s, uint64_t linger_ms)
{
	http_server_stop(&s->http, linger_ms);
	bzz_shelf_free(s->site.shelf);
	free(s);
}
