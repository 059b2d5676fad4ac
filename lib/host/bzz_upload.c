#include "host/bzz_upload.h"

#include <stdlib.h>
#include <string.h>

#include "core/hex.h"
#include "fetch/gateway_url.h"
#include "host/bzz_reply.h"
#include "host/clock.h"
#include "host/transfer_handle.h"
#include "swarm/chunk.h"

#define TRIES_MAX 6
#define FIRST_PAUSE_MS 250      /* doubled with each try: 8 s before the last */
#define ANSWER_TIMEOUT_MS 60000 /* bee pushes the chunk to its neighbourhood before it answers */
#define URL_ROOM 2560
#define WAIT_MS 1000

struct slot {
	struct bzz_upload *upload;
	CURL *easy; /* owned; kept for the next chunk */
	enum { SLOT_FREE, SLOT_SENDING, SLOT_PAUSING } state;
	unsigned tries;
	uint64_t again_ms; /* when pausing */
	uint8_t address[REFERENCE_BYTES];
	size_t n;
	uint8_t chunk[CHUNK_STORED_BYTES_MAX];
	struct bzz_reply reply;
};

struct bzz_upload {
	struct cli *cli;
	const char *gateway;
	size_t gateway_n; /* without the slash at its end */
	CURLM *multi;
	struct curl_slist *headers; /* owned */
	unsigned parallel;
	enum keccak_kind kind;
	int err; /* the first: nothing more is sent then */
	struct slot slots[];
};

/* Every request has the batch, and none waits for "100 Continue". */
static int make_headers(struct bzz_upload *u, const char *stamp)
{
	char line[128];
	(void)snprintf(line, sizeof line, "Swarm-Postage-Batch-Id: %s", stamp == NULL ? "" : stamp);
	const char *const lines[] = {"Content-Type: application/octet-stream", "Expect:", stamp == NULL ? NULL : line};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0] && lines[i] != NULL; i++) {
		struct curl_slist *more = curl_slist_append(u->headers, lines[i]);
		if (more == NULL)
			return ERR_NO_MEMORY;
		u->headers = more;
	}
	return OK;
}

int bzz_upload_open(struct cli *cli, const char *gateway, const char *stamp, unsigned parallel,
		    struct bzz_upload **upload)
{
	struct bzz_upload *u = calloc(1, sizeof *u + parallel * sizeof u->slots[0]);
	if (u == NULL)
		return ERR_NO_MEMORY;
	u->cli = cli;
	u->gateway = gateway;
	u->gateway_n = gateway_url_root(bytes_text(gateway)).n;
	u->parallel = parallel;
	u->kind = keccak_widest();
	u->multi = curl_multi_init();
	if (u->multi == NULL || make_headers(u, stamp) != OK) {
		bzz_upload_close(u);
		return ERR_NO_MEMORY;
	}
	*upload = u;
	return OK;
}

void bzz_upload_close(struct bzz_upload *upload)
{
	if (upload == NULL)
		return;
	for (unsigned i = 0; i < upload->parallel; i++) {
		struct slot *s = &upload->slots[i];
		if (s->easy == NULL)
			continue;
		(void)curl_multi_remove_handle(upload->multi, s->easy); /* harmless when it was not added */
		curl_easy_cleanup(s->easy);
	}
	curl_slist_free_all(upload->headers);
	if (upload->multi != NULL)
		(void)curl_multi_cleanup(upload->multi); /* its handles are gone */
	free(upload);
}

/* Where the chunk goes, and what of it is the body. */
static struct bytes name_url(const struct slot *s, char url[URL_ROOM])
{
	const struct bzz_upload *u = s->upload;
	const struct bytes whole = bytes_of(s->chunk, s->n);
	struct bmt_scratch scratch;
	struct chunk parts;
	if (chunk_check(s->address, whole, u->kind, &scratch, &parts) != OK || parts.kind == CHUNK_CONTENT) {
		(void)snprintf(url, URL_ROOM, "%.*s/chunks", (int)u->gateway_n, u->gateway);
		return whole;
	}
	char owner[2 * SECP256K1_ADDRESS_BYTES], id[2 * SOC_ID_BYTES], signature[2 * SECP256K1_RECOVERABLE_BYTES];
	hex_encode(bytes_of(parts.owner, sizeof parts.owner), owner);
	hex_encode(bytes_of(parts.id, SOC_ID_BYTES), id);
	hex_encode(bytes_of(parts.signature, SECP256K1_RECOVERABLE_BYTES), signature);
	(void)snprintf(url, URL_ROOM, "%.*s/soc/%.*s/%.*s?sig=%.*s", (int)u->gateway_n, u->gateway, (int)sizeof owner,
		       owner, (int)sizeof id, id, (int)sizeof signature, signature);
	return parts.content;
}

static int send_chunk(struct slot *s)
{
	char url[URL_ROOM];
	struct bytes body = name_url(s, url);
	if (s->easy == NULL && (s->easy = transfer_handle(s->upload->cli)) == NULL)
		return ERR_NO_MEMORY;
	s->reply.n = 0;
	s->tries++;
	CURLcode bad = curl_easy_setopt(s->easy, CURLOPT_URL, url);
	bad |= curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->upload->headers);
	bad |= curl_easy_setopt(s->easy, CURLOPT_POST, 1L);
	bad |= curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
	bad |= curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, body.p);
	bad |= curl_easy_setopt(s->easy, CURLOPT_TIMEOUT_MS, (long)ANSWER_TIMEOUT_MS);
	bad |= curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, bzz_reply_take);
	bad |= curl_easy_setopt(s->easy, CURLOPT_WRITEDATA, &s->reply);
	bad |= curl_easy_setopt(s->easy, CURLOPT_PRIVATE, s);
	if (bad != CURLE_OK || curl_multi_add_handle(s->upload->multi, s->easy) != CURLM_OK)
		return ERR_NO_MEMORY;
	s->state = SLOT_SENDING;
	return OK;
}

static int fail(struct bzz_upload *u, int err)
{
	if (u->err == OK)
		u->err = err;
	return err;
}

/* Later again, or the end of it. why: a sentence. */
static void retry(struct slot *s, const char *why)
{
	struct bzz_upload *u = s->upload;
	char hex[2 * REFERENCE_BYTES + 1] = "";
	hex_encode(bytes_of(s->address, sizeof s->address), hex);
	if (s->tries >= TRIES_MAX) {
		cli_error(u->cli, fail(u, ERR_SOURCE), "%s: chunk %s: tried %u times: %s", u->gateway, hex, s->tries,
			  why);
		s->state = SLOT_FREE;
		return;
	}
	s->state = SLOT_PAUSING;
	s->again_ms = clock_now_ms() + ((uint64_t)FIRST_PAUSE_MS << (s->tries - 1));
	cli_debug(u->cli, "%s: chunk %s: %s; again", u->gateway, hex, why);
}

static void finish(struct slot *s, CURLcode result)
{
	struct bzz_upload *u = s->upload;
	char hex[2 * REFERENCE_BYTES + 1] = "", text[256];
	long status = 0;
	hex_encode(bytes_of(s->address, sizeof s->address), hex);
	(void)curl_multi_remove_handle(u->multi, s->easy);                 /* it is one of ours */
	(void)curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status); /* else 0: no answer */
	if (u->err != OK) {                                                /* it ends, for a reason that was told */
		s->state = SLOT_FREE;
		return;
	}
	if (result != CURLE_OK) {
		retry(s, curl_easy_strerror(result));
		return;
	}
	if (status == 429 || status >= 500) {
		(void)snprintf(text, sizeof text, "answers with status %ld", status);
		retry(s, text);
		return;
	}
	s->state = SLOT_FREE;
	if (status != 200 && status != 201)
		cli_error(u->cli, fail(u, ERR_SOURCE), "%s: chunk %s: %s (status %ld: %s)", u->gateway, hex,
			  bzz_reply_meaning(status), status, bzz_reply_member(&s->reply, "message", text, sizeof text));
	else if (strcmp(bzz_reply_member(&s->reply, "reference", text, sizeof text), hex) != 0)
		cli_error(u->cli, fail(u, ERR_SOURCE_LIES), "%s: chunk %s: it says it took %s", u->gateway, hex,
			  text[0] == 0 ? "nothing" : text);
}

/* Lets the transfers go on, and waits until something happens. */
static int step(struct bzz_upload *u)
{
	int running, left, wait = WAIT_MS;
	const CURLMsg *m;
	bool any = false;
	const uint64_t now = clock_now_ms();
	for (struct slot *s = u->slots; s < u->slots + u->parallel; s++) {
		if (s->state == SLOT_PAUSING && s->again_ms <= now && send_chunk(s) != OK)
			return fail(u, ERR_NO_MEMORY);
		if (s->state == SLOT_PAUSING && s->again_ms - now < (uint64_t)wait)
			wait = (int)(s->again_ms - now);
	}
	if (curl_multi_perform(u->multi, &running) != CURLM_OK)
		return fail(u, ERR_NO_MEMORY);
	while ((m = curl_multi_info_read(u->multi, &left)) != NULL) {
		struct slot *s = NULL;
		const CURLcode result = m->data.result; /* m goes with the handle */
		if (curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&s) == CURLE_OK && s != NULL)
			finish(s, result);
		any = true;
	}
	if (!any && u->err == OK && curl_multi_poll(u->multi, NULL, 0, wait, NULL) != CURLM_OK)
		return fail(u, ERR_NO_MEMORY);
	return u->err;
}

static struct slot *free_slot(struct bzz_upload *u)
{
	for (struct slot *s = u->slots; s < u->slots + u->parallel; s++)
		if (s->state == SLOT_FREE)
			return s;
	return NULL;
}

static int put(void *context, const uint8_t address[static REFERENCE_BYTES], struct bytes chunk)
{
	struct bzz_upload *u = context;
	struct slot *s;
	if (u->err != OK)
		return u->err;
	if (chunk.n > sizeof s->chunk)
		return fail(u, ERR_LIMIT);
	while ((s = free_slot(u)) == NULL) {
		int err = step(u);
		if (err != OK)
			return err;
	}
	s->upload = u;
	s->tries = 0;
	memcpy(s->address, address, sizeof s->address);
	memcpy(s->chunk, chunk.p, chunk.n);
	s->n = chunk.n;
	int err = send_chunk(s);
	return err == OK ? OK : fail(u, err);
}

static bool is_busy(const struct bzz_upload *u)
{
	for (const struct slot *s = u->slots; s < u->slots + u->parallel; s++)
		if (s->state != SLOT_FREE)
			return true;
	return false;
}

static int end(void *context)
{
	struct bzz_upload *u = context;
	while (u->err == OK && is_busy(u))
		(void)step(u); /* keeps its error */
	return u->err;
}

struct chunk_sink bzz_upload_sink(struct bzz_upload *upload)
{
	return (struct chunk_sink){.put = put, .end = end, .context = upload};
}
