#include "efi/find.h"

#include <string.h>

#include "core/arch.h"

enum { PLACE_NAMED, PLACE_ARCH, PLACE_ALIAS, PLACE_ROOT, PLACES_N }; /* where a manifest may lie */

int find_open(struct find *f, struct report *r, struct net *net, struct web *web, const struct policy *policy)
{
	memset(f, 0, sizeof *f);
	f->report = r;
	f->net = net;
	f->web = web;
	f->policy = policy;
	f->best = SIZE_MAX;
	f->time = remembered_time(r->platform);
	int err = platform_pages(r->platform, MANIFEST_ARENA_BYTES, &f->memory);
	if (err == OK)
		err = platform_pages(r->platform, MANIFEST_ARENA_BYTES, &f->spare);
	if (err != OK)
		find_close(f);
	return err;
}

struct bytes find_url(const struct provider *p)
{
	return bytes_of(p->url, p->url_n);
}

static void drop_text(struct find *f, struct provider *p)
{
	if (p->text != NULL)
		platform_give_pages(f->report->platform, p->text, MANIFEST_BYTES_MAX);
	p->text = NULL;
	p->text_n = 0;
}

static void stop(struct find *f, struct provider *p)
{
	if (p->under_way)
		request_end(&p->request, platform_now_ms(f->report->platform));
	p->under_way = false;
}

void find_close(struct find *f)
{
	for (size_t i = 0; i < f->providers_n; i++) {
		stop(f, &f->providers[i]);
		drop_text(f, &f->providers[i]);
	}
	if (f->memory != NULL)
		platform_give_pages(f->report->platform, f->memory, MANIFEST_ARENA_BYTES);
	if (f->spare != NULL)
		platform_give_pages(f->report->platform, f->spare, MANIFEST_ARENA_BYTES);
	f->memory = f->spare = NULL;
}

void find_add(struct find *f, struct bytes url)
{
	for (size_t i = 0; i < f->providers_n; i++)
		if (bytes_equal(f->providers[i].given, url))
			return;
	if (f->providers_n == FIND_PROVIDERS_MAX) {
		report(f->report, "more than %d providers: %.*s is left out", FIND_PROVIDERS_MAX, REPORT_BYTES(url));
		return;
	}
	struct provider *p = &f->providers[f->providers_n++];
	p->given = url;
	p->place = url_names_json(url) || request_by_bridge(url) ? PLACE_NAMED : PLACE_ARCH;
}

void find_failed_before(struct find *f, uint64_t release)
{
	f->below = release;
}

/* The URL of the next place to ask; false: there is none. */
static bool next_place(const struct find *f, struct provider *p)
{
	struct writer w = writer_of(p->url, sizeof p->url);
	if (p->place == PLACE_ARCH && f->policy->channel.n == 0)
		p->place = PLACE_ROOT;
	if (p->place >= PLACES_N)
		return false;
	write_bytes(&w, p->given);
	if (p->place != PLACE_NAMED && p->given.p[p->given.n - 1] != '/')
		write_u8(&w, '/');
	if (p->place == PLACE_ARCH || p->place == PLACE_ALIAS) {
		write_bytes(&w, f->policy->channel);
		write_u8(&w, '/');
		write_bytes(&w, p->place == PLACE_ARCH ? f->policy->arch : bytes_text(arch_other(f->policy->arch)));
		write_u8(&w, '/');
	}
	if (p->place != PLACE_NAMED)
		write_text(&w, "manifest.json");
	p->url_n = w.n;
	p->place = p->place == PLACE_NAMED ? PLACES_N : p->place + 1;
	return !w.full;
}

static bool ask(struct find *f, struct provider *p, uint64_t now_ms)
{
	if (!next_place(f, p))
		return false;
	p->text_n = 0;
	p->under_way = true;
	request_begin(&p->request, f->web, find_url(p), NULL, now_ms);
	return true;
}

static void refuse(struct find *f, const struct provider *p, int err, const char *what)
{
	static const enum err_class weights[] = {ERR_CLASS_NONE, ERR_CLASS_IO, ERR_CLASS_INPUT, ERR_CLASS_VERIFY,
						 ERR_CLASS_POLICY};
	unsigned old = 0, new = 0;
	for (unsigned i = 0; i < sizeof weights / sizeof weights[0]; i++) {
		if (err_class(f->refused) == weights[i])
			old = i;
		if (err_class(err) == weights[i])
			new = i;
	}
	if (new > old)
		f->refused = err;
	report(f->report, "%.*s: refused: %s: %s", REPORT_BYTES(find_url(p)), what, err_text(err));
}

/* What a person needs to know beside the rule's name. */
static void explain(const struct find *f, const struct manifest *m, const struct verdict *v)
{
	if (v->rules[RULE_THRESHOLD] != OK)
		report(f->report, "  %u of the policy's keys have signed it, %llu must", (unsigned)v->tally.good_n,
		       (unsigned long long)f->policy->threshold);
	if (v->rules[RULE_FLOOR] != OK)
		report(f->report, "  release %llu, but %llu or higher %s", (unsigned long long)m->release,
		       (unsigned long long)v->floor,
		       f->policy->min_release == v->floor ? "is the policy's min_release" : "was accepted before");
	if (v->rules[RULE_CHANNEL] != OK || v->rules[RULE_ARCH] != OK)
		report(f->report, "  it is for %.*s/%.*s", REPORT_BYTES(m->channel), REPORT_BYTES(m->arch));
	if (v->rules[RULE_CREATED] != OK || v->rules[RULE_EXPIRES] != OK || v->rules[RULE_POLICY_EXPIRES] != OK) {
		char now[WALL_TEXT_BYTES];
		if (wall_write(f->time.now, now) == OK)
			report(f->report, "  it is %.*s%s by %s", WALL_TEXT_BYTES, now,
			       f->time.at_least ? " or later" : "", f->time.from);
	}
}

/* By what this machine knows now. */
static int judge(const struct find *f, const struct manifest *m, const char **what, struct verdict *v)
{
	struct why why = {.what = ""};
	struct circumstances now = {.now = f->time.now, .has_now = true, .at_least = f->time.at_least};
	int err = remembered_floor(f->report->platform, m->channel, m->arch, &now.floor, &why);
	*what = "the release floor in this machine's variables cannot be used";
	if (err != OK)
		return err;
	err = verdict_reach(v, m, f->policy, &now);
	for (enum rule rule = 0; rule < RULES_N && err != OK; rule++) {
		if (v->rules[rule] != OK) {
			*what = rule_name(rule);
			break;
		}
	}
	return err;
}

static int read_and_judge(struct find *f, const struct provider *p, const char **what, struct verdict *v)
{
	struct why why = {.what = "manifest"};
	struct arena a = arena_of(f->spare, MANIFEST_ARENA_BYTES);
	int err = manifest_read(&f->tried, bytes_of(p->text, p->text_n), &a, &why);
	*what = why.what;
	return err == OK ? judge(f, &f->tried, what, v) : err;
}

int find_judge_again(struct find *f)
{
	struct verdict v = {.err = OK};
	const char *what;
	f->time = remembered_time(f->report->platform);
	int err = judge(f, &f->manifest, &what, &v);
	if (err == OK)
		return OK;
	report(f->report, "release %llu: refused: %s: %s", (unsigned long long)f->manifest.release, what,
	       err_text(err));
	if (v.err != OK)
		explain(f, &f->manifest, &v);
	return err;
}

/* The one just read becomes the best. */
static void take(struct find *f, size_t i)
{
	uint8_t *memory = f->memory;
	f->memory = f->spare;
	f->spare = memory;
	f->manifest = f->tried;
	f->best = i;
}

/* Whether the one just read comes before the best so far. */
static bool is_better(const struct find *f)
{
	if (f->best == SIZE_MAX)
		return true;
	const uint64_t new = f->tried.release, old = f->manifest.release;
	return (new < f->below) != (old < f->below) ? new < f->below : new > old;
}

static void arrived(struct find *f, size_t i, uint64_t now_ms)
{
	struct provider *p = &f->providers[i];
	struct verdict v = {.err = OK};
	const char *what;
	int err = read_and_judge(f, p, &what, &v);
	if (err != OK) {
		refuse(f, p, err, what);
		if (v.err != OK)
			explain(f, &f->tried, &v);
		drop_text(f, p);
		return;
	}
	p->accepted = true;
	sha256_of(f->tried.message, p->digest);
	if (f->accepted_ms == 0 && (f->below == 0 || f->tried.release < f->below))
		f->accepted_ms = now_ms;
	report(f->report, "%.*s: release %llu, accepted: %u of %u keys have signed it", REPORT_BYTES(find_url(p)),
	       (unsigned long long)f->tried.release, (unsigned)v.tally.good_n, (unsigned)f->policy->keys_n);
	if (is_better(f)) {
		if (f->best != SIZE_MAX)
			drop_text(f, &f->providers[f->best]);
		take(f, i);
	} else {
		drop_text(f, p);
	}
}

static void failed(struct find *f, struct provider *p, uint64_t now_ms)
{
	int err = p->request.err;
	const char *where = p->request.where;
	stop(f, p);
	if (err == ERR_NOT_FOUND && bytes_is(bytes_text(where), "answer") && ask(f, p, now_ms))
		return;
	if (err_class(f->refused) == ERR_CLASS_NONE)
		f->refused = err;
	report(f->report, "%.*s: %s: %s", REPORT_BYTES(find_url(p)), where, err_text(err));
	drop_text(f, p);
}

/* Keeps what has arrived. ERR_NO_MEMORY, ERR_LIMIT. */
static int take_body(struct find *f, struct provider *p)
{
	struct bytes body;
	while ((body = request_body(&p->request)).n > 0) {
		if (body.n > MANIFEST_BYTES_MAX - p->text_n)
			return ERR_LIMIT;
		if (p->text == NULL && platform_pages(f->report->platform, MANIFEST_BYTES_MAX, &p->text) != OK)
			return ERR_NO_MEMORY;
		memcpy(p->text + p->text_n, body.p, body.n);
		p->text_n += body.n;
		request_took(&p->request, body.n);
	}
	return OK;
}

static void step(struct find *f, size_t i, uint64_t now_ms)
{
	struct provider *p = &f->providers[i];
	request_step(&p->request, now_ms);
	int err = take_body(f, p);
	if (err != OK) {
		stop(f, p);
		refuse(f, p, err, "manifest");
		drop_text(f, p);
	} else if (p->request.state == REQUEST_DONE) {
		stop(f, p);
		arrived(f, i, now_ms);
	} else if (p->request.state == REQUEST_FAILED) {
		failed(f, p, now_ms);
	}
}

void find_offer(struct find *f, struct bytes name, uint8_t *text, size_t n)
{
	struct provider *p = &f->providers[f->providers_n];
	if (f->providers_n == FIND_PROVIDERS_MAX) {
		platform_give_pages(f->report->platform, text, MANIFEST_BYTES_MAX);
		return;
	}
	memset(p, 0, sizeof *p);
	p->offered = true;
	p->given = name;
	p->url_n = name.n < sizeof p->url ? name.n : sizeof p->url;
	memcpy(p->url, name.p, p->url_n);
	p->text = text;
	p->text_n = n;
	arrived(f, f->providers_n++, platform_now_ms(f->report->platform));
}

void find_offer_failed(struct find *f, struct bytes name, int err)
{
	if (err_class(f->refused) == ERR_CLASS_NONE)
		f->refused = err;
	report(f->report, "%.*s: %s", REPORT_BYTES(name), err_text(err));
}

static bool under_way(const struct find *f)
{
	for (size_t i = 0; i < f->providers_n; i++)
		if (f->providers[i].under_way)
			return true;
	return false;
}

/* What was not delivered is no reason to ask for it for ever, nor to give it up. */
static void tell_choice(const struct find *f)
{
	if (f->below > 0 && f->manifest.release < f->below)
		report(f->report, "release %llu came to nothing: %llu, the highest below it, is tried",
		       (unsigned long long)f->below, (unsigned long long)f->manifest.release);
	else if (f->below > 0)
		report(f->report, "release %llu came to nothing, and nobody has one below it: %llu is tried",
		       (unsigned long long)f->below, (unsigned long long)f->manifest.release);
}

int find_release(struct find *f)
{
	struct platform *p = f->report->platform;
	uint64_t now = platform_now_ms(p), end = now + FIND_LIMIT_MS;
	if (f->accepted_ms != 0) /* by an offer: the others have their time all the same */
		f->accepted_ms = now;
	for (size_t i = 0; i < f->providers_n; i++)
		if (!f->providers[i].offered && !ask(f, &f->providers[i], now))
			refuse(f, &f->providers[i], ERR_LIMIT, "URL");
	while (under_way(f) && now < end && (f->accepted_ms == 0 || now < f->accepted_ms + FIND_GRACE_MS)) {
		if (platform_interrupted(p))
			break;
		net_poll(f->net);
		now = platform_now_ms(p);
		for (size_t i = 0; i < f->providers_n; i++)
			if (f->providers[i].under_way)
				step(f, i, now);
	}
	for (size_t i = 0; i < f->providers_n; i++) {
		if (f->providers[i].under_way && f->best == SIZE_MAX)
			report(f->report, "%.*s: no answer in time", REPORT_BYTES(find_url(&f->providers[i])));
		stop(f, &f->providers[i]);
	}
	if (platform_interrupted(p))
		return ERR_INTERRUPTED; /* every request has ended: the network is about to go */
	if (f->best != SIZE_MAX) {
		tell_choice(f);
		return OK;
	}
	return f->refused != OK ? f->refused : f->providers_n == 0 ? ERR_NOT_FOUND : ERR_TIMEOUT;
}

bool find_has_release(const struct find *f, size_t i)
{
	return f->best != SIZE_MAX && f->providers[i].accepted && !f->providers[i].offered &&
	       !request_by_bridge(f->providers[i].given) &&
	       memcmp(f->providers[i].digest, f->providers[f->best].digest, SHA256_BYTES) == 0;
}
