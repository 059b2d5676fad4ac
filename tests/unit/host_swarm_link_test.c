/* Two links over the loopback interface: hands, prices, gossip's absence, chunks and settlements both ways; and the
 * ends that a link may come to. */
#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/err.h"
#include "host/clock.h"
#include "host/p2p_address.h"
#include "host/swarm_link_parts.h"
#include "host/swarm_self.h"
#include "name_server.h"
#include "numbered_chunk.h"
#include "swarm/chunk.h"
#include "test.h"

#define PATIENCE_MS 60000 /* for what comes at once when all is well */
#define ASKED_N 40        /* more than may be asked for at once */

struct side {
	struct swarm_self self;
	struct swarm_links *links;
	struct swarm_link *link;
	unsigned ready_n, ended_n, delivered_n, wrong_n, failed_n, settled_n, payments_n, announced_n;
	int err, os_error;
	uint64_t asked_n;
	bool gives, gives_nothing;
};

static uv_loop_t loop;
static struct side dialer, listener;
static int listening = -1;
static uint8_t here[8];
static struct bytes here_address;
static uv_poll_t listening_poll;
static const char *name_servers; /* NULL: this machine's */

static void ask_more(struct side *s)
{
	uint8_t chunk[CHUNK_BYTES_MAX], address[REFERENCE_BYTES];
	while (s->asked_n < ASKED_N) {
		(void)numbered_chunk(s->asked_n, chunk, address);
		if (swarm_link_ask(s->link, address, s->asked_n) != OK)
			return;
		s->asked_n++;
	}
}

static void give(struct side *s, const struct session_event *e)
{
	uint8_t chunk[CHUNK_BYTES_MAX], address[REFERENCE_BYTES];
	struct retrieval_delivery d = {.error = BYTES_LITERAL("not here")};
	for (uint64_t i = 0; i < ASKED_N && d.data.n == 0 && !s->gives_nothing; i++) {
		const size_t n = numbered_chunk(i, chunk, address);
		if (memcmp(address, e->address, sizeof address) == 0)
			d = (struct retrieval_delivery){.data = bytes_of(chunk, n)};
	}
	CHECK(swarm_link_deliver(s->link, e->stream, &d));
}

static void on_event(struct swarm_link *link, const struct session_event *e)
{
	struct side *s = swarm_link_owner(link);
	const struct pseudosettle_ack ack = {.amount = e->amount, .at_s = clock_wall_s()};
	uint8_t chunk[CHUNK_BYTES_MAX], address[REFERENCE_BYTES];
	CHECK(link == s->link);
	switch (e->type) {
	case SESSION_READY:
		s->ready_n++;
		CHECK(swarm_link_announce(link, 13500000) == OK);
		break;
	case SESSION_ANNOUNCED:
		s->announced_n++;
		CHECK(e->amount == 13500000);
		break;
	case SESSION_WANTED:
		give(s, e);
		break;
	case SESSION_PAYMENT:
		s->payments_n++;
		CHECK(swarm_link_acknowledge(link, e->stream, &ack));
		break;
	case SESSION_SETTLED:
		s->settled_n++;
		CHECK(e->ack.amount == 450000);
		break;
	case SESSION_DELIVERED:
		s->delivered_n++;
		s->wrong_n += !(numbered_chunk(e->tag, chunk, address) == e->data.n &&
				memcmp(chunk, e->data.p, e->data.n) == 0);
		ask_more(s);
		break;
	case SESSION_FAILED:
		s->failed_n++;
		ask_more(s);
		break;
	case SESSION_UNSETTLED:
	case SESSION_RECORD:
	case SESSION_NOTHING:
	default:
		CHECK(false);
	}
}

static void on_ended(struct swarm_link *link, int err)
{
	const int os_error = errno;
	struct side *s = swarm_link_owner(link);
	s->ended_n++;
	s->err = err;
	s->os_error = os_error;
	s->link = NULL;
}

static const struct swarm_link_user user = {.event = on_event, .ended = on_ended};

static void on_connection(uv_poll_t *poll, int status, int events)
{
	struct sockaddr_storage from = {0};
	socklen_t n = sizeof from;
	(void)poll, (void)status, (void)events;
	const int fd = accept4(listening, (struct sockaddr *)&from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0)
		CHECK(swarm_link_accept(listener.links, fd, &from, &user, &listener, &listener.link) == OK);
}

/* --- the stage --- */

static void make_side(struct side *s, bool serves, uint64_t network_id, const char *file)
{
	struct why why = {.what = NULL};
	const struct swarm_self_options options = {.file = file,
						   .network_id = network_id,
						   .serves = serves,
						   .addresses = &here_address,
						   .addresses_n = serves ? 1 : 0,
						   .agent = BYTES_LITERAL("phase-test/1")};
	memset(s, 0, sizeof *s);
	CHECK(swarm_self_init(&s->self, &options, &why) == OK);
	CHECK(swarm_links_new(&loop, &s->self.config, s->self.seed, name_servers, &s->links) == OK);
}

static void begin(uint64_t network_of_the_dialer)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t n = sizeof a;
	struct writer w = writer_of(here, sizeof here);
	CHECK(uv_loop_init(&loop) == 0);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	CHECK(bind(listening, (struct sockaddr *)&a, sizeof a) == 0 && listen(listening, 8) == 0 &&
	      getsockname(listening, (struct sockaddr *)&a, &n) == 0);
	write_bytes(&w, BYTES_LITERAL("\x04\x7f\0\0\x01\x06"));
	write_be16(&w, ntohs(a.sin_port));
	here_address = writer_view(&w);
	CHECK(uv_poll_init(&loop, &listening_poll, listening) == 0);
	CHECK(uv_poll_start(&listening_poll, UV_READABLE, on_connection) == 0);
	make_side(&listener, true, 10, NULL);
	make_side(&dialer, false, network_of_the_dialer, NULL);
}

static void stop_listening(void)
{
	if (listening < 0)
		return;
	uv_close((uv_handle_t *)&listening_poll, NULL);
	(void)uv_run(&loop, UV_RUN_NOWAIT);
	close(listening);
	listening = -1;
}

static void end(void)
{
	stop_listening();
	swarm_links_end(dialer.links);
	swarm_links_end(listener.links);
	CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
	CHECK(dialer.link == NULL && listener.link == NULL);
	CHECK(uv_loop_close(&loop) == 0);
	swarm_self_wipe(&dialer.self);
	swarm_self_wipe(&listener.self);
}

static void on_tick(uv_timer_t *timer)
{
	(void)timer; /* so that the loop gives the turn back */
}

/* Lets the loop run until n reaches at_least. */
static bool until(const unsigned *n, unsigned at_least)
{
	static uv_timer_t timer;
	const uint64_t end = clock_now_ms() + PATIENCE_MS;
	(void)uv_timer_init(&loop, &timer);
	(void)uv_timer_start(&timer, on_tick, 10, 10);
	while (*n < at_least && clock_now_ms() < end)
		(void)uv_run(&loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	(void)uv_run(&loop, UV_RUN_NOWAIT);
	return *n >= at_least;
}

static int dial(struct bytes address)
{
	return swarm_link_dial(dialer.links, address, &user, &dialer, &dialer.link);
}

/* "/ip4/127.0.0.1/tcp/..." and the peer of the side behind it. */
static struct bytes with_peer(uint8_t to[static 64], const struct side *s)
{
	struct writer w = writer_of(to, 64);
	write_bytes(&w, here_address);
	multiaddr_write_part(&w, MULTIADDR_P2P, peer_id_bytes(&s->self.peer));
	return writer_view(&w);
}

static bool shake_hands(void)
{
	uint8_t address[64];
	return CHECK(dial(with_peer(address, &listener)) == OK) && CHECK(until(&dialer.ready_n, 1)) &&
	       CHECK(until(&listener.ready_n, 1));
}

/* --- tests --- */

TEST(shakes_hands_and_knows_who_it_is)
{
	begin(10);
	if (shake_hands()) {
		const struct session *s = swarm_link_session(dialer.link);
		CHECK(bytes_equal(session_record(s)->overlay, bytes_of(listener.self.identity.overlay, OVERLAY_BYTES)));
		CHECK(session_full_node(s) && session_generation(s) == BZZ_15);
		CHECK(bytes_equal(swarm_link_remote(dialer.link), here_address));
		CHECK(!session_full_node(swarm_link_session(listener.link)));
	}
	end();
	CHECK(dialer.err == ERR_INTERRUPTED && listener.ended_n == 1);
}

TEST(gets_chunks_and_settles)
{
	begin(10);
	if (shake_hands()) {
		ask_more(&dialer);
		CHECK(dialer.asked_n == SESSION_ASKS_MAX);
		CHECK(swarm_link_settle(dialer.link, 450000) == OK);
		CHECK(until(&dialer.delivered_n, ASKED_N) && dialer.wrong_n == 0 && dialer.failed_n == 0);
		CHECK(until(&dialer.settled_n, 1) && listener.payments_n == 1);
		CHECK(until(&dialer.announced_n, 1) && until(&listener.announced_n, 1));
	}
	end();
}

TEST(hears_that_there_is_none)
{
	begin(10);
	listener.gives_nothing = true;
	if (shake_hands()) {
		ask_more(&dialer);
		CHECK(until(&dialer.failed_n, ASKED_N) && dialer.delivered_n == 0);
	}
	end();
}

TEST(hears_when_the_other_side_goes)
{
	begin(10);
	if (shake_hands()) {
		swarm_link_end(listener.link, ERR_INTERRUPTED);
		CHECK(until(&dialer.ended_n, 1) && dialer.err == ERR_CLOSED);
		CHECK(listener.ended_n == 1 && listener.err == ERR_INTERRUPTED);
	}
	end();
}

TEST(another_network)
{
	begin(11);
	CHECK(dial(here_address) == OK && until(&dialer.ended_n, 1));
	CHECK(dialer.err == ERR_NETWORK && dialer.ready_n == 0);
	CHECK(until(&listener.ended_n, 1) && listener.ready_n == 0);
	end();
}

TEST(another_peer_than_was_meant)
{
	uint8_t address[64];
	begin(10);
	CHECK(dial(with_peer(address, &dialer)) == OK && until(&dialer.ended_n, 1));
	CHECK(dialer.err == ERR_KEY && dialer.ready_n == 0);
	end();
}

TEST(nobody_listens)
{
	begin(10);
	stop_listening();
	CHECK(dial(here_address) == OK && until(&dialer.ended_n, 1));
	CHECK(dialer.err == ERR_IO && dialer.os_error == ECONNREFUSED);
	end();
}

TEST(no_address_for_it)
{
	uint8_t address[64];
	static const char *const texts[] = {"/ip4/127.0.0.1/udp/1634/quic-v1", "/ip4/127.0.0.1/tcp/1634/ws",
					    "/p2p-circuit"};
	begin(10);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct writer w = writer_of(address, sizeof address);
		CHECK(multiaddr_parse(&w, bytes_text(texts[i])) == OK);
		CHECK(dial(writer_view(&w)) == ERR_VALUE);
	}
	end();
}

/* What happens while it is under way, and when nothing has begun. */
TEST(ends_at_once)
{
	begin(10);
	CHECK(dial(here_address) == OK);
	CHECK(swarm_link_settle(dialer.link, 1) == ERR_CLOSED);
	swarm_link_end(dialer.link, ERR_TIMEOUT);
	swarm_link_end(dialer.link, ERR_CLOSED);
	CHECK(until(&dialer.ended_n, 1) && dialer.err == ERR_TIMEOUT);
	end();
	CHECK(dialer.ended_n == 1);
}

/* "/dnsaddr" leads to whoever stands there: names of names, addresses that are of no use, one where nobody is. */
TEST(names_that_lead_to_it)
{
	char record[200], id[PEER_ID_TEXT_MAX + 1] = {0};
	uint8_t address[MULTIADDR_BYTES_MAX];
	for (size_t i = 0; i < 3; i++) {
		name_servers = server.address;
		begin(10);
		begin_server(&loop);
		struct writer w = writer_of(id, sizeof id - 1);
		peer_id_write(&w, &listener.self.peer);
		const unsigned port = (unsigned)here[6] << 8 | here[7];
		(void)snprintf(record, sizeof record, "dnsaddr=/dns4/a.test/tcp/%u/p2p/%s", port, id);
		add_record("_dnsaddr.net.test", DNS_TXT, "dnsaddr=/ip4/127.0.0.1/udp/1/quic-v1");
		add_record("_dnsaddr.net.test", DNS_TXT, "dnsaddr=/ip4/127.0.0.1/tcp/1");
		add_record("_dnsaddr.net.test", DNS_TXT, "dnsaddr=/dnsaddr/more.test");
		add_record("_dnsaddr.more.test", DNS_TXT, record);
		add_record("a.test", DNS_A, "127.0.0.1");
		(void)snprintf(record, sizeof record, "/dns4/%s/tcp/%u", i == 1 ? "a.test" : "nowhere.test", port);
		const struct bytes text = i == 0 ? BYTES_LITERAL("/dnsaddr/net.test") : bytes_text(record);
		w = writer_of(address, sizeof address);
		CHECK(multiaddr_parse(&w, text) == OK && swarm_link_knows(writer_view(&w)));
		CHECK(dial(writer_view(&w)) == OK);
		if (i < 2)
			CHECK(until(&dialer.ready_n, 1) && bytes_equal(swarm_link_remote(dialer.link), here_address));
		else
			CHECK(until(&dialer.ended_n, 1) && dialer.err == ERR_NOT_FOUND);
		end_server();
		end();
		(void)close(server.fd);
	}
	name_servers = NULL;
}

/* The links are gone while a name is looked up. */
TEST(an_end_while_a_name_is_looked_up)
{
	uint8_t address[MULTIADDR_BYTES_MAX];
	struct writer w = writer_of(address, sizeof address);
	name_servers = server.address;
	begin(10);
	begin_server(&loop);
	server.silent = true;
	CHECK(multiaddr_parse(&w, BYTES_LITERAL("/dnsaddr/net.test")) == OK && dial(writer_view(&w)) == OK);
	CHECK(until(&server.asked_n, 1) && dialer.ended_n == 0);
	end_server();
	end();
	CHECK(dialer.ended_n == 1 && dialer.err == ERR_INTERRUPTED);
	(void)close(server.fd);
	name_servers = NULL;
}

static void see(const char *text, const char *by)
{
	uint8_t address[100], remote[100], field[200];
	struct writer a = writer_of(address, sizeof address), r = writer_of(remote, sizeof remote);
	struct writer f = writer_of(field, sizeof field);
	CHECK(multiaddr_parse(&a, bytes_text(text)) == OK && multiaddr_parse(&r, bytes_text(by)) == OK);
	if (strstr(text, "dns4") == NULL)
		multiaddr_write_part(&a, MULTIADDR_P2P, peer_id_bytes(&dialer.self.peer));
	const struct bytes one = writer_view(&a);
	underlay_write(&f, &one, 1);
	swarm_links_note_seen(dialer.links, writer_view(&f), writer_view(&r));
}

/* What two others, of two hosts, agree on, and nobody's private networks. */
TEST(where_others_see_it)
{
	const size_t *n;
	begin(10);
	n = &dialer.links->config.addresses_n;
	see("/ip4/5.6.7.8/tcp/40000", "/ip4/1.1.1.1/tcp/1634");
	see("/ip4/5.6.7.8/tcp/40001", "/ip4/1.1.1.1/tcp/1635"); /* the same host */
	see("/ip4/5.6.7.9/tcp/40001", "/ip4/1.1.1.2/tcp/1635"); /* who disagree */
	see("/ip4/10.0.0.1/tcp/40001", "/ip4/1.1.1.1/tcp/1634");
	see("/ip4/10.0.0.1/tcp/40001", "/ip4/1.1.1.2/tcp/1634");
	see("/dns4/a.example/tcp/40001", "/ip4/1.1.1.3/tcp/1634");
	CHECK(*n == 0);
	see("/ip4/5.6.7.9/tcp/40002", "/ip4/1.1.1.4/tcp/1635");
	CHECK(*n == 1);
	see("/ip4/5.6.7.9/tcp/40003", "/ip4/1.1.1.5/tcp/1635"); /* known */
	CHECK(*n == 1);
	for (unsigned i = 0; i < 20; i++) {
		char text[64];
		(void)snprintf(text, sizeof text, "/ip4/5.6.8.%u/tcp/1", i);
		see(text, "/ip4/1.1.1.6/tcp/1634");
		see(text, "/ip4/1.1.1.7/tcp/1634");
	}
	CHECK(*n == SWARM_LINK_ADDRESSES_MAX);
	listener.links->config.addresses_n = 1;
	swarm_links_note_seen(listener.links, BYTES_NONE, BYTES_NONE); /* it knows where it listens */
	CHECK(listener.links->config.addresses_n == 1);
	end();
}

/* A kept key is the same node again, in another network another overlay. */
TEST(keeps_who_it_is)
{
	char file[] = "/tmp/swarm-self-XXXXXX/key";
	struct side a, b, c;
	file[sizeof file - 5] = 0;
	CHECK(mkdtemp(file) != NULL);
	file[sizeof file - 5] = '/';
	CHECK(uv_loop_init(&loop) == 0);
	make_side(&a, false, 10, file);
	make_side(&b, false, 10, file);
	make_side(&c, false, 1, file);
	CHECK(memcmp(a.self.seed, b.self.seed, sizeof a.self.seed) == 0);
	CHECK(memcmp(a.self.identity.overlay, b.self.identity.overlay, OVERLAY_BYTES) == 0);
	CHECK(memcmp(a.self.identity.overlay, c.self.identity.overlay, OVERLAY_BYTES) != 0);
	CHECK(peer_id_equal(&a.self.peer, &c.self.peer));
	swarm_links_end(a.links);
	swarm_links_end(b.links);
	swarm_links_end(c.links);
	CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0 && uv_loop_close(&loop) == 0);
	CHECK(unlink(file) == 0);
	file[sizeof file - 5] = 0;
	CHECK(rmdir(file) == 0);
}

int main(void)
{
	RUN(shakes_hands_and_knows_who_it_is);
	RUN(gets_chunks_and_settles);
	RUN(hears_that_there_is_none);
	RUN(hears_when_the_other_side_goes);
	RUN(another_network);
	RUN(another_peer_than_was_meant);
	RUN(nobody_listens);
	RUN(no_address_for_it);
	RUN(ends_at_once);
	RUN(names_that_lead_to_it);
	RUN(an_end_while_a_name_is_looked_up);
	RUN(where_others_see_it);
	RUN(keeps_who_it_is);
	return test_end();
}
