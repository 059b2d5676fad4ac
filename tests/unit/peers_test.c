/* The client's machine: alone for what it must not do, and in a simulated net for what it must get done. */
#include "swarm/peers.h"

#include "../sim/swarm_net.h"
#include "core/err.h"
#include "test.h"

static struct peers p;
static struct net net;
static struct peers_want w;
static const uint8_t self[32] = {0x5e, 0x1f}, chunk[32] = {0x80};

static struct bytes address_of(unsigned i)
{
	static uint8_t address[4];
	store_be32(address, i);
	return bytes_of(address, 4);
}

static void overlay_of(unsigned i, uint8_t *overlay)
{
	memset(overlay, 0, 32);
	store_be32(overlay, i * 2654435761U);
}

/* Adds and connects the i-th node, announced and ready to be asked at now. */
static unsigned joined(unsigned i, enum peers_kind kind, bool full, uint64_t now)
{
	uint8_t overlay[32];
	overlay_of(i, overlay);
	CHECK(peers_add(&p, kind, overlay, address_of(i)));
	peers_next(&p, &w, now - PEERS_SETTLING_MS);
	CHECK(w.kind == PEERS_WANT_DIAL && bytes_equal(w.address, address_of(i)));
	const unsigned node = w.node;
	CHECK(peers_ready(&p, node, overlay, full, now - PEERS_SETTLING_MS));
	peers_announced(&p, node, 1350000);
	return node;
}

static unsigned ask(uint64_t id, uint64_t now)
{
	CHECK(peers_want(&p, id, chunk, now) == OK);
	peers_next(&p, &w, now);
	CHECK(w.kind == PEERS_WANT_ASK && memcmp(w.address.p, chunk, 32) == 0);
	return w.request;
}

TEST(one_chunk_from_one_node)
{
	uint64_t id = 0;
	peers_init(&p, self, 5);
	peers_next(&p, &w, 0);
	CHECK(w.kind == PEERS_WANT_WAIT && w.at_ms == UINT64_MAX);
	const unsigned node = joined(1, PEERS_GOSSIPED, true, 1000);
	CHECK(peers_useful(&p) == 1);
	const unsigned request = ask(77, 1000);
	CHECK(w.node == node && peers_address(&p, request) != NULL);
	peers_next(&p, &w, 1000);
	CHECK(w.kind == PEERS_WANT_WAIT && w.at_ms > 1000 && w.at_ms <= 2000);
	CHECK(peers_delivered(&p, request, true, 1100, &id) && id == 77);
	CHECK(p.wanted_n == 0 && p.requests_n == 0 && p.nodes[node].rtt_ms == 100 && p.nodes[node].ledger.debt > 0);
}

/* A node that has said nothing is asked after a second; one that has, a moment later. */
TEST(not_too_early)
{
	uint8_t overlay[32];
	overlay_of(1, overlay);
	peers_init(&p, self, 5);
	CHECK(peers_add(&p, PEERS_GIVEN, NULL, address_of(1)) && peers_want(&p, 1, chunk, 0) == OK);
	peers_next(&p, &w, 0);
	CHECK(peers_ready(&p, w.node, overlay, true, 100));
	peers_next(&p, &w, 100);
	CHECK(w.kind == PEERS_WANT_WAIT && w.at_ms == 100 + PEERS_QUIET_MS);
	peers_announced(&p, 0, 1350000);
	peers_next(&p, &w, 101);
	CHECK(w.kind == PEERS_WANT_WAIT && w.at_ms == 100 + PEERS_SETTLING_MS);
	peers_next(&p, &w, 100 + PEERS_SETTLING_MS);
	CHECK(w.kind == PEERS_WANT_ASK);
}

/* No more than the accounting lets be, and more when it was settled. */
TEST(head_room)
{
	uint64_t id;
	unsigned requests[16], n = 0;
	peers_init(&p, self, 5);
	const unsigned node = joined(0, PEERS_GOSSIPED, true, 1000);
	for (unsigned i = 0; i < 10; i++)
		CHECK(peers_want(&p, i, chunk, 1000) == OK);
	for (peers_next(&p, &w, 1000); w.kind == PEERS_WANT_ASK; peers_next(&p, &w, 1000))
		requests[n++] = w.request;
	CHECK(n == 4 && w.kind == PEERS_WANT_WAIT); /* 4 * 320000 */
	for (unsigned i = 0; i < n; i++)
		CHECK(peers_delivered(&p, requests[i], true, 1010, &id));
	peers_next(&p, &w, 1200);
	CHECK(w.kind == PEERS_WANT_SETTLE && w.node == node && w.amount == 4 * 320000);
	peers_next(&p, &w, 1200);
	CHECK(w.kind == PEERS_WANT_WAIT);
	const struct pseudosettle_ack ack = {.amount = 1280000, .at_s = 5};
	peers_settled(&p, node, &ack, 1250);
	peers_next(&p, &w, 1250);
	CHECK(w.kind == PEERS_WANT_ASK);
}

/* One that is silent gets company, and is not cancelled: what comes late is paid, and of no use. */
TEST(company)
{
	uint64_t id = 0;
	peers_init(&p, self, 5);
	joined(1, PEERS_GOSSIPED, true, 1000);
	joined(2, PEERS_GOSSIPED, true, 1000);
	const unsigned first = ask(7, 1000), one = w.node;
	peers_next(&p, &w, 1000);
	CHECK(w.kind == PEERS_WANT_WAIT);
	peers_next(&p, &w, 1000 + PEERS_HEDGE_MS);
	CHECK(w.kind == PEERS_WANT_ASK && w.node != one);
	const unsigned second = w.request;
	peers_next(&p, &w, 9000);
	CHECK(w.kind == PEERS_WANT_WAIT); /* there is no third */
	CHECK(peers_delivered(&p, second, true, 9001, &id) && id == 7);
	CHECK(peers_address(&p, first) == NULL && !peers_delivered(&p, first, false, 9002, &id));
	CHECK(p.nodes[one].ledger.debt > 0 && p.nodes[one].ledger.reserved == 0 && p.nodes[one].wrong == 0);
	CHECK(p.requests_n == 0);
}

/* What nobody looks at any more does not clear a node of what it did before, nor count for it. */
TEST(late_is_neither_good_nor_bad)
{
	uint64_t id = 0;
	peers_init(&p, self, 5);
	joined(1, PEERS_GOSSIPED, true, 1000);
	joined(2, PEERS_GOSSIPED, true, 1000);
	const unsigned first = ask(7, 1000), one = w.node;
	struct peers_node *n = &p.nodes[one];
	n->broken = PEERS_BROKEN_MAX - 1;
	n->misses = 3;
	n->wrong = 1;
	n->failures = 2;
	peers_forget(&p, 7);
	CHECK(peers_address(&p, first) == NULL && !peers_delivered(&p, first, true, 1100, &id));
	CHECK(n->broken == PEERS_BROKEN_MAX - 1 && n->misses == 3 && n->wrong == 1 && n->chunks == 0);
	CHECK(n->ledger.debt > 0 && n->rtt_ms == 100); /* it is paid, and how fast it was is known */
	n->misses = 0;
	peers_gone(&p, one, 1200);
	CHECK(n->failures == 3); /* no chunk came of it; but it did not leave because it was asked */
}

/* It says that it has none: another one at once; when nobody has it, again, and in the end that is told. */
TEST(nobody_has_it)
{
	uint64_t id = 0, now = 1000;
	int err = OK;
	unsigned asked = 0;
	peers_init(&p, self, 5);
	for (unsigned i = 1; i <= 3; i++)
		joined(i, PEERS_GOSSIPED, true, 1000);
	CHECK(peers_want(&p, 9, chunk, now) == OK);
	while (!peers_failed(&p, &id, &err)) {
		peers_next(&p, &w, now);
		if (w.kind == PEERS_WANT_ASK) {
			asked++;
			peers_refused(&p, w.request, false, now);
		} else if (p.failed_n == 0) {
			if (!CHECK(w.kind == PEERS_WANT_WAIT && w.at_ms > now && w.at_ms < 100000))
				return;
			now = w.at_ms;
		}
	}
	CHECK(id == 9 && err == ERR_NOT_FOUND && asked == 3 * PEERS_ROUNDS_MAX && p.wanted_n == 0);
	for (unsigned i = 0; i < 3; i++)
		CHECK(p.nodes[i].ledger.debt == 0 && p.nodes[i].ledger.reserved == 0);
}

TEST(nobody_is_there)
{
	uint64_t id = 0;
	int err = OK;
	peers_init(&p, self, 5);
	joined(1, PEERS_BOOTNODE, true, 1000);
	joined(2, PEERS_GOSSIPED, false, 1000); /* a light node */
	CHECK(peers_useful(&p) == 0 && peers_want(&p, 9, chunk, 1000) == OK);
	peers_next(&p, &w, 1000);
	CHECK(w.kind == PEERS_WANT_WAIT && !peers_failed(&p, &id, &err));
	peers_next(&p, &w, 1000 + PEERS_ALONE_MS);
	CHECK(w.kind == PEERS_WANT_WAIT && peers_failed(&p, &id, &err) && id == 9 && err == ERR_SOURCE);
	joined(3, PEERS_GIVEN, false, 90000); /* which configuration names */
	CHECK(peers_useful(&p) == 1);
	(void)ask(10, 90000);
}

/* When all that are known failed twice nobody waits any longer; nor at once when somebody may still come. */
TEST(nobody_answers)
{
	uint64_t id = 0, now = 0;
	unsigned dials = 0;
	int err = OK;
	peers_init(&p, self, 5);
	CHECK(peers_want(&p, 9, chunk, 0) == OK);
	peers_next(&p, &w, 1);
	CHECK(w.kind == PEERS_WANT_WAIT && !peers_failed(&p, &id, &err)); /* none is known yet */
	CHECK(peers_add(&p, PEERS_GIVEN, NULL, address_of(1)) && peers_add(&p, PEERS_BOOTNODE, NULL, address_of(2)));
	for (; !peers_failed(&p, &id, &err) && CHECK(w.at_ms <= PEERS_ALONE_MS); now = w.at_ms) {
		for (peers_next(&p, &w, now); w.kind == PEERS_WANT_DIAL; peers_next(&p, &w, now)) {
			peers_gone(&p, w.node, now);
			dials++;
		}
		CHECK(w.kind == PEERS_WANT_WAIT && w.at_ms > now);
	}
	CHECK(id == 9 && err == ERR_SOURCE && dials == 2 * PEERS_HOPELESS);
}

/* Wrong chunks, and streams that break: the node is let go, and forgotten for longer each time. */
TEST(blame)
{
	uint64_t id, now = 1000;
	for (unsigned kind = 0; kind < 2; kind++) {
		peers_init(&p, self, 5);
		const unsigned node = joined(1, PEERS_GIVEN, true, now);
		const unsigned times = kind == 0 ? PEERS_WRONG_MAX : PEERS_BROKEN_MAX;
		for (unsigned i = 0; i < times; i++, now += 5000) {
			const struct pseudosettle_ack ack = {.amount = 10000000, .at_s = (int64_t)(now / 1000)};
			const unsigned request = ask(i, now);
			if (kind == 0)
				CHECK(!peers_delivered(&p, request, false, now, &id));
			else
				peers_refused(&p, request, true, now);
			peers_forget(&p, i);
			peers_next(&p, &w, now);
			if (w.kind == PEERS_WANT_SETTLE)
				peers_settled(&p, node, &ack, now);
		}
		now -= 5000;
		CHECK(w.kind == PEERS_WANT_DROP && w.node == node && peers_useful(&p) == 0);
		peers_next(&p, &w, now);
		CHECK(w.kind == PEERS_WANT_WAIT && w.at_ms >= now + (PEERS_REDIAL_MS << PEERS_UNWILLING));
		peers_next(&p, &w, w.at_ms);
		CHECK(w.kind == PEERS_WANT_DIAL && w.node == node);
		peers_gone(&p, node, now);
		now += 10000000;
	}
}

/* A bootnode that nobody called one: it leaves when it is asked, and is not dialed soon. */
TEST(unwilling)
{
	peers_init(&p, self, 5);
	const unsigned node = joined(1, PEERS_GOSSIPED, true, 1000);
	(void)ask(1, 1000);
	peers_gone(&p, node, 1001);
	CHECK(p.requests_n == 0 && p.wanted[0].under_way == 0);
	peers_next(&p, &w, 1001 + PEERS_REDIAL_MS);
	CHECK(w.kind == PEERS_WANT_WAIT);
	peers_next(&p, &w, 1001 + (PEERS_REDIAL_MS << PEERS_UNWILLING));
	CHECK(w.kind == PEERS_WANT_DIAL);
}

/* Ourselves, and a node that we have: by what the handshake says, too. */
TEST(twice)
{
	uint8_t overlay[32];
	peers_init(&p, self, 5);
	CHECK(!peers_add(&p, PEERS_GOSSIPED, self, address_of(1)) && !peers_add(&p, PEERS_GIVEN, NULL, BYTES_NONE));
	joined(1, PEERS_GOSSIPED, true, 1000);
	overlay_of(1, overlay);
	CHECK(!peers_add(&p, PEERS_GOSSIPED, overlay, address_of(2)));
	CHECK(!peers_add(&p, PEERS_GOSSIPED, NULL, address_of(1)));
	for (unsigned i = 0; i < 2; i++) {
		CHECK(peers_add(&p, PEERS_GIVEN, NULL, address_of(2 + i)));
		peers_next(&p, &w, 1000);
		CHECK(w.kind == PEERS_WANT_DIAL && !peers_ready(&p, w.node, i == 0 ? overlay : self, true, 1000));
		CHECK(p.nodes[w.node].state == PEERS_FREE && p.dials_n == 0 && p.connections_n == 1);
	}
}

/* Gossip without end: what is known stays, what failed makes room; dials are few. */
TEST(a_flood)
{
	uint8_t overlay[32];
	unsigned added = 0, dials = 0;
	peers_init(&p, self, PEERS_CONNECTIONS_MAX + 100);
	CHECK(p.connections_max == PEERS_CONNECTIONS_MAX);
	for (unsigned i = 0; i < 3 * PEERS_MAX; i++) {
		overlay_of(i, overlay);
		added += peers_add(&p, PEERS_GOSSIPED, overlay, address_of(i));
	}
	CHECK(added == PEERS_MAX);
	for (peers_next(&p, &w, 0); w.kind == PEERS_WANT_DIAL; peers_next(&p, &w, 0))
		dials++;
	CHECK(dials == PEERS_DIALS_MAX && w.kind == PEERS_WANT_WAIT);
	for (unsigned i = 0; i < PEERS_MAX; i++)
		if (p.nodes[i].state == PEERS_DIALING)
			peers_gone(&p, i, 0);
	for (unsigned i = 3 * PEERS_MAX; i < 4 * PEERS_MAX; i++) {
		overlay_of(i, overlay);
		added += peers_add(&p, PEERS_GOSSIPED, overlay, address_of(i));
	}
	CHECK(added == PEERS_MAX + PEERS_DIALS_MAX);
	static const uint8_t large[PEERS_ADDRESS_BYTES_MAX + 1] = {1};
	CHECK(!peers_add(&p, PEERS_GIVEN, NULL, bytes_of(large, sizeof large)));
	for (unsigned i = 0; i < PEERS_WANTS_MAX; i++)
		CHECK(peers_want(&p, i, chunk, 0) == OK);
	CHECK(peers_want(&p, 1, chunk, 0) == ERR_LIMIT);
	peers_forget(&p, 500);
	peers_forget(&p, 500);
	CHECK(p.wanted_n == PEERS_WANTS_MAX - 1 && peers_want(&p, 1, chunk, 0) == OK);
}

/* Fetches through a net; whether all came, nobody had to block us, and how much of what may be had was. */
static unsigned fetch(unsigned nodes, unsigned connections, const struct net_faults *faults, unsigned chunks,
		      uint64_t seed)
{
	net_begin(&net, nodes, connections, faults, seed);
	for (unsigned i = 0; i < 3 && i < nodes; i++)
		net_tell(&net, nodes <= 3 ? i : i * (nodes / 3), nodes <= 3 ? PEERS_GIVEN : PEERS_BOOTNODE, false);
	CHECK(net_fetch(&net, chunks, 500, 36000000));
	CHECK(net.got == chunks && net.failed == 0 && net.blocked == 0);
	const unsigned of_bound = (unsigned)(net.paid * 1000 / (net.connected_ms * PRICE_LIGHT_PER_S / 1000));
	if (net.got != chunks || net.blocked > 0)
		printf("# %u nodes, seed %u: %u of %u, %u failed, %u blocked, after %u ms\n", nodes, (unsigned)seed,
		       net.got, chunks, net.failed, net.blocked, (unsigned)net.now);
	return of_bound;
}

TEST(two_nodes_or_many)
{
	static const struct net_faults none = {.wrong = 0}, missing = {.missing_permille = 50};
	for (uint64_t seed = 1; seed <= 3; seed++) {
		CHECK(fetch(1, 8, &none, 200, seed) >= 900);
		CHECK(fetch(2, 8, &missing, 400, seed) >= 900);
		CHECK(fetch(300, 40, &missing, 4000, seed) >= 900);
	}
}

/* A fifth of the nodes lies, others are silent, take and give nothing, are light, or leave. */
TEST(bad_company)
{
	static const struct net_faults faults = {
		.wrong = 5, .silent = 7, .miserly = 11, .light = 9, .leaving = 3, .missing_permille = 100};
	for (uint64_t seed = 1; seed <= 3; seed++)
		(void)fetch(300, 40, &faults, 3000, seed);
	CHECK(net.dials > 40);
}

int main(void)
{
	RUN(one_chunk_from_one_node);
	RUN(not_too_early);
	RUN(head_room);
	RUN(company);
	RUN(late_is_neither_good_nor_bad);
	RUN(nobody_has_it);
	RUN(nobody_is_there);
	RUN(nobody_answers);
	RUN(blame);
	RUN(unwilling);
	RUN(twice);
	RUN(a_flood);
	RUN(two_nodes_or_many);
	RUN(bad_company);
	return test_end();
}
