#include "phase/verdict.h"

static bool any(const bool *flags, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (flags[i])
			return true;
	return false;
}

static void judge_signatures(struct verdict *v, const struct manifest *m, const struct policy *p)
{
	policy_count(p, m->signatures, m->signatures_n, m->message, &v->tally);
	if (v->tally.good_n >= p->threshold && v->tally.good_n > 0)
		return;
	v->rules[RULE_THRESHOLD] = ERR_THRESHOLD;
	if (any(v->tally.wrong, p->keys_n))
		v->rules[RULE_SIGNATURES] = ERR_SIGNATURE;
}

static void judge_dates(struct verdict *v, const struct manifest *m, const struct policy *p,
			const struct circumstances *c)
{
	struct wall now = c->now;
	if (!c->at_least && m->created_at.s - VERDICT_CLOCK_SLACK_S > now.s)
		v->rules[RULE_CREATED] = ERR_NOT_YET;
	if (m->expires_at.s <= now.s)
		v->rules[RULE_EXPIRES] = ERR_EXPIRED;
	if (p->has_expires_at && p->expires_at.s <= now.s)
		v->rules[RULE_POLICY_EXPIRES] = ERR_EXPIRED;
}

int verdict_reach(struct verdict *v, const struct manifest *m, const struct policy *p, const struct circumstances *c)
{
	*v = (struct verdict){.floor = p->min_release > c->floor ? p->min_release : c->floor};
	judge_signatures(v, m, p);
	if (p->channel.n != 0 && !bytes_equal(p->channel, m->channel))
		v->rules[RULE_CHANNEL] = ERR_CHANNEL;
	if (p->arch.n != 0 && !bytes_equal(p->arch, m->arch))
		v->rules[RULE_ARCH] = ERR_ARCH;
	if (c->has_now)
		judge_dates(v, m, p, c);
	if (m->release < v->floor)
		v->rules[RULE_FLOOR] = ERR_FLOOR;
	if (m->critical_unknown.n != 0)
		v->rules[RULE_CRITICAL] = ERR_CRITICAL;
	for (size_t i = 0; i < RULES_N && v->err == OK; i++)
		v->err = v->rules[i]; /* RULE_SIGNATURES stands first: signature before policy */
	return v->err;
}

const char *rule_name(enum rule rule)
{
	static const char *const names[RULES_N] = {
		[RULE_SIGNATURES] = "signatures",
		[RULE_THRESHOLD] = "threshold",
		[RULE_CHANNEL] = "channel",
		[RULE_ARCH] = "arch",
		[RULE_CREATED] = "created",
		[RULE_EXPIRES] = "expires",
		[RULE_POLICY_EXPIRES] = "policy-expires",
		[RULE_FLOOR] = "floor",
		[RULE_CRITICAL] = "critical",
	};
	return names[rule];
}
