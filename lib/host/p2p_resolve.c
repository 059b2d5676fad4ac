#include "host/p2p_resolve.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "host/clock.h"
#include "host/p2p_channel.h"

#define TXT_BYTES_MAX 1024
#define TXT_RECORDS_MAX 16 /* of one name; rust-libp2p's limit */

/* One address, and what it leads to. */
struct resolve {
	struct resolve *next;
	struct p2p_resolver *resolver;
	uint64_t deadline_ms;
	bool begun, over; /* over: done was called */
	int err;
	unsigned under_way_n, lookups_n, found_n;
	bool of_anybody;
	struct peer_id peer; /* else */
	p2p_resolve_found *found;
	p2p_resolve_done *done;
	void *context;
	size_t address_n;
	uint8_t address[MULTIADDR_BYTES_MAX];
};

/* One question. rest: the address behind the name. */
struct lookup {
	struct resolve *resolve;
	unsigned depth;
	size_t rest_n;
	uint8_t rest[MULTIADDR_BYTES_MAX];
};

struct p2p_resolver {
	uv_loop_t *loop;
	uv_timer_t timer;
	struct p2p_channel channel; /* open while something is to be resolved */
	bool ending;
	struct resolve *resolves;
	void (*ended)(void *context);
	void *context;
};

static void on_timer(uv_timer_t *timer);

/* --- time --- */

static void arm(struct p2p_resolver *r, uint64_t ms)
{
	uv_update_time(r->loop);
	(void)uv_timer_start(&r->timer, on_timer, ms, 0);
}

/* When the library or a deadline wants to be called next. */
static void arm_next(struct p2p_resolver *r)
{
	const uint64_t now = clock_now_ms();
	uint64_t wait_ms = p2p_channel_wait_ms(&r->channel);
	for (const struct resolve *v = r->resolves; v != NULL; v = v->next) {
		const uint64_t left = v->over || v->begun ? v->deadline_ms - now : 0;
		if (!v->over && v->deadline_ms <= now)
			wait_ms = 0;
		else if (!v->over && left < wait_ms)
			wait_ms = left;
		else if (v->over && v->under_way_n == 0)
			wait_ms = 0; /* to be freed */
	}
	if (wait_ms != UINT64_MAX && !r->ending)
		arm(r, wait_ms);
}

static void on_channel(void *context)
{
	arm_next(context);
}

/* --- one address --- */

static void finish(struct resolve *v, int err)
{
	if (v->over)
		return;
	v->over = true;
	v->done(v->context, err);
}

static void lookup_end(struct lookup *l, bool answered)
{
	struct resolve *v = l->resolve;
	free(l);
	if (!answered && v->err == OK && v->found_n == 0)
		v->err = ERR_NOT_FOUND;
	if (--v->under_way_n == 0)
		finish(v, v->found_n > 0 ? OK : v->err);
}

static void give(struct resolve *v, struct bytes address)
{
	if (v->over || v->found_n == P2P_RESOLVE_FOUND_MAX)
		return;
	v->found_n++;
	v->found(v->context, address);
}

/* A name's address, and behind it the rest. */
static void give_ip(struct lookup *l, enum multiaddr_code code, struct bytes value)
{
	uint8_t address[MULTIADDR_BYTES_MAX];
	struct writer w = writer_of(address, sizeof address);
	multiaddr_write_part(&w, code, value);
	write_bytes(&w, bytes_of(l->rest, l->rest_n));
	if (!w.full)
		give(l->resolve, writer_view(&w));
}

static void on_addresses(void *context, int status, int timeouts, struct ares_addrinfo *info)
{
	struct lookup *l = context;
	(void)timeouts;
	for (const struct ares_addrinfo_node *n = info == NULL ? NULL : info->nodes; n != NULL; n = n->ai_next) {
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		if (n->ai_family == AF_INET) {
			memcpy(&in, n->ai_addr, sizeof in);
			give_ip(l, MULTIADDR_IP4, bytes_of(&in.sin_addr, 4));
		} else if (n->ai_family == AF_INET6) {
			memcpy(&in6, n->ai_addr, sizeof in6);
			give_ip(l, MULTIADDR_IP6, bytes_of(&in6.sin6_addr, 16));
		}
	}
	if (info != NULL)
		ares_freeaddrinfo(info);
	lookup_end(l, status == ARES_SUCCESS);
}

static void begin_lookup(struct resolve *v, struct bytes address, unsigned depth);

static bool is_of_another(struct bytes address, const struct peer_id *peer)
{
	struct reader r = reader_of(address);
	struct multiaddr_part part;
	bool other = false;
	while (multiaddr_next(&r, &part))
		if (part.code == MULTIADDR_P2P)
			other = !bytes_equal(part.value, peer_id_bytes(peer)); /* the last one counts */
	return other;
}

/* "dnsaddr=/ip4/.../p2p/..." of one TXT record: only what ends as what was asked for does is meant. */
static void on_text(struct lookup *l, struct bytes text)
{
	static const char key[] = "dnsaddr=";
	uint8_t address[MULTIADDR_BYTES_MAX];
	struct writer w = writer_of(address, sizeof address);
	struct resolve *v = l->resolve;
	if (!bytes_starts(text, key) || multiaddr_parse(&w, bytes_skip(text, sizeof key - 1)) != OK)
		return;
	const struct bytes found = writer_view(&w);
	if ((!v->of_anybody && is_of_another(found, &v->peer)) || l->rest_n > found.n ||
	    !bytes_equal(bytes_skip(found, found.n - l->rest_n), bytes_of(l->rest, l->rest_n)))
		return;
	if (p2p_resolve_needed(found))
		begin_lookup(v, found, l->depth + 1);
	else
		give(v, found);
}

static void on_texts(void *context, int status, int timeouts, unsigned char *answer, int answer_n)
{
	struct lookup *l = context;
	struct ares_txt_ext *all = NULL;
	uint8_t text[TXT_BYTES_MAX];
	struct writer w = writer_of(text, sizeof text);
	size_t records_n = 0;
	(void)timeouts;
	if (status == ARES_SUCCESS)
		status = ares_parse_txt_reply_ext(answer, answer_n, &all);
	for (const struct ares_txt_ext *t = all; t != NULL && records_n < TXT_RECORDS_MAX; t = t->next) {
		if (t->record_start)
			w = writer_of(text, sizeof text);
		write_bytes(&w, bytes_of(t->txt, t->length));
		if (t->next != NULL && !t->next->record_start)
			continue; /* the record has more */
		records_n++;
		if (!w.full)
			on_text(l, writer_view(&w));
	}
	if (all != NULL)
		ares_free_data(all);
	lookup_end(l, status == ARES_SUCCESS);
}

/* A name for the library: text with its NUL. */
static bool write_name(struct writer *w, const char *before, struct bytes name)
{
	write_text(w, before);
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] >= 0x7f)
			return false;
	write_bytes(w, name);
	write_u8(w, 0);
	return !w->full;
}

static void begin_lookup(struct resolve *v, struct bytes address, unsigned depth)
{
	char name[512];
	struct writer w = writer_of(name, sizeof name);
	struct reader r = reader_of(address);
	struct multiaddr_part part;
	if (depth > P2P_RESOLVE_DEPTH_MAX || v->lookups_n == P2P_RESOLVE_LOOKUPS_MAX || !multiaddr_next(&r, &part) ||
	    !write_name(&w, part.code == MULTIADDR_DNSADDR ? "_dnsaddr." : "", part.value))
		return;
	struct lookup *l = malloc(sizeof *l);
	if (l == NULL)
		return;
	l->resolve = v;
	l->depth = depth;
	l->rest_n = r.left.n;
	if (r.left.n > 0)
		memcpy(l->rest, r.left.p, r.left.n);
	v->lookups_n++;
	v->under_way_n++;
	if (part.code == MULTIADDR_DNSADDR) {
		ares_query(v->resolver->channel.ares, name, C_IN, T_TXT, on_texts, l);
		return;
	}
	const struct ares_addrinfo_hints hints = {.ai_flags = ARES_AI_NOSORT,
						  .ai_family = part.code == MULTIADDR_DNS4   ? AF_INET
							       : part.code == MULTIADDR_DNS6 ? AF_INET6
											     : AF_UNSPEC,
						  .ai_socktype = SOCK_STREAM};
	ares_getaddrinfo(v->resolver->channel.ares, name, NULL, &hints, on_addresses, l);
}

static void begin(struct resolve *v)
{
	v->begun = true;
	v->under_way_n = 1; /* answers may come before it returns */
	const int err = p2p_channel_open(&v->resolver->channel);
	if (err == OK)
		begin_lookup(v, bytes_of(v->address, v->address_n), 0);
	else
		v->err = err;
	if (--v->under_way_n == 0)
		finish(v, v->found_n > 0 ? OK : v->err == OK ? ERR_NOT_FOUND : v->err);
}

static void free_over(struct p2p_resolver *r)
{
	for (struct resolve **at = &r->resolves; *at != NULL;) {
		struct resolve *v = *at;
		if (!v->over || v->under_way_n > 0) {
			at = &v->next;
			continue;
		}
		*at = v->next;
		free(v);
	}
}

static void on_timer(uv_timer_t *timer)
{
	struct p2p_resolver *r = timer->data;
	const uint64_t now = clock_now_ms();
	p2p_channel_time(&r->channel);
	for (struct resolve *v = r->resolves; v != NULL && !r->ending; v = v->next) {
		if (!v->begun)
			begin(v);
		else if (!v->over && now >= v->deadline_ms)
			finish(v, v->found_n > 0 ? OK : ERR_TIMEOUT);
	}
	if (r->ending)
		return;
	free_over(r);
	bool waits = false;
	for (const struct resolve *v = r->resolves; v != NULL; v = v->next)
		waits |= !v->over;
	if (!waits) {
		p2p_channel_close(&r->channel); /* which ends what nobody waits for any more */
		free_over(r);
	}
	arm_next(r);
}

/* --- what others call --- */

bool p2p_resolve_needed(struct bytes address)
{
	struct reader r = reader_of(address);
	struct multiaddr_part part;
	return multiaddr_next(&r, &part) && (part.code == MULTIADDR_DNS || part.code == MULTIADDR_DNS4 ||
					     part.code == MULTIADDR_DNS6 || part.code == MULTIADDR_DNSADDR);
}

int p2p_resolve(struct p2p_resolver *r, struct bytes address, const struct peer_id *peer, p2p_resolve_found *found,
		p2p_resolve_done *done, void *context)
{
	if (r->ending)
		return ERR_CLOSED;
	if (address.n > MULTIADDR_BYTES_MAX || multiaddr_check(address) != OK)
		return ERR_VALUE;
	struct resolve *v = calloc(1, sizeof *v);
	if (v == NULL)
		return ERR_NO_MEMORY;
	v->resolver = r;
	v->deadline_ms = clock_now_ms() + P2P_RESOLVE_MS;
	v->of_anybody = peer == NULL;
	if (!v->of_anybody)
		v->peer = *peer;
	v->found = found;
	v->done = done;
	v->context = context;
	v->address_n = address.n;
	memcpy(v->address, address.p, address.n);
	struct resolve **at = &r->resolves;
	while (*at != NULL)
		at = &(*at)->next;
	*at = v;
	arm(r, 0);
	return OK;
}

int p2p_resolver_new(uv_loop_t *loop, const char *servers, struct p2p_resolver **resolver)
{
	struct p2p_resolver *r = calloc(1, sizeof *r);
	if (r == NULL)
		return ERR_NO_MEMORY;
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
		free(r);
		return ERR_IO;
	}
	r->loop = loop;
	r->channel = (struct p2p_channel){.loop = loop, .servers = servers, .went = on_channel, .context = r};
	(void)uv_timer_init(loop, &r->timer); /* cannot fail */
	r->timer.data = r;
	*resolver = r;
	return OK;
}

static void timer_closed(uv_handle_t *handle)
{
	struct p2p_resolver *r = handle->data;
	for (struct resolve *v = r->resolves; v != NULL; v = v->next)
		finish(v, ERR_INTERRUPTED);
	p2p_channel_close(&r->channel);
	free_over(r);
	ares_library_cleanup();
	if (r->ended != NULL)
		r->ended(r->context);
	free(r);
}

void p2p_resolver_end(struct p2p_resolver *r, void (*ended)(void *context), void *context)
{
	if (r->ending)
		return;
	r->ending = true;
	r->ended = ended;
	r->context = context;
	uv_close((uv_handle_t *)&r->timer, timer_closed);
}
