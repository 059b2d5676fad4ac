#include "swarm/mantaray_list.h"

#include <assert.h>
#include <string.h>

#include "crypto/secret.h"

/* A node whose forks are not all walked yet. */
struct mantaray_open_node {
	struct mantaray_open_node *up;
	size_t memory_n; /* of the memory in use before it */
	size_t path_n;   /* of the path that leads to it */
	struct mantaray node;
	struct mantaray_cursor cursor;
};

void mantaray_list_init(struct mantaray_list *l, const struct reference *root, struct bytes prefix,
			struct mantaray_limits limits, void *memory, size_t room)
{
	*l = (struct mantaray_list){
		.memory = arena_of(memory, room), .prefix = prefix, .left = limits, .next = *root, .wants = true};
}

/* Whether what begins with more behind the first path_n bytes may lie below the prefix. These do. */
static bool leads_there(const struct mantaray_list *l, size_t path_n, struct bytes more)
{
	if (path_n >= l->prefix.n)
		return true;
	const struct bytes left = bytes_skip(l->prefix, path_n);
	const size_t n = left.n < more.n ? left.n : more.n;
	return bytes_equal(bytes_of(left.p, n), bytes_of(more.p, n));
}

/* The next fork of a node that leads to what is listed. */
static bool next_fork(struct mantaray_list *l)
{
	while (mantaray_next(&l->top->node, &l->top->cursor, &l->fork))
		if (leads_there(l, l->top->path_n, l->fork.prefix))
			return true;
	return false;
}

/* Gives the memory back from its first n bytes on: of a node of encrypted content there are keys in it. */
static void give_back(struct mantaray_list *l, size_t n)
{
	secret_wipe(l->memory.p + n, l->memory.n - n);
	l->memory.n = n;
}

/* The next fork of what is open: its node is wanted. Nothing is open any more: the end. */
static void advance(struct mantaray_list *l)
{
	while (l->top != NULL && !next_fork(l)) {
		struct mantaray_open_node *up = l->top->up;
		give_back(l, l->top->memory_n);
		l->top = up;
	}
	l->wants = l->top != NULL;
	if (!l->wants)
		return;
	l->next = l->fork.node;
	l->path_n = l->top->path_n;
	assert(l->fork.prefix.n <= sizeof l->path - l->path_n); /* open_forks has judged it */
	memcpy(l->path + l->path_n, l->fork.prefix.p, l->fork.prefix.n);
	l->path_n += l->fork.prefix.n;
}

bool mantaray_list_entry(struct mantaray_list *l, struct mantaray_entry *entry)
{
	if (!l->has_entry)
		return false;
	entry->path = bytes_of(l->path, l->path_n);
	entry->reference = l->entry;
	entry->metadata = l->fork.metadata;
	l->has_entry = false;
	return true;
}

bool mantaray_list_wants(struct mantaray_list *l, struct reference *node)
{
	if (!l->wants && !l->has_entry)
		advance(l);
	if (l->wants)
		*node = l->next;
	return l->wants;
}

/* Keeps a node until all its forks are walked. */
static int open_forks(struct mantaray_list *l, const struct mantaray *m, struct bytes node, struct why *why)
{
	const size_t before = l->memory.n;
	struct mantaray_cursor c = mantaray_forks(m);
	struct mantaray_fork fork;
	while (mantaray_next(m, &c, &fork))
		if (fork.prefix.n > sizeof l->path - l->path_n)
			return why_not(why, ERR_LIMIT, "the manifest has a path that is too long", WHY_NOWHERE,
				       BYTES_NONE);
	struct mantaray_open_node *top = arena_take(&l->memory, sizeof *top);
	uint8_t *copy = arena_take(&l->memory, node.n);
	if (top == NULL || copy == NULL)
		return why_not(why, ERR_NO_SPACE, "the manifest has too many nodes in each other", WHY_NOWHERE,
			       BYTES_NONE);
	memcpy(copy, node.p, node.n);
	*top = (struct mantaray_open_node){.up = l->top, .memory_n = before, .path_n = l->path_n, .node = *m};
	top->node.index = copy + (m->index - node.p);
	top->node.forks.p = copy + (m->forks.p - node.p);
	top->cursor = mantaray_forks(&top->node);
	l->top = top;
	return OK;
}

static int take_node(struct mantaray_list *l, uint8_t *node, size_t n, struct why *why)
{
	struct mantaray m;
	if (l->left.nodes_n == 0 || l->left.bytes < n)
		return why_not(why, ERR_LIMIT, "the manifest is larger than what is listed: name a folder of it",
			       WHY_NOWHERE, BYTES_NONE);
	l->left.nodes_n--;
	l->left.bytes -= n;
	int err = mantaray_open(node, n, &m, why);
	if (err == OK && m.forks_n > 0)
		err = open_forks(l, &m, bytes_of(node, n), why);
	if (err != OK)
		return err;
	/* no fork leads to the root: nothing lies there */
	l->has_entry = (l->fork.type & MANTARAY_VALUE) != 0 && l->path_n >= l->prefix.n;
	l->entry = m.entry;
	return OK;
}

int mantaray_list_node(struct mantaray_list *l, uint8_t *node, size_t n, struct why *why)
{
	assert(l->wants);
	l->wants = false;
	const int err = take_node(l, node, n, why);
	if (err != OK)
		l->top = NULL;
	return err;
}

void mantaray_list_end(struct mantaray_list *l)
{
	give_back(l, 0);
	secret_wipe(l, sizeof *l);
}
