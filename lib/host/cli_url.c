#include "host/cli_url.h"

#include <string.h>

#include "http/url.h"

void cli_url(struct cli *cli, const char *option, const char *url)
{
	if (url_ok(bytes_text(url)))
		return;
	if (strstr(url, "://") == NULL)
		cli_usage(cli, "%s: '%s' lacks http:// or https:// in front", option, url);
	cli_usage(cli, "%s: '%s' is not an http or https URL", option, url);
}
