#include "efi/uefi/ip4_config.h"

#include <string.h>

/* Not in the headers that we use. */
enum { CONFIG_POLICY = 1, CONFIG_ADDRESS, CONFIG_GATEWAY, CONFIG_RESOLVERS };

struct config {
	EFI_STATUS(EFIAPI *set)(struct config *this, int type, UINTN size, void *data);
	EFI_STATUS(EFIAPI *get)(struct config *this, int type, UINTN *size, void *data);
	/* and calls for events, which are not used here */
};

/* ERR_NOT_FOUND and its like: not set. */
static size_t get(struct config *c, int type, void *data, size_t room)
{
	UINTN size = room;
	return EFI_ERROR(c->get(c, type, &size, data)) || size > room ? 0 : size;
}

/* UINT_MAX: not a mask. */
static unsigned bits_of(const uint8_t mask[4])
{
	const uint32_t ones = load_be32(mask), zeros = ~ones;
	if ((zeros & (zeros + 1)) != 0)
		return UINT32_MAX;
	return zeros == 0 ? 32 : (unsigned)__builtin_clz(zeros);
}

static struct config *config_of(struct platform *p, EFI_HANDLE device)
{
	EFI_GUID guid = {0x5b446ed1, 0xe30b, 0x4faa, {0x87, 0x1a, 0x36, 0x54, 0xec, 0xa3, 0x60, 0x80}};
	struct config *c = NULL;
	return EFI_ERROR(p->boot->HandleProtocol(device, &guid, (void **)&c)) ? NULL : c;
}

static enum ip4_policy policy_of(struct config *c)
{
	UINT32 policy = IP4_POLICY_UNKNOWN;
	if (get(c, CONFIG_POLICY, &policy, sizeof policy) != sizeof policy || policy > IP4_POLICY_DHCP)
		return IP4_POLICY_UNKNOWN;
	return (enum ip4_policy)policy;
}

/* Behind the n that are there already; gives how many there are then. */
static size_t add_resolvers(struct config *c, struct net_address out[static NET_RESOLVERS_MAX], size_t n)
{
	uint8_t data[4 * 16];
	const size_t found_n = get(c, CONFIG_RESOLVERS, data, sizeof data) / 4;
	for (size_t i = 0; i < found_n && n < NET_RESOLVERS_MAX; i++, n++) {
		out[n] = (struct net_address){0};
		memcpy(out[n].ip, data + 4 * i, 4);
	}
	return n;
}

bool ip4_config_static(struct platform *p, EFI_HANDLE device, struct net_options *o)
{
	struct config *c = config_of(p, device);
	uint8_t address[8], gateways[4 * 16];
	if (c == NULL || policy_of(c) != IP4_POLICY_STATIC)
		return false;
	/* The policy is static, too, where nothing was ever set. */
	if (get(c, CONFIG_ADDRESS, address, sizeof address) != sizeof address || load_be32(address) == 0)
		return false;
	const unsigned bits = bits_of(address + 4);
	if (bits > 32)
		return false;
	o->has_static = true;
	o->prefix_bits = bits;
	memcpy(o->address.ip, address, 4);
	if (get(c, CONFIG_GATEWAY, gateways, sizeof gateways) >= 4)
		memcpy(o->gateway.ip, gateways, 4);
	o->resolvers_n = add_resolvers(c, o->resolvers, o->resolvers_n);
	return true;
}

enum ip4_policy ip4_config_policy(struct platform *p, EFI_HANDLE device)
{
	struct config *c = config_of(p, device);
	return c == NULL ? IP4_POLICY_UNKNOWN : policy_of(c);
}

bool ip4_config_set_policy(struct platform *p, EFI_HANDLE device, enum ip4_policy policy)
{
	struct config *c = config_of(p, device);
	UINT32 data = policy;
	return c != NULL && uefi_good(p, c->set(c, CONFIG_POLICY, sizeof data, &data));
}

size_t ip4_config_resolvers(struct platform *p, EFI_HANDLE device, struct net_address out[static NET_RESOLVERS_MAX])
{
	struct config *c = config_of(p, device);
	return c == NULL ? 0 : add_resolvers(c, out, 0);
}
