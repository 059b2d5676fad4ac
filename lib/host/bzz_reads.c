/* The reading of chunks that peers want: by the loop's workers, because a disk may take its time. Peers take turns, so
 * that one who wants many does not keep the others waiting. */
#include "host/bzz_listen_parts.h"

static void enqueue(struct bzz_peer *p)
{
	struct bzz_listen *l = p->listen;
	if (p->waits)
		return;
	p->waits = true;
	p->next_waiting = NULL;
	if (l->last_waiting != NULL)
		l->last_waiting->next_waiting = p;
	else
		l->first_waiting = p;
	l->last_waiting = p;
}

static struct bzz_peer *dequeue(struct bzz_listen *l)
{
	struct bzz_peer *p = l->first_waiting;
	if (p == NULL)
		return NULL;
	l->first_waiting = p->next_waiting;
	if (l->first_waiting == NULL)
		l->last_waiting = NULL;
	p->waits = false;
	return p;
}

/* In a thread of a worker. */
static void work(uv_work_t *w)
{
	struct bzz_read *r = w->data;
	r->err = chunk_source_get(&r->listen->source, r->want.address, r->chunk, &r->n);
}

static void begin(struct bzz_listen *l);

static void done(uv_work_t *w, int status)
{
	struct bzz_read *r = w->data;
	struct bzz_listen *l = r->listen;
	struct bzz_peer *p = r->peer;
	p->reads_n--;
	if (p->link != NULL)
		bzz_peer_give(p, &r->want, status == 0 ? r->err : ERR_IO, bytes_of(r->chunk, r->n));
	r->peer = NULL;
	l->reads_n--;
	bzz_peer_free_if_over(p);
	begin(l);
	bzz_listen_free_if_over(l);
}

static struct bzz_read *free_slot(struct bzz_listen *l)
{
	struct bzz_read *r = l->reads;
	while (r->peer != NULL)
		r++;
	return r;
}

/* As many as may be under way. */
static void begin(struct bzz_listen *l)
{
	while (l->reads_n < BZZ_READS_MAX) {
		struct bzz_peer *p = dequeue(l);
		if (p == NULL)
			return;
		struct bzz_read *r = free_slot(l);
		r->listen = l;
		r->peer = p;
		r->work.data = r;
		r->want = p->wants[p->wants_first];
		r->n = 0;
		p->wants_first = (p->wants_first + 1) % BZZ_WANTS_MAX;
		p->wants_n--;
		p->reads_n++;
		l->reads_n++;
		(void)uv_queue_work(l->loop, &r->work, work, done); /* cannot fail */
		if (p->wants_n > 0)
			enqueue(p);
	}
}

bool bzz_reads_want(struct bzz_peer *p, const struct bzz_want *want)
{
	if (p->wants_n == BZZ_WANTS_MAX)
		return false;
	p->wants[(p->wants_first + p->wants_n) % BZZ_WANTS_MAX] = *want;
	p->wants_n++;
	enqueue(p);
	begin(p->listen);
	return true;
}

void bzz_reads_forget(struct bzz_peer *p)
{
	struct bzz_listen *l = p->listen;
	p->wants_n = 0;
	if (!p->waits)
		return;
	p->waits = false;
	struct bzz_peer **at = &l->first_waiting;
	while (*at != p)
		at = &(*at)->next_waiting;
	*at = p->next_waiting;
	if (l->last_waiting != p)
		return;
	l->last_waiting = l->first_waiting;
	while (l->last_waiting != NULL && l->last_waiting->next_waiting != NULL)
		l->last_waiting = l->last_waiting->next_waiting;
}
