#include "host/mdns_name.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "host/cli.h"

#define HOST_BYTES_MAX 24

void mdns_instance_name(struct bytes channel, struct bytes arch, struct bytes host, char out[static MDNS_NAME_BYTES])
{
	char shown_host[HOST_BYTES_MAX + 1], shown_channel[MDNS_NAME_BYTES];
	struct writer w = writer_of(out, MDNS_NAME_BYTES - 1);
	(void)cli_quote(host, shown_host, sizeof shown_host);
	size_t others = sizeof "phase-" - 1 + sizeof "-" - 1 + arch.n + sizeof " on " - 1 + strlen(shown_host);
	(void)cli_quote(channel, shown_channel, MDNS_NAME_BYTES - others);
	write_text(&w, "phase-");
	write_text(&w, shown_channel);
	write_text(&w, "-");
	write_bytes(&w, arch);
	write_text(&w, " on ");
	write_text(&w, shown_host);
	out[w.n] = 0;
}

bool mdns_url_is_local(const char *url)
{
	char host[INET6_ADDRSTRLEN] = "";
	struct in_addr v4;
	struct in6_addr v6;
	const char *start = strstr(url, "://");
	if (start == NULL)
		return false;
	start += start[3] == '[' ? 4 : 3;
	size_t n = strcspn(start, start[-1] == '[' ? "]" : ":/");
	if (n >= sizeof host)
		return false;
	memcpy(host, start, n);
	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
	if (inet_pton(AF_INET6, host, &v6) != 1)
		return false;
	return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == IN_LOOPBACKNET);
}
