#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "p2p_node.h"

void say(cJSON *object)
{
	char *text = cJSON_PrintUnformatted(object);
	(void)puts(text);
	(void)fflush(stdout);
	cJSON_free(text);
	cJSON_Delete(object);
}

cJSON *event(const char *name)
{
	cJSON *object = cJSON_CreateObject();
	cJSON_AddStringToObject(object, "event", name);
	return object;
}

static cJSON *string_of(struct bytes text)
{
	char *copy = calloc(1, text.n + 1);
	if (text.n > 0)
		memcpy(copy, text.p, text.n);
	cJSON *made = cJSON_CreateString(copy);
	free(copy);
	return made;
}

void add_text(cJSON *object, const char *name, struct bytes text)
{
	cJSON_AddItemToObject(object, name, string_of(text));
}

void list_text(cJSON *array, struct bytes text)
{
	cJSON_AddItemToArray(array, string_of(text));
}

void add_peer(cJSON *object, const char *name, const struct peer_id *peer)
{
	uint8_t text[PEER_ID_TEXT_MAX];
	struct writer w = writer_of(text, sizeof text);
	peer_id_write(&w, peer);
	add_text(object, name, writer_view(&w));
}

void add_address(cJSON *object, const char *name, struct bytes address)
{
	uint8_t text[MULTIADDR_TEXT_MAX];
	struct writer w = writer_of(text, sizeof text);
	if (multiaddr_write_text(&w, address) == OK)
		add_text(object, name, writer_view(&w));
}

void list_peer(const struct peer_id *peer, void *array)
{
	cJSON *one = cJSON_CreateObject();
	add_peer(one, "id", peer);
	cJSON_AddItemToArray(array, one);
}

struct bytes member(const cJSON *from, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(from, name));
	return text == NULL ? BYTES_NONE : bytes_text(text);
}

uint64_t number(const cJSON *from, const char *name)
{
	const cJSON *item = cJSON_GetObjectItem(from, name);
	return cJSON_IsNumber(item) ? (uint64_t)item->valuedouble : 0;
}

struct command *command_new(const cJSON *from)
{
	struct command *c = calloc(1, sizeof *c);
	c->answer = cJSON_CreateObject();
	const cJSON *tag = cJSON_GetObjectItem(from, "tag");
	cJSON_AddItemToObject(c->answer, "cmd", cJSON_Duplicate(cJSON_GetObjectItem(from, "cmd"), true));
	if (tag != NULL)
		cJSON_AddItemToObject(c->answer, "tag", cJSON_Duplicate(tag, true));
	c->begun_ns = uv_hrtime();
	return c;
}

void answer(struct command *c, int err)
{
	cJSON_AddBoolToObject(c->answer, "ok", err == OK);
	if (err != OK)
		cJSON_AddStringToObject(c->answer, "error", err_text(err));
	cJSON_AddNumberToObject(c->answer, "ms", (double)(uv_hrtime() - c->begun_ns) / 1e6);
	say(c->answer);
	free(c);
}
