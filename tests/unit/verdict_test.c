#include "phase/verdict.h"

#include "phase_fixture.h"

static cJSON *vectors;
static struct manifest m;
static struct policy p, next;

static struct circumstances circumstances_of(const cJSON *vector)
{
	struct circumstances c = {.floor = (uint64_t)cJSON_GetObjectItem(vector, "floor")->valuedouble};
	c.has_now = wall_read(bytes_text(test_text(vector, "now")), &c.now) == OK;
	return c;
}

static int reach(struct verdict *v, const cJSON *vector)
{
	const char *text = test_text(vector, "manifest");
	struct circumstances c = circumstances_of(vector);
	if (!CHECK(fixture_read(&m, text, strlen(text)) == OK) ||
	    !CHECK(fixture_policy(&p, test_text(vector, "policy"), 1) == OK))
		return ERR_SYNTAX;
	return verdict_reach(v, &m, &p, &c);
}

static bool listed(const cJSON *vector, const char *rule)
{
	const cJSON *e;
	cJSON_ArrayForEach(e, cJSON_GetObjectItem(vector, "rules")) if (strcmp(e->valuestring, rule) == 0) return true;
	return false;
}

static double number(const cJSON *vector, const char *name, double otherwise)
{
	const cJSON *e = cJSON_GetObjectItem(vector, name);
	return e == NULL ? otherwise : e->valuedouble;
}

static bool as_expected(const cJSON *vector)
{
	struct verdict v = {.err = ERR_VALUE};
	size_t wrong_n = 0;
	int err = reach(&v, vector);
	bool good = CHECK(strcmp(fixture_err_name(err), test_text(vector, "err")) == 0) && CHECK(v.err == err);
	for (enum rule r = 0; r < RULES_N; r++)
		good &= CHECK((v.rules[r] != OK) == listed(vector, rule_name(r)));
	for (size_t i = 0; i < POLICY_KEYS_MAX; i++)
		wrong_n += v.tally.wrong[i];
	good &= CHECK((double)wrong_n == number(vector, "wrong", 0));
	good &= CHECK((double)v.tally.good_n == number(vector, "good", (double)v.tally.good_n));
	return good;
}

TEST(verdicts_of_the_vectors)
{
	const cJSON *vector;
	unsigned n = 0;
	cJSON_ArrayForEach(vector, cJSON_GetObjectItem(vectors, "verdicts"))
	{
		if (!as_expected(vector))
			printf("# in: %s\n", test_text(vector, "name"));
		n++;
	}
	CHECK(n > 70);
}

TEST(rotations_of_the_vectors)
{
	const cJSON *vector;
	unsigned n = 0;
	cJSON_ArrayForEach(vector, cJSON_GetObjectItem(vectors, "rotations"))
	{
		const char *want = test_text(vector, "err");
		CHECK(fixture_policy(&p, test_text(vector, "old"), 0) == OK);
		CHECK(fixture_policy(&next, test_text(vector, "new"), 1) == OK);
		int err = policy_replaces(&p, &next, &fixture_why);
		if (!CHECK(strcmp(fixture_err_name(err), want) == 0) || !CHECK(fixture_why.err == (enum err)err))
			printf("# in: %s: %s\n", test_text(vector, "name"), fixture_err_name(err));
		n++;
	}
	CHECK(n > 20);
}

TEST(signed_bytes_are_those_of_the_other_implementation)
{
	const cJSON *vector = cJSON_GetObjectItem(vectors, "verdicts")->child;
	struct verdict v;
	CHECK(reach(&v, vector) == OK);
	CHECK(bytes_is(m.message, test_text(vectors, "message")));
}

/* Whatever is done to a signed release: it is refused, or what it says is the same. */
TEST(every_bit_flipped)
{
	const cJSON *vector = cJSON_GetObjectItem(vectors, "verdicts")->child;
	const char *text = test_text(vector, "manifest"), *message = test_text(vectors, "message");
	size_t n = strlen(text), accepted_n = 0, refused_n = 0;
	struct circumstances c = circumstances_of(vector);
	char *spoiled = strdup(text);
	struct verdict v;
	CHECK(fixture_policy(&p, test_text(vector, "policy"), 1) == OK);
	for (size_t bit = 0; bit < 8 * n; bit++) {
		spoiled[bit / 8] = (char)(spoiled[bit / 8] ^ 1 << bit % 8);
		if (fixture_read(&m, spoiled, n) == OK && verdict_reach(&v, &m, &p, &c) == OK) {
			accepted_n++;
			CHECK(bytes_is(m.message, message));
		} else {
			refused_n++;
		}
		spoiled[bit / 8] = text[bit / 8];
	}
	CHECK(accepted_n < 1000); /* signed_at, which nothing covers, twice 34 bytes */
	CHECK(refused_n > 7 * n);
	free(spoiled);
}

TEST(cut_at_every_byte)
{
	const char *text = test_text(cJSON_GetObjectItem(vectors, "verdicts")->child, "manifest");
	for (size_t n = 0; n < strlen(text); n++)
		CHECK(fixture_read(&m, text, n) != OK);
	CHECK(fixture_read(&m, text, strlen(text)) == OK);
}

TEST(a_policy_without_keys_accepts_nothing)
{
	const cJSON *vector = cJSON_GetObjectItem(vectors, "verdicts")->child;
	struct circumstances c = circumstances_of(vector);
	struct verdict v;
	CHECK(reach(&v, vector) == OK);
	policy_init(&p);
	CHECK(verdict_reach(&v, &m, &p, &c) == ERR_THRESHOLD);
	p.threshold = 0;
	CHECK(verdict_reach(&v, &m, &p, &c) == ERR_THRESHOLD);
}

TEST(a_clock_that_is_only_a_lower_bound_judges_expiry_alone)
{
	const cJSON *vector = cJSON_GetObjectItem(vectors, "verdicts")->child;
	struct circumstances c = circumstances_of(vector);
	struct verdict v;
	CHECK(reach(&v, vector) == OK);
	c.now = (struct wall){m.created_at.s - VERDICT_CLOCK_SLACK_S - 1};
	CHECK(verdict_reach(&v, &m, &p, &c) == ERR_NOT_YET);
	c.at_least = true;
	CHECK(verdict_reach(&v, &m, &p, &c) == OK);
	c.now = m.expires_at;
	CHECK(verdict_reach(&v, &m, &p, &c) == ERR_EXPIRED && v.rules[RULE_EXPIRES] == ERR_EXPIRED);
}

TEST(rules_have_names)
{
	for (enum rule r = 0; r < RULES_N; r++)
		for (enum rule s = 0; s < r; s++)
			CHECK(strcmp(rule_name(r), rule_name(s)) != 0);
}

int main(void)
{
	vectors = test_vectors("phase-release.json");
	RUN(verdicts_of_the_vectors);
	RUN(rotations_of_the_vectors);
	RUN(signed_bytes_are_those_of_the_other_implementation);
	RUN(every_bit_flipped);
	RUN(cut_at_every_byte);
	RUN(a_policy_without_keys_accepts_nothing);
	RUN(a_clock_that_is_only_a_lower_bound_judges_expiry_alone);
	RUN(rules_have_names);
	cJSON_Delete(vectors);
	return test_end();
}
