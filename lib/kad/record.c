#include "kad/record.h"

#include <string.h>

#include "core/arch.h"
#include "core/decimal.h"
#include "core/hex.h"
#include "core/json.h"
#include "core/utf8.h"
#include "crypto/sha256.h"
#include "kad/record_url.h"

#define NODES_MAX 64 /* seven members, and others that are ignored */
#define PREFIX "/phase/"
#define BLOB_PREFIX "/phase/blob/"
#define SUFFIX "/manifest"

void kad_record_write_key(struct writer *w, struct bytes channel, struct bytes arch)
{
	write_text(w, PREFIX);
	write_bytes(w, channel);
	write_u8(w, '/');
	write_bytes(w, arch);
	write_text(w, SUFFIX);
}

void kad_record_provided(struct bytes key, uint8_t out[static KAD_RECORD_PROVIDED_BYTES])
{
	out[0] = 0x12; /* sha2-256, and its length */
	out[1] = SHA256_BYTES;
	sha256_of(key, out + 2);
}

int kad_record_read_key(struct bytes key, struct bytes *channel, const char **arch)
{
	if (!bytes_starts(key, PREFIX) || !bytes_ends(key, SUFFIX) || key.n < sizeof PREFIX + sizeof SUFFIX)
		return ERR_VALUE;
	const struct bytes middle = bytes_of(key.p + sizeof PREFIX - 1, key.n - (sizeof PREFIX + sizeof SUFFIX - 2));
	const uint8_t *slash = memchr(middle.p, '/', middle.n);
	if (slash == NULL)
		return ERR_VALUE;
	const struct bytes name = bytes_of(middle.p, (size_t)(slash - middle.p));
	const char *found = arch_canonical(bytes_skip(middle, name.n + 1));
	if (found == NULL || name.n == 0 || name.n > KAD_RECORD_NAME_MAX || !utf8_printable(name))
		return ERR_VALUE;
	*channel = name;
	*arch = found;
	return OK;
}

/* The text of a member that must be there. */
static int read_text(const struct json *j, const char *name, struct arena *a, struct bytes *out, struct why *why)
{
	const struct json_node *node = json_member(j, json_root(j), name);
	if (node == NULL)
		return why_not(why, ERR_MISSING, name, WHY_NOWHERE, BYTES_NONE);
	const size_t room = json_span(j, node).n;
	struct writer w = writer_of(arena_take(a, room), room);
	if (w.p == NULL)
		return why_not(why, ERR_LIMIT, name, node->at, BYTES_NONE);
	if (json_string(j, node, &w) != OK)
		return why_not(why, ERR_TYPE, name, node->at, BYTES_NONE);
	*out = writer_view(&w);
	return utf8_printable(*out) ? OK : why_not(why, ERR_VALUE, name, node->at, BYTES_NONE);
}

static int read_members(struct kad_record *r, const struct json *j, struct arena *a, struct why *why)
{
	struct bytes channel = BYTES_NONE, arch = BYTES_NONE, date = BYTES_NONE;
	const struct {
		const char *name;
		struct bytes *out;
	} members[] = {{"channel", &channel},
		       {"arch", &arch},
		       {"manifest_url", &r->manifest_url},
		       {"http_addr", &r->http_addr},
		       {"manifest_version", &r->manifest_version},
		       {"created_at", &date}};
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		const int err = read_text(j, members[i].name, a, members[i].out, why);
		if (err != OK)
			return err;
	}
	const char *canonical = arch_canonical(arch);
	if (!bytes_equal(channel, r->channel))
		return why_not(why, ERR_VALUE, "channel", WHY_NOWHERE, BYTES_NONE);
	if (canonical == NULL || !bytes_is(bytes_text(canonical), r->arch))
		return why_not(why, ERR_VALUE, "arch", WHY_NOWHERE, BYTES_NONE);
	if (wall_read(date, &r->created_at) != OK)
		return why_not(why, ERR_VALUE, "created_at", WHY_NOWHERE, BYTES_NONE);
	const struct json_node *ttl = json_member(j, json_root(j), "ttl_secs");
	if (ttl == NULL)
		return why_not(why, ERR_MISSING, "ttl_secs", WHY_NOWHERE, BYTES_NONE);
	if (json_uint(j, ttl, &r->ttl_s) != OK)
		return why_not(why, ERR_TYPE, "ttl_secs", ttl->at, BYTES_NONE);
	return r->ttl_s > 0 ? OK : why_not(why, ERR_VALUE, "ttl_secs", ttl->at, BYTES_NONE);
}

static int read_json(struct kad_record *r, struct bytes value, enum kad_scope least, struct arena *a, struct why *why)
{
	struct json_node nodes[NODES_MAX];
	struct json j;
	struct bytes authority;
	int err = json_parse(&j, value, nodes, NODES_MAX, why);
	if (err == OK && json_root(&j)->type != JSON_OBJECT)
		err = why_not(why, ERR_TYPE, "record", 0, BYTES_NONE);
	if (err == OK)
		err = read_members(r, &j, a, why);
	if (err != OK)
		return err;
	if (!kad_record_url_ok(r->manifest_url, least, &authority))
		return why_not(why, ERR_VALUE, "manifest_url", WHY_NOWHERE, BYTES_NONE);
	return kad_record_url_at(r->manifest_url, authority, r->http_addr)
		       ? OK
		       : why_not(why, ERR_VALUE, "http_addr", WHY_NOWHERE, BYTES_NONE);
}

int kad_record_read(struct kad_record *r, struct bytes key, struct bytes value, enum kad_scope least, struct arena *a,
		    struct why *why)
{
	struct kad_record read = {.ttl_s = 0};
	if (kad_record_read_key(key, &read.channel, &read.arch) != OK)
		return why_not(why, ERR_VALUE, "key", WHY_NOWHERE, key);
	if (value.n == 0 || value.n > KAD_RECORD_BYTES_MAX)
		return why_not(why, ERR_LIMIT, "record", WHY_NOWHERE, BYTES_NONE);
	if (bytes_http_scheme(value) > 0) {
		struct bytes authority;
		read.bare = true;
		read.manifest_url = value;
		if (!kad_record_url_ok(value, least, &authority))
			return why_not(why, ERR_VALUE, "manifest_url", WHY_NOWHERE, BYTES_NONE);
	} else {
		const int err = read_json(&read, value, least, a, why);
		if (err != OK)
			return err;
	}
	*r = read;
	return OK;
}

static uint64_t lifetime_of(const struct kad_record *r)
{
	return r->bare || r->ttl_s > KAD_RECORD_TTL_MAX_S ? KAD_RECORD_TTL_MAX_S : r->ttl_s;
}

int kad_record_judge(const struct kad_record *r, struct wall now)
{
	if (r->bare)
		return OK;
	if (r->created_at.s > now.s)
		return r->created_at.s - now.s > KAD_RECORD_SKEW_S ? ERR_NOT_YET : OK;
	return (uint64_t)(now.s - r->created_at.s) > lifetime_of(r) ? ERR_EXPIRED : OK;
}

int kad_record_order(const struct kad_record *a, const struct kad_record *b)
{
	if (a->bare || b->bare)
		return (int)b->bare - (int)a->bare;
	return (a->created_at.s > b->created_at.s) - (a->created_at.s < b->created_at.s);
}

bool kad_record_same_provider(const struct kad_record *a, const struct kad_record *b)
{
	if (a->bare || b->bare)
		return bytes_equal(a->manifest_url, b->manifest_url);
	return bytes_equal(a->http_addr, b->http_addr) && bytes_equal(a->manifest_url, b->manifest_url);
}

static void write_member(struct writer *w, const char *name, struct bytes text)
{
	write_u8(w, w->n > 0 ? ',' : '{');
	json_write_string(w, bytes_text(name));
	write_u8(w, ':');
	json_write_string(w, text);
}

int kad_record_write(struct writer *w, const struct kad_record *r)
{
	char date[WALL_TEXT_BYTES];
	if (wall_write(r->created_at, date) != OK)
		return ERR_VALUE;
	struct writer body = writer_of(w->p == NULL ? NULL : w->p + w->n, w->room - w->n);
	write_member(&body, "channel", r->channel);
	write_member(&body, "arch", bytes_text(r->arch));
	write_member(&body, "manifest_url", r->manifest_url);
	write_member(&body, "http_addr", r->http_addr);
	write_member(&body, "manifest_version", r->manifest_version);
	write_member(&body, "created_at", bytes_of(date, sizeof date));
	write_text(&body, ",\"ttl_secs\":");
	write_decimal(&body, r->ttl_s);
	write_u8(&body, '}');
	if (body.full || w->full)
		return ERR_NO_SPACE;
	w->n += body.n;
	return OK;
}

static bool is_blob(struct bytes key, struct bytes value)
{
	uint8_t wanted[SHA256_BYTES], hash[SHA256_BYTES];
	if (key.n != sizeof BLOB_PREFIX - 1 + 2 * SHA256_BYTES ||
	    hex_decode(bytes_skip(key, sizeof BLOB_PREFIX - 1), wanted, sizeof wanted) != OK)
		return false;
	sha256_of(value, hash);
	return memcmp(hash, wanted, sizeof hash) == 0;
}

static int check(struct bytes key, struct bytes value, enum kad_scope least, struct wall now, uint64_t *left_s)
{
	uint8_t memory[KAD_RECORD_ARENA_BYTES];
	struct arena a = arena_of(memory, sizeof memory);
	struct kad_record r;
	if (bytes_starts(key, BLOB_PREFIX) && !bytes_ends(key, SUFFIX)) {
		*left_s = KAD_RECORD_TTL_MAX_S;
		return is_blob(key, value) ? OK : ERR_HASH;
	}
	int err = kad_record_read(&r, key, value, least, &a, NULL);
	if (err == OK)
		err = kad_record_judge(&r, now);
	if (err != OK)
		return err;
	const int64_t age_s = r.bare || now.s < r.created_at.s ? 0 : now.s - r.created_at.s;
	*left_s = lifetime_of(&r) - (uint64_t)age_s;
	return OK;
}

/* Who dates ahead gains nothing by it. */
static void not_ahead(struct kad_record *r, struct wall now)
{
	if (!r->bare && r->created_at.s > now.s)
		r->created_at = now;
}

static enum kad_meeting meet(struct bytes key, struct bytes there, struct bytes fresh, struct wall now)
{
	uint8_t memory[2][KAD_RECORD_ARENA_BYTES];
	struct arena a = arena_of(memory[0], sizeof memory[0]), b = arena_of(memory[1], sizeof memory[1]);
	struct kad_record old, new;
	if (kad_record_read(&old, key, there, KAD_SCOPE_NONE, &a, NULL) != OK ||
	    kad_record_read(&new, key, fresh, KAD_SCOPE_NONE, &b, NULL) != OK)
		return KAD_REPLACES;
	if (!kad_record_same_provider(&old, &new))
		return KAD_BESIDE;
	not_ahead(&old, now);
	not_ahead(&new, now);
	return kad_record_order(&new, &old) < 0 ? KAD_OLDER : KAD_REPLACES;
}

const struct kad_rules kad_record_rules = {.check = check, .meet = meet};
