/* The network of the twin: non-blocking sockets of the process. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

#define BUFFER_BYTES 65536
#define IDLE_POLLS 64 /* then the processor is left to others for a moment */

struct connection {
	int fd;    /* -1: free */
	bool dead; /* its other side does not answer */
	enum net_state state;
	uint8_t *buffer; /* owned */
	size_t first, n;
};

struct posix_net {
	struct net net; /* the first member: what the seam knows of it */
	struct connection connections[NET_CONNECTIONS_MAX];
	int sockets[NET_SOCKETS_MAX];
	const struct platform *platform;
	unsigned idle; /* polls in a row with nothing new */
	uint16_t resolver_port;
};

static struct posix_net *of(struct net *net)
{
	return (struct posix_net *)(void *)net;
}

static socklen_t fill(struct sockaddr_storage *s, const struct net_address *a, uint16_t port)
{
	memset(s, 0, sizeof *s);
	if (a->six) {
		struct sockaddr_in6 *six = (struct sockaddr_in6 *)s;
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(port);
		memcpy(&six->sin6_addr, a->ip, 16);
		return sizeof *six;
	}
	struct sockaddr_in *four = (struct sockaddr_in *)s;
	four->sin_family = AF_INET;
	four->sin_port = htons(port);
	memcpy(&four->sin_addr, a->ip, 4);
	return sizeof *four;
}

static int posix_open(struct platform *p, const struct net_options *o, const struct net_say *say, struct net **net,
		      struct why *why)
{
	(void)o;
	(void)say;
	p->error = "EFI_NOT_FOUND";
	if (p->no_network)
		return why_not(why, ERR_NOT_FOUND, "no network device: look at the cable and the firmware's settings",
			       WHY_NOWHERE, BYTES_NONE);
	struct posix_net *n = calloc(1, sizeof *n);
	if (n == NULL)
		return why_not(why, ERR_NO_MEMORY, "network", WHY_NOWHERE, BYTES_NONE);
	n->net.back = &net_posix;
	n->net.facts = (struct net_facts){.back = "sockets",
					  .device = "this process",
					  .address = {.ip = {127, 0, 0, 1}},
					  .prefix_bits = 8,
					  .six = {.six = true, .ip = {[15] = 1}},
					  .resolvers_n = p->resolvers_n};
	memcpy(n->net.facts.resolvers, p->resolvers, sizeof p->resolvers);
	n->resolver_port = p->resolver_port;
	n->platform = p;
	for (size_t i = 0; i < NET_CONNECTIONS_MAX; i++)
		n->connections[i].fd = -1;
	for (size_t i = 0; i < NET_SOCKETS_MAX; i++)
		n->sockets[i] = -1;
	*net = &n->net;
	return OK;
}

static void posix_end(struct net *net, uint32_t c)
{
	struct connection *connection = &of(net)->connections[c];
	(void)close(connection->fd);
	free(connection->buffer);
	*connection = (struct connection){.fd = -1};
}

static void posix_socket_end(struct net *net, uint32_t socket)
{
	(void)close(of(net)->sockets[socket]);
	of(net)->sockets[socket] = -1;
}

static void posix_close(struct net *net)
{
	struct posix_net *n = of(net);
	for (uint32_t i = 0; i < NET_CONNECTIONS_MAX; i++)
		if (n->connections[i].fd >= 0)
			posix_end(net, i);
	for (uint32_t i = 0; i < NET_SOCKETS_MAX; i++)
		if (n->sockets[i] >= 0)
			posix_socket_end(net, i);
	free(n);
}

/* True: something new. */
static bool poll_connection(struct connection *c)
{
	int failed = 0;
	socklen_t size = sizeof failed;
	enum net_state before = c->state;
	if (c->dead)
		return false;
	if (c->state == NET_CONNECTING) {
		struct sockaddr_storage peer;
		socklen_t peer_size = sizeof peer;
		if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &failed, &size) != 0 || failed != 0)
			c->state = NET_FAILED;
		else if (getpeername(c->fd, (struct sockaddr *)&peer, &peer_size) == 0)
			c->state = NET_OPEN;
	}
	if (c->state != NET_OPEN || c->n == BUFFER_BYTES)
		return c->state != before;
	if (c->first > 0)
		memmove(c->buffer, c->buffer + c->first, c->n);
	c->first = 0;
	ssize_t got = recv(c->fd, c->buffer + c->n, BUFFER_BYTES - c->n, 0);
	if (got > 0)
		c->n += (size_t)got;
	else if (got == 0)
		c->state = NET_ENDED;
	else if (errno != EAGAIN && errno != EINTR)
		c->state = NET_FAILED;
	return got > 0 || c->state != before;
}

static void posix_poll(struct net *net)
{
	struct posix_net *n = of(net);
	bool news = false;
	for (size_t i = 0; i < NET_CONNECTIONS_MAX; i++)
		if (n->connections[i].fd >= 0)
			news |= poll_connection(&n->connections[i]);
	n->idle = news ? 0 : n->idle + 1;
	if (n->idle >= IDLE_POLLS)
		(void)usleep(500);
}

static bool is_dead(const struct platform *p, const struct net_address *to)
{
	for (size_t i = 0; i < p->dead_n; i++)
		if (memcmp(&p->dead[i], to, sizeof *to) == 0)
			return true;
	return false;
}

static uint32_t posix_connect(struct net *net, const struct net_address *to, uint16_t port)
{
	struct sockaddr_storage s;
	socklen_t size = fill(&s, to, port);
	for (uint32_t i = 0; i < NET_CONNECTIONS_MAX; i++) {
		struct connection *c = &of(net)->connections[i];
		if (c->fd >= 0)
			continue;
		uint8_t *buffer = malloc(BUFFER_BYTES);
		int fd = socket(to->six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (buffer == NULL || fd < 0) {
			free(buffer);
			if (fd >= 0)
				(void)close(fd);
			return NET_NONE;
		}
		*c = (struct connection){.fd = fd,
					 .buffer = buffer,
					 .state = NET_CONNECTING,
					 .dead = is_dead(of(net)->platform, to)};
		if (!c->dead && connect(c->fd, (struct sockaddr *)&s, size) != 0 && errno != EINPROGRESS)
			c->state = NET_FAILED;
		return i;
	}
	return NET_NONE;
}

static enum net_state posix_state(const struct net *net, uint32_t c)
{
	return ((const struct posix_net *)(const void *)net)->connections[c].state;
}

static struct bytes posix_received(struct net *net, uint32_t c)
{
	struct connection *connection = &of(net)->connections[c];
	return bytes_of(connection->buffer + connection->first, connection->n);
}

static void posix_took(struct net *net, uint32_t c, size_t n)
{
	of(net)->connections[c].first += n;
	of(net)->connections[c].n -= n;
}

static size_t posix_send(struct net *net, uint32_t c, struct bytes data)
{
	ssize_t n = send(of(net)->connections[c].fd, data.p, data.n, MSG_NOSIGNAL);
	return n < 0 ? 0 : (size_t)n;
}

static uint32_t posix_socket(struct net *net)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	for (uint32_t i = 0; i < NET_SOCKETS_MAX; i++) {
		if (of(net)->sockets[i] >= 0)
			continue;
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof any) != 0) {
			(void)close(fd);
			fd = -1;
		}
		if (fd < 0)
			return NET_NONE;
		of(net)->sockets[i] = fd;
		return i;
	}
	return NET_NONE;
}

/* A test's resolver has a port of its own. */
static bool posix_send_to(struct net *net, uint32_t socket, const struct net_address *to, uint16_t port,
			  struct bytes data)
{
	struct sockaddr_storage s;
	if (port == 53 && of(net)->resolver_port != 0)
		port = of(net)->resolver_port;
	socklen_t size = fill(&s, to, port);
	return sendto(of(net)->sockets[socket], data.p, data.n, 0, (struct sockaddr *)&s, size) == (ssize_t)data.n;
}

static bool posix_receive_from(struct net *net, uint32_t socket, uint8_t *data, size_t *n, struct net_address *from,
			       uint16_t *port)
{
	struct sockaddr_in s;
	socklen_t size = sizeof s;
	ssize_t got = recvfrom(of(net)->sockets[socket], data, NET_DATAGRAM_BYTES_MAX, 0, (struct sockaddr *)&s, &size);
	if (got < 0)
		return false;
	*n = (size_t)got;
	*from = (struct net_address){.six = false};
	memcpy(from->ip, &s.sin_addr, 4);
	*port = ntohs(s.sin_port);
	if (*port == of(net)->resolver_port)
		*port = 53;
	return true;
}

const struct net_back net_posix = {
	.stack = BOOT_STACK_ANY,
	.open = posix_open,
	.close = posix_close,
	.poll = posix_poll,
	.connect = posix_connect,
	.state = posix_state,
	.received = posix_received,
	.took = posix_took,
	.send = posix_send,
	.end = posix_end,
	.socket = posix_socket,
	.send_to = posix_send_to,
	.receive_from = posix_receive_from,
	.socket_end = posix_socket_end,
};
