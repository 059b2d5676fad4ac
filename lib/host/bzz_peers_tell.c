/* What the user hears of nodes: those that were named by their names, the others together. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/err.h"
#include "host/bzz_peers_parts.h"
#include "host/p2p_resolve.h"

void bzz_peers_check(struct cli *cli, const struct bzz_peers_options *o)
{
	const struct cli_texts *lists[] = {o->peers, o->bootnodes};
	static const char *const names[] = {"--peer", "--bootnode"};
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < lists[k]->n; i++) {
			uint8_t address[PEERS_ADDRESS_BYTES_MAX];
			struct writer w = writer_of(address, sizeof address);
			if (multiaddr_parse(&w, bytes_text(lists[k]->v[i])) != OK || !swarm_link_knows(writer_view(&w)))
				cli_usage(cli,
					  "%s: '%s' is no address of a Swarm node: /ip4/HOST/tcp/PORT, /ip6/…, "
					  "/dns4/…, /dnsaddr/NAME, with /p2p/ID behind it",
					  names[k], lists[k]->v[i]);
		}
	if (o->peers->n + o->bootnodes->n > BZZ_PEERS_NAMED_MAX)
		cli_usage(cli, "--peer and --bootnode: at most %d are asked", BZZ_PEERS_NAMED_MAX);
}

struct bzz_peers_named *bzz_peers_named_at(struct bzz_peers *p, struct bytes address)
{
	size_t i = 0;
	while (i < p->named_n && !bytes_equal(bytes_of(p->named[i].address, p->named[i].address_n), address))
		i++;
	return &p->named[i];
}

/* The text of an address, for messages. */
static const char *text_of(struct bytes address, char text[static MULTIADDR_TEXT_MAX])
{
	struct writer w = writer_of(text, MULTIADDR_TEXT_MAX - 1);
	if (address.n == 0 || multiaddr_write_text(&w, address) != OK)
		return "a node";
	text[w.n] = 0;
	return text;
}

static const char *reason(int err, int os_error)
{
	switch (err) {
	case ERR_IO:
		return os_error != 0 ? strerror(os_error) : err_text(err);
	case ERR_KEY:
		return "is another peer than the one that its address names";
	case ERR_NETWORK:
		return "is of another Swarm network (see --network-id)";
	case ERR_NOT_FOUND:
		return "its name leads nowhere";
	default:
		return err_text(err);
	}
}

void bzz_peers_tell_gone(const struct bzz_peers_connection *c, struct bytes remote, int err, int os_error)
{
	struct bzz_peers_named *named = c->named;
	struct cli *cli = c->p->cli;
	char text[MULTIADDR_TEXT_MAX];
	if (err == ERR_INTERRUPTED)
		return;
	named->last = err;
	named->os_error = os_error;
	named->failed_n += !c->ready;
	const char *why = reason(err, os_error);
	if (named->text == NULL)
		cli_debug(cli, "%s: %s", text_of(remote, text), why);
	else if (named->told || c->ready)
		cli_debug(cli, "%s: %s", named->text, why);
	else
		cli_warn(cli, "%s: %s", named->text, why);
	named->told |= named->text != NULL && !c->ready;
}

void bzz_peers_tell_wrong(const struct bzz_peers_connection *c, struct bytes remote)
{
	char text[MULTIADDR_TEXT_MAX];
	cli_warn_rarely(c->p->cli, "%s: sent a wrong chunk",
			c->named->text != NULL ? c->named->text : text_of(remote, text));
}

size_t bzz_peers_counts_n(const struct bzz_peers *p)
{
	return p->named_n + 1;
}

struct bzz_peers_count bzz_peers_count(const struct bzz_peers *p, size_t i)
{
	const struct bzz_peers_named *named = &p->named[i];
	return (struct bzz_peers_count){.text = named->text,
					.nodes_n = named->connected_n,
					.bytes = named->bytes,
					.chunks = named->chunks,
					.bad_bytes = named->bad_bytes};
}

void bzz_peers_explain(const struct bzz_peers *p)
{
	unsigned known = 0;
	for (unsigned i = 0; i < PEERS_MAX; i++)
		known += p->peers.nodes[i].state != PEERS_FREE && p->peers.nodes[i].kind == PEERS_GOSSIPED;
	for (size_t i = 0; i < p->named_n; i++) {
		const struct bzz_peers_named *named = &p->named[i];
		if (named->connected_n == 0)
			cli_info(p->cli, "%s: never reached: %s", named->text,
				 named->last == OK ? "no answer so far" : reason(named->last, named->os_error));
		else
			cli_info(p->cli, "%s: reached, %" PRIu64 " chunks came%s", named->text, named->chunks,
				 named->connected_now_n == 0 ? "; it is gone" : "");
	}
	const struct bzz_peers_named *others = &p->named[p->named_n];
	cli_info(p->cli, "other nodes: %u heard of, %u reached, %" PRIu64 " chunks came", known, others->connected_n,
		 others->chunks);
}
