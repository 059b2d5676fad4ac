#include "kad/record_url.h"

#include <string.h>

#include "core/decimal.h"
#include "core/err.h"
#include "kad/record.h"
#include "p2p/ip_text.h"
#include "p2p/scope.h"

#define NAME_BYTES_MAX 253

/* As DNS compares names; the ending is written in small letters. */
static bool ends(struct bytes host, struct bytes ending)
{
	const size_t skip = host.n - ending.n;
	if (host.n < ending.n)
		return false;
	for (size_t i = 0; i < ending.n; i++) {
		const uint8_t c = host.p[skip + i];
		if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != ending.p[i])
			return false;
	}
	return true;
}

/* Names of which each machine or each network has its own: reserved by RFC 6761, 6762, 8375 and ICANN (.internal, where
 * clouds keep secrets), and what distributions and routers do. An ending without its dot is a name, too. */
static enum kad_scope scope_by_ending(struct bytes host)
{
	static const struct {
		const char *ending;
		enum kad_scope scope;
	} known[] = {
		{".localhost", KAD_SCOPE_LOOPBACK},
		{".localhost6", KAD_SCOPE_LOOPBACK},
		{".localhost.localdomain", KAD_SCOPE_LOOPBACK},
		{".localhost6.localdomain6", KAD_SCOPE_LOOPBACK},
		{".ip6-localhost", KAD_SCOPE_LOOPBACK},
		{".ip6-loopback", KAD_SCOPE_LOOPBACK},
		{".local", KAD_SCOPE_PRIVATE},
		{".localdomain", KAD_SCOPE_PRIVATE},
		{".home.arpa", KAD_SCOPE_PRIVATE},
		{".internal", KAD_SCOPE_PRIVATE},
		{".lan", KAD_SCOPE_PRIVATE},
	};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		const struct bytes ending = bytes_text(known[i].ending);
		if (ends(host, host.n < ending.n ? bytes_skip(ending, 1) : ending))
			return known[i].scope;
	}
	return memchr(host.p, '.', host.n) == NULL ? KAD_SCOPE_PRIVATE : KAD_SCOPE_PUBLIC;
}

/* Letters, digits, '-' and '_' between single dots; the last label does not begin with a digit, or it would be
 * read as a number: 0x7f.1 is 127.0.0.1 for some. */
static enum kad_scope scope_of_name(struct bytes host)
{
	size_t label = 0;
	for (size_t i = 0; i < host.n; i++) {
		const uint8_t c = host.p[i];
		if (c == '.' && i > label)
			label = i + 1;
		else if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
			   c == '_'))
			return KAD_SCOPE_NONE;
	}
	if (label >= host.n || host.n > NAME_BYTES_MAX || (host.p[label] >= '0' && host.p[label] <= '9'))
		return KAD_SCOPE_NONE;
	return scope_by_ending(host);
}

static enum kad_scope scope_of_host(struct bytes host)
{
	uint8_t ip[16];
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		return ip_text_read6(bytes_of(host.p + 1, host.n - 2), ip) == OK
			       ? (enum kad_scope)p2p_scope_of_ip(bytes_of(ip, 16))
			       : KAD_SCOPE_NONE;
	if (ip_text_read4(host, ip) == OK)
		return (enum kad_scope)p2p_scope_of_ip(bytes_of(ip, 4));
	return scope_of_name(host);
}

/* Cuts HOST:PORT; port 0: there is none. False: a port that is none. */
static bool split(struct bytes authority, struct bytes *host, uint64_t *port)
{
	size_t colon = authority.n;
	for (size_t i = authority.n; i > 0 && authority.p[i - 1] != ']'; i--)
		if (authority.p[i - 1] == ':')
			colon = i - 1;
	*host = bytes_of(authority.p, colon);
	*port = 0;
	return colon == authority.n ||
	       (decimal_read(bytes_skip(authority, colon + 1), port) == OK && *port > 0 && *port <= UINT16_MAX);
}

bool kad_record_url_ok(struct bytes url, enum kad_scope least, struct bytes *authority)
{
	static const char refused[] = "\"\\<>`{}|^";
	const size_t begun = bytes_http_scheme(url);
	size_t end = begun;
	struct bytes host;
	uint64_t port;
	if (begun == 0 || url.n > KAD_RECORD_URL_MAX)
		return false;
	for (size_t i = 0; i < url.n; i++)
		if (url.p[i] <= ' ' || url.p[i] >= 0x7f || memchr(refused, url.p[i], sizeof refused - 1) != NULL)
			return false;
	while (end < url.n && url.p[end] != '/' && url.p[end] != '?' && url.p[end] != '#')
		end++;
	*authority = bytes_of(url.p + begun, end - begun);
	if (end == begun || !split(*authority, &host, &port))
		return false;
	const enum kad_scope scope = scope_of_host(host);
	return scope != KAD_SCOPE_NONE && scope != KAD_SCOPE_LINK && scope >= least;
}

bool kad_record_url_at(struct bytes url, struct bytes authority, struct bytes addr)
{
	struct bytes hosts[2];
	uint64_t ports[2];
	const uint64_t usual = bytes_starts(url, "https://") ? 443 : 80;
	if (!split(authority, &hosts[0], &ports[0]) || !split(addr, &hosts[1], &ports[1]))
		return false;
	for (int i = 0; i < 2; i++)
		ports[i] = ports[i] == 0 ? usual : ports[i];
	return bytes_equal(hosts[0], hosts[1]) && ports[0] == ports[1];
}
