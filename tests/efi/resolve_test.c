/* Names against resolvers and neighbours that are made up, and a clock that only the test moves. */
#include "efi/resolve.h"

#include "../unit/test.h"

#define MDNS_PORT 5353
#define DNS_PORT 53
#define QUERIES_MAX 64

struct query {
	struct net_address to;
	uint16_t port, id, type;
	struct dns_name name;
};

struct datagram {
	struct net_address from;
	uint16_t port;
	uint8_t data[NET_DATAGRAM_BYTES_MAX];
	size_t n;
};

static struct query queries[QUERIES_MAX];
static size_t queries_n;
static struct datagram datagrams[8]; /* on their way to us */
static size_t datagrams_n;
static struct net net;
static struct resolver resolver;
static struct resolved out;
static uint64_t now_ms;

/* --- the network ------------------------------------------------------------------------------ */

uint32_t net_socket(struct net *n)
{
	(void)n;
	return 0;
}

void net_socket_end(struct net *n, uint32_t socket)
{
	(void)n;
	CHECK(socket == 0);
}

bool net_send_to(struct net *n, uint32_t socket, const struct net_address *to, uint16_t port, struct bytes data)
{
	static struct dns_message m;
	(void)n;
	if (!CHECK(socket == 0 && queries_n < QUERIES_MAX && dns_message_read(&m, data) == OK))
		return false;
	queries[queries_n++] = (struct query){*to, port, m.id, m.question_type, m.question};
	return true;
}

bool net_receive_from(struct net *n, uint32_t socket, uint8_t *data, size_t *size, struct net_address *from,
		      uint16_t *port)
{
	(void)n;
	(void)socket;
	if (datagrams_n == 0)
		return false;
	*from = datagrams[0].from;
	*port = datagrams[0].port;
	*size = datagrams[0].n;
	memcpy(data, datagrams[0].data, *size);
	memmove(datagrams, datagrams + 1, --datagrams_n * sizeof datagrams[0]);
	return true;
}

const struct net_facts *net_facts(const struct net *n)
{
	return &n->facts;
}

bool platform_random(struct platform *p, uint8_t *to, size_t n)
{
	static uint8_t next;
	(void)p;
	for (size_t i = 0; i < n; i++)
		to[i] = next += 2;
	return true;
}

/* --- what is answered ---------------------------------------------------------------------------- */

static void begin(size_t resolvers_n)
{
	queries_n = datagrams_n = 0;
	net = (struct net){.facts.resolvers_n = resolvers_n};
	for (size_t i = 0; i < resolvers_n; i++)
		net.facts.resolvers[i] = (struct net_address){.ip = {10, 0, 0, (uint8_t)(1 + i)}};
	resolver_init(&resolver, NULL, &net);
}

static int find(const char *name)
{
	return resolver_find(&resolver, bytes_text(name), now_ms, &out);
}

static void write_name(struct writer *w, const char *name)
{
	for (size_t n; *name != 0; name += n + (name[n] == '.')) {
		n = strcspn(name, ".");
		write_u8(w, (uint8_t)n);
		write_bytes(w, bytes_of(name, n));
	}
	write_u8(w, 0);
}

static void write_record(struct writer *w, const char *name, enum dns_type type, struct bytes data)
{
	write_name(w, name);
	write_be16(w, (uint16_t)type);
	write_bytes(w, BYTES_LITERAL("\0\1\0\0\0\x3c"));
	write_be16(w, (uint16_t)data.n);
	write_bytes(w, data);
}

/* 10.1.1.LAST or fd00::LAST */
static void write_address(struct writer *w, const char *name, enum dns_type type, uint8_t last)
{
	const uint8_t four[4] = {10, 1, 1, last}, six[16] = {0xfd, [15] = last};
	write_record(w, name, type, type == DNS_A ? bytes_of(four, 4) : bytes_of(six, 16));
}

static void write_alias(struct writer *w, const char *name, const char *target)
{
	uint8_t data[64];
	struct writer to = writer_of(data, sizeof data);
	write_name(&to, target);
	write_record(w, name, DNS_CNAME, writer_view(&to));
}

/* An answer to query number i, by whom it was asked; records are to follow. */
static struct writer reply(size_t i, unsigned rcode, uint16_t answers, uint16_t authorities, uint16_t more)
{
	const struct query *q = &queries[i];
	struct datagram *d = &datagrams[datagrams_n];
	struct writer w = writer_of(d->data, sizeof d->data);
	char name[64] = "";
	CHECK(i < queries_n && q->name.n < sizeof name);
	memcpy(name, q->name.text, q->name.n);
	d->from = q->to;
	d->port = q->port;
	write_be16(&w, q->id);
	write_be16(&w, (uint16_t)(0x8180 | rcode));
	write_be16(&w, 1);
	write_be16(&w, answers);
	write_be16(&w, authorities);
	write_be16(&w, more);
	write_name(&w, name);
	write_be16(&w, q->type);
	write_be16(&w, 1);
	return w;
}

/* What a neighbour says to all. */
static struct writer neighbour(uint16_t answers)
{
	struct datagram *d = &datagrams[datagrams_n];
	struct writer w = writer_of(d->data, sizeof d->data);
	d->from = (struct net_address){.ip = {10, 0, 0, 77}};
	d->port = MDNS_PORT;
	write_bytes(&w, BYTES_LITERAL("\0\0\x84\0\0\0"));
	write_be16(&w, answers);
	write_bytes(&w, BYTES_LITERAL("\0\0\0\0"));
	return w;
}

static void send(const struct writer *w)
{
	CHECK(!w->full);
	datagrams[datagrams_n++].n = w->n;
}

static void send_empty(size_t query, unsigned rcode)
{
	struct writer w = reply(query, rcode, 0, 0, 0);
	send(&w);
}

static void send_address(size_t query, const char *name, uint8_t last)
{
	struct writer w = reply(query, 0, 1, 0, 0);
	write_address(&w, name, (enum dns_type)queries[query].type, last);
	send(&w);
}

/* The addresses found end in these; IPv6 has its sign turned. */
static bool found(int first, int second)
{
	const int wanted[] = {first, second};
	size_t n = 0;
	for (size_t i = 0; i < 2 && wanted[i] != 0; i++, n++)
		if (i >= out.n || out.v[i].six != (wanted[i] < 0) ||
		    out.v[i].ip[out.v[i].six ? 15 : 3] != (wanted[i] < 0 ? -wanted[i] : wanted[i]))
			return false;
	return out.n == n;
}

/* --- tests ---------------------------------------------------------------------------------------- */

TEST(both_kinds_of_address)
{
	begin(1);
	CHECK(find("boot.test") == RESOLVE_WAIT && queries_n == 2 && queries[0].port == DNS_PORT);
	send_address(0, "boot.test", 4);
	CHECK(find("boot.test") == RESOLVE_WAIT);
	send_address(1, "boot.test", 6);
	CHECK(find("boot.test") == OK && found(-6, 4));
	CHECK(find("boot.test") == OK && queries_n == 2);
	CHECK(find("10.0.0.9") == OK && found(9, 0));
}

TEST(a_local_name_takes_no_answer_of_another_name)
{
	begin(1);
	CHECK(find("silent.local") == RESOLVE_WAIT && find("boot.test") == RESOLVE_WAIT && queries_n == 4);
	CHECK(queries[0].port == MDNS_PORT && queries[2].port == DNS_PORT);
	send_address(2, "boot.test", 4);
	send_empty(3, 0);
	CHECK(find("boot.test") == OK && found(4, 0) && queries_n == 4);
	CHECK(find("silent.local") == RESOLVE_WAIT);
}

TEST(local_names_share_what_a_neighbour_says)
{
	begin(0);
	CHECK(find("a.local") == RESOLVE_WAIT && find("b.local") == RESOLVE_WAIT);
	struct writer w = neighbour(2);
	write_address(&w, "a.local", DNS_A, 1);
	write_address(&w, "b.local", DNS_A, 2);
	send(&w);
	CHECK(find("b.local") == OK && found(2, 0));
	CHECK(find("a.local") == OK && found(1, 0));
}

TEST(a_neighbour_is_no_resolver_nor_a_resolver_a_neighbour)
{
	begin(1);
	CHECK(find("a.local") == RESOLVE_WAIT && find("boot.test") == RESOLVE_WAIT);
	struct writer w = neighbour(1);
	write_address(&w, "boot.test", DNS_A, 66);
	send(&w);
	w = neighbour(1);
	write_address(&w, "a.local", DNS_A, 66);
	datagrams[datagrams_n].port = DNS_PORT;
	send(&w);
	send_address(2, "boot.test", 66);
	datagrams[datagrams_n - 1].port = MDNS_PORT;
	send_address(2, "boot.test", 66); /* another id, another resolver, another question */
	datagrams[datagrams_n - 1].data[0] ^= 0x55;
	send_address(2, "boot.test", 66);
	datagrams[datagrams_n - 1].from.ip[3] ^= 1;
	send_address(2, "boot.test", 66);
	datagrams[datagrams_n - 1].data[13] = 'x';
	CHECK(find("boot.test") == RESOLVE_WAIT && find("a.local") == RESOLVE_WAIT && datagrams_n == 0);
	send_address(2, "boot.test", 4);
	send_address(3, "boot.test", 6);
	CHECK(find("boot.test") == OK && found(-6, 4));
}

TEST(only_answers_are_addresses)
{
	begin(1);
	CHECK(find("boot.test") == RESOLVE_WAIT);
	struct writer w = reply(0, 0, 2, 1, 1); /* the address of a name server, and of the name itself, elsewhere */
	write_address(&w, "boot.test", DNS_A, 4);
	write_address(&w, "other.test", DNS_A, 66);
	write_address(&w, "boot.test", DNS_A, 67);
	write_address(&w, "boot.test", DNS_A, 68);
	send(&w);
	w = reply(1, 0, 1, 0, 0); /* of a kind that was not asked for here */
	write_address(&w, "boot.test", DNS_A, 69);
	send(&w);
	CHECK(find("boot.test") == OK && found(4, 0));
}

TEST(aliases)
{
	begin(1);
	CHECK(find("boot.test") == RESOLVE_WAIT);
	struct writer w = reply(0, 0, 4, 0, 0);
	write_address(&w, "three.test", DNS_A, 4);
	write_address(&w, "boot.test", DNS_A, 66); /* who is an alias has no address */
	write_alias(&w, "two.test", "three.test");
	write_alias(&w, "boot.test", "two.test");
	send(&w);
	send_empty(1, 0);
	CHECK(find("boot.test") == OK && found(4, 0));
}

TEST(aliases_in_a_circle)
{
	begin(2);
	CHECK(find("boot.test") == RESOLVE_WAIT);
	struct writer w = reply(0, 0, 3, 0, 0);
	write_alias(&w, "boot.test", "two.test");
	write_alias(&w, "two.test", "boot.test");
	write_address(&w, "two.test", DNS_A, 66);
	send(&w);
	send_empty(1, 0);
	CHECK(find("boot.test") == RESOLVE_WAIT && queries_n == 3); /* the other resolver may know better */
	CHECK(queries[2].to.ip[3] == 2 && queries[2].type == DNS_A);
	send_address(2, "boot.test", 4);
	CHECK(find("boot.test") == OK && found(4, 0));
}

TEST(a_resolver_that_fails_or_refuses)
{
	static const unsigned rcodes[] = {1, 2, 4, 5};
	for (size_t i = 0; i < sizeof rcodes / sizeof rcodes[0]; i++) {
		begin(2);
		CHECK(find("boot.test") == RESOLVE_WAIT && queries[0].to.ip[3] == 1);
		send_empty(0, rcodes[i]);
		send_empty(1, rcodes[i]);
		CHECK(find("boot.test") == RESOLVE_WAIT && queries_n == 4); /* at once */
		CHECK(queries[2].to.ip[3] == 2 && queries[3].to.ip[3] == 2);
		send_address(2, "boot.test", 4);
		send_address(3, "boot.test", 6);
		CHECK(find("boot.test") == OK && found(-6, 4));
	}
}

TEST(all_resolvers_refuse)
{
	begin(2);
	int err = find("boot.test");
	size_t answered = 0;
	uint64_t began_ms = now_ms;
	for (; err == RESOLVE_WAIT && now_ms < began_ms + 60000; now_ms += 10) {
		for (; answered < queries_n; answered++)
			send_empty(answered, 5);
		err = find("boot.test");
	}
	CHECK(err == ERR_SOURCE && queries_n == 2 * RESOLVE_TRIES && now_ms - began_ms < 5000);
	CHECK(now_ms - began_ms >= RESOLVE_TRY_MS); /* each is asked again, but not without a pause */
}

TEST(failing_for_one_kind_only)
{
	begin(2);
	CHECK(find("boot.test") == RESOLVE_WAIT);
	send_address(0, "boot.test", 4);
	send_empty(1, 2);
	CHECK(find("boot.test") == OK && found(4, 0) && queries_n == 2);
}

TEST(no_such_name_is_an_answer)
{
	begin(2);
	CHECK(find("boot.test") == RESOLVE_WAIT);
	struct writer w = reply(0, 3, 0, 1, 1);
	write_address(&w, "boot.test", DNS_A, 66);
	write_address(&w, "boot.test", DNS_A, 67);
	send(&w);
	send_empty(1, 3);
	CHECK(find("boot.test") == ERR_NOT_FOUND && queries_n == 2);
}

TEST(an_answer_that_was_cut)
{
	begin(2);
	CHECK(find("boot.test") == RESOLVE_WAIT);
	send_address(0, "boot.test", 4);
	datagrams[datagrams_n - 1].data[2] |= 2;
	send_empty(1, 0);
	CHECK(find("boot.test") == OK && found(4, 0));
	begin(2);
	CHECK(find("boot.test") == RESOLVE_WAIT);
	send_empty(0, 0);
	datagrams[datagrams_n - 1].data[2] |= 2;
	send_empty(1, 0);
	CHECK(find("boot.test") == RESOLVE_WAIT && queries_n == 3 && queries[2].to.ip[3] == 2);
}

TEST(nobody_answers)
{
	begin(1);
	uint64_t began_ms = now_ms;
	int err;
	while ((err = find("boot.test")) == RESOLVE_WAIT && now_ms < began_ms + 60000)
		now_ms += 10;
	CHECK(err == ERR_TIMEOUT && queries_n == 2 * RESOLVE_TRIES);
	CHECK(now_ms - began_ms == RESOLVE_TRIES * RESOLVE_TRY_MS);
	begin(0);
	CHECK(find("boot.test") == ERR_NOT_FOUND && queries_n == 0);
	begin(1);
	CHECK(find("boot.test") == RESOLVE_WAIT); /* only one kind is answered */
	send_address(0, "boot.test", 4);
	CHECK(find("boot.test") == RESOLVE_WAIT);
	now_ms += RESOLVE_TRY_MS;
	CHECK(find("boot.test") == OK && found(4, 0));
}

/* Names wait for one another, and none takes the room of one that is being asked. */
TEST(more_names_than_there_is_room_for)
{
	char names[RESOLVE_NAMES_MAX + 8][16];
	const size_t n = sizeof names / sizeof names[0];
	bool done[RESOLVE_NAMES_MAX + 8] = {false};
	size_t answered = 0, done_n = 0;
	begin(1);
	for (size_t i = 0; i < n; i++)
		(void)snprintf(names[i], sizeof names[i], "n%zu.test", i);
	for (int again = 0; again < 3; again++)
		for (size_t i = 0; i < n; i++)
			CHECK(find(names[i]) == RESOLVE_WAIT && queries_n <= 2 * RESOLVE_NAMES_MAX);
	CHECK(queries_n == 2 * RESOLVE_NAMES_MAX);
	for (size_t turn = 0; turn < 2 * n && done_n < n; turn++) {
		for (; answered < queries_n && datagrams_n < sizeof datagrams / sizeof datagrams[0]; answered++)
			send_address(answered, names[answered / 2], 9);
		for (size_t i = 0; i < n; i++) {
			if (done[i])
				continue;
			done[i] = find(names[i]) == OK && found(-9, 9);
			done_n += done[i];
		}
	}
	CHECK(done_n == n && queries_n == 2 * n); /* each was asked once */
}

TEST(nobody_waits_for_a_name_any_more)
{
	char name[16];
	begin(1);
	for (unsigned i = 0; i < RESOLVE_NAMES_MAX; i++) {
		(void)snprintf(name, sizeof name, "n%u.test", i);
		CHECK(find(name) == RESOLVE_WAIT);
	}
	CHECK(find("late.test") == RESOLVE_WAIT && queries_n == 2 * RESOLVE_NAMES_MAX);
	now_ms += RESOLVE_TRY_MS;
	CHECK(find("n0.test") == RESOLVE_WAIT && queries_n == 2 * RESOLVE_NAMES_MAX + 2); /* it is waited for */
	now_ms += RESOLVE_TRY_MS;
	for (unsigned i = 1; i < RESOLVE_NAMES_MAX; i++) {
		(void)snprintf(name, sizeof name, "late%u.test", i);
		CHECK(find(name) == RESOLVE_WAIT);
	}
	CHECK(queries_n == 4 * RESOLVE_NAMES_MAX && find("late.test") == RESOLVE_WAIT);
	CHECK(queries_n == 4 * RESOLVE_NAMES_MAX);
	send_address(2 * RESOLVE_NAMES_MAX, "n0.test", 4);
	send_address(2 * RESOLVE_NAMES_MAX + 1, "n0.test", 6);
	CHECK(find("n0.test") == OK && found(-6, 4));
}

int main(void)
{
	RUN(both_kinds_of_address);
	RUN(a_local_name_takes_no_answer_of_another_name);
	RUN(local_names_share_what_a_neighbour_says);
	RUN(a_neighbour_is_no_resolver_nor_a_resolver_a_neighbour);
	RUN(only_answers_are_addresses);
	RUN(aliases);
	RUN(aliases_in_a_circle);
	RUN(a_resolver_that_fails_or_refuses);
	RUN(all_resolvers_refuse);
	RUN(failing_for_one_kind_only);
	RUN(no_such_name_is_an_answer);
	RUN(an_answer_that_was_cut);
	RUN(nobody_answers);
	RUN(more_names_than_there_is_room_for);
	RUN(nobody_waits_for_a_name_any_more);
	resolver_close(&resolver);
	return test_end();
}
