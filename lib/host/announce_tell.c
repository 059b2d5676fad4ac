#include "host/announce_tell.h"

#include "host/clock.h"

void announce_tell_nobody(struct cli *cli, const char *url, const struct dht *dht)
{
	const char *why, *peer = dht_silent(dht, &why);
	if (peer == NULL)
		cli_error(cli, ERR_NOT_FOUND, "%s: not announced: no peer of the DHT has answered", url);
	else
		cli_error(cli, ERR_NOT_FOUND, "%s: not announced: no peer of the DHT has answered: %s: %s", url, peer,
			  why);
}

void announce_tell_refused(struct cli *cli, const char *url, unsigned asked_n, bool stays)
{
	char now[WALL_TEXT_BYTES + 1];
	clock_wall_text(now);
	cli_error(
		cli, ERR_NOT_FOUND,
		"%s: not announced: %u peer%s asked to keep the record, and %s not: this machine's clock says %s: is "
		"it right? phase-node refuses what by its own has expired or is from the future, and keeps %d records "
		"of a key; its --verbose says which it was. Other programs may need a validator for /phase%s",
		url, asked_n, asked_n == 1 ? " was" : "s were", asked_n == 1 ? "does" : "do", now, KAD_VALUES_PER_KEY,
		stays ? "" : "; with --every none is needed");
}
