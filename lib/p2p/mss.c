#include "p2p/mss.h"

#include <assert.h>
#include <string.h>

#include "core/err.h"

#define GREETING "/multistream/1.0.0"
#define REFUSAL "na"
#define LENGTH_BYTES_MAX 2
/* The most that one line that arrives is answered with: its own name again. */
#define ANSWER_BYTES_MAX (LENGTH_BYTES_MAX + MSS_NAME_BYTES_MAX + 1)

static void say(struct mss *m, const char *name)
{
	struct writer w = writer_of(m->out + m->out_n, sizeof m->out - m->out_n);
	const struct bytes text = bytes_text(name);
	assert(text.n > 0 && text.n <= MSS_NAME_BYTES_MAX); /* so its length is one byte */
	write_u8(&w, (uint8_t)(text.n + 1));
	write_bytes(&w, text);
	write_u8(&w, '\n');
	assert(!w.full);
	m->out_n = (uint16_t)(m->out_n + w.n);
}

void mss_init(struct mss *m, enum mss_role role, const char *const *names, size_t names_n)
{
	assert(names_n > 0 && names_n <= UINT8_MAX);
	*m = (struct mss){.role = role, .names = names, .names_n = (uint8_t)names_n};
	say(m, GREETING);
	if (role == MSS_DIALER)
		say(m, names[0]);
}

static int dies(struct mss *m, int err)
{
	m->err = err;
	return err;
}

static int answer_proposal(struct mss *m, struct bytes line)
{
	for (m->at = 0; m->at < m->names_n; m->at++) {
		if (!bytes_is(line, m->names[m->at]))
			continue;
		say(m, m->names[m->at]);
		m->done = true;
		return OK;
	}
	if (++m->proposals_n > MSS_PROPOSALS_MAX)
		return dies(m, ERR_LIMIT);
	say(m, REFUSAL);
	return OK;
}

static int hear_answer(struct mss *m, struct bytes line)
{
	if (bytes_is(line, m->names[m->at])) {
		m->done = true;
		return OK;
	}
	if (!bytes_is(line, REFUSAL))
		return dies(m, ERR_PROTOCOL);
	if (m->at + 1 == m->names_n)
		return dies(m, ERR_NOT_FOUND);
	say(m, m->names[++m->at]);
	return OK;
}

/* A line is whole: what is kept of it, which is all when it could be a name. */
static int hear(struct mss *m)
{
	const size_t kept = m->line_n < sizeof m->line ? m->line_n : sizeof m->line;
	const struct bytes line = bytes_of(m->line, kept - 1);
	const bool cut = m->line_n > sizeof m->line;
	if (!cut && m->line[kept - 1] != '\n')
		return dies(m, ERR_PROTOCOL);
	if (!m->greeted) {
		m->greeted = true;
		return !cut && bytes_is(line, GREETING) ? OK : dies(m, ERR_PROTOCOL);
	}
	return m->role == MSS_DIALER ? hear_answer(m, cut ? BYTES_NONE : line)
				     : answer_proposal(m, cut ? BYTES_NONE : line);
}

/* One byte of the length before a line. */
static int take_length(struct mss *m, uint8_t b)
{
	m->line_left = (uint16_t)((m->length_n == 0 ? 0U : m->line_left) | (b & 0x7fU) << 7 * m->length_n);
	m->length_n++;
	if (b >= 0x80)
		return m->length_n == LENGTH_BYTES_MAX ? dies(m, ERR_LIMIT) : OK;
	if (m->line_left == 0 || (b == 0 && m->length_n > 1))
		return dies(m, ERR_PROTOCOL);
	if (m->line_left > MSS_LINE_BYTES_MAX)
		return dies(m, ERR_LIMIT);
	m->in_line = true;
	m->length_n = 0;
	m->line_n = 0;
	return OK;
}

static int take_line(struct mss *m, uint8_t b)
{
	if (m->line_n < sizeof m->line)
		m->line[m->line_n] = b;
	m->line_n++;
	if (--m->line_left > 0)
		return OK;
	m->in_line = false;
	return hear(m);
}

int mss_take(struct mss *m, struct bytes in, size_t *used)
{
	*used = 0;
	/* The room is for the answer to one line. */
	while (m->err == OK && !m->done && *used < in.n && sizeof m->out - m->out_n >= ANSWER_BYTES_MAX) {
		const uint8_t b = in.p[(*used)++];
		const int err = m->in_line ? take_line(m, b) : take_length(m, b);
		if (err != OK)
			return err;
	}
	return m->err;
}

struct bytes mss_out(const struct mss *m)
{
	return m->err != OK ? BYTES_NONE : bytes_of(m->out + m->out_sent, (size_t)m->out_n - m->out_sent);
}

void mss_sent(struct mss *m, size_t n)
{
	assert(n <= (size_t)m->out_n - m->out_sent);
	m->out_sent = (uint16_t)(m->out_sent + n);
	if (m->out_sent == m->out_n)
		m->out_n = m->out_sent = 0;
}

bool mss_done(const struct mss *m, size_t *name)
{
	if (m->err == OK && m->done)
		*name = m->at;
	return m->err == OK && m->done;
}
