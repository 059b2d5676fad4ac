/* Who is taken for a provider of what neighbours say, with a network that is made up and a clock
 * that only the program's polling moves. */
#include "efi/neighbours.h"
#include "efi/resolve.h"
#include "p2p/dns.h"

#include <stdarg.h>

#include "../unit/test.h"

#define SERVICE "_phase-image._tcp.local"

struct datagram {
	struct net_address from;
	uint8_t data[NET_DATAGRAM_BYTES_MAX];
	size_t n;
};

static struct datagram datagrams[2 * NEIGHBOURS_MAX]; /* on their way to us */
static size_t datagrams_n;
static struct net net;
static struct neighbours neighbours;
static char added[FIND_PROVIDERS_MAX + 1][64];
static size_t added_n;
static char said[64][REPORT_LINE_BYTES];
static size_t said_n;
static uint64_t now_ms;

/* --- what the part needs of the program ----------------------------------------------------------- */

const struct net_address resolve_mdns_group = {.ip = {224, 0, 0, 251}};

uint64_t platform_now_ms(struct platform *p)
{
	(void)p;
	return now_ms;
}

bool platform_interrupted(struct platform *p)
{
	(void)p;
	return false;
}

void net_poll(struct net *n)
{
	(void)n;
	now_ms += 10;
}

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
	(void)n;
	return CHECK(socket == 0 && !to->six && to->ip[0] == 224 && port == 5353 && data.n > 12);
}

bool net_receive_from(struct net *n, uint32_t socket, uint8_t *data, size_t *size, struct net_address *from,
		      uint16_t *port)
{
	(void)n;
	(void)socket;
	if (datagrams_n == 0)
		return false;
	*from = datagrams[0].from;
	*port = 5353;
	*size = datagrams[0].n;
	memcpy(data, datagrams[0].data, *size);
	memmove(datagrams, datagrams + 1, --datagrams_n * sizeof datagrams[0]);
	return true;
}

void report(const struct report *r, const char *format, ...)
{
	va_list arguments;
	(void)r;
	va_start(arguments, format);
	if (CHECK(said_n < sizeof said / sizeof said[0]))
		(void)vsnprintf(said[said_n++], sizeof said[0], format, arguments);
	va_end(arguments);
}

void find_add(struct find *f, struct bytes url)
{
	(void)f;
	if (CHECK(added_n < sizeof added / sizeof added[0] && url.n < sizeof added[0])) {
		memcpy(added[added_n], url.p, url.n);
		added[added_n++][url.n] = 0;
	}
}

/* --- what is said --------------------------------------------------------------------------------- */

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

static struct writer begin(uint8_t sender, uint16_t instances)
{
	struct datagram *d = &datagrams[datagrams_n];
	struct writer w = writer_of(d->data, sizeof d->data);
	d->from = (struct net_address){.ip = {10, 0, 0, sender}};
	write_bytes(&w, BYTES_LITERAL("\0\0\x84\0\0\0"));
	write_be16(&w, (uint16_t)(2 * instances));
	write_bytes(&w, BYTES_LITERAL("\0\0\0\0"));
	return w;
}

/* An instance of this number at 10.0.0.ADDRESS:PORT. */
static void write_instance(struct writer *w, unsigned number, uint8_t address, uint16_t port)
{
	const uint8_t ip[4] = {10, 0, 0, address};
	char name[64], host[32];
	uint8_t data[64];
	struct writer srv = writer_of(data, sizeof data);
	(void)snprintf(name, sizeof name, "i%u." SERVICE, number);
	(void)snprintf(host, sizeof host, "h%u.local", number);
	write_bytes(&srv, BYTES_LITERAL("\0\0\0\0"));
	write_be16(&srv, port);
	write_name(&srv, host);
	write_record(w, name, DNS_SRV, writer_view(&srv));
	write_record(w, host, DNS_A, bytes_of(ip, 4));
}

static void send(const struct writer *w)
{
	CHECK(!w->full && datagrams_n < sizeof datagrams / sizeof datagrams[0]);
	datagrams[datagrams_n++].n = w->n;
}

static void send_one(uint8_t sender, unsigned number, uint8_t address, uint16_t port)
{
	struct writer w = begin(sender, 1);
	write_instance(&w, number, address, port);
	send(&w);
}

static void find(void)
{
	const struct report r = {.platform = NULL};
	const struct policy policy = {.arch = BYTES_LITERAL("x86_64")};
	added_n = said_n = 0;
	neighbours_find(&neighbours, &r, &net, &policy, NULL);
	CHECK(datagrams_n == 0);
}

static bool is_added(const char *url)
{
	for (size_t i = 0; i < added_n; i++)
		if (strcmp(added[i], url) == 0)
			return true;
	return false;
}

/* How many lines have this in them. */
static size_t says(const char *text)
{
	size_t n = 0;
	for (size_t i = 0; i < said_n; i++)
		n += strstr(said[i], text) != NULL;
	return n;
}

/* --- tests ---------------------------------------------------------------------------------------- */

TEST(a_neighbour_is_added_once)
{
	send_one(5, 1, 5, 8080);
	send_one(5, 1, 5, 8080);
	find();
	CHECK(added_n == 1 && is_added("http://10.0.0.5:8080/") && said_n == 1);
	find();
	CHECK(added_n == 0 && says("nobody on this network answers") == 1);
}

/* One datagram that names as many as fit, all over the network, before the honest ones answer. */
TEST(a_liar_with_one_datagram_does_not_crowd_out_others)
{
	struct writer w = begin(66, 8);
	for (unsigned i = 0; i < 8; i++)
		write_instance(&w, i, (uint8_t)(100 + i), 80);
	send(&w);
	w = begin(66, 8);
	for (unsigned i = 0; i < 8; i++)
		write_instance(&w, i, 66, (uint16_t)(1 + i));
	send(&w);
	for (uint8_t i = 1; i <= 5; i++)
		send_one(i, i, i, 8080);
	find();
	CHECK(added_n == NEIGHBOURS_EACH + 5);
	CHECK(is_added("http://10.0.0.1:8080/") && is_added("http://10.0.0.5:8080/"));
	CHECK(says("is left out") == 1 && says("10.0.0.66 announces more") == 1);
}

/* Whoever speaks for itself is heard, whatever others have said of its address. */
TEST(an_address_is_not_crowded_out_by_what_others_say_of_it)
{
	for (uint8_t i = 0; i < 4; i++)
		send_one((uint8_t)(60 + i), i, 5, (uint16_t)(1 + i));
	send_one(5, 9, 5, 8080);
	find();
	CHECK(added_n == NEIGHBOURS_EACH + 1 && is_added("http://10.0.0.5:8080/"));
	CHECK(says("is left out") == 1 && says("others announce more") == 1);
}

TEST(more_than_can_be_asked)
{
	for (uint8_t i = 0; i < NEIGHBOURS_MAX + 3; i++)
		send_one((uint8_t)(1 + i), i, (uint8_t)(1 + i), 80);
	find();
	CHECK(added_n == NEIGHBOURS_MAX && says("more than 16 neighbours: ") == 1);
}

int main(void)
{
	RUN(a_neighbour_is_added_once);
	RUN(a_liar_with_one_datagram_does_not_crowd_out_others);
	RUN(an_address_is_not_crowded_out_by_what_others_say_of_it);
	RUN(more_than_can_be_asked);
	return test_end();
}
