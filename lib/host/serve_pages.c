#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "host/clock.h"
#include "host/serve_parts.h"

#define NAME "phase-serve"
#define DISK_FREE_MIN_BYTES (16ULL << 20) /* below this a store cannot take a release */

static struct MHD_Response *make_text(const char *type, struct bytes body)
{
	struct MHD_Response *r =
		MHD_create_response_from_buffer(body.n, (void *)(uintptr_t)body.p, MHD_RESPMEM_MUST_COPY);
	if (r == NULL)
		return NULL;
	http_add_header(r, "Content-Type", type);
	http_add_header(r, "Cache-Control", "no-store");
	return r;
}

static enum MHD_Result send_text(struct MHD_Connection *c, unsigned status, const char *type, struct bytes body)
{
	return http_queue(c, status, make_text(type, body));
}

static struct MHD_Response *make_json(const char *type, cJSON *json)
{
	char *text = cJSON_PrintUnformatted(json);
	struct MHD_Response *r = text == NULL ? NULL : make_text(type, bytes_text(text));
	cJSON_Delete(json);
	cJSON_free(text);
	return r;
}

static enum MHD_Result send_json(struct MHD_Connection *c, unsigned status, cJSON *json)
{
	return http_queue(c, status, make_json("application/json", json));
}

struct MHD_Response *serve_problem_make(struct serve *s, unsigned status, const char *detail)
{
	cJSON *json = cJSON_CreateObject();
	(void)cJSON_AddStringToObject(json, "title", MHD_get_reason_phrase_for(status)); /* printing NULL fails, */
	(void)cJSON_AddNumberToObject(json, "status", status);                           /* and is noticed */
	(void)cJSON_AddStringToObject(json, "detail", detail);
	atomic_fetch_add(&s->errors_total, 1);
	struct MHD_Response *r = make_json("application/problem+json", json);
	if (r != NULL && status == MHD_HTTP_METHOD_NOT_ALLOWED)
		http_add_header(r, "Allow", "GET, HEAD");
	if (r != NULL && status == MHD_HTTP_SERVICE_UNAVAILABLE)
		http_add_header(r, "Retry-After", "1");
	return r;
}

enum MHD_Result serve_problem(void *serve, struct MHD_Connection *c, unsigned status, const char *detail)
{
	struct serve *s = serve;
	return http_queue(c, status, serve_problem_make(s, status, detail));
}

static uint64_t bytes_served(struct serve *s)
{
	return atomic_load(&s->bytes_served_total) + atomic_load(&s->site.bytes_served_total);
}

static double uptime(const struct serve *s)
{
	uint64_t whole_s = (clock_now_ms() - s->started_ms) / 1000;
	return (double)whole_s;
}

static void add_identity(const struct serve *s, cJSON *json)
{
	(void)cJSON_AddStringToObject(json, "name", NAME);
	(void)cJSON_AddStringToObject(json, "version", VERSION);
	(void)cJSON_AddStringToObject(json, "channel", s->o.channel);
	(void)cJSON_AddStringToObject(json, "arch", s->o.arch);
	(void)cJSON_AddNumberToObject(json, "uptime_seconds", uptime(s));
}

static enum MHD_Result send_html(struct serve *s, struct MHD_Connection *c)
{
	char page[1024];
	int n = snprintf(page, sizeof page,
			 "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>" NAME "</title>"
			 "<h1>" NAME " " VERSION "</h1>"
			 "<p>This machine serves signed operating-system releases. Up for %.0f s.</p>"
			 "<ul><li><a href=\"/manifest.json\">manifest of the default release</a>"
			 "<li><a href=\"/status\">status</a><li><a href=\"/health\">health</a>"
			 "<li><a href=\"/metrics\">metrics</a></ul>",
			 uptime(s));
	return send_text(c, MHD_HTTP_OK, "text/html; charset=utf-8", bytes_of(page, (size_t)n));
}

enum MHD_Result serve_page_root(struct serve *s, struct MHD_Connection *c)
{
	const char *accept = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Accept");
	if (accept != NULL && strstr(accept, "text/html") != NULL)
		return send_html(s, c);
	cJSON *json = cJSON_CreateObject();
	add_identity(s, json);
	return send_json(c, MHD_HTTP_OK, json);
}

struct health {
	bool readable, space;
};

static struct health look(const struct serve *s)
{
	struct statvfs fs;
	struct stat now, opened;
	struct health h = {.readable = faccessat(s->catalogue.store.fd, ".", R_OK | X_OK, 0) == 0};
	/* An open folder stays readable when it is deleted or mounted over. */
	if (stat(s->o.store, &now) != 0 || fstat(s->catalogue.store.fd, &opened) != 0 || now.st_dev != opened.st_dev ||
	    now.st_ino != opened.st_ino)
		h.readable = false;
	h.space = fstatvfs(s->catalogue.store.fd, &fs) == 0 &&
		  ((fs.f_flag & ST_RDONLY) != 0 || fs.f_bavail * fs.f_frsize >= DISK_FREE_MIN_BYTES);
	return h;
}

static const char *health_text(struct health h)
{
	return h.readable && h.space ? "healthy" : "unhealthy";
}

enum MHD_Result serve_page_health(struct serve *s, struct MHD_Connection *c)
{
	struct health h = look(s);
	cJSON *json = cJSON_CreateObject();
	(void)cJSON_AddStringToObject(json, "status", health_text(h));
	cJSON *checks = cJSON_AddObjectToObject(json, "checks");
	(void)cJSON_AddBoolToObject(checks, "artifacts_readable", h.readable);
	(void)cJSON_AddBoolToObject(checks, "disk_space_ok", h.space);
	return send_json(c, h.readable && h.space ? 200 : 503, json);
}

enum MHD_Result serve_page_status(struct serve *s, struct MHD_Connection *c)
{
	struct health h = look(s);
	cJSON *json = cJSON_CreateObject();
	add_identity(s, json);
	cJSON *health = cJSON_AddObjectToObject(json, "health");
	(void)cJSON_AddStringToObject(health, "status", health_text(h));
	(void)cJSON_AddBoolToObject(health, "artifacts_readable", h.readable);
	(void)cJSON_AddBoolToObject(health, "disk_space_ok", h.space);
	cJSON *metrics = cJSON_AddObjectToObject(json, "metrics");
	(void)cJSON_AddNumberToObject(metrics, "requests_total", (double)atomic_load(&s->http.requests_total));
	(void)cJSON_AddNumberToObject(metrics, "bytes_served_total", (double)bytes_served(s));
	(void)cJSON_AddNumberToObject(metrics, "errors_total", (double)atomic_load(&s->errors_total));
	(void)cJSON_AddNumberToObject(metrics, "connections", (double)atomic_load(&s->http.connections));
	return send_json(c, MHD_HTTP_OK, json);
}

enum MHD_Result serve_page_metrics(struct serve *s, struct MHD_Connection *c)
{
	char text[1024];
	int n = snprintf(text, sizeof text,
			 "# HELP phase_requests_total Requests answered.\n# TYPE phase_requests_total counter\n"
			 "phase_requests_total %llu\n"
			 "# HELP phase_bytes_served_total Body bytes of answers.\n"
			 "# TYPE phase_bytes_served_total counter\nphase_bytes_served_total %llu\n"
			 "# HELP phase_errors_total Requests refused.\n# TYPE phase_errors_total counter\n"
			 "phase_errors_total %llu\n"
			 "# HELP phase_connections Connections open now.\n# TYPE phase_connections gauge\n"
			 "phase_connections %llu\n"
			 "# HELP phase_uptime_seconds Seconds since the start.\n# TYPE phase_uptime_seconds gauge\n"
			 "phase_uptime_seconds %.0f\n",
			 (unsigned long long)atomic_load(&s->http.requests_total), (unsigned long long)bytes_served(s),
			 (unsigned long long)atomic_load(&s->errors_total),
			 (unsigned long long)atomic_load(&s->http.connections), uptime(s));
	return send_text(c, MHD_HTTP_OK, "text/plain; version=0.0.4", bytes_of(text, (size_t)n));
}
