/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-load-reader.h"
#include "orf-load-request.h"

G_BEGIN_DECLS

/* A non-blocking connection with one request at a time.  It waits for nothing: who has it polls its
 * descriptor, and says when it is ready. */
typedef struct _OrfLoadConnection OrfLoadConnection;

typedef enum {
  ORF_LOAD_CONNECTION_GOES_ON,
  ORF_LOAD_CONNECTION_ENDED,  /* the request has: *fault; the connection may be used again */
  ORF_LOAD_CONNECTION_BROKEN, /* it has to be freed; a request that was under way failed: *fault */
} OrfLoadConnectionState;

/* Begins to connect; NULL: that failed at once, errno says why. */
OrfLoadConnection *
orf_load_connection_new (const OrfLoadTarget *target, const OrfLoadRequests *requests);
void orf_load_connection_free (OrfLoadConnection *connection);

int orf_load_connection_get_fd (const OrfLoadConnection *connection);
/* Whether it has something to write, or is not connected yet. */
gboolean orf_load_connection_wants_write (const OrfLoadConnection *connection);

/* Writes the request, now or as soon as there is a connection.  There must be none under way. */
OrfLoadConnectionState orf_load_connection_send (OrfLoadConnection *connection,
                                                 const GString *request,
                                                 OrfLoadFault *fault);
/* The descriptor is ready, by poll()'s events.  *received_bytes grows. */
OrfLoadConnectionState orf_load_connection_ready (OrfLoadConnection *connection,
                                                  guint32 events,
                                                  guint64 *received_bytes,
                                                  OrfLoadFault *fault);

G_END_DECLS
