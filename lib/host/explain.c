#include "host/explain.h"

#include <inttypes.h>
#include <stdarg.h>

#include "core/hex.h"
#include "host/cli_json.h"

#define ID_SHOWN_DIGITS 8

/* What was found and what was needed; enough for a list of all keys a policy can have. */
struct finding {
	char found[2048];
	char needed[512];
};

static void say(char *buf, size_t room, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void say(char *buf, size_t room, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	(void)vsnprintf(buf, room, format, list);
	va_end(list);
}

static void say_text(char *buf, size_t room, struct bytes text)
{
	say(buf, room, "%.*s", (int)text.n, text.n == 0 ? "" : (const char *)text.p);
}

static void say_wall(char *buf, size_t room, const char *before, struct wall t)
{
	char at[WALL_TEXT_BYTES];
	if (wall_write(t, at) != OK)
		say(buf, room, "%san impossible date", before);
	else
		say(buf, room, "%s%.*s", before, (int)sizeof at, at);
}

/* Appends the short ids of the keys for which flags[i] is as wanted. */
static void say_keys(char *buf, size_t room, const struct policy *p, const bool *flags, bool wanted)
{
	const char *comma = "";
	for (size_t i = 0; i < p->keys_n; i++) {
		char digits[2 * ED25519_KEY_BYTES];
		size_t used = strlen(buf);
		if (flags[i] != wanted)
			continue;
		hex_encode(bytes_of(p->keys[i].key, ED25519_KEY_BYTES), digits);
		say(buf + used, room - used, "%s%.*s…", comma, ID_SHOWN_DIGITS, digits);
		comma = ", ";
	}
	if (*comma == '\0')
		say(buf + strlen(buf), room - strlen(buf), "none");
}

static void find_wrong(const struct judged *j, struct finding *f)
{
	say_keys(f->found, sizeof f->found, j->policy, j->verdict->tally.wrong, true);
	say(f->needed, sizeof f->needed, "none that is wrong, or enough others right");
}

void explain_tally(const struct policy *p, const struct signature_tally *t, char *buf, size_t room)
{
	say(buf, room, "have ");
	say_keys(buf, room, p, t->good, true);
	say(buf + strlen(buf), room - strlen(buf), ", missing ");
	say_keys(buf, room, p, t->good, false);
}

static void find_threshold(const struct judged *j, struct finding *f)
{
	const struct signature_tally *t = &j->verdict->tally;
	char keys[1536];
	explain_tally(j->policy, t, keys, sizeof keys);
	say(f->found, sizeof f->found, "%" PRIu64 " of %" PRIu64 " keys (%s)", t->good_n, j->policy->threshold, keys);
	say(f->needed, sizeof f->needed, "%" PRIu64 " of %zu trusted keys", j->policy->threshold, j->policy->keys_n);
}

static void find_date(const struct judged *j, struct wall date, const char *relation, int64_t slack_s,
		      struct finding *f)
{
	say_wall(f->found, sizeof f->found, "", date);
	if (j->circumstances->has_now)
		say_wall(f->needed, sizeof f->needed, relation, (struct wall){j->circumstances->now.s + slack_s});
	else
		say(f->needed, sizeof f->needed, "any: no clock to judge by");
}

static void find(const struct judged *j, enum rule rule, struct finding *f)
{
	const struct manifest *m = j->manifest;
	const struct policy *p = j->policy;
	*f = (struct finding){.found = ""};
	switch (rule) {
	case RULE_SIGNATURES:
		find_wrong(j, f);
		break;
	case RULE_THRESHOLD:
		find_threshold(j, f);
		break;
	case RULE_CHANNEL:
		say_text(f->found, sizeof f->found, m->channel);
		say_text(f->needed, sizeof f->needed, p->channel.n == 0 ? BYTES_LITERAL("any") : p->channel);
		break;
	case RULE_ARCH:
		say_text(f->found, sizeof f->found, m->arch);
		say_text(f->needed, sizeof f->needed, p->arch.n == 0 ? BYTES_LITERAL("any") : p->arch);
		break;
	case RULE_CREATED:
		find_date(j, m->created_at, "not after ", VERDICT_CLOCK_SLACK_S, f);
		break;
	case RULE_EXPIRES:
		find_date(j, m->expires_at, "after ", 0, f);
		break;
	case RULE_POLICY_EXPIRES:
		find_date(j, p->expires_at, "after ", 0, f);
		if (!p->has_expires_at)
			say(f->found, sizeof f->found, "never");
		break;
	case RULE_FLOOR:
		say(f->found, sizeof f->found, "%" PRIu64, m->release);
		say(f->needed, sizeof f->needed, "at least %" PRIu64, j->verdict->floor);
		break;
	case RULE_CRITICAL:
		say_text(f->found, sizeof f->found,
			 m->critical_unknown.n == 0 ? BYTES_LITERAL("all understood") : m->critical_unknown);
		say(f->needed, sizeof f->needed, "all understood");
		break;
	case RULES_N:
		break;
	}
}

static void print_rule(struct cli *cli, const char *subject, const struct judged *j, enum rule rule)
{
	enum err err = j->verdict->rules[rule];
	const char *whose = rule == RULE_POLICY_EXPIRES ? "the policy has " : "";
	struct finding f;
	find(j, rule, &f);
	if (rule == RULE_SIGNATURES || rule == RULE_THRESHOLD || rule == RULE_CRITICAL)
		cli_error(cli, err, "%s: %s: %s", subject, err_text(err), f.found);
	else
		cli_error(cli, err, "%s: %s%s: found %s, needed %s", subject, whose, err_text(err), f.found, f.needed);
}

void explain_print(struct cli *cli, const char *subject, const struct judged *j)
{
	for (enum rule rule = 0; rule < RULES_N; rule++)
		if (j->verdict->rules[rule] != OK)
			print_rule(cli, subject, j, rule);
	if (j->verdict->rules[RULE_SIGNATURES] != OK)
		return;
	for (size_t i = 0; i < j->policy->keys_n; i++) {
		char digits[2 * ED25519_KEY_BYTES];
		if (!j->verdict->tally.wrong[i])
			continue;
		hex_encode(bytes_of(j->policy->keys[i].key, ED25519_KEY_BYTES), digits);
		cli_warn(cli, "%s: the signature by %.*s… is wrong; enough others are right", subject, ID_SHOWN_DIGITS,
			 digits);
	}
}

static bool add_form(cJSON *rules, bool ok, const char *found)
{
	cJSON *o = cJSON_CreateObject();
	return cJSON_AddItemToArray(rules, o) && cJSON_AddStringToObject(o, "rule", "form") != NULL &&
	       cJSON_AddBoolToObject(o, "ok", ok) != NULL && cJSON_AddStringToObject(o, "found", found) != NULL &&
	       cJSON_AddStringToObject(o, "needed", "a well-formed manifest") != NULL;
}

static bool add_rule(cJSON *rules, const struct judged *j, enum rule rule)
{
	struct finding f;
	cJSON *o = cJSON_CreateObject();
	find(j, rule, &f);
	return cJSON_AddItemToArray(rules, o) && cJSON_AddStringToObject(o, "rule", rule_name(rule)) != NULL &&
	       cJSON_AddBoolToObject(o, "ok", j->verdict->rules[rule] == OK) != NULL &&
	       cJSON_AddStringToObject(o, "found", f.found) != NULL &&
	       cJSON_AddStringToObject(o, "needed", f.needed) != NULL;
}

static bool add_key(cJSON *keys, const struct judged *j, size_t i)
{
	const struct policy_key *key = &j->policy->keys[i];
	const struct signature_tally *t = &j->verdict->tally;
	char digits[2 * ED25519_KEY_BYTES];
	hex_encode(bytes_of(key->key, sizeof key->key), digits);
	cJSON *o = cJSON_CreateObject();
	return cJSON_AddItemToArray(keys, o) && cli_json_text(o, "key_id", bytes_of(digits, sizeof digits)) &&
	       (key->name.n == 0 || cli_json_text(o, "name", key->name)) &&
	       cJSON_AddStringToObject(o, "signed",
				       t->good[i]    ? "good"
				       : t->wrong[i] ? "wrong"
						     : "no") != NULL;
}

cJSON *explain_json(const struct judged *j, bool accepted)
{
	const struct manifest *m = j->manifest;
	cJSON *o = cJSON_CreateObject();
	bool good = cJSON_AddBoolToObject(o, "accepted", accepted) != NULL &&
		    cJSON_AddNumberToObject(o, "release", (double)m->release) != NULL &&
		    cli_json_text(o, "channel", m->channel) && cli_json_text(o, "arch", m->arch) &&
		    cli_json_text(o, "version", m->version);
	cJSON *rules = cJSON_AddArrayToObject(o, "rules"), *keys = cJSON_AddArrayToObject(o, "keys");
	good = good && rules != NULL && keys != NULL && add_form(rules, true, "a well-formed manifest");
	for (enum rule rule = 0; rule < RULES_N && good; rule++)
		good = add_rule(rules, j, rule);
	for (size_t i = 0; i < j->policy->keys_n && good; i++)
		good = add_key(keys, j, i);
	if (good)
		return o;
	cJSON_Delete(o);
	return NULL;
}

cJSON *explain_malformed_json(int err, const struct why *why)
{
	char found[512];
	cJSON *o = cJSON_CreateObject();
	bool good = cJSON_AddBoolToObject(o, "accepted", false) != NULL &&
		    cJSON_AddNullToObject(o, "release") != NULL && cJSON_AddNullToObject(o, "channel") != NULL &&
		    cJSON_AddNullToObject(o, "arch") != NULL && cJSON_AddNullToObject(o, "version") != NULL;
	cJSON *rules = cJSON_AddArrayToObject(o, "rules"), *keys = cJSON_AddArrayToObject(o, "keys");
	say(found, sizeof found, "%s%s%s at byte %" PRIu64, why->what == NULL ? "" : why->what,
	    why->what == NULL ? "" : ": ", err_text(err), why->at);
	if (good && rules != NULL && keys != NULL && add_form(rules, false, found))
		return o;
	cJSON_Delete(o);
	return NULL;
}
