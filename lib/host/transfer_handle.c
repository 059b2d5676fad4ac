#include "host/transfer_handle.h"

#include <stdio.h>

#define CONNECT_TIMEOUT_MS 5000L
#define HAPPY_EYEBALLS_MS 250L /* a dead IPv6 address costs this much */
#define BUFFER_BYTES 262144L

CURL *transfer_handle(const struct cli *cli)
{
	char agent[64];
	CURL *easy = curl_easy_init();
	if (easy == NULL)
		return NULL;
	(void)snprintf(agent, sizeof agent, "%s/" VERSION, cli->program->name);
	CURLcode bad = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	bad |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	bad |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	bad |= curl_easy_setopt(easy, CURLOPT_PROXY,
				""); /* providers are asked directly, whatever the environment says */
	bad |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	bad |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	bad |= curl_easy_setopt(easy, CURLOPT_HAPPY_EYEBALLS_TIMEOUT_MS, HAPPY_EYEBALLS_MS);
	bad |= curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
	bad |= curl_easy_setopt(easy, CURLOPT_USERAGENT, agent);
	if (bad != CURLE_OK) {
		curl_easy_cleanup(easy);
		return NULL;
	}
	return easy;
}

int transfer_handle_err(CURLcode code)
{
	const bool cut = code == CURLE_PARTIAL_FILE || code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR;
	if (code == CURLE_OK)
		return OK;
	return code == CURLE_OPERATION_TIMEDOUT ? ERR_TIMEOUT : cut ? ERR_CLOSED : ERR_IO;
}
