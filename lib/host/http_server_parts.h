/* What the files of the HTTP server share with each other, and nobody else. */
#ifndef HOST_HTTP_SERVER_PARTS_H
#define HOST_HTTP_SERVER_PARTS_H

#include "host/http_server.h"

/* MHD tells of connections and of answers that have ended. */
void http_client_changed(void *server, struct MHD_Connection *c, void **socket_context,
			 enum MHD_ConnectionNotificationCode code);
void http_client_done(void *server, struct MHD_Connection *c, void **request, enum MHD_RequestTerminationCode code);
/* Cuts the connections that wait for a request. */
void http_clients_cut_idle(struct http_server *s);

#endif
