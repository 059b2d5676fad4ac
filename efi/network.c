#include "efi/network.h"

#include "core/decimal.h"
#include "core/hex.h"
#include "efi/net_address.h"

static void say(void *context, const char *text)
{
	report(context, "network: %s", text);
}

static int misfit(const struct report *r, const char *member, struct bytes text)
{
	report(r, "network: %s '%.*s' is not an address", member, REPORT_BYTES(text));
	return ERR_VALUE;
}

/* "10.0.0.7/24" */
static bool read_prefixed(struct bytes text, struct net_address *a, unsigned *bits)
{
	uint64_t n = 0;
	size_t slash = 0;
	while (slash < text.n && text.p[slash] != '/')
		slash++;
	if (decimal_read(bytes_skip(text, slash + 1), &n) != OK || net_address_read(bytes_of(text.p, slash), a) != OK)
		return false;
	*bits = (unsigned)n;
	return n > 0 && n <= (a->six ? 128U : 32U);
}

/* "52:54:00:12:34:56" */
static bool read_mac(struct bytes text, uint8_t mac[static 6])
{
	if (text.n != 17)
		return false;
	for (size_t i = 0; i < 6; i++) {
		const uint8_t *p = text.p + 3 * i;
		const int high = hex_digit(p[0]), low = hex_digit(p[1]);
		if (high < 0 || low < 0 || (i < 5 && p[2] != ':' && p[2] != '-'))
			return false;
		mac[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

int network_options(const struct report *r, const struct boot_config *c, struct net_options *o)
{
	*o = (struct net_options){.stack = c->stack, .has_static = c->address.n > 0};
	if (o->has_static && !read_prefixed(c->address, &o->address, &o->prefix_bits))
		return misfit(r, "address (as in 10.0.0.7/24)", c->address);
	if (c->gateway.n > 0 && net_address_read(c->gateway, &o->gateway) != OK)
		return misfit(r, "gateway", c->gateway);
	if (c->mac.n > 0 && !read_mac(c->mac, o->mac))
		return misfit(r, "mac", c->mac);
	for (size_t i = 0; i < c->resolvers.n && i < NET_RESOLVERS_MAX; i++)
		if (net_address_read(c->resolvers.v[i], &o->resolvers[o->resolvers_n++]) != OK)
			return misfit(r, "dns", c->resolvers.v[i]);
	return OK;
}

static void tell(const struct report *r, const struct net_facts *f)
{
	struct net_address_text address, gateway, six;
	report(r, "network: %s on %s, %s/%u %s, gateway %s", f->back, f->device,
	       net_address_text(&address, &f->address), f->prefix_bits, f->from_dhcp ? "by DHCP" : "fixed",
	       net_address_text(&gateway, &f->gateway));
	if (f->six.six)
		report_detail(r, "network: also %s", net_address_text(&six, &f->six));
	for (size_t i = 0; i < f->resolvers_n; i++)
		report_detail(r, "network: names from %s", net_address_text(&six, &f->resolvers[i]));
}

int network_open(struct report *r, const struct net_options *o, struct net **net)
{
	const struct net_say to_report = {say, r};
	struct why why = {.what = ""};
	const int err = net_open(r->platform, o, &to_report, net, &why);
	if (err != OK)
		report(r, "network: %s: %s %s", why.what, err_text(err), platform_error(r->platform));
	else
		tell(r, net_facts(*net));
	return err;
}
