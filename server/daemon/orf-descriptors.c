/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/orf-descriptors.h"

#include <sys/resource.h>

/* Probes' pipes, /proc files, eventfds, listeners: 30 are open as a rule. The writer, a check and a
 * backup, with what SQLite spills to temporary files. */
#define RESERVED 56
/* File, WAL, shm and a temporary file. */
#define RESERVED_PER_READER 4
/* The main one, and the cache's: each has [socket] max_connections. */
#define N_SOCKETS 2

static void
raise_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit); /* else it stays as it is, and is looked at next */
}

static gint64
get_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return 1024; /* what every Linux gives */
  return limit.rlim_cur > G_MAXINT ? G_MAXINT : (gint64) limit.rlim_cur;
}

/* Connections of our own making, one each. */
static gint64
count_others (const OrfConfig *config)
{
  return (gint64) g_strv_length (config->cache.nodes) + config->scrape.targets->len +
         config->actuators.servers->len;
}

/* Of a connection to each of the HTTP servers, of which each has [listen] max_connections. */
static gint64
count_http (const OrfConfig *config)
{
  gint64 n_servers = (config->listen.http[0] != '\0') + (config->otlp.listen[0] != '\0') +
                     (config->jaeger.listen[0] != '\0');

  /* under TLS the client's socket, and both ends of the pair behind it */
  return config->listen.tls_certificate[0] != '\0' ? 3 * n_servers : n_servers;
}

gboolean
orf_descriptors_fit (OrfConfig *config)
{
  gint64 reserved = RESERVED + RESERVED_PER_READER * config->store.readers + count_others (config);
  gint64 available = MAX (get_limit () - reserved, 2);
  gint64 each = count_http (config);
  gint64 wanted = each * config->listen.max_connections +
                  N_SOCKETS * config->socket.max_connections;

  if (wanted <= available)
    return TRUE;
  config->socket.max_connections = MAX (1, config->socket.max_connections * available / wanted);
  if (each > 0)
    config->listen.max_connections =
      MAX (1, (available - N_SOCKETS * config->socket.max_connections) / each);
  return FALSE;
}

void
orf_descriptors_provide (OrfConfig *config)
{
  raise_limit ();
  if (!orf_descriptors_fit (config))
    g_warning ("RLIMIT_NOFILE leaves room for %" G_GINT64_FORMAT " connections to each HTTP "
               "address and %" G_GINT64_FORMAT " to each socket, fewer than configured",
               config->listen.max_connections, config->socket.max_connections);
}
