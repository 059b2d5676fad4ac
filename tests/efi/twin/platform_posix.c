/* struct platform of a process; PE images are looked at as the firmware would: "MZ". */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "twin.h"

#define PAGE 4096
#define DIRTY 0xa5

static volatile sig_atomic_t interrupted;

const struct net_back *const net_backs[] = {&net_posix, NULL};

void twin_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

uint64_t platform_now_ms(struct platform *p)
{
	struct timespec t;
	(void)p;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

bool platform_rtc(struct platform *p, struct wall *now)
{
	const char *says = p->rtc;
	if (p->rtc_later != NULL)
		p->rtc = p->rtc_later;
	if (says == NULL) {
		now->s = time(NULL);
		return true;
	}
	return wall_read(bytes_text(says), now) == OK;
}

struct wall platform_built(const struct platform *p)
{
	return (struct wall){(int64_t)p->built_s};
}

bool platform_random(struct platform *p, uint8_t *out, size_t n)
{
	return getrandom(out, n, 0) == (ssize_t)n && !p->no_random;
}

void platform_print(struct platform *p, struct bytes text)
{
	if (p->escape != NULL && memmem(text.p, text.n, p->escape, strlen(p->escape)) != NULL)
		interrupted = 1;
	(void)fwrite(text.p, 1, text.n, stdout);
	(void)fflush(stdout);
}

bool platform_interrupted(struct platform *p)
{
	(void)p;
	return interrupted != 0;
}

void platform_wait(struct platform *p, uint64_t ms)
{
	uint64_t end = platform_now_ms(p) + ms;
	while (platform_now_ms(p) < end && !platform_interrupted(p))
		(void)usleep(1000);
}

static uint64_t whole_pages(uint64_t bytes)
{
	return (bytes + PAGE - 1) / PAGE * PAGE;
}

int platform_pages(struct platform *p, uint64_t bytes, uint8_t **out)
{
	uint64_t needed = whole_pages(bytes);
	p->error = "EFI_OUT_OF_RESOURCES";
	if (++p->pages_calls == p->fail_pages || bytes == 0 || bytes > UINT64_MAX - PAGE ||
	    needed > p->memory_bytes - p->used_bytes)
		return ERR_NO_MEMORY;
	/* No more than was asked for: a sanitizer sees who goes beyond. And not zeroed, like a firmware's. */
	void *pages = NULL;
	if (posix_memalign(&pages, PAGE, (size_t)bytes) != 0)
		return ERR_NO_MEMORY;
	memset(pages, DIRTY, (size_t)bytes);
	for (size_t i = 0; i < TWIN_PAGES_MAX; i++) {
		if (p->pages[i] != NULL)
			continue;
		p->pages[i] = pages;
		break;
	}
	p->used_bytes += needed;
	*out = pages;
	return OK;
}

void platform_give_pages(struct platform *p, uint8_t *pages, uint64_t bytes)
{
	for (size_t i = 0; i < TWIN_PAGES_MAX; i++)
		if (p->pages[i] == pages)
			p->pages[i] = NULL;
	p->used_bytes -= whole_pages(bytes);
	free(pages);
}

uint64_t platform_free_bytes(struct platform *p)
{
	return p->memory_bytes - p->used_bytes;
}

/* Reads a file into memory of its own, which is the caller's to free. */
static int read_whole(const char *path, size_t max, uint8_t **out, size_t *n)
{
	FILE *f = fopen(path, "rbe");
	if (f == NULL)
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	uint8_t *data = malloc(max + 1);
	int err = ERR_NO_MEMORY;
	if (data != NULL) {
		*n = fread(data, 1, max + 1, f);
		err = ferror(f) ? ERR_IO : *n > max ? ERR_LIMIT : OK;
	}
	(void)fclose(f); /* only read from */
	if (err == OK)
		*out = data;
	else
		free(data);
	return err;
}

int platform_file(struct platform *p, const char *path, size_t max, struct bytes *text)
{
	char name[1024];
	uint8_t *data;
	size_t n = 0;
	(void)snprintf(name, sizeof name, "%s%s%s", p->esp, path[0] == '\\' ? "" : "/", path);
	for (char *c = name; *c != 0; c++)
		if (*c == '\\')
			*c = '/';
	int err = read_whole(name, max, &data, &n);
	if (err != OK)
		p->error = err == ERR_NOT_FOUND ? "EFI_NOT_FOUND" : err == ERR_IO ? "EFI_DEVICE_ERROR" : "";
	else
		*text = bytes_of(data, n);
	return err;
}

void platform_give_file(struct platform *p, struct bytes text)
{
	(void)p;
	free((uint8_t *)(uintptr_t)text.p);
}

struct bytes platform_options(struct platform *p)
{
	const struct bytes text = bytes_text(p->options == NULL ? "" : p->options);
	size_t n = 0;
	for (size_t i = 0; i < text.n && n < sizeof p->wide; i++, n += 2) {
		p->wide[n] = text.p[i]; /* Latin-1 is enough here */
		p->wide[n + 1] = 0;
	}
	return bytes_of(p->wide, n);
}

static void variable_path(const struct platform *p, const char *name, char path[static 1024])
{
	(void)snprintf(path, 1024, "%s/%s", p->variables, name);
}

int platform_variable(struct platform *p, const char *name, uint8_t *value, size_t max, size_t *n)
{
	char path[1024];
	uint8_t *data;
	variable_path(p, name, path);
	int err = read_whole(path, max, &data, n);
	if (err != OK)
		return err;
	memcpy(value, data, *n);
	free(data);
	return OK;
}

int platform_set_variable(struct platform *p, const char *name, struct bytes value)
{
	char path[1024];
	p->error = "EFI_OUT_OF_RESOURCES";
	if (p->store_full)
		return ERR_IO;
	variable_path(p, name, path);
	FILE *f = fopen(path, "wbe");
	if (f == NULL)
		return ERR_IO;
	bool good = fwrite(value.p, 1, value.n, f) == value.n;
	return fclose(f) == 0 && good ? OK : ERR_IO;
}

unsigned platform_workers(struct platform *p)
{
	return p->workers_n;
}

struct start {
	void (*run)(void *context);
	void *context;
	sem_t *late; /* NULL: it begins at once */
};

static void *on_thread(void *context)
{
	struct start s = *(struct start *)context;
	free(context);
	if (s.late != NULL)
		(void)sem_wait(s.late);
	s.run(s.context);
	return NULL;
}

bool platform_worker_start(struct platform *p, unsigned i, void (*run)(void *context), void *context)
{
	struct start *s = malloc(sizeof *s);
	if (s == NULL)
		return false;
	*s = (struct start){run, context, i == 0 && p->late_worker ? &p->late : NULL};
	if (s->late != NULL)
		p->late_waits = sem_init(s->late, 0, 0) == 0;
	if (pthread_create(&p->threads[i], NULL, on_thread, s) == 0)
		return true;
	free(s);
	return false;
}

bool platform_worker_join(struct platform *p, unsigned i)
{
	if (i == 0 && p->late_worker) {
		p->workers_n = 0;
		return false;
	}
	(void)pthread_join(p->threads[i], NULL);
	return true;
}

void twin_run_late_worker(struct platform *p)
{
	(void)sem_post(&p->late);
	(void)pthread_join(p->threads[0], NULL);
	for (size_t i = 0; i < TWIN_PAGES_MAX; i++)
		free(p->pages[i]);
}

static bool put(const struct platform *p, const char *name, const struct bytes *parts, size_t parts_n, bool pad)
{
	char path[1024];
	static const uint8_t zeros[4];
	(void)snprintf(path, sizeof path, "%s/%s", p->hand_over, name);
	FILE *f = fopen(path, "wbe");
	bool good = f != NULL;
	for (size_t i = 0; good && i < parts_n; i++) {
		good = fwrite(parts[i].p, 1, parts[i].n, f) == parts[i].n;
		size_t padding = pad ? (4 - parts[i].n % 4) % 4 : 0;
		good = good && fwrite(zeros, 1, padding, f) == padding;
	}
	return f != NULL && fclose(f) == 0 && good;
}

int platform_start(struct platform *p, const struct platform_boot *boot, bool *started)
{
	*started = false;
	if (!bytes_starts(boot->kernel, "MZ")) {
		p->error = "EFI_UNSUPPORTED";
		return ERR_IO;
	}
	*started = true;
	bool good = put(p, "kernel", &boot->kernel, 1, false) &&
		    put(p, "initrd", boot->initrds, boot->initrds_n, true) &&
		    (!boot->has_cmdline || put(p, "cmdline", &boot->cmdline, 1, false));
	p->error = "EFI_ABORTED";
	return good && !p->kernel_returns ? OK : ERR_IO;
}

const char *platform_error(const struct platform *p)
{
	return p->error;
}
