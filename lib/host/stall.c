#include "host/stall.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/clock.h"

struct stall {
	struct cli *cli;
	const char *name;
	uint64_t limit_ms;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* guarded by lock: */
	bool ended, paused, sleeps; /* without an end */
	uint64_t since_ms, bytes;   /* and what came since then */
};

static void lock(struct stall *s)
{
	(void)pthread_mutex_lock(&s->lock); /* of a mutex that is ours: cannot fail */
}

static void unlock(struct stall *s)
{
	(void)pthread_mutex_unlock(&s->lock);
}

/* The thread that works is stuck, or may be: nothing of it is waited for. What was to be kept is on the disk. */
static _Noreturn void give_up(struct stall *s)
{
	cli_error(s->cli, ERR_TIMEOUT, "%s: timed out: less than %d bytes in %llu s; run again to go on", s->name,
		  STALL_BYTES, (unsigned long long)(s->limit_ms / 1000));
	_exit(cli_exit_status(ERR_TIMEOUT));
}

static void *watch(void *stall)
{
	struct stall *s = stall;
	lock(s);
	while (!s->ended) {
		const uint64_t now = clock_now_ms(), end = s->since_ms + s->limit_ms;
		const struct timespec at = {.tv_sec = (time_t)(end / 1000), .tv_nsec = (long)(end % 1000) * 1000000};
		if (!s->paused && now >= end)
			give_up(s);
		s->sleeps = s->paused;
		if (s->sleeps)
			(void)pthread_cond_wait(&s->changed, &s->lock); /* as it is locked: cannot fail */
		else
			(void)pthread_cond_timedwait(&s->changed, &s->lock, &at); /* looked at above */
	}
	unlock(s);
	return NULL;
}

int stall_watch(struct cli *cli, const char *name, uint64_t limit_ms, struct stall **stall)
{
	struct stall *s = malloc(sizeof *s);
	pthread_condattr_t monotonic;
	if (s == NULL)
		return ERR_NO_MEMORY;
	*s = (struct stall){.cli = cli,
			    .name = name,
			    .limit_ms = limit_ms,
			    .lock = PTHREAD_MUTEX_INITIALIZER,
			    .since_ms = clock_now_ms()};
	int bad = pthread_condattr_init(&monotonic);
	if (bad == 0)
		bad = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC); /* that of clock_now_ms */
	if (bad == 0)
		bad = pthread_cond_init(&s->changed, &monotonic);
	if (bad == 0)
		bad = pthread_create(&s->thread, NULL, watch, s);
	if (bad != 0) {
		cli_error(cli, ERR_IO, "no thread for --timeout: %s", strerror(bad));
		free(s);
		return ERR_IO;
	}
	*stall = s;
	return OK;
}

void stall_progress(struct stall *s, uint64_t bytes)
{
	lock(s);
	s->bytes += bytes;
	if (s->bytes >= STALL_BYTES || s->paused) {
		s->since_ms = clock_now_ms();
		s->bytes = 0;
	}
	s->paused = false;
	if (s->sleeps)
		(void)pthread_cond_signal(&s->changed); /* of a condition that is ours: cannot fail */
	unlock(s);
}

void stall_pause(struct stall *s)
{
	lock(s);
	s->paused = true;
	unlock(s);
}

void stall_end(struct stall *s)
{
	if (s == NULL)
		return;
	lock(s);
	s->ended = true;
	(void)pthread_cond_signal(&s->changed); /* as above */
	unlock(s);
	(void)pthread_join(s->thread, NULL); /* it is ours and is joined once */
	(void)pthread_cond_destroy(&s->changed);
	free(s);
}
