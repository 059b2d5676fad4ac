#include "host/bzz_upload_whole.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fetch/gateway_url.h"
#include "host/bzz_reply.h"
#include "host/transfer_handle.h"
#include "http/media_type.h"

#define URL_ROOM 4096
#define STALLED_S 120L /* without a byte either way: the node spreads the last chunks before it answers */

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash == NULL ? path : slash + 1;
}

static bool name_url(const struct bzz_upload_whole *u, CURL *easy, const char *path, char url[URL_ROOM])
{
	const size_t n = gateway_url_root(bytes_text(u->gateway)).n;
	if (!u->manifest)
		return snprintf(url, URL_ROOM, "%.*s/bytes", (int)n, u->gateway) < URL_ROOM;
	char *name = curl_easy_escape(easy, name_of(path), 0);
	const bool fits =
		name != NULL && snprintf(url, URL_ROOM, "%.*s/bzz?name=%s", (int)n, u->gateway, name) < URL_ROOM;
	curl_free(name);
	return fits;
}

static struct curl_slist *add(struct curl_slist *list, const char *line)
{
	struct curl_slist *more = list == NULL ? NULL : curl_slist_append(list, line);
	if (more == NULL)
		curl_slist_free_all(list);
	return more;
}

/* Not deferred: the answer comes when the network has it. NULL: no memory. */
static struct curl_slist *make_headers(const struct bzz_upload_whole *u, const char *path)
{
	char batch[128], type[160], level[64];
	(void)snprintf(batch, sizeof batch, "Swarm-Postage-Batch-Id: %s", u->stamp);
	(void)snprintf(level, sizeof level, "Swarm-Redundancy-Level: %u", u->level);
	(void)snprintf(type, sizeof type, "Content-Type: %s",
		       u->manifest ? media_type_of_name(bytes_text(name_of(path))) : "application/octet-stream");
	struct curl_slist *list = curl_slist_append(NULL, batch);
	list = add(list, level);
	list = add(list, type);
	return add(list, "Swarm-Deferred-Upload: false");
}

static int judge(struct cli *cli, const struct bzz_upload_whole *u, const char *path, long status,
		 const struct bzz_reply *reply, const struct reference *reference)
{
	char wanted[REFERENCE_TEXT_BYTES], text[256];
	int err = ERR_SOURCE;
	reference_text(reference, wanted);
	if (status != 200 && status != 201)
		cli_error(cli, err, "%s: %s: %s (status %ld: %s)", u->gateway, path, bzz_reply_meaning(status), status,
			  bzz_reply_member(reply, "message", text, sizeof text));
	else if (strcmp(bzz_reply_member(reply, "reference", text, sizeof text), wanted) != 0)
		cli_error(cli, err = ERR_SOURCE_LIES, "%s: %s: it says it took %s, not %s", u->gateway, path,
			  text[0] == 0 ? "nothing" : text, wanted);
	else
		err = OK;
	return err;
}

static int send_file(struct cli *cli, const struct bzz_upload_whole *u, const char *path, FILE *f, uint64_t size,
		     const struct reference *reference)
{
	struct bzz_reply reply = {.n = 0};
	char url[URL_ROOM];
	long status = 0;
	CURL *easy = transfer_handle(cli);
	struct curl_slist *headers = make_headers(u, path);
	if (easy == NULL || headers == NULL || !name_url(u, easy, path, url)) {
		curl_slist_free_all(headers);
		curl_easy_cleanup(easy);
		return ERR_NO_MEMORY;
	}
	CURLcode bad = curl_easy_setopt(easy, CURLOPT_URL, url);
	bad |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	bad |= curl_easy_setopt(easy, CURLOPT_POST, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
	bad |= curl_easy_setopt(easy, CURLOPT_READDATA, f); /* read by fread */
	bad |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, STALLED_S);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, bzz_reply_take);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, &reply);
	CURLcode result = bad == CURLE_OK ? curl_easy_perform(easy) : CURLE_OUT_OF_MEMORY;
	(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status); /* else 0: no answer */
	curl_slist_free_all(headers);
	curl_easy_cleanup(easy);
	if (result != CURLE_OK) {
		cli_error(cli, ERR_SOURCE, "%s: %s: %s", u->gateway, path, curl_easy_strerror(result));
		return ERR_SOURCE;
	}
	return judge(cli, u, path, status, &reply, reference);
}

int bzz_upload_whole(struct cli *cli, const struct bzz_upload_whole *u, const char *path,
		     const struct reference *reference)
{
	struct stat st;
	FILE *f = fopen(path, "rbe");
	if (f == NULL || fstat(fileno(f), &st) != 0) {
		cli_error(cli, ERR_IO, "%s: %s", path, strerror(errno));
		if (f != NULL)
			(void)fclose(f); /* only read from */
		return ERR_IO;
	}
	int err = send_file(cli, u, path, f, (uint64_t)st.st_size, reference);
	(void)fclose(f); /* only read from */
	return err;
}
