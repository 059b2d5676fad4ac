/* An HTTP server for GET and HEAD by libmicrohttpd (epoll): the listening socket, the connections
 * and what MHD does not do by itself: a limit for the whole of a request's header (its own timeout
 * starts anew with every byte), cutting those who receive a file that changes, a soft end. What is
 * answered is its owner's business. */
#ifndef HOST_HTTP_SERVER_H
#define HOST_HTTP_SERVER_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "host/cli.h"

/* A connection. The list is guarded by the server's clients_lock; the atomics are set by the HTTP
 * thread and read by the one that watches. */
struct http_client {
	struct http_client *next, *previous;
	int fd;                    /* MHD's */
	_Atomic int watch;         /* of the file that is being sent; -1: none */
	_Atomic uint64_t since_ms; /* when it began to wait for a request; 0: it is being answered */
	bool has_nul;              /* in the path of the request: libmicrohttpd sees its end there */
	unsigned status;           /* of the last answer: for the log */
};

struct http_server {
	/* Set by the owner before the start. All answers: MHD_YES, or MHD_NO when the connection is to be
	 * cut. url: the path as it came, percent-encoded, without the query. */
	enum MHD_Result (*route)(void *context, struct MHD_Connection *c, const char *url, bool head);
	enum MHD_Result (*problem)(void *context, struct MHD_Connection *c, unsigned status, const char *detail);
	void *context;
	struct cli *cli;
	uint64_t idle_ms;         /* how long a connection may wait, or a request be on its way */
	unsigned connections_max; /* in all */
	unsigned per_client_max;  /* from one address */
	unsigned files_spare;     /* descriptors that the owner needs beside those of connections */
	unsigned threads;         /* that answer */
	bool log_requests;

	/* Its own. */
	struct MHD_Daemon *daemon;
	char url[80]; /* "http://ADDRESS:PORT" */
	uint16_t port;
	_Atomic uint64_t requests_total, connections;
	pthread_mutex_t clients_lock;
	struct http_client *clients;
};

/* Listens on an address in numbers; option: what it came from ("--bind"), for the usage error that
 * ends the program when it is none. Port 0: any free one. Messages are printed. */
MUST_CHECK int http_server_start(struct http_server *s, const char *option, const char *address, uint16_t port);
/* To be called once a second: cuts those whose request does not end. */
void http_server_cut_late(struct http_server *s);
/* Cuts those who are receiving the file with this number. */
void http_server_cut_receivers(struct http_server *s, int watch);
/* Whether a file with this number is on its way to somebody. */
bool http_server_sends(struct http_server *s, int watch);
/* Stops listening, cuts idle connections, lets open answers go on for at most linger_ms. */
void http_server_stop(struct http_server *s, uint64_t linger_ms);

/* NULL: there was no memory for it. */
struct http_client *http_client_of(struct MHD_Connection *c);
/* The value of a request's header, NULL: none. */
const char *http_header(struct MHD_Connection *c, const char *name);
/* Queues, and destroys r (NULL: out of memory, MHD_NO). */
enum MHD_Result http_queue(struct MHD_Connection *c, unsigned status, struct MHD_Response *r);
/* Adds a header; fails for lack of memory only: the answer then goes without it. */
void http_add_header(struct MHD_Response *r, const char *name, const char *value);
/* An answer without a body. */
struct MHD_Response *http_empty(void);

#endif
