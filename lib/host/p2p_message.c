#include "host/p2p_message.h"

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "host/p2p_node_parts.h"

#define FIRST_BYTES 512
#define HEAD_BYTES_MAX 9 /* of a varint of 63 bits */

static int grow(struct p2p_message *m, struct p2p_node *node, size_t needed)
{
	size_t room = m->room == 0 ? FIRST_BYTES : m->room;
	while (room < needed)
		room *= 2;
	if (room <= m->room)
		return OK;
	if (!p2p_node_hold(node, room - m->room))
		return ERR_LIMIT;
	uint8_t *p = realloc(m->p, room);
	if (p == NULL) {
		p2p_node_release(node, room - m->room);
		return ERR_NO_MEMORY;
	}
	m->p = p;
	m->room = room;
	return OK;
}

static int take_head(struct p2p_message *m, uint8_t b, size_t max)
{
	if (m->head_n == HEAD_BYTES_MAX || (b == 0 && m->head_n > 0))
		return ERR_PROTOCOL;
	m->length |= (uint64_t)(b & 0x7f) << 7 * m->head_n++;
	m->has_length = b < 0x80;
	return m->has_length && m->length > max ? ERR_LIMIT : OK;
}

int p2p_message_take(struct p2p_message *m, struct p2p_node *node, size_t max, struct bytes in, size_t *used,
		     bool *whole)
{
	*used = 0;
	*whole = false;
	while (!m->has_length) {
		if (*used == in.n)
			return OK;
		const int err = take_head(m, in.p[(*used)++], max);
		if (err != OK)
			return err;
	}
	const size_t left = (size_t)m->length - m->n, arrived = in.n - *used, n = arrived < left ? arrived : left;
	if (n > 0) {
		const int err = grow(m, node, m->n + n);
		if (err != OK)
			return err;
		memcpy(m->p + m->n, in.p + *used, n);
		m->n += n;
		*used += n;
	}
	*whole = m->n == m->length;
	return OK;
}

struct bytes p2p_message_view(const struct p2p_message *m)
{
	return bytes_of(m->p, m->n);
}

bool p2p_message_begun(const struct p2p_message *m)
{
	return m->head_n > 0;
}

void p2p_message_drop(struct p2p_message *m, struct p2p_node *node)
{
	p2p_node_release(node, m->room);
	free(m->p);
	*m = (struct p2p_message){.p = NULL};
}
