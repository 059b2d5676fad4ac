#include "swarm/feed.h"

#include <assert.h>
#include <string.h>

#define TIME_BYTES 8

static void id_of(struct bytes topic, struct bytes index, uint8_t id[static SOC_ID_BYTES])
{
	struct keccak256 h;
	keccak256_init(&h);
	keccak256_add(&h, topic);
	keccak256_add(&h, index);
	keccak256_end(&h, id);
}

void feed_id(struct bytes topic, uint64_t number, uint8_t id[static SOC_ID_BYTES])
{
	uint8_t index[8];
	store_be64(index, number);
	id_of(topic, bytes_of(index, sizeof index), id);
}

void feed_epoch_id(struct bytes topic, uint64_t start_s, uint8_t level, uint8_t id[static SOC_ID_BYTES])
{
	uint8_t epoch[9], index[KECCAK256_BYTES];
	store_be64(epoch, start_s);
	epoch[8] = level;
	keccak256_of(bytes_of(epoch, sizeof epoch), index);
	id_of(topic, bytes_of(index, sizeof index), id);
}

void feed_address(struct bytes topic, const uint8_t owner[static SECP256K1_ADDRESS_BYTES], uint64_t number,
		  uint8_t address[static REFERENCE_BYTES])
{
	uint8_t id[SOC_ID_BYTES];
	feed_id(topic, number, id);
	soc_address(id, owner, address);
}

bool feed_is_legacy(struct bytes content, uint64_t *time_s, struct reference *reference)
{
	const size_t head = CHUNK_SPAN_BYTES + TIME_BYTES;
	struct reference r;
	if (content.n < head || reference_read(bytes_skip(content, head), &r) != OK)
		return false;
	const uint64_t time = load_be64(content.p + CHUNK_SPAN_BYTES);
	if (time > UINT32_MAX)
		return false;
	*time_s = time;
	*reference = r;
	return true;
}

size_t feed_write_legacy(uint64_t time_s, const struct reference *reference,
			 uint8_t payload[static FEED_LEGACY_BYTES_MAX])
{
	store_be64(payload, time_s);
	return TIME_BYTES + reference_write(reference, payload + TIME_BYTES);
}

int feed_answer_of(int err, enum feed_answer *answer)
{
	if (err != OK && err != ERR_HASH && err != ERR_NOT_FOUND)
		return err;
	*answer = err == ERR_NOT_FOUND ? FEED_NOT_THERE : FEED_THERE;
	return OK;
}

static void probe(struct feed_search *s, uint64_t number)
{
	s->probes[s->n].number = number;
	s->probes[s->n].asked = 0;
	s->probes[s->n].open = s->probes[s->n].waiting = true;
	s->n++;
}

/* Upwards in doubling steps until an end is known, then in equal parts of what lies between. */
static void begin_round(struct feed_search *s)
{
	s->n = 0;
	const uint64_t width = s->end - s->next;
	if (!s->end_known && s->step <= width) {
		for (; s->n < FEED_PROBES && s->step <= width; s->step *= 2)
			probe(s, s->next + s->step - 1);
		return;
	}
	if (width <= FEED_PROBES) {
		for (uint64_t i = 0; i < width; i++)
			probe(s, s->next + i);
		return;
	}
	for (uint64_t i = 1; i <= FEED_PROBES; i++)
		probe(s, s->next + width / (FEED_PROBES + 1) * i);
}

void feed_search_init(struct feed_search *s, uint64_t first)
{
	*s = (struct feed_search){.step = 1, .next = first, .end = FEED_NUMBERS};
	if (first < FEED_NUMBERS)
		begin_round(s);
}

bool feed_search_want(struct feed_search *s, uint64_t *number)
{
	for (unsigned i = 0; i < s->n; i++) {
		if (!s->probes[i].waiting)
			continue;
		s->probes[i].waiting = false;
		s->probes[i].asked++;
		*number = s->probes[i].number;
		return true;
	}
	return false;
}

/* All of a round are answered: numbers are in rising order, and the first gap is the end. */
static void judge_round(struct feed_search *s)
{
	for (unsigned i = 0; i < s->n; i++) {
		if (s->probes[i].answer != FEED_THERE) {
			s->end = s->probes[i].number;
			s->end_known = true;
			s->end_in_doubt = s->probes[i].answer == FEED_NO_ANSWER;
			break;
		}
		s->any = true;
		s->newest = s->probes[i].number;
		s->next = s->newest + 1;
	}
	s->n = 0;
	s->in_doubt = s->end_in_doubt;
	if (s->next < s->end)
		begin_round(s);
}

void feed_search_answer(struct feed_search *s, uint64_t number, enum feed_answer answer)
{
	bool all = true;
	for (unsigned i = 0; i < s->n; i++) {
		if (s->probes[i].number == number && s->probes[i].open && !s->probes[i].waiting) {
			s->probes[i].answer = answer;
			s->probes[i].waiting = answer == FEED_NO_ANSWER && s->probes[i].asked < FEED_PATIENCE;
			s->probes[i].open = s->probes[i].waiting;
		}
		all = all && !s->probes[i].open;
	}
	if (all && s->n > 0)
		judge_round(s);
}

bool feed_search_done(const struct feed_search *s)
{
	return s->n == 0;
}
