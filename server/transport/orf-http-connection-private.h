/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-error.h"
#include "transport/orf-http-connection.h"
#include "transport/orf-http-framing.h"
#include "transport/orf-http-outbox.h"

G_BEGIN_DECLS

/*
 * The connection, for the files that are its parts: orf-http-connection-input.c reads the socket,
 * orf-http-connection-soup.c is what libsoup sees, orf-http-connection-expire.c has the deadlines.
 */
/* Of answers not sent yet; beyond it libsoup waits. */
#define ORF_HTTP_BACKLOG_BYTES 262144

struct _OrfHttpConnection {
  const OrfHttpHost *host;
  GList link;
  int fd;
  OrfWatch *watch;
  GSocketAddress *address;
  char *local; /* NULL: where we listen */
  OrfHttpFraming *framing;
  OrfHttpStream *stream;   /* NULL while libsoup has none */
  OrfHttpRequest *request; /* NULL: none is being answered */
  GByteArray *ahead;       /* came after the request that is being answered */
  gsize head_given;        /* of it to libsoup */
  gsize farewell_given;
  OrfHttpOutbox *out;
  gsize lingered_bytes;
  gsize held_bytes;   /* as counted last */
  gsize unsent_bytes; /* of the last answer, when its time between requests was over */
  gint64 since_us;    /* that the phase, or lingering, has lasted */
  gboolean fresh;     /* had no request yet */
  gboolean readable;  /* as far as is known */
  gboolean guarded;   /* the answer at hand has its guards: see add_head() */
  gboolean ended;     /* the other end writes no more */
  gboolean broken;
  gboolean parking;   /* libsoup is told the end; we go on */
  gboolean yielded;   /* it has let others go first */
  gboolean lingering; /* all is over but the sending */
  gboolean closing;   /* refused, or draining with nothing to answer: libsoup is told the end */
};

OrfHttpPhase orf_http_connection_get_phase (const OrfHttpConnection *connection);
/* Bytes not sent yet. */
gsize orf_http_connection_get_backlog (const OrfHttpConnection *connection);
OrfMemory *orf_http_connection_get_memory (const OrfHttpConnection *connection);
/* What it holds now, instead of what it held. */
void orf_http_connection_count_memory (OrfHttpConnection *connection);
/* What can be sent is. */
void orf_http_connection_flush (OrfHttpConnection *connection);
/* There will be no further request. */
gboolean orf_http_connection_is_over (const OrfHttpConnection *connection);
/* These may free the connection.  What is there is begun, or told libsoup. */
void orf_http_connection_wake (OrfHttpConnection *connection);
/* The other end is gone: nobody waits for the answer. */
void orf_http_connection_give_up (OrfHttpConnection *connection);
void orf_http_connection_begin_to_linger (OrfHttpConnection *connection);

/* orf-http-connection-input.c */
/* Reads until the request is whole, the socket is empty, or others have to have their turn. */
void orf_http_connection_fill (OrfHttpConnection *connection);
/* By ourselves: libsoup never sees what is refused. */
void orf_http_connection_refuse (OrfHttpConnection *connection, int status, const GError *error);

/* orf-http-connection-soup.c; libsoup's ends of the connection */
/* The answer is written, or will be without libsoup: on to the next request. */
void orf_http_connection_finish_request (OrfHttpConnection *connection);
extern const OrfHttpStreamOps orf_http_connection_stream_ops;
gboolean orf_http_connection_has_input (const OrfHttpConnection *connection);

G_END_DECLS
