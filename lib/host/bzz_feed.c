#include "host/bzz_feed.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "core/hex.h"
#include "crypto/secret.h"
#include "fetch/gateway_url.h"
#include "host/bzz_manifest.h"
#include "host/clock.h"
#include "host/keyfile.h"
#include "host/transfer_handle.h"
#include "swarm/feed.h"

#define FEED_URL_BYTES 2560
#define ANSWER_TIMEOUT_MS 60000L /* the node searches the network */

static void name_topic(const char *text, uint8_t topic[static BZZ_FEED_TOPIC_BYTES])
{
	if (hex_decode(bytes_text(text), topic, BZZ_FEED_TOPIC_BYTES) != OK)
		keccak256_of(bytes_text(text), topic);
}

int bzz_feed_open(struct cli *cli, const char *key, const char *topic, struct bzz_feed *feed)
{
	struct why why = {.what = NULL};
	uint8_t public[SECP256K1_KEY_BYTES];
	int err = keyfile_hex(key, feed->secret, &why);
	if (err == OK)
		err = secp256k1_public(feed->secret, public);
	if (err != OK) {
		bzz_feed_close(feed);
		cli_fail(cli, err, key, &why);
		return err;
	}
	secp256k1_address(public, feed->owner);
	name_topic(topic, feed->topic);
	return OK;
}

void bzz_feed_close(struct bzz_feed *feed)
{
	secret_wipe(feed->secret, sizeof feed->secret);
}

static struct bytes topic_of(const struct bzz_feed *feed)
{
	return bytes_of(feed->topic, sizeof feed->topic);
}

/* The number behind the newest that the store has. */
static int next_in_store(const struct bzz_feed *feed, struct chunk_store *store, uint64_t *next)
{
	struct feed_search s;
	uint64_t number;
	uint8_t address[REFERENCE_BYTES], chunk[CHUNK_STORED_BYTES_MAX];
	enum feed_answer answer;
	size_t n;
	feed_search_init(&s, 0);
	while (!feed_search_done(&s) && feed_search_want(&s, &number)) {
		feed_address(topic_of(feed), feed->owner, number, address);
		int err = feed_answer_of(chunk_store_get(store, address, chunk, &n, NULL), &answer);
		if (err != OK)
			return err;
		feed_search_answer(&s, number, answer);
	}
	if (s.any && s.newest + 1 > *next)
		*next = s.newest + 1;
	return OK;
}

/* What of the node's answer counts. */
struct node_answer {
	bool has_next;
	uint64_t next;
};

static size_t take_header(char *p, size_t size, size_t n, void *context)
{
	static const char name[] = "Swarm-Feed-Index-Next:";
	struct node_answer *a = context;
	uint8_t raw[8];
	struct bytes line = bytes_of(p, size * n);
	if (line.n <= sizeof name - 1 || strncasecmp(p, name, sizeof name - 1) != 0)
		return line.n;
	struct bytes value = bytes_skip(line, sizeof name - 1);
	while (value.n > 0 && value.p[0] == ' ')
		value = bytes_skip(value, 1);
	if (value.n >= 2 * sizeof raw && hex_decode(bytes_of(value.p, 2 * sizeof raw), raw, sizeof raw) == OK)
		*a = (struct node_answer){.has_next = true, .next = load_be64(raw)};
	return line.n;
}

static size_t take_nothing(char *p, size_t size, size_t n, void *context)
{
	(void)p;
	(void)context;
	return size * n;
}

static int next_at_node(struct cli *cli, const struct bzz_feed *feed, const char *gateway, uint64_t *next)
{
	char url[FEED_URL_BYTES], owner[2 * SECP256K1_ADDRESS_BYTES], topic[2 * BZZ_FEED_TOPIC_BYTES];
	struct node_answer answer = {.has_next = false};
	const struct bytes root = gateway_url_root(bytes_text(gateway));
	long status = 0;
	hex_encode(bytes_of(feed->owner, sizeof feed->owner), owner);
	hex_encode(topic_of(feed), topic);
	(void)snprintf(url, sizeof url, "%.*s/feeds/%.*s/%.*s", (int)root.n, gateway, (int)sizeof owner, owner,
		       (int)sizeof topic, topic);
	CURL *easy = transfer_handle(cli);
	if (easy == NULL)
		return ERR_NO_MEMORY;
	CURLcode bad = curl_easy_setopt(easy, CURLOPT_URL, url);
	bad |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, ANSWER_TIMEOUT_MS);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, &answer);
	bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_nothing);
	CURLcode result = bad == CURLE_OK ? curl_easy_perform(easy) : CURLE_OUT_OF_MEMORY;
	(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status); /* else 0: no answer */
	curl_easy_cleanup(easy);
	if (result == CURLE_OK && status == 404) /* no update so far */
		return OK;
	if (result != CURLE_OK || status != 200 || !answer.has_next) {
		cli_error(cli, ERR_SOURCE, "%s: does not say which update is the newest: %s (status %ld)", gateway,
			  result == CURLE_OK ? "no Swarm-Feed-Index-Next" : curl_easy_strerror(result), status);
		return ERR_SOURCE;
	}
	if (answer.next > *next)
		*next = answer.next;
	return OK;
}

/* The update in the form that every reader knows: the time and a reference. */
static int put_update(struct bzz_write *w, const struct bzz_feed *feed, uint64_t number,
		      const struct reference *content)
{
	uint8_t soc[SOC_HEAD_BYTES + CHUNK_SPAN_BYTES + FEED_LEGACY_BYTES_MAX], digest[SECP256K1_DIGEST_BYTES];
	uint8_t *wrapped = soc + SOC_HEAD_BYTES, address[REFERENCE_BYTES];
	struct bmt_scratch scratch;
	const size_t n = feed_write_legacy((uint64_t)clock_wall_s(), content, wrapped + CHUNK_SPAN_BYTES);
	store_le64(wrapped, n);
	bmt_address(keccak_widest(), n, bytes_of(wrapped + CHUNK_SPAN_BYTES, n), address, &scratch);
	feed_id(topic_of(feed), number, soc);
	soc_digest(soc, address, digest);
	int err = secp256k1_sign(feed->secret, digest, soc + SOC_ID_BYTES);
	if (err != OK)
		return err;
	feed_address(topic_of(feed), feed->owner, number, address);
	return bzz_write_chunk(w, address, bytes_of(soc, SOC_HEAD_BYTES + CHUNK_SPAN_BYTES + n));
}

int bzz_feed_update(struct bzz_write *w, const struct bzz_feed *feed, struct chunk_store *store, const char *gateway,
		    const struct reference *content, struct bzz_feed_result *result)
{
	result->number = 0;
	int err = store == NULL ? OK : next_in_store(feed, store, &result->number);
	if (err != OK)
		cli_error(w->cli, err, "the feed's updates in the store: %s", err_text(err));
	else if (gateway != NULL)
		err = next_at_node(w->cli, feed, gateway, &result->number);
	if (err == OK)
		err = put_update(w, feed, result->number, content);
	return err == OK ? bzz_manifest_write_feed(w, feed->owner, feed->topic, &result->manifest) : err;
}
