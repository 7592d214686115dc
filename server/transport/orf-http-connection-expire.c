/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The deadlines, and the drain. */
#include "transport/orf-http-connection-private.h"

#include "core/orf-clock.h"
#include "orf-error.h"
#include "transport/orf-unsent.h"

#define STATUS_TIMEOUT     408
#define STATUS_UNAVAILABLE 503

/* What a client has to read why it was refused. */
#define LINGER_US ORF_US_PER_S
/* Since the last answer, after which libsoup's part is let go. */
#define PARK_US ORF_US_PER_S
/* What a client has, once the server drains, to send the rest of a request or to read an answer. */
#define DRAIN_US ORF_US_PER_S

static void
end_request (OrfHttpConnection *connection, int status, GError *error)
{
  orf_http_connection_refuse (connection, status, error);
  g_error_free (error);
  orf_http_connection_wake (connection);
}

static void
time_out (OrfHttpConnection *connection, const char *what)
{
  end_request (connection, STATUS_TIMEOUT,
               g_error_new_literal (ORF_ERROR, ORF_ERROR_DEADLINE_EXCEEDED, what));
}

/* What moves fast enough may take as long as it needs. */
static gboolean
is_overdue (const OrfConfig *config, gint64 lasted_us, gint64 patience_us, guint64 moved_bytes)
{
  return lasted_us - patience_us >
         (gint64) (moved_bytes * ORF_US_PER_S / (guint64) config->listen.min_bytes_per_s);
}

static gboolean
is_unread (const OrfHttpConnection *connection, gint64 now_us)
{
  const OrfConfig *config = connection->host->service->policy.config;
  guint64 sent_bytes;
  gint64 waiting_us = orf_http_outbox_get_waiting_us (connection->out, &sent_bytes);
  gint64 patience_us = connection->host->draining_us > 0 ? DRAIN_US : config->listen.answer_us;

  return waiting_us > 0 && is_overdue (config, now_us - waiting_us, patience_us, sent_bytes);
}

/* Between two requests for too long.  While the kernel has to send some of the last answer it is
 * read, as long as it is read fast enough. */
static gboolean
is_idle (OrfHttpConnection *connection, gint64 lasted_us)
{
  const OrfConfig *config = connection->host->service->policy.config;
  gint64 idle_us = connection->fresh ? config->listen.header_us : config->listen.idle_us;
  gsize unsent_bytes;

  if (lasted_us <= idle_us || orf_http_connection_get_backlog (connection) > 0)
    return FALSE;
  unsent_bytes = orf_unsent_get_bytes (connection->fd);
  connection->unsent_bytes = MAX (connection->unsent_bytes, unsent_bytes);
  return unsent_bytes == 0 || is_overdue (config, lasted_us - idle_us, config->listen.answer_us,
                                          connection->unsent_bytes - unsent_bytes);
}

static void
reset (OrfHttpConnection *connection)
{
  orf_unsent_drop (connection->fd);
  orf_http_connection_give_up (connection);
}

/* Idle since a while: libsoup ends its part of the connection, which goes on without it. */
static void
park (OrfHttpConnection *connection)
{
  if (connection->parking)
    return;
  connection->parking = TRUE;
  orf_http_stream_wake_input (connection->stream);
}

/* Nothing of a request is there, nor of one that came ahead. */
static gboolean
is_between (const OrfHttpConnection *connection)
{
  return orf_http_connection_get_phase (connection) == ORF_HTTP_IDLE && connection->ahead->len == 0;
}

/* Of a request that is not whole yet. */
static void
expire_request (OrfHttpConnection *connection, gint64 lasted_us, gint64 now_us)
{
  const OrfConfig *config = connection->host->service->policy.config;
  gint64 draining_us = connection->host->draining_us;

  if (draining_us > 0 && now_us - draining_us > DRAIN_US) {
    end_request (connection, STATUS_UNAVAILABLE,
                 g_error_new_literal (ORF_ERROR, ORF_ERROR_UNAVAILABLE,
                                      "the server is shutting down"));
  } else if (orf_http_connection_get_phase (connection) == ORF_HTTP_HEAD &&
             lasted_us > config->listen.header_us) {
    time_out (connection, "the request's head took longer than listen.header_us");
  } else if (orf_http_connection_get_phase (connection) == ORF_HTTP_BODY &&
             is_overdue (config, lasted_us, config->listen.body_us,
                         orf_http_framing_get_body_bytes (connection->framing))) {
    time_out (connection, "the request's body took longer than listen.body_us, and was slower than "
                          "listen.min_bytes_per_s");
  }
}

void
orf_http_connection_expire (OrfHttpConnection *connection, gint64 now_us)
{
  gint64 lasted_us = now_us - connection->since_us;

  if (connection->lingering && lasted_us > LINGER_US &&
      orf_http_connection_get_backlog (connection) == 0)
    orf_http_connection_free (connection);
  else if (is_unread (connection, now_us))
    reset (connection);
  else if (connection->lingering || connection->closing || connection->broken)
    return;
  else if (!is_between (connection))
    expire_request (connection, lasted_us, now_us);
  else if (is_idle (connection, lasted_us))
    reset (connection);
  else if (connection->stream != NULL && lasted_us > PARK_US &&
           orf_http_connection_get_backlog (connection) == 0)
    park (connection);
}

void
orf_http_connection_drain (OrfHttpConnection *connection)
{
  if (connection->lingering || !is_between (connection))
    return;
  if (orf_http_connection_get_backlog (connection) == 0) {
    orf_http_connection_give_up (connection);
  } else {
    connection->closing = TRUE;
    orf_http_connection_wake (connection);
  }
}
