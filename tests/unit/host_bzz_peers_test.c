/* The native network against nodes of the test's own, each of which may give, lie, lack or leave: chunks come, and
 * who sent wrong ones is known. Their loop and that of bzz_peers.h turn by turns. */
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/err.h"
#include "host/bzz_peers.h"
#include "host/clock.h"
#include "host/swarm_link.h"
#include "host/swarm_self.h"
#include "numbered_chunk.h"
#include "swarm/price.h"
#include "test.h"

#define PATIENCE_MS 60000 /* for what comes at once when all is well */
#define NODES 3
#define CHUNKS 60 /* more than a node gives on credit */

enum manner { GIVES, LIES, LACKS, LEAVES, SILENT };

static struct node {
	struct swarm_self self;
	struct swarm_links *links;
	struct swarm_link *link; /* the newest; NULL: none */
	int listening;
	uv_poll_t poll;
	uint8_t here[8];
	struct bytes address;
	char text[64];
	enum manner manner;
	unsigned accepted_n, asked_n;
} nodes[NODES];

static uv_loop_t loop; /* of the nodes */
static const struct cli_program program = {.name = "host_bzz_peers_test"};
static struct cli cli = {.program = &program, .quiet = true};
static struct bzz_peers *peers;
static unsigned answered[CHUNKS], failed[CHUNKS], right_n;

/* --- the nodes --- */

static void give(struct node *n, struct swarm_link *link, const struct session_event *e)
{
	static uint8_t addresses[CHUNKS][REFERENCE_BYTES];
	static bool known;
	uint8_t chunk[CHUNK_BYTES_MAX] = {0}, address[REFERENCE_BYTES];
	struct retrieval_delivery d = {.error = BYTES_LITERAL("not here")};
	for (uint64_t i = 0; i < CHUNKS && !known; i++)
		(void)numbered_chunk(i, chunk, addresses[i]);
	known = true;
	for (uint64_t i = 0; i < CHUNKS && n->manner != LACKS; i++)
		if (memcmp(addresses[i], e->address, REFERENCE_BYTES) == 0)
			d = (struct retrieval_delivery){.data = bytes_of(chunk, numbered_chunk(i, chunk, address))};
	chunk[100] ^= n->manner == LIES;
	CHECK(swarm_link_deliver(link, e->stream, &d));
}

static void on_event(struct swarm_link *link, const struct session_event *e)
{
	struct node *n = swarm_link_owner(link);
	const struct pseudosettle_ack ack = {.amount = e->amount, .at_s = clock_wall_s()};
	switch (e->type) {
	case SESSION_READY:
		CHECK(swarm_link_announce(link, PRICE_LIGHT_THRESHOLD) == OK);
		break;
	case SESSION_WANTED:
		n->asked_n++;
		if (n->manner == LEAVES)
			swarm_link_end(link, ERR_INTERRUPTED);
		else if (n->manner != SILENT)
			give(n, link, e);
		break;
	case SESSION_PAYMENT:
		CHECK(swarm_link_acknowledge(link, e->stream, &ack));
		break;
	case SESSION_ANNOUNCED:
	case SESSION_SETTLED:
	case SESSION_UNSETTLED:
	case SESSION_DELIVERED:
	case SESSION_FAILED:
	case SESSION_RECORD:
	case SESSION_NOTHING:
	default:
		CHECK(false);
	}
}

static void on_ended(struct swarm_link *link, int err)
{
	struct node *n = swarm_link_owner(link);
	(void)err;
	if (n->link == link)
		n->link = NULL;
}

static const struct swarm_link_user user = {.event = on_event, .ended = on_ended};

static void on_connection(uv_poll_t *poll, int status, int events)
{
	struct node *n = poll->data;
	struct sockaddr_storage from = {0};
	socklen_t size = sizeof from;
	(void)status, (void)events;
	const int fd = accept4(n->listening, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	n->accepted_n++;
	CHECK(swarm_link_accept(n->links, fd, &from, &user, n, &n->link) == OK);
}

static void begin_node(struct node *n, enum manner manner)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t size = sizeof a;
	struct why why = {.what = NULL};
	memset(n, 0, sizeof *n);
	n->manner = manner;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	n->listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	CHECK(bind(n->listening, (struct sockaddr *)&a, sizeof a) == 0 && listen(n->listening, 8) == 0 &&
	      getsockname(n->listening, (struct sockaddr *)&a, &size) == 0);
	struct writer w = writer_of(n->here, sizeof n->here);
	write_bytes(&w, BYTES_LITERAL("\x04\x7f\0\0\x01\x06"));
	write_be16(&w, ntohs(a.sin_port));
	n->address = writer_view(&w);
	(void)snprintf(n->text, sizeof n->text, "/ip4/127.0.0.1/tcp/%u", ntohs(a.sin_port));
	const struct swarm_self_options options = {.network_id = 10,
						   .serves = true,
						   .addresses = &n->address,
						   .addresses_n = 1,
						   .agent = BYTES_LITERAL("phase-test/1")};
	CHECK(swarm_self_init(&n->self, &options, &why) == OK);
	CHECK(swarm_links_new(&loop, &n->self.config, n->self.seed, NULL, &n->links) == OK);
	CHECK(uv_poll_init(&loop, &n->poll, n->listening) == 0);
	n->poll.data = n;
	CHECK(uv_poll_start(&n->poll, UV_READABLE, on_connection) == 0);
}

/* --- the stage --- */

static void on_answer(void *context, uint64_t id, int err, struct bytes data)
{
	uint8_t chunk[CHUNK_BYTES_MAX], address[REFERENCE_BYTES];
	CHECK(context == &peers && id < CHUNKS);
	answered[id]++;
	failed[id] += err != OK;
	if (err == OK)
		right_n += (unsigned)CHECK(data.n == numbered_chunk(id, chunk, address) &&
					   memcmp(data.p, chunk, data.n) == 0);
}

static void begin(const enum manner *manners, size_t n)
{
	const char *texts[NODES];
	const struct cli_texts named = {.v = texts, .n = n}, none = {.n = 0};
	const struct bzz_peers_options options = {.peers = &named, .bootnodes = &none, .network_id = 10};
	memset(answered, 0, sizeof answered);
	memset(failed, 0, sizeof failed);
	right_n = 0;
	CHECK(uv_loop_init(&loop) == 0);
	for (size_t i = 0; i < n; i++) {
		begin_node(&nodes[i], manners[i]);
		texts[i] = nodes[i].text;
	}
	bzz_peers_check(&cli, &options);
	CHECK(bzz_peers_open(&cli, &options, &peers) == OK);
	bzz_peers_answer(peers, on_answer, &peers);
}

static void end(size_t n)
{
	bzz_peers_close(peers);
	for (size_t i = 0; i < n; i++) {
		uv_close((uv_handle_t *)&nodes[i].poll, NULL);
		swarm_links_end(nodes[i].links);
	}
	CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0 && uv_loop_close(&loop) == 0);
	for (size_t i = 0; i < n; i++) {
		CHECK(nodes[i].link == NULL);
		close(nodes[i].listening);
		swarm_self_wipe(&nodes[i].self);
	}
}

static void turn(void)
{
	bzz_peers_run(peers);
	(void)uv_run(&loop, UV_RUN_NOWAIT);
	struct pollfd p[2] = {{.fd = bzz_peers_fd(peers), .events = POLLIN},
			      {.fd = uv_backend_fd(&loop), .events = POLLIN}};
	(void)poll(p, 2, bzz_peers_wait_ms(peers) == 0 || uv_backend_timeout(&loop) == 0 ? 0 : 5);
}

static bool until(const unsigned *n, unsigned at_least)
{
	const uint64_t end_ms = clock_now_ms() + PATIENCE_MS;
	while (*n < at_least && clock_now_ms() < end_ms)
		turn();
	return *n >= at_least;
}

static void ask(uint64_t id)
{
	uint8_t chunk[CHUNK_BYTES_MAX], address[REFERENCE_BYTES];
	(void)numbered_chunk(id, chunk, address);
	bzz_peers_ask(peers, id, address);
}

static void ask_all(uint64_t n)
{
	for (uint64_t id = 0; id < n; id++)
		ask(id);
}

/* All of them came, each once. */
static bool all_came(unsigned n)
{
	bool good = CHECK(until(&right_n, n));
	for (unsigned id = 0; id < CHUNKS; id++)
		good = CHECK(answered[id] == (id < n) && failed[id] == 0) && good;
	return good;
}

/* --- tests --- */

TEST(chunks_come_from_all_of_them_beyond_their_credit)
{
	begin((enum manner[]){GIVES, GIVES, GIVES}, 3);
	CHECK(bzz_peers_room(peers) > 0 && bzz_peers_useful(peers) == 0);
	ask_all(CHUNKS);
	CHECK(all_came(CHUNKS) && bzz_peers_useful(peers) == 3 && bzz_peers_room(peers) > 3);
	CHECK(bzz_peers_counts_n(peers) == 4);
	for (size_t i = 0; i < 3; i++) {
		const struct bzz_peers_count c = bzz_peers_count(peers, i);
		CHECK(strcmp(c.text, nodes[i].text) == 0 && c.nodes_n == 1 && c.bad_bytes == 0);
		CHECK(c.chunks > 0 && c.bytes == c.chunks * CHUNK_BYTES_MAX && nodes[i].asked_n >= c.chunks);
	}
	CHECK(bzz_peers_count(peers, 3).text == NULL && bzz_peers_count(peers, 3).bytes == 0);
	end(3);
}

TEST(a_liar_is_blamed_and_left)
{
	begin((enum manner[]){LIES, GIVES}, 2);
	ask_all(12);
	CHECK(all_came(12));
	CHECK(bzz_peers_count(peers, 0).bytes == 0 && bzz_peers_count(peers, 1).bad_bytes == 0);
	CHECK(bzz_peers_count(peers, 0).bad_bytes == nodes[0].asked_n * CHUNK_BYTES_MAX);
	CHECK(nodes[0].asked_n == 0 || bzz_peers_count(peers, 0).bad_bytes > 0);
	end(2);
}

TEST(one_that_leaves_and_one_that_has_none_are_passed_over)
{
	begin((enum manner[]){LEAVES, LACKS, GIVES}, 3);
	ask_all(10);
	CHECK(all_came(10) && bzz_peers_count(peers, 2).chunks == 10);
	end(3);
}

TEST(one_that_is_silent_gets_company)
{
	begin((enum manner[]){SILENT, GIVES}, 2);
	ask_all(8);
	CHECK(all_came(8));
	end(2);
}

TEST(what_is_forgotten_is_not_answered)
{
	begin((enum manner[]){GIVES}, 1);
	ask(1);
	bzz_peers_forget(peers, 1);
	bzz_peers_forget(peers, 2);
	ask(0);
	CHECK(until(&right_n, 1) && answered[0] == 1 && answered[1] == 0);
	ask(1); /* once more, under the same name */
	CHECK(until(&right_n, 2) && answered[1] == 1);
	end(1);
}

TEST(an_end_in_the_middle_of_all)
{
	begin((enum manner[]){GIVES, SILENT}, 2);
	end(2);
	begin((enum manner[]){SILENT, SILENT}, 2);
	ask_all(20);
	while (nodes[0].asked_n + nodes[1].asked_n == 0)
		turn();
	end(2);
	CHECK(right_n == 0);
}

int main(void)
{
	RUN(chunks_come_from_all_of_them_beyond_their_credit);
	RUN(a_liar_is_blamed_and_left);
	RUN(one_that_leaves_and_one_that_has_none_are_passed_over);
	RUN(one_that_is_silent_gets_company);
	RUN(what_is_forgotten_is_not_answered);
	RUN(an_end_in_the_middle_of_all);
	return test_end();
}
