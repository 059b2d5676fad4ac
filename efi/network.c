#include "efi/network.h"

#include "core/decimal.h"
#include "efi/net_address.h"

static void say(void *context, const char *text)
{
	report(context, "network: %s", text);
}

static int misfit(struct report *r, const char *member, struct bytes text)
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
	static const char digits[] = "0123456789abcdef";
	if (text.n != 17)
		return false;
	for (size_t i = 0; i < 17; i++) {
		uint8_t value = 0, c = text.p[i];
		if (i % 3 == 2) {
			if (c != ':' && c != '-')
				return false;
			continue;
		}
		c = c >= 'A' && c <= 'F' ? (uint8_t)(c | 0x20) : c;
		while (value < 16 && digits[value] != (char)c)
			value++;
		if (value == 16)
			return false;
		mac[i / 3] = (uint8_t)(mac[i / 3] << 4 | value);
	}
	return true;
}

static int read_options(struct report *r, const struct boot_config *c, struct net_options *o)
{
	static const int backs[] = {[BOOT_ANY_BACK] = NET_ANY_BACK, [BOOT_LWIP] = NET_LWIP, [BOOT_TCP4] = NET_TCP4};
	*o = (struct net_options){.back = (unsigned)backs[c->back], .has_static = c->address.n > 0};
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

int network_check(struct report *r, const struct boot_config *c)
{
	struct net_options options;
	return read_options(r, c, &options);
}

int network_open(struct report *r, const struct boot_config *c, struct net **net)
{
	struct net_options options;
	struct why why = {.what = ""};
	int err = read_options(r, c, &options);
	if (err != OK)
		return err;
	err = net_open(r->platform, &options, say, r, net, &why);
	if (err != OK)
		report(r, "network: %s: %s %s", why.what, err_text(err), platform_error(r->platform));
	else
		tell(r, net_facts(*net));
	return err;
}
