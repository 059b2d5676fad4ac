/* A UDP socket: datagrams in batches, if the kernel can, from and to addresses as they are on the wire. */
#include <time.h> /* for the next, which does not say that it needs it */

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

#include "host/p2p_address.h"
#include "host/p2p_quic_parts.h"

#define BUFFER_BYTES (4 << 20) /* asked for; the system's limit may be less */
#define ERRORS_MAX 64          /* that are read at once */

union control {
	struct cmsghdr head;
	char bytes[256];
};

static void option(int fd, int level, int name, int value)
{
	(void)setsockopt(fd, level, name, &value, sizeof value); /* without, it is slower */
}

static void set_options(int fd, sa_family_t family)
{
	option(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES);
	option(fd, SOL_SOCKET, SO_SNDBUF, BUFFER_BYTES);
	option(fd, IPPROTO_UDP, UDP_GRO, 1);
	if (family == AF_INET6) {
		option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
		option(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
		option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE); /* QUIC finds out itself */
	} else {
		option(fd, IPPROTO_IP, IP_PKTINFO, 1);
		option(fd, IPPROTO_IP, IP_RECVERR, 1);
		option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
	}
}

int p2p_quic_socket_open(const struct sockaddr_storage *a, struct sockaddr_storage *bound)
{
	const int fd = socket(a->ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	set_options(fd, a->ss_family);
	return p2p_address_bind(fd, a, 0, bound);
}

/* --- in --- */

/* What stands beside the datagrams: to which of our addresses they came, and how long each is. */
static void read_control(struct msghdr *message, struct sockaddr_storage *local, size_t *segment)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof info);
			((struct sockaddr_in *)local)->sin_addr = info.ipi_addr;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof info);
			((struct sockaddr_in6 *)local)->sin6_addr = info.ipi6_addr;
		} else if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
			int n;
			memcpy(&n, CMSG_DATA(c), sizeof n);
			if (n > 0)
				*segment = (size_t)n;
		}
	}
}

bool p2p_quic_socket_read(struct p2p_quic_socket *s, uint64_t now_ns)
{
	union control control;
	struct quic_path path = {.local = s->bound};
	uint8_t *in = s->quic->in;
	struct iovec part = {.iov_base = in, .iov_len = P2P_QUIC_IN_BYTES};
	struct msghdr message = {.msg_name = &path.remote,
				 .msg_namelen = sizeof path.remote,
				 .msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof control};
	const ssize_t n = recvmsg(s->fd, &message, MSG_DONTWAIT);
	if (n <= 0)
		return n == 0 || errno == EINTR;
	size_t segment = (size_t)n;
	read_control(&message, &path.local, &segment);
	for (size_t at = 0; at < (size_t)n; at += segment) {
		const size_t left = (size_t)n - at;
		quic_endpoint_take(s->endpoint, &path, bytes_of(in + at, left < segment ? left : segment), now_ns);
	}
	return true;
}

/* Whether it says that there is nobody. */
static bool is_unreachable(struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
		struct sock_extended_err e;
		if (!(c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) &&
		    !(c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
			continue;
		memcpy(&e, CMSG_DATA(c), sizeof e);
		if (e.ee_errno == ECONNREFUSED || e.ee_errno == EHOSTUNREACH || e.ee_errno == ENETUNREACH)
			return true;
	}
	return false;
}

void p2p_quic_socket_read_errors(struct p2p_quic_socket *s)
{
	int pending;
	socklen_t pending_n = sizeof pending;
	(void)getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &pending, &pending_n); /* and it is forgotten */
	for (unsigned i = 0; i < ERRORS_MAX; i++) {
		union control control;
		struct sockaddr_storage to = {0};
		uint8_t ours[64]; /* the beginning of what we have sent */
		struct iovec part = {.iov_base = ours, .iov_len = sizeof ours};
		struct msghdr message = {.msg_name = &to,
					 .msg_namelen = sizeof to,
					 .msg_iov = &part,
					 .msg_iovlen = 1,
					 .msg_control = &control,
					 .msg_controllen = sizeof control};
		if (recvmsg(s->fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			return;
		if (is_unreachable(&message))
			quic_endpoint_unreachable(s->endpoint, &to);
	}
}

/* --- out --- */

static void add_control(struct msghdr *message, struct cmsghdr **at, int level, int type, const void *p, size_t n)
{
	struct cmsghdr *c = *at;
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(n);
	memcpy(CMSG_DATA(c), p, n);
	message->msg_controllen += CMSG_SPACE(n);
	*at = (struct cmsghdr *)((char *)c + CMSG_SPACE(n));
}

/* From which of our addresses: the one that the other side knows. */
static void add_source(struct msghdr *message, struct cmsghdr **at, const struct sockaddr_storage *local)
{
	if (local->ss_family == AF_INET6) {
		const struct in6_pktinfo info = {.ipi6_addr = ((const struct sockaddr_in6 *)local)->sin6_addr};
		if (!IN6_IS_ADDR_UNSPECIFIED(&info.ipi6_addr))
			add_control(message, at, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
	} else {
		const struct in_pktinfo info = {.ipi_spec_dst = ((const struct sockaddr_in *)local)->sin_addr};
		if (info.ipi_spec_dst.s_addr != INADDR_ANY)
			add_control(message, at, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
	}
}

/* What was sent, or -1 with errno. */
static ssize_t send_some(struct p2p_quic_socket *s, size_t n)
{
	struct quic_out *out = &s->out;
	union control control;
	const uint16_t segment = (uint16_t)out->segment;
	struct iovec part = {.iov_base = out->bytes + s->out_at, .iov_len = n};
	struct msghdr message = {.msg_name = &out->path.remote,
				 .msg_namelen = p2p_address_size(&out->path.remote),
				 .msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control};
	struct cmsghdr *at = &control.head;
	memset(&control, 0, sizeof control);
	if (s->everywhere)
		add_source(&message, &at, &out->path.local);
	if (n > out->segment)
		add_control(&message, &at, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment);
	return sendmsg(s->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Sends the rest of out. False: not now. What the kernel refuses counts as lost. */
static bool send_out(struct p2p_quic_socket *s)
{
	while (s->out_at < s->out.n) {
		const size_t left = s->out.n - s->out_at;
		const size_t n = s->segments || left < s->out.segment ? left : s->out.segment;
		const ssize_t sent = send_some(s, n);
		if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return false;
		if (sent < 0 && (errno == ENETUNREACH || errno == EHOSTUNREACH))
			quic_endpoint_unreachable(s->endpoint, &s->out.path.remote);
		/* An interface that cannot compute checksums cannot cut, either. */
		if (sent < 0 && n > s->out.segment && (errno == EIO || errno == EINVAL || errno == EOPNOTSUPP))
			s->segments = false;
		else if (sent >= 0 || (errno != EINTR && errno != ECONNREFUSED))
			s->out_at += n;
	}
	return true;
}

bool p2p_quic_socket_send(struct p2p_quic_socket *s, uint64_t now_ns)
{
	while (send_out(s)) {
		s->out_at = s->out.n = 0;
		if (!quic_endpoint_out(s->endpoint, &s->out, now_ns))
			return true;
	}
	return false;
}
