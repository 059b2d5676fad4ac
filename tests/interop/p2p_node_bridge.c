/* A bridge that believes what lies in a folder: files by the names that they are asked for by, chunks with ".chunk"
 * behind that; so it lies whenever they are not what their names say. With "whole" it knows no parts, as the first one
 * of all did not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hex.h"
#include "host/file.h"
#include "p2p_node.h"
#include "swarm/bridge.h"

#define FILE_BYTES_MAX (32U << 20)

static char *folder;
static bool knows_no_parts;

static void refuse(struct p2p_stream *s, const char *text)
{
	char line[BRIDGE_LINE_BYTES_MAX];
	struct writer w = writer_of(line, sizeof line);
	bridge_answer_write_error(&w, bytes_text(text));
	if (p2p_stream_send(s, writer_view(&w)) == OK)
		p2p_stream_close(s);
}

static void give(struct p2p_stream *s, const struct bridge_request *r, struct bytes file)
{
	char line[BRIDGE_LINE_BYTES_MAX];
	struct writer w = writer_of(line, sizeof line);
	struct bytes part = file;
	if (r->ranged && !knows_no_parts) {
		part = bytes_skip(file, r->offset < file.n ? (size_t)r->offset : file.n);
		if (r->length < part.n)
			part.n = (size_t)r->length;
		bridge_answer_write_part(&w, part.n, file.n);
	} else {
		bridge_answer_write(&w, part.n);
	}
	if (p2p_stream_send(s, writer_view(&w)) == OK && p2p_stream_send(s, part) == OK)
		p2p_stream_close(s);
}

static void answer_to(struct p2p_stream *s, struct bytes line)
{
	struct bridge_request r;
	struct bytes file;
	char hash[2 * REFERENCE_BYTES + 1] = "", path[4096];
	if (bridge_request_read(&r, line, NULL) != OK) {
		refuse(s, "what is that?");
		return;
	}
	hex_encode(bytes_of(r.hash, sizeof r.hash), hash);
	(void)snprintf(path, sizeof path, "%s/%s%s", folder, hash, r.type == BRIDGE_CHUNK ? ".chunk" : "");
	if (file_read(path, FILE_BYTES_MAX, &file) != OK) {
		refuse(s, "not found");
		return;
	}
	give(s, &r, file);
	file_free(file);
}

static void on_opened(struct p2p_stream *s)
{
	p2p_stream_set_context(s, calloc(1, sizeof(struct bridge_line)));
}

static void on_data(struct p2p_stream *s, struct bytes data)
{
	struct bridge_line *l = p2p_stream_context(s);
	size_t used;
	p2p_stream_consumed(s, data.n);
	if (!l->whole && bridge_line_take(l, data, &used) == OK && l->whole)
		answer_to(s, bridge_line_text(l));
}

static void on_gone(struct p2p_stream *s, int err)
{
	(void)err;
	free(p2p_stream_context(s));
}

static const struct p2p_stream_user user = {.opened = on_opened, .data = on_data, .gone = on_gone};
static const struct p2p_service service = {.name = BRIDGE_PROTOCOL, .user = &user};

int serve_folder(struct p2p_node *node, const cJSON *from)
{
	folder = strdup(cJSON_GetStringValue(cJSON_GetObjectItem(from, "folder")));
	knows_no_parts = cJSON_IsTrue(cJSON_GetObjectItem(from, "whole"));
	return p2p_node_handle(node, &service);
}
