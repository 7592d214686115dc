/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "orf-ctl-exit.h"

G_BEGIN_DECLS

/* The way to the daemon's methods: its Unix socket, its HTTP address, or a child of ours that runs
 * its code on a file.  All three take one request and give the one response to it;
 * the socket also gives what a stream sends after that. */

/* An answer larger than this is a fault, not an answer; the largest query is some tens of MB. */
#define ORF_CTL_MAX_REPLY_BYTES (256 * 1024 * 1024)
#define ORF_CTL_REPLY_TOO_LARGE "the answer is larger than 256 MiB"

typedef struct {
  /* What errors call this place: "/run/user/1000/orfeas/orfeas.sock". */
  const char *(*get_address) (gpointer self);
  /* deadline_us is monotonic time, G_MAXINT64: none.  What is not done is an error that says why.
   */
  OrfCtlExit (*exchange) (
    gpointer self, const GString *request, gint64 deadline_us, GString *reply, GError **error);
  /* As orf_ctl_lines_next(); NULL: no streams on this way, and none is asked for. */
  OrfCtlExit (*next) (gpointer self, const int *stop_fds, GString *message, GError **error);
  void (*close) (gpointer self);
} OrfCtlTransport;

typedef struct {
  const OrfCtlTransport *transport;
  gpointer self;
} OrfCtlConnection;

typedef struct {
  const char *url; /* at most one of url, socket and db; none: the default socket */
  const char *socket;
  const char *db;
  const char *token_file; /* NULL: the cookie beside the default socket, for a loopback url */
  const char *ca_file;    /* of an https url; NULL: the system's */
} OrfCtlTarget;

OrfCtlExit orf_ctl_connection_open (const OrfCtlTarget *target,
                                    gint64 deadline_us,
                                    OrfCtlConnection **connection,
                                    GError **error);
void orf_ctl_connection_close (OrfCtlConnection *connection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCtlConnection, orf_ctl_connection_close)

typedef struct {
  const char *method;
  const char *params; /* JSON text; NULL: none */
  gint64 told_ms;     /* the patience that the server is told; 0: none */
  gint64 deadline_us; /* monotonic; G_MAXINT64: none */
} OrfCtlAsk;
/* Calls a method; *result is the bytes of its result. */
OrfCtlExit orf_ctl_connection_call (const OrfCtlConnection *connection,
                                    const OrfCtlAsk *ask,
                                    char **result,
                                    GError **error);

/* As the daemon finds it: $XDG_RUNTIME_DIR/orfeas/orfeas.sock, else /tmp/orfeas-UID/orfeas.sock. */
char *orf_ctl_dup_default_socket (void);
/* The daemon's program: $ORFEAS_ORFEASD, else that of the build tree that we are in, else that of
 * the folder we are in; NULL: it is not found. */
char *orf_ctl_find_daemon (void);

/* For the transports: the error for a deadline that passed. */
OrfCtlExit orf_ctl_fail_deadline (GError **error);
/* Milliseconds for poll(): -1 without a deadline, 0 when it has passed. */
int orf_ctl_poll_timeout_ms (gint64 deadline_us);

/* The three, each in a file of its own. */
OrfCtlExit orf_ctl_socket_open (const char *path,
                                gint64 deadline_us,
                                OrfCtlConnection *connection,
                                GError **error);
/* The same without what it is for: a non-blocking descriptor. */
OrfCtlExit orf_ctl_socket_connect (const char *path, gint64 deadline_us, int *fd, GError **error);
OrfCtlExit orf_ctl_http_open (const char *url,
                              const char *token_file,
                              const char *ca_file,
                              OrfCtlConnection *connection,
                              GError **error);
/* Whether a URL is of this machine, by its own words: of loopback. */
gboolean orf_ctl_url_is_near (const char *url);
OrfCtlExit orf_ctl_stdio_open (const char *db, OrfCtlConnection *connection, GError **error);

G_END_DECLS
