/* A name server of a test's own on the loopback interface: records that it was given, or silence. */
#ifndef UNIT_NAME_SERVER_H
#define UNIT_NAME_SERVER_H

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "core/err.h"
#include "p2p/dns.h"
#include "test.h"

#define NAME_SERVER_RECORDS_MAX 64

static struct {
	uv_poll_t poll;
	int fd;
	bool silent;
	unsigned asked_n;
	/* A record: its name, its type, what it says. */
	struct {
		const char *name;
		enum dns_type type;
		char text[400];
	} records[NAME_SERVER_RECORDS_MAX];
	size_t records_n;
	char address[32];
} server;

static void add_record(const char *name, enum dns_type type, const char *text)
{
	CHECK(server.records_n < NAME_SERVER_RECORDS_MAX);
	server.records[server.records_n].name = name;
	server.records[server.records_n].type = type;
	(void)snprintf(server.records[server.records_n++].text, sizeof server.records[0].text, "%s", text);
}

/* Text as strings of at most 100 bytes, so that long records have several. */
static void write_data(struct writer *w, enum dns_type type, const char *text)
{
	uint8_t ip[16];
	const struct bytes all = bytes_text(text);
	if (type == DNS_A || type == DNS_AAAA) {
		CHECK(inet_pton(type == DNS_A ? AF_INET : AF_INET6, text, ip) == 1);
		write_be16(w, type == DNS_A ? 4 : 16);
		write_bytes(w, bytes_of(ip, type == DNS_A ? 4 : 16));
		return;
	}
	write_be16(w, (uint16_t)(all.n + (all.n + 99) / 100));
	for (size_t at = 0; at < all.n; at += 100) {
		const size_t n = all.n - at < 100 ? all.n - at : 100;
		write_u8(w, (uint8_t)n);
		write_bytes(w, bytes_of(all.p + at, n));
	}
}

static size_t write_answers(struct writer *w, const struct dns_message *m)
{
	size_t n = 0;
	for (size_t i = 0; i < server.records_n; i++) {
		if (server.records[i].type != m->question_type ||
		    !dns_name_is(&m->question, bytes_text(server.records[i].name)))
			continue;
		write_be16(w, 0xc00c); /* the name of the question */
		write_be16(w, (uint16_t)server.records[i].type);
		write_be16(w, 1);
		write_be32(w, 60);
		write_data(w, server.records[i].type, server.records[i].text);
		n++;
	}
	return n;
}

static void on_question(uv_poll_t *poll, int status, int events)
{
	static uint8_t in[1500], out[65000];
	struct sockaddr_in from;
	socklen_t from_n = sizeof from;
	struct dns_message m;
	(void)poll, (void)status, (void)events;
	const ssize_t n = recvfrom(server.fd, in, sizeof in, MSG_DONTWAIT, (struct sockaddr *)&from, &from_n);
	if (n <= 0 || dns_message_read(&m, bytes_of(in, (size_t)n)) != OK)
		return;
	server.asked_n++;
	if (server.silent)
		return;
	/* The question as it came, without what stands behind it. */
	size_t question_n = 12;
	while (in[question_n] != 0)
		question_n += 1U + in[question_n];
	question_n += 5;
	struct writer w = writer_of(out, sizeof out);
	write_bytes(&w, bytes_of(in, question_n));
	const size_t answers_n = write_answers(&w, &m);
	out[2] = 0x81;
	out[3] = answers_n > 0 ? 0x80 : 0x83;
	out[6] = 0;
	out[7] = (uint8_t)answers_n;
	out[8] = out[9] = out[10] = out[11] = 0;
	CHECK(sendto(server.fd, out, w.n, 0, (struct sockaddr *)&from, from_n) == (ssize_t)w.n);
}

static void begin_server(uv_loop_t *loop)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof a;
	memset(&server, 0, sizeof server);
	server.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHECK(server.fd >= 0 && bind(server.fd, (struct sockaddr *)&a, sizeof a) == 0 &&
	      getsockname(server.fd, (struct sockaddr *)&a, &n) == 0);
	(void)snprintf(server.address, sizeof server.address, "127.0.0.1:%u", ntohs(a.sin_port));
	CHECK(uv_poll_init(loop, &server.poll, server.fd) == 0);
	CHECK(uv_poll_start(&server.poll, UV_READABLE, on_question) == 0);
}

/* What was begun is closed; its descriptor when the loop has run. */
static void end_server(void)
{
	uv_close((uv_handle_t *)&server.poll, NULL);
}

#endif
