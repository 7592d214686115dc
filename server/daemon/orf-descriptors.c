/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/orf-descriptors.h"

#include <sys/resource.h>

/* Probes' pipes, /proc files, eventfds, listeners: 30 are open as a rule. The writer, a check and a
 * backup, with what SQLite spills to temporary files. */
#define RESERVED 56
/* File, WAL, shm and a temporary file. */
#define RESERVED_PER_READER 4

static gint64
raise_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return 1024; /* what every Linux gives */
  if (limit.rlim_cur < limit.rlim_max) {
    struct rlimit raised = { limit.rlim_max, limit.rlim_max };

    if (setrlimit (RLIMIT_NOFILE, &raised) == 0)
      limit = raised;
  }
  return limit.rlim_cur > G_MAXINT ? G_MAXINT : (gint64) limit.rlim_cur;
}

void
orf_descriptors_provide (OrfConfig *config)
{
  gint64 reserved = RESERVED + RESERVED_PER_READER * config->store.readers;
  gint64 available = MAX (raise_limit () - reserved, 2);
  /* under TLS the client's socket, and both ends of the pair behind it */
  gint64 each = config->listen.tls_certificate[0] != '\0' ? 3 : 1;
  gint64 wanted = each * config->listen.max_connections + config->socket.max_connections;

  if (wanted <= available)
    return;
  config->socket.max_connections = MAX (1, config->socket.max_connections * available / wanted);
  config->listen.max_connections = MAX (1, (available - config->socket.max_connections) / each);
  g_warning ("RLIMIT_NOFILE leaves room for %" G_GINT64_FORMAT " HTTP and %" G_GINT64_FORMAT
             " socket connections, fewer than configured",
             config->listen.max_connections, config->socket.max_connections);
}
