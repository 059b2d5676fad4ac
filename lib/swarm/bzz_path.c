#include "swarm/bzz_path.h"

#include <assert.h>
#include <string.h>

#include "core/hex.h"

enum step { STEP_ROOT, STEP_EXACT, STEP_FOLDER, STEP_FOLDER_INDEX, STEP_ERROR };

static const char index_name[] = "website-index-document", error_name[] = "website-error-document";
static const char owner_name[] = "swarm-feed-owner", topic_name[] = "swarm-feed-topic";

static struct bytes path_of(const struct bzz_path *b)
{
	return bytes_of(b->path, b->path_n);
}

static void look_up(struct bzz_path *b, enum step step, struct bytes path)
{
	b->step = step;
	if (mantaray_walk_init(&b->walk, &b->root, path) != OK)
		b->outcome = BZZ_NOT_FOUND; /* no path is so long */
}

int bzz_path_init(struct bzz_path *b, const struct reference *root, struct bytes path, bool follow_feed)
{
	while (path.n > 1 && path.p[path.n - 1] == '/' && path.p[path.n - 2] == '/')
		path.n--; /* as bee: slashes at the end are one */
	if (path.n > MANTARAY_PATH_MAX)
		return ERR_LIMIT;
	b->outcome = BZZ_UNDER_WAY;
	b->is_error = false;
	b->bytes_left = BZZ_PATH_NODES_BYTES_MAX;
	b->feeds = follow_feed;
	b->root = *root;
	b->index_n = b->error_n = b->joined_n = b->topic_n = 0;
	b->path_n = path.n;
	if (path.n > 0)
		memcpy(b->path, path.p, path.n);
	look_up(b, STEP_ROOT, BYTES_LITERAL("/"));
	return OK;
}

bool bzz_path_wants(const struct bzz_path *b, struct reference *node)
{
	return b->outcome == BZZ_UNDER_WAY && mantaray_walk_wants(&b->walk, node);
}

static size_t value_of(const struct mantaray_walk *w, const char *name, uint8_t *out, size_t room)
{
	struct writer writer = writer_of(out, room);
	if (mantaray_metadata(bytes_of(w->metadata, w->metadata_n), name, &writer) != OK)
		return 0;
	return writer.n;
}

/* Owner and topic as digits, "0x" in front allowed. */
static bool read_feed(struct bzz_path *b)
{
	uint8_t owner[64], topic[2 * BZZ_TOPIC_BYTES_MAX + 2];
	struct bytes o = bytes_of(owner, value_of(&b->walk, owner_name, owner, sizeof owner));
	struct bytes t = bytes_of(topic, value_of(&b->walk, topic_name, topic, sizeof topic));
	if (bytes_starts(o, "0x"))
		o = bytes_skip(o, 2);
	if (bytes_starts(t, "0x"))
		t = bytes_skip(t, 2);
	if (t.n == 0 || t.n % 2 != 0 || t.n / 2 > BZZ_TOPIC_BYTES_MAX)
		return false;
	if (hex_decode(o, b->owner, sizeof b->owner) != OK || hex_decode(t, b->topic, t.n / 2) != OK)
		return false;
	b->topic_n = t.n / 2;
	return true;
}

static bool ends_with(struct bytes path, struct bytes end)
{
	return path.n >= end.n && bytes_equal(bytes_of(path.p + (path.n - end.n), end.n), end);
}

/* The path, a slash unless one is there, and a name; empty: too long. */
static struct bytes join(struct bzz_path *b, struct bytes name)
{
	struct writer w = writer_of(b->joined, sizeof b->joined);
	write_bytes(&w, path_of(b));
	if (name.n == 0 || (b->path_n > 0 && b->path[b->path_n - 1] != '/'))
		write_text(&w, "/");
	write_bytes(&w, name);
	return writer_view(&w);
}

static void finish(struct bzz_path *b, enum bzz_outcome outcome)
{
	b->outcome = outcome;
}

/* The error document, or nothing. */
static void look_up_error(struct bzz_path *b)
{
	const struct bytes error = bytes_of(b->error, b->error_n);
	if (error.n == 0 || bytes_equal(error, path_of(b)))
		finish(b, BZZ_NOT_FOUND);
	else
		look_up(b, STEP_ERROR, error);
}

static void look_up_folder_index(struct bzz_path *b)
{
	const struct bytes index = bytes_of(b->index, b->index_n);
	const struct bytes joined = index.n == 0 || ends_with(path_of(b), index) ? BYTES_NONE : join(b, index);
	if (joined.n == 0)
		look_up_error(b);
	else
		look_up(b, STEP_FOLDER_INDEX, joined);
}

/* What "/" says about the manifest as a whole. */
static void know_root(struct bzz_path *b)
{
	if (b->walk.found && b->feeds && read_feed(b)) {
		finish(b, BZZ_FEED);
		return;
	}
	if (b->walk.found) {
		b->index_n = value_of(&b->walk, index_name, b->index, sizeof b->index);
		b->error_n = value_of(&b->walk, error_name, b->error, sizeof b->error);
	}
	if (b->path_n > 0)
		look_up(b, STEP_EXACT, path_of(b));
	else if (b->index_n > 0)
		look_up(b, STEP_EXACT, bytes_of(b->index, b->index_n));
	else
		finish(b, BZZ_NOT_FOUND);
}

static void miss(struct bzz_path *b)
{
	const bool by_index = b->path_n == 0;
	if (by_index) { /* the index document is named, and is not there */
		finish(b, BZZ_NOT_FOUND);
		return;
	}
	const struct bytes slashed = b->path[0] == '/' ? BYTES_NONE : join(b, BYTES_NONE);
	if (slashed.n == 0)
		look_up_folder_index(b);
	else
		look_up(b, STEP_FOLDER, slashed);
}

static void advance(struct bzz_path *b)
{
	switch ((enum step)b->step) {
	case STEP_ROOT:
		know_root(b);
		break;
	case STEP_EXACT:
		b->walk.found ? finish(b, BZZ_FILE) : miss(b);
		break;
	case STEP_FOLDER:
		b->walk.is_prefix ? finish(b, BZZ_REDIRECT) : look_up_folder_index(b);
		break;
	case STEP_FOLDER_INDEX:
		b->walk.found ? finish(b, BZZ_FILE) : look_up_error(b);
		break;
	case STEP_ERROR:
		b->is_error = b->walk.found;
		finish(b, b->walk.found ? BZZ_FILE : BZZ_NOT_FOUND);
		break;
	}
}

int bzz_path_node(struct bzz_path *b, uint8_t *node, size_t n, struct why *why)
{
	struct reference next;
	assert(b->outcome == BZZ_UNDER_WAY);
	if (n > b->bytes_left)
		return why_not(why, ERR_LIMIT, "the manifest makes it too long a way to the path", WHY_NOWHERE,
			       BYTES_NONE);
	b->bytes_left -= n;
	int err = mantaray_walk_node(&b->walk, node, n, why);
	if (err == OK && !mantaray_walk_wants(&b->walk, &next))
		advance(b);
	return err;
}
