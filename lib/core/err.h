/* Errors: one enum for the whole house, one sentence each.
 *
 * A function that can fail returns int: 0 (OK) or a negative enum err. The class says what a
 * caller does about it and, at the very end, which exit status a program takes:
 * input 3, verify 1, policy 4, io 3, usage 2. */
#ifndef CORE_ERR_H
#define CORE_ERR_H

#include <stddef.h>
#include <stdint.h>

#include "core/bytes.h"

enum err_class { ERR_CLASS_NONE, ERR_CLASS_INPUT, ERR_CLASS_VERIFY, ERR_CLASS_POLICY, ERR_CLASS_IO, ERR_CLASS_USAGE };

/* X(name, value, class, sentence). Values -1..-99 concern one message, document or file (soft:
 * drop it and go on); -100 and below concern the connection or the program (fatal). */
#define ERR_TABLE(X)                                                                      \
	X(SYNTAX, -1, INPUT, "not valid JSON")                                            \
	X(UTF8, -2, INPUT, "text is not valid UTF-8")                                     \
	X(DUPLICATE, -3, INPUT, "a member name occurs twice")                             \
	X(NUMBER, -4, INPUT, "a number is not an integer in 0..9007199254740991")         \
	X(DEPTH, -5, INPUT, "nested too deeply")                                          \
	X(TRAILING, -6, INPUT, "bytes follow after the end")                              \
	X(TRUNCATED, -7, INPUT, "ends too early")                                         \
	X(LIMIT, -8, INPUT, "larger than the limit")                                      \
	X(MISSING, -9, INPUT, "a required member is missing")                             \
	X(TYPE, -10, INPUT, "a member has the wrong type")                                \
	X(VALUE, -11, INPUT, "a member has a value that is not allowed")                  \
	X(VERSION, -12, INPUT, "a format version that is not known here")                 \
	X(HASH, -20, VERIFY, "content does not match its hash")                           \
	X(SIGNATURE, -21, VERIFY, "a signature by a trusted key is wrong")                \
	X(KEY, -22, VERIFY, "not an acceptable public key")                               \
	X(SIZE, -23, VERIFY, "content does not have the signed size")                     \
	X(TREE, -24, VERIFY, "chunks that do not fit together to the tree of a file")     \
	X(THRESHOLD, -30, POLICY, "threshold not met")                                    \
	X(EXPIRED, -31, POLICY, "expired")                                                \
	X(NOT_YET, -32, POLICY, "not yet valid")                                          \
	X(FLOOR, -33, POLICY, "below the release floor")                                  \
	X(CHANNEL, -34, POLICY, "another channel than the policy's")                      \
	X(ARCH, -35, POLICY, "another architecture than the policy's")                    \
	X(CRITICAL, -36, POLICY, "a critical member is not understood")                   \
	X(POLICY_OLD, -37, POLICY, "not newer than the policy in force")                  \
	X(SOURCE, -40, IO, "a source failed")                                             \
	X(SOURCE_LIES, -41, VERIFY, "a source sent wrong bytes")                          \
	X(PROTOCOL, -100, IO, "the other side broke the protocol")                        \
	X(IO, -101, IO, "input or output failed")                                         \
	X(NOT_FOUND, -102, IO, "not found")                                               \
	X(TIMEOUT, -103, IO, "timed out")                                                 \
	X(NO_MEMORY, -104, IO, "not enough memory")                                       \
	X(NO_SPACE, -105, IO, "not enough room in the caller's buffer")                   \
	X(CHANGED, -106, IO, "a file changed while it was read")                          \
	X(CLOSED, -107, IO, "the other side closed the connection")                       \
	X(USAGE, -108, USAGE, "wrong usage")                                              \
	X(CRYPTO, -109, IO, "a cryptographic library failed")                             \
	X(INTERRUPTED, -110, IO, "interrupted")                                           \
	X(NOT_REGULAR, -111, IO, "exists and is not a regular file; nothing is replaced") \
	X(NETWORK, -112, IO, "the other side is of another Swarm network")

enum err {
	OK = 0,
#define ERR_ENUM(name, value, class, text) ERR_##name = (value),
	ERR_TABLE(ERR_ENUM)
#undef ERR_ENUM
};

#define ERR_FATAL_MAX (-100)

/* Detail beside an error, filled by the function that failed. Cores format no text: what is a
 * literal (a member name, a rule), at a byte offset into the input, id a view of key, name or
 * hash with the lifetime of that input. */
#define WHY_NOWHERE UINT64_MAX /* at: no offset; what is a whole sentence then */

struct why {
	enum err err;
	const char *what;
	uint64_t at;
	struct bytes id;
};

/* The sentence for err; never NULL, "unknown error" for values outside the table. */
const char *err_text(int err);
enum err_class err_class(int err);

/* Notes the detail (why may be NULL) and returns err, so that failing is one line. */
static inline int why_not(struct why *why, enum err err, const char *what, uint64_t at, struct bytes id)
{
	if (why != NULL)
		*why = (struct why){.err = err, .what = what, .at = at, .id = id};
	return err;
}

#endif
