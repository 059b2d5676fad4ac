#include "host/bzz_serve.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/hex.h"
#include "host/descriptors.h"
#include "host/stop_signals.h"

#define TICK_MS 1000
#define LINGER_MS 4000 /* what is open may end by itself; the contract gives 5 s */
#define FILES_SPARE 256

/* What is served, and by whom. Each is NULL where it was not asked for. */
struct services {
	struct bzz_server *server;
	struct bzz_listen *peers;
	struct bzz_listen_options of_peers;
	uv_loop_t loop;
};

static int print_ready(struct cli *cli, const struct services *s)
{
	char overlay[2 * REFERENCE_BYTES + 1] = "";
	const char *address;
	printf("{");
	if (s->server != NULL)
		printf("\"listening\":\"%s\",", bzz_server_url(s->server));
	printf("\"pid\":%ld,\"chunks\":%llu", (long)getpid(), (unsigned long long)s->of_peers.chunks_n);
	if (s->peers != NULL) {
		hex_encode(bzz_listen_overlay(s->peers), overlay);
		printf(",\"overlay\":\"%s\",\"network_id\":%llu,\"addresses\":[", overlay,
		       (unsigned long long)s->of_peers.network_id);
		for (size_t i = 0; (address = bzz_listen_address(s->peers, i)) != NULL; i++)
			printf("%s\"%s\"", i > 0 ? "," : "", address);
		printf("]");
	}
	printf("}\n");
	return cli_flush(cli);
}

static void on_signal(uv_poll_t *poll, int status, int events)
{
	(void)status, (void)events;
	uv_stop(poll->loop);
}

static void on_tick(uv_timer_t *timer)
{
	bzz_server_tick(timer->data);
}

/* Until SIGTERM or SIGINT. */
static void serve(struct services *s, int signals)
{
	uv_poll_t poll;
	uv_timer_t tick;
	(void)uv_poll_init(&s->loop, &poll, signals); /* a signalfd can be polled */
	(void)uv_poll_start(&poll, UV_READABLE, on_signal);
	(void)uv_timer_init(&s->loop, &tick); /* cannot fail */
	tick.data = s->server;
	if (s->server != NULL)
		(void)uv_timer_start(&tick, on_tick, TICK_MS, TICK_MS);
	(void)uv_run(&s->loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&poll, NULL);
	uv_close((uv_handle_t *)&tick, NULL);
	(void)uv_run(&s->loop, UV_RUN_NOWAIT); /* they are on the stack */
}

static int begin(struct cli *cli, const struct bzz_serve_options *o, struct chunk_stores *stores, struct services *s)
{
	const struct chunk_source source = chunk_stores_source(stores);
	const bool over_http = o->http.http != NULL, to_peers = o->peers.listen.n > 0;
	int err = OK;
	s->of_peers = o->peers;
	s->of_peers.chunks_n = 0;
	for (size_t i = 0; i < stores->n; i++)
		s->of_peers.chunks_n += chunk_store_count(stores->v[i]);
	descriptors_allow(FILES_SPARE + (over_http ? 2 * o->http.connections_max : 0) +
			  (to_peers ? o->peers.peers_max : 0));
	if (over_http)
		err = bzz_server_start(cli, &o->http, &source, &s->server);
	if (err == OK && to_peers)
		err = bzz_listen_start(cli, &s->loop, &s->of_peers, &source, &s->peers);
	return err != OK ? err : print_ready(cli, s);
}

int bzz_serve(struct cli *cli, const struct bzz_serve_options *o, struct chunk_stores *stores)
{
	struct services s = {.server = NULL};
	const int signals = stop_signals();
	if (signals < 0) { /* it could be ended by SIGKILL only */
		cli_error(cli, ERR_IO, "no descriptor for signals: %s", strerror(errno));
		return ERR_IO;
	}
	int err = uv_loop_init(&s.loop) == 0 ? OK : ERR_NO_MEMORY;
	if (err == OK) {
		err = begin(cli, o, stores, &s);
		if (err == OK)
			serve(&s, signals);
		if (s.peers != NULL)
			bzz_listen_stop(s.peers);
		(void)uv_run(&s.loop, UV_RUN_DEFAULT);
		if (s.server != NULL)
			bzz_server_stop(s.server, LINGER_MS);
		(void)uv_loop_close(&s.loop);
	}
	(void)close(signals); /* only read from */
	return err;
}
