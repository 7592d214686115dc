/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <jansson.h>

/* The test itself as the daemon: a Unix socket in a folder of its own, one connection at a time,
 * each line awaited with a patience that only a fault uses up. */

typedef struct {
  char *folder;
  char *path;
  int listener; /* -1: nobody listens */
  int fd;       /* -1: no connection */
  GString *in;
} FakeDaemon;

void fake_daemon_init (FakeDaemon *daemon);
void fake_daemon_clear (FakeDaemon *daemon);
void fake_daemon_listen (FakeDaemon *daemon);
void fake_daemon_accept (FakeDaemon *daemon);
/* Ends the connection; nothing is listening any more if away. */
void fake_daemon_hang_up (FakeDaemon *daemon, gboolean away);

/* The next call; NULL at the end of the connection.  Answered by one of those below. */
json_t *fake_daemon_read (FakeDaemon *daemon);
/* The next call, which is of that method; reports between are answered. */
json_t *fake_daemon_expect (FakeDaemon *daemon, const char *method);
const json_t *fake_daemon_get_params (const json_t *call);
/* Takes call and result over. */
void fake_daemon_answer (FakeDaemon *daemon, json_t *call, json_t *result);
void fake_daemon_refuse (FakeDaemon *daemon, json_t *call, const char *status);
void fake_daemon_send (FakeDaemon *daemon, const char *line);

/* Takes the connection and answers the registration: the worker is "w-1". */
void fake_daemon_welcome (FakeDaemon *daemon);
/* And opens the stream of advice, "s1". */
void fake_daemon_open_stream (FakeDaemon *daemon);
void fake_daemon_advise (FakeDaemon *daemon, const char *advice, const char *kind, int batch_size);
