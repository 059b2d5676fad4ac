#include "efi/uefi/ip4_config.h"

#include <string.h>

/* Not in the headers that we use. */
enum { CONFIG_POLICY = 1, CONFIG_ADDRESS, CONFIG_GATEWAY, CONFIG_RESOLVERS };
enum { POLICY_STATIC };

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

bool ip4_config_static(struct platform *p, EFI_HANDLE device, struct net_options *o)
{
	EFI_GUID guid = {0x5b446ed1, 0xe30b, 0x4faa, {0x87, 0x1a, 0x36, 0x54, 0xec, 0xa3, 0x60, 0x80}};
	struct config *c = NULL;
	UINT32 policy = UINT32_MAX;
	uint8_t address[8], gateways[4 * 16], resolvers[4 * 16];
	if (EFI_ERROR(p->boot->HandleProtocol(device, &guid, (void **)&c)))
		return false;
	if (get(c, CONFIG_POLICY, &policy, sizeof policy) != sizeof policy || policy != POLICY_STATIC)
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
	const size_t resolvers_n = get(c, CONFIG_RESOLVERS, resolvers, sizeof resolvers) / 4;
	for (size_t i = 0; i < resolvers_n && o->resolvers_n < NET_RESOLVERS_MAX; i++)
		memcpy(o->resolvers[o->resolvers_n++].ip, resolvers + 4 * i, 4);
	return true;
}
