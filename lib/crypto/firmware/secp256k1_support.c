/* What libsecp256k1 wants from its surroundings. Part of build/firmware/libsecp256k1.a.
 *
 * Contexts are static or in memory of the caller's, so nothing is allocated, and no argument of ours is
 * illegal, so that all of these mean a mistake: stop at once. malloc and free are compiled under
 * the names below, lest a test program takes them for the C library's. */
#include <stddef.h>

void secp256k1_default_illegal_callback_fn(const char *text, void *data);
void secp256k1_default_error_callback_fn(const char *text, void *data);
void *secp256k1_never_malloc(size_t n);
void secp256k1_never_free(void *p);

void secp256k1_default_illegal_callback_fn(const char *text, void *data)
{
	(void)text, (void)data;
	__builtin_trap();
}

void secp256k1_default_error_callback_fn(const char *text, void *data)
{
	(void)text, (void)data;
	__builtin_trap();
}

void *secp256k1_never_malloc(size_t n)
{
	(void)n;
	__builtin_trap();
}

void secp256k1_never_free(void *p)
{
	(void)p;
	__builtin_trap();
}
