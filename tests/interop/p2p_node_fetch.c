/* A line to a bridge, and whatever comes for it into a file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "p2p_node.h"

static const char *const fetch_names[] = {"/deboot/fetch/1.0.0"};

struct fetch {
	struct command *command;
	char *line;
	FILE *out;
	bool leave_open;
	uint64_t got, stop; /* 0: never */
};

static void fetch_free(struct fetch *f)
{
	if (f->out != NULL)
		(void)fclose(f->out);
	free(f->line);
	free(f);
}

static void fetch_opened(struct p2p_stream *s)
{
	struct fetch *f = p2p_stream_context(s);
	if (p2p_stream_send(s, bytes_text(f->line)) == OK && !f->leave_open)
		p2p_stream_close(s);
}

static void fetch_data(struct p2p_stream *s, struct bytes data)
{
	struct fetch *f = p2p_stream_context(s);
	(void)fwrite(data.p, 1, data.n, f->out);
	f->got += data.n;
	if (f->stop == 0 || f->got < f->stop)
		p2p_stream_consumed(s, data.n);
}

static void fetch_ended(struct p2p_stream *s)
{
	p2p_stream_close(s);
}

static void fetch_gone(struct p2p_stream *s, int err)
{
	struct fetch *f = p2p_stream_context(s);
	struct command *c = f->command;
	cJSON_AddNumberToObject(c->answer, "bytes", (double)f->got);
	fetch_free(f);
	answer(c, err);
}

static const struct p2p_stream_user fetch_user = {.opened = fetch_opened,
						  .data = fetch_data,
						  .ended = fetch_ended,
						  .gone = fetch_gone};

int ask_fetch(struct p2p_node *node, const cJSON *from, const struct peer_id *peer, struct command *c)
{
	const char *line = cJSON_GetStringValue(cJSON_GetObjectItem(from, "line"));
	const char *out = cJSON_GetStringValue(cJSON_GetObjectItem(from, "out"));
	struct fetch *f = calloc(1, sizeof *f);
	struct p2p_stream *s;
	int err = line == NULL || out == NULL ? ERR_MISSING : OK;
	if (err == OK) {
		*f = (struct fetch){.command = c, .line = strdup(line), .out = fopen(out, "wb")};
		f->stop = number(from, "stop");
		f->leave_open = cJSON_IsTrue(cJSON_GetObjectItem(from, "open"));
		err = f->out == NULL ? ERR_IO : p2p_stream_open(node, peer, fetch_names, 1, &fetch_user, f, &s);
	}
	if (err != OK)
		fetch_free(f);
	return err;
}
