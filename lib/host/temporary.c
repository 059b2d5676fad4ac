#include "host/temporary.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

static _Atomic(const char *) paths[TEMPORARIES_MAX];

static void remove_and_die(int signal_n)
{
	for (size_t i = 0; i < TEMPORARIES_MAX; i++) {
		const char *path = atomic_load(&paths[i]);
		if (path != NULL)
			(void)unlink(path); /* nobody is left to tell */
	}
	(void)raise(signal_n); /* SA_RESETHAND: the default action, so the shell sees the signal */
}

static void install(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		struct sigaction old,
			now = {.sa_handler = remove_and_die, .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};
		(void)sigemptyset(&now.sa_mask);
		if (sigaction(signals[i], NULL, &old) == 0 && !(old.sa_flags & SA_SIGINFO) && old.sa_handler == SIG_DFL)
			(void)sigaction(signals[i], &now, NULL); /* cannot fail for these signals */
	}
}

void temporary_add(const char *path)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	(void)pthread_once(&once, install);
	for (size_t i = 0; i < TEMPORARIES_MAX; i++) {
		const char *none = NULL;
		if (atomic_compare_exchange_strong(&paths[i], &none, path))
			return;
	}
}

void temporary_forget(const char *path)
{
	for (size_t i = 0; i < TEMPORARIES_MAX; i++) {
		const char *is = path;
		if (atomic_compare_exchange_strong(&paths[i], &is, NULL))
			return;
	}
}
