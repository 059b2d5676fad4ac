/* swarm_sim [SEED]: the client's machine against 2000 simulated full nodes, a release of 75 MB with 20, 100 and 200
 * connections, on virtual time. Says in TAP, with a line of JSON for each, whether all chunks came, no node had to
 * block us, and nine tenths at least of what the accounting allows was had. */
#include <stdio.h>
#include <time.h>

#include "core/decimal.h"
#include "core/err.h"
#include "swarm_net.h"

#define CHUNKS 18456 /* 75 MB with the chunks above the leaves */

static struct net net;

/* What all connections together might have given in the time that they stood, in thousandths. */
static unsigned permille_of_bound(void)
{
	return (unsigned)(net.paid * 1000 / (net.connected_ms * PRICE_LIGHT_PER_S / 1000));
}

static bool run(unsigned connections, const struct net_faults *faults, uint64_t seed)
{
	net_begin(&net, NET_NODES_MAX, connections, faults, seed);
	for (unsigned i = 0; i < 3; i++)
		net_tell(&net, i * 100 + 7, PEERS_BOOTNODE, false);
	const clock_t begun = clock();
	const bool done = net_fetch(&net, CHUNKS, PEERS_WANTS_MAX, 3600 * 1000);
	const double cpu_s = (double)(clock() - begun) / CLOCKS_PER_SEC, s = (double)net.now / 1000;
	printf("# trend "
	       "{\"connections\":%u,\"seed\":%llu,\"chunks\":%u,\"failed\":%u,\"seconds\":%.1f,\"chunks_s\":%.1f,"
	       "\"price\":%llu,\"of_bound\":%.3f,\"first_chunk_s\":%.2f,\"twice\":%u,\"blocked\":%u,\"dials\":%llu,"
	       "\"cpu_s\":%.2f,\"client_bytes\":%zu}\n",
	       connections, (unsigned long long)seed, net.got, net.failed, s, net.got / s,
	       (unsigned long long)(net.got > 0 ? net.paid / net.got : 0), permille_of_bound() / 1000.0,
	       (double)net.first_ms / 1000, net.twice, net.blocked, (unsigned long long)net.dials, cpu_s,
	       sizeof net.peers);
	fflush(stdout);
	return done && net.got == CHUNKS && net.blocked == 0 && permille_of_bound() >= 900;
}

int main(int argc, char **argv)
{
	static const unsigned connections[] = {20, 100, 200};
	static const struct net_faults faults = {.missing_permille = 20};
	uint64_t seed = 1;
	bool good = true;
	if (argc > 1 && decimal_read(bytes_text(argv[1]), &seed) != OK)
		return 2;
	for (unsigned i = 0; i < 3; i++) {
		const bool passed = run(connections[i], &faults, seed);
		printf("%sok %u - %u connections\n", passed ? "" : "not ", i + 1, connections[i]);
		good = good && passed;
	}
	printf("1..3\n");
	return good ? 0 : 1;
}
