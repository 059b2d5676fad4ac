#include "host/served.h"

#include <stdlib.h>
#include <string.h>

#include "fetch/artifact_url.h"
#include "host/clock.h"
#include "host/explain.h"
#include "host/transfer_handle.h"
#include "http/answer.h"
#include "http/url.h"

/* One request. */
struct asking {
	struct served *s;
	struct answer answer;
	bool keep, too_large; /* the body is wanted; there is more of it than may be */
	char error[CURL_ERROR_SIZE];
};

/* --- requests --- */

static size_t take_line(char *line, size_t size, size_t n, void *context)
{
	struct asking *a = context;
	(void)size; /* is 1, says libcurl */
	answer_line(&a->answer, bytes_of(line, n));
	return n;
}

static size_t take_body(char *data, size_t size, size_t n, void *context)
{
	struct asking *a = context;
	struct served *s = a->s;
	(void)size;
	if (!a->keep)
		return a->answer.status == 206 ? n : 0; /* it sends the whole: its head is enough */
	if (n > MANIFEST_BYTES_MAX - s->text_n) {
		a->too_large = true;
		return 0;
	}
	memcpy(s->text + s->text_n, data, n);
	s->text_n += n;
	return n;
}

static int is_stopped(void *context, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
	const struct asking *a = context;
	(void)down_all, (void)down, (void)up_all, (void)up;
	return atomic_load(&a->s->stop) ? 1 : 0;
}

/* range: NULL, or what is asked for. OK: there is an answer, whatever it says. */
static int ask(struct asking *a, const char *url, const char *range, uint64_t timeout_ms)
{
	CURL *e = a->s->easy;
	CURLcode bad = curl_easy_setopt(e, CURLOPT_URL, url);
	bad |= curl_easy_setopt(e, CURLOPT_RANGE, range);
	bad |= curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	bad |= curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, take_line);
	bad |= curl_easy_setopt(e, CURLOPT_HEADERDATA, a);
	bad |= curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_body);
	bad |= curl_easy_setopt(e, CURLOPT_WRITEDATA, a);
	bad |= curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
	bad |= curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, is_stopped);
	bad |= curl_easy_setopt(e, CURLOPT_XFERINFODATA, a);
	bad |= curl_easy_setopt(e, CURLOPT_ERRORBUFFER, a->error);
	const CURLcode code = bad != CURLE_OK ? CURLE_OUT_OF_MEMORY : curl_easy_perform(e);
	(void)curl_easy_setopt(e, CURLOPT_ERRORBUFFER, NULL); /* cannot fail; a goes away */
	if (atomic_load(&a->s->stop))
		return ERR_INTERRUPTED;
	if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && !a->keep))
		return OK;
	if (a->error[0] == '\0')
		(void)snprintf(a->error, sizeof a->error, "%s", curl_easy_strerror(code));
	return a->too_large ? ERR_LIMIT : transfer_handle_err(code);
}

int served_open(struct served *s, struct cli *cli, const char *url)
{
	*s = (struct served){.cli = cli,
			     .url = url,
			     .easy = transfer_handle(cli),
			     .text = malloc(MANIFEST_BYTES_MAX),
			     .memory = malloc(MANIFEST_ARENA_BYTES)};
	atomic_init(&s->stop, false);
	return s->easy == NULL || s->text == NULL || s->memory == NULL ? ERR_NO_MEMORY : OK;
}

void served_close(struct served *s)
{
	if (s->easy != NULL)
		curl_easy_cleanup(s->easy);
	free(s->text);
	free(s->memory);
}

/* --- the manifest --- */

/* People give what they see in a browser. */
static void hint(struct served *s)
{
	if (!url_names_json(bytes_text(s->url)))
		cli_warn(s->cli, "%s: is it a provider's root? name its manifest: .../stable/x86_64/manifest.json",
			 s->url);
}

static int judge_fetched(struct served *s, const struct answer *a)
{
	if (a->status == 200)
		return OK;
	if (a->status / 100 == 3)
		cli_warn(s->cli, "%s: redirects (HTTP status %u); name the place itself", s->url, a->status);
	else
		cli_warn(s->cli, "%s: HTTP status %u", s->url, a->status);
	hint(s);
	return a->status == 404 ? ERR_NOT_FOUND : ERR_SOURCE;
}

int served_fetch(struct served *s)
{
	struct asking a = {.s = s, .keep = true};
	s->text_n = 0;
	const int err = ask(&a, s->url, NULL, SERVED_MANIFEST_MS);
	if (err == OK)
		return judge_fetched(s, &a.answer);
	if (err != ERR_INTERRUPTED)
		cli_warn(s->cli, "%s: %s", s->url,
			 err == ERR_LIMIT ? "larger than a manifest may be (1 MiB)" : a.error);
	return err;
}

int served_judge(struct served *s, const struct policy *policy)
{
	struct arena arena = arena_of(s->memory, MANIFEST_ARENA_BYTES);
	struct why why = {.err = OK};
	const struct circumstances now = {.now = {clock_wall_s()}, .has_now = true};
	struct manifest *m = &s->manifest;
	int err = manifest_read(m, bytes_of(s->text, s->text_n), &arena, &why);
	if (err != OK) {
		cli_fail(s->cli, err, s->url, &why);
		hint(s);
		return err;
	}
	if (policy == NULL)
		return OK;
	struct verdict *verdict = malloc(sizeof *verdict);
	const struct judged judged = {.verdict = verdict, .manifest = m, .policy = policy, .circumstances = &now};
	err = verdict == NULL ? ERR_NO_MEMORY : verdict_reach(verdict, m, policy, &now);
	if (err != OK && verdict != NULL)
		explain_print(s->cli, s->url, &judged);
	free(verdict);
	return err;
}

/* --- its artifacts --- */

/* The size that the answer says; false: none. */
static bool said_size(const struct answer *a, uint64_t *size)
{
	if (a->status == 206 ? !a->has_range : !a->has_length)
		return false;
	*size = a->status == 206 ? a->range_size : a->length;
	return true;
}

static int judge_answer(const struct served *s, const char *url, const struct artifact *artifact,
			const struct answer *a)
{
	const struct asked part = {.length = 1, .size = artifact->size},
			   whole = {.length = artifact->size, .size = artifact->size, .whole = true};
	const int err = answer_judge(a, a->status == 200 ? &whole : &part);
	uint64_t size;
	if (err == OK && a->status == 200 && artifact->size > 1)
		cli_info(s->cli, "%s: answers no ranges: machines cannot share its load with others", url);
	else if (err == ERR_SIZE && said_size(a, &size))
		cli_warn(s->cli, "%s: has %llu bytes, the manifest says %llu", url, (unsigned long long)size,
			 (unsigned long long)artifact->size);
	else if (err != OK && a->status / 100 == 3)
		cli_warn(s->cli, "%s: redirects (HTTP status %u), which machines do not follow", url, a->status);
	else if (err != OK)
		cli_warn(s->cli, "%s: HTTP status %u%s", url, a->status,
			 err == ERR_PROTOCOL ? ", and not the range that was asked for" : "");
	return err;
}

static int ask_at(struct served *s, const char *url, const struct artifact *artifact, uint64_t end_ms)
{
	struct asking a = {.s = s};
	const uint64_t now = clock_now_ms(), left = now < end_ms ? end_ms - now : 1;
	const int err = ask(&a, url, "0-0", left < SERVED_ARTIFACT_MS ? left : SERVED_ARTIFACT_MS);
	if (err == OK)
		return judge_answer(s, url, artifact, &a.answer);
	if (err != ERR_INTERRUPTED)
		cli_warn(s->cli, "%s: %s", url, a.error);
	return err;
}

/* Below the provider's root, and else where the manifest itself says. */
static int ask_artifact(struct served *s, const struct artifact *artifact, uint64_t end_ms)
{
	const struct manifest *m = &s->manifest;
	const struct bytes root = url_root(bytes_text(s->url), m->channel, m->arch);
	char url[URL_BYTES_MAX + MANIFEST_URL_MAX + 2];
	struct writer w = writer_of(url, sizeof url - 1);
	write_bytes(&w, root);
	if (!bytes_ends(root, "/"))
		write_u8(&w, '/');
	artifact_url_write(BYTES_NONE, m, artifact, "", &w);
	url[w.full ? 0 : w.n] = '\0';
	int err = ask_at(s, url, artifact, end_ms);
	if (err != OK && err != ERR_INTERRUPTED && artifact_url_absolute(artifact)) {
		(void)snprintf(url, sizeof url, "%.*s", (int)artifact->download_url.n,
			       (const char *)artifact->download_url.p);
		err = ask_at(s, url, artifact, end_ms);
	}
	return err;
}

int served_artifacts(struct served *s)
{
	const struct manifest *m = &s->manifest;
	const uint64_t end_ms = clock_now_ms() + SERVED_ARTIFACTS_MS;
	size_t missing_n = 0;
	for (size_t i = 0; i < m->artifacts_n; i++) {
		const int err = ask_artifact(s, &m->artifacts[i], end_ms);
		if (err == ERR_INTERRUPTED)
			return err;
		missing_n += err != OK;
	}
	if (missing_n == 0)
		return OK;
	cli_warn(s->cli, "%s: %zu of %zu artifacts are not served", s->url, missing_n, m->artifacts_n);
	return ERR_NOT_FOUND;
}
