#include "kad_world.h"

#define ROUND_TRIPS 4 /* of a question: TCP, Noise with an early muxer, the stream with its question */
#define LOST_MS 1000  /* RFC 6298: the first retransmission */

/* Round trips in ms by percentile, 0 to 100 in steps of 10. The median is that of the King data set (Dabek et al.,
 * Vivaldi, SIGCOMM 2004: 159 ms between 1740 name servers); the shape around it is a guess. */
static const unsigned round_trip_ms[] = {5, 40, 75, 105, 132, 159, 185, 215, 260, 340, 800};
/* Sessions in minutes by permille: 87.6 % are under 8 hours, 2.5 % over 24 (Trautwein et al., Design and Evaluation
 * of IPFS, SIGCOMM 2022, section 5); below that the median of the shortest-lived countries there, half an hour. */
static const unsigned session_permille[] = {0, 500, 876, 975, 1000}, session_min[] = {1, 30, 480, 1440, 4320};

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9U;
	x = (x ^ x >> 27) * 0x94d049bb133111ebU;
	return x ^ x >> 31;
}

uint64_t network_random(struct network *net, uint64_t below)
{
	net->random += 0x9e3779b97f4a7c15U;
	return mix(net->random) % below;
}

struct kad_now network_now(const struct network *net)
{
	return (struct kad_now){net->now_ms, {NETWORK_WALL_S + (int64_t)(net->now_ms / 1000)}};
}

/* The same for a pair every time, in both directions. */
static uint64_t round_trip(const struct network *net, unsigned a, unsigned b)
{
	const uint64_t pair = a < b ? (uint64_t)a << 32 | b : (uint64_t)b << 32 | a;
	const uint64_t at = mix(pair ^ net->rules.seed) % 1000;
	const unsigned low = round_trip_ms[at / 100], high = round_trip_ms[at / 100 + 1];
	return low + (high - low) * (at % 100) / 100;
}

uint64_t world_delay_ms(struct network *net, unsigned a, unsigned b)
{
	uint64_t ms = ROUND_TRIPS * round_trip(net, a, b);
	for (unsigned i = 0; i < 2 * ROUND_TRIPS; i++)
		if (network_random(net, 1000) < net->rules.loss_permille)
			ms += LOST_MS;
	return ms;
}

uint64_t world_session_ms(struct network *net)
{
	const unsigned at = (unsigned)network_random(net, 1000);
	unsigned i = 0;
	while (at >= session_permille[i + 1])
		i++;
	const unsigned span = session_permille[i + 1] - session_permille[i];
	return 60000ULL *
	       (session_min[i] + (uint64_t)(session_min[i + 1] - session_min[i]) * (at - session_permille[i]) / span);
}

void world_id(struct peer_id *id, uint32_t number, uint64_t salt)
{
	*id = (struct peer_id){.n = 34, .bytes = {0x12, 0x20}};
	store_be32(id->bytes + 2, number);
	store_be64(id->bytes + 6, salt);
}

void world_add_address(struct kad_contact *c, uint32_t ip)
{
	uint8_t address[] = {4,   (uint8_t)(ip >> 24), (uint8_t)(ip >> 16), (uint8_t)(ip >> 8), (uint8_t)ip, 6, 0x0f,
			     0xa1};
	(void)kad_contact_add(c, bytes_of(address, sizeof address), KAD_SCOPE_PUBLIC, KAD_CONTACT_BYTES);
}

/* A third in 200 networks of large hosters, the rest anywhere. */
uint32_t world_ip(struct network *net)
{
	const uint32_t host = (uint32_t)network_random(net, 65536);
	if (network_random(net, 3) == 0)
		return (uint32_t)(0x3400 + network_random(net, 200)) << 16 | host;
	return (uint32_t)(20 + network_random(net, 80)) << 24 | (uint32_t)network_random(net, 256) << 16 | host;
}

/* An id whose key has so many bits in common with target: what an attacker can make in a moment. */
void world_id_near(struct network *net, struct kad_contact *c, uint32_t number, struct bytes target, unsigned bits)
{
	struct kad_key key;
	struct peer_id id;
	kad_key_of(&key, target);
	do {
		world_id(&id, number, network_random(net, UINT64_MAX));
		kad_contact_init(c, &id);
	} while (kad_key_common(&key, &c->key) < bits);
}
