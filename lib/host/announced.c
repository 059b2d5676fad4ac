#include "host/announced.h"

#include <stdio.h>
#include <string.h>

#include "core/arch.h"
#include "kad/record_url.h"

static bool has_port(struct bytes authority)
{
	size_t i = authority.n;
	while (i > 0 && authority.p[i - 1] >= '0' && authority.p[i - 1] <= '9')
		i--;
	return i > 0 && i < authority.n && authority.p[i - 1] == ':';
}

/* Readers have it that http_addr is where the URL leads; other programs, that it has a port. */
int announced_place_of(struct announced_place *p, const char *url, const char *http_addr)
{
	struct announced_place made;
	const struct bytes given = bytes_text(url);
	struct bytes authority, new = BYTES_NONE;
	struct writer u = writer_of(made.url, sizeof made.url - 1),
		      h = writer_of(made.http_addr, sizeof made.http_addr - 1);
	if (!kad_record_url_ok(given, KAD_SCOPE_LOOPBACK, &authority))
		return ERR_VALUE;
	const size_t begun = bytes_http_scheme(given);
	if (http_addr != NULL)
		new = bytes_text(http_addr);
	write_bytes(&u, bytes_of(given.p, begun));
	write_bytes(&u, http_addr == NULL ? authority : new);
	write_bytes(&u, bytes_skip(given, begun + authority.n));
	made.url[u.full ? 0 : u.n] = '\0';
	if (!kad_record_url_ok(writer_view(&u), KAD_SCOPE_LOOPBACK, &authority) ||
	    (http_addr != NULL && (!bytes_equal(authority, new) || !has_port(new))))
		return ERR_VALUE;
	write_bytes(&h, authority);
	if (!has_port(authority))
		write_text(&h, bytes_starts(given, "https://") ? ":443" : ":80");
	made.http_addr[h.full ? 0 : h.n] = '\0';
	if (u.full || h.full)
		return ERR_VALUE;
	*p = made;
	return OK;
}

static int write_one(struct announced *v, struct kad_record *r, const char *arch)
{
	struct writer key = writer_of(v->key, sizeof v->key), value = writer_of(v->value, sizeof v->value);
	uint8_t memory[KAD_RECORD_ARENA_BYTES];
	struct arena a = arena_of(memory, sizeof memory);
	struct kad_record read;
	r->arch = arch;
	kad_record_write_key(&key, r->channel, bytes_text(arch));
	if (key.full || kad_record_write(&value, r) != OK)
		return ERR_VALUE;
	v->key_n = key.n;
	v->value_n = value.n;
	/* What a reader would not take is not told to anybody. */
	return kad_record_read(&read, writer_view(&key), writer_view(&value), KAD_SCOPE_LOOPBACK, &a, NULL) == OK
		       ? OK
		       : ERR_VALUE;
}

int announced_write(struct announced v[static ANNOUNCED_N], const struct manifest *m,
		    const struct announced_place *place, struct wall now, uint64_t ttl_s)
{
	struct announced made[ANNOUNCED_N];
	uint8_t release[20];
	struct writer w = writer_of(release, sizeof release);
	const char *archs[ANNOUNCED_N] = {arch_canonical(m->arch), arch_other(m->arch)};
	write_decimal(&w, m->release);
	struct kad_record r = {.channel = m->channel,
			       .manifest_url = bytes_text(place->url),
			       .http_addr = bytes_text(place->http_addr),
			       .manifest_version = m->version.n > 0 ? m->version : writer_view(&w),
			       .created_at = now,
			       .ttl_s = ttl_s};
	for (size_t i = 0; i < ANNOUNCED_N; i++)
		if (write_one(&made[i], &r, archs[i]) != OK)
			return ERR_VALUE;
	memcpy(v, made, sizeof made);
	return OK;
}
