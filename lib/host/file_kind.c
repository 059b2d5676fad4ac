#include "host/file_kind.h"

#include <stdlib.h>
#include <string.h>

#include "core/json.h"

#define NODES_MAX 65536

static const char *pem_kind(struct bytes text)
{
	if (bytes_starts(text, "-----BEGIN PUBLIC KEY-----"))
		return "a public key (PEM)";
	if (bytes_starts(text, "-----BEGIN OPENSSH PRIVATE KEY-----"))
		return "a SECRET key of OpenSSH";
	return bytes_starts(text, "-----BEGIN ") && memmem(text.p, text.n, "PRIVATE KEY-----", 16) != NULL
		       ? "a SECRET key (PEM)"
		       : NULL;
}

/* By the members that each kind must have. */
static const char *json_kind(const struct json *j)
{
	const struct json_node *root = json_root(j);
	if (json_member(j, root, "artifacts") != NULL)
		return "a release manifest";
	if (json_member(j, root, "keys") != NULL || json_member(j, root, "policy_version") != NULL)
		return "a policy";
	if (json_member(j, root, "manifest") != NULL && json_member(j, root, "release") != NULL)
		return "a boot plan";
	return json_member(j, root, "key_id") != NULL && json_member(j, root, "signature") != NULL
		       ? "a detached signature"
		       : NULL;
}

static const char *kind_of(struct bytes text)
{
	struct json j;
	struct bytes left = text;
	while (left.n > 0 && (left.p[0] == ' ' || left.p[0] == '\n' || left.p[0] == '\r' || left.p[0] == '\t'))
		left = bytes_skip(left, 1);
	if (left.n == 0)
		return "empty";
	if (left.p[0] == '-')
		return pem_kind(left);
	struct json_node *nodes = malloc(NODES_MAX * sizeof *nodes);
	const char *kind = nodes != NULL && json_parse(&j, text, nodes, NODES_MAX, NULL) == OK ? json_kind(&j) : NULL;
	free(nodes);
	return kind;
}

void file_kind_fail(struct cli *cli, int err, const char *subject, const struct why *why, struct bytes text,
		    const char *wanted)
{
	const char *kind = err_class(err) == ERR_CLASS_INPUT && text.p != NULL ? kind_of(text) : NULL;
	if (kind == NULL || strstr(wanted, kind) != NULL)
		cli_fail(cli, err, subject, why);
	else if (strcmp(kind, "empty") == 0)
		cli_error(cli, err, "%s: is empty, and should be %s", subject, wanted);
	else
		cli_error(cli, err, "%s: this is %s, not %s", subject, kind, wanted);
}
