/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guard on the way in. */
#include "transport/orf-http-connection-private.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "core/orf-clock.h"
#include "orf-error.h"
#include "rpc/orf-rest.h"
#include "transport/orf-http-own-answer.h"
#include "transport/orf-http-shed.h"

#define STATUS_TOO_LARGE   413
#define STATUS_UNAVAILABLE 503

/* Of one connection, before the others have their turn: chunks of a byte each take 10 ns a byte to
 * be read. */
#define TURN_BYTES 16384
/* Of pipelined requests, while one is being answered: read only to see the end of the connection.
 */
#define AHEAD_BYTES 65536

/* For want of room, or too slow, with its head read: an upload's answer has a form of its own. */
static gboolean
make_upload_answer (OrfHttpConnection *connection, const GError *error, OrfHttpPage *page)
{
  g_autofree char *sent_type = NULL;

  if (orf_http_connection_get_phase (connection) != ORF_HTTP_BODY &&
      page->status != STATUS_TOO_LARGE)
    return FALSE;
  sent_type = orf_http_framing_dup_field (connection->framing, "Content-Type");
  return orf_http_page_refuse_upload (connection->host->service,
                                      orf_http_framing_get_target (connection->framing), sent_type,
                                      error, page);
}

void
orf_http_connection_refuse (OrfHttpConnection *connection, int status, const GError *error)
{
  OrfHttpPage page = { .status = status,
                       .content_type = "application/json",
                       .retry_after_ms = orf_error_get_retry_after_ms (error) };
  g_autofree char *body = NULL;

  if (!make_upload_answer (connection, error, &page))
    page.body = body = orf_rest_error_body (error, &page.length);
  orf_http_own_answer_add (
    &(OrfHttpOwnAnswer){
      .status = status,
      .content_type = page.content_type,
      .body = page.body,
      .length = page.length,
      .retry_after_ms = page.retry_after_ms,
      .closes = TRUE,
    },
    connection->out);
  connection->closing = TRUE;
  /* what came of it is of no use any more */
  orf_http_framing_give_up (connection->framing);
  orf_http_connection_flush (connection);
}

/* Of a request that is none, or too large. */
static void
refuse_form (OrfHttpConnection *connection, const OrfHttpRefusal *refusal)
{
  OrfErrorCode code = refusal->status == STATUS_TOO_LARGE ? ORF_ERROR_RESOURCE_EXHAUSTED
                                                          : ORF_ERROR_INVALID_REQUEST;
  g_autoptr (GError) error = g_error_new_literal (ORF_ERROR, (int) code, refusal->reason);

  orf_http_connection_refuse (connection, refusal->status, error);
}

static void
look_at_phase (OrfHttpConnection *connection, OrfHttpPhase before)
{
  static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
  OrfHttpPhase phase = orf_http_connection_get_phase (connection);
  const OrfHttpRefusal *refusal = orf_http_framing_get_refusal (connection->framing);

  if (refusal != NULL && !connection->closing)
    refuse_form (connection, refusal);
  if (orf_http_framing_take_continue (connection->framing)) {
    orf_http_outbox_add (connection->out, interim, sizeof interim - 1);
    orf_http_connection_flush (connection);
  }
  /* the time for the first head runs from accept, that for later ones from their first byte */
  if (phase != before && phase < ORF_HTTP_COMPLETE &&
      !(connection->fresh && phase == ORF_HTTP_HEAD))
    connection->since_us = orf_clock_monotonic_us ();
}

/* How much of it belongs to the request at hand. */
static gsize
feed (OrfHttpConnection *connection, const char *data, gsize length)
{
  const OrfConfig *config = connection->host->service->policy.config;
  const OrfHttpFramingLimits limits = { (gsize) config->listen.max_header_bytes,
                                        (gsize) config->listen.max_body_bytes,
                                        (gsize) config->otlp.max_body_bytes };
  OrfHttpPhase before = orf_http_connection_get_phase (connection);
  gsize taken = orf_http_framing_feed (connection->framing, &limits, data, length);

  look_at_phase (connection, before);
  return taken;
}

static void
take (OrfHttpConnection *connection, const char *data, gsize length)
{
  gsize taken = 0;

  if (orf_http_connection_get_phase (connection) < ORF_HTTP_COMPLETE)
    taken = feed (connection, data, length);
  if (taken < length && orf_http_connection_get_phase (connection) == ORF_HTTP_COMPLETE)
    g_byte_array_append (connection->ahead, (const guint8 *) data + taken,
                         (guint) (length - taken));
}

static void
take_ahead (OrfHttpConnection *connection)
{
  gsize taken;

  if (connection->ahead->len == 0 ||
      orf_http_connection_get_phase (connection) >= ORF_HTTP_COMPLETE)
    return;
  taken = feed (connection, (const char *) connection->ahead->data, connection->ahead->len);
  g_byte_array_remove_range (connection->ahead, 0, (guint) taken);
}

/* What would only wait is refused, and the next one taken. */
static void
shed (OrfHttpConnection *connection)
{
  gboolean any = FALSE;

  while (orf_http_connection_get_phase (connection) == ORF_HTTP_COMPLETE &&
         connection->request == NULL && connection->head_given == 0 && !connection->closing &&
         orf_http_connection_get_backlog (connection) < ORF_HTTP_BACKLOG_BYTES &&
         orf_http_shed (connection->host->service, connection->framing, connection->out)) {
    any = TRUE;
    orf_http_connection_finish_request (connection);
    take_ahead (connection);
  }
  if (any)
    orf_http_connection_flush (connection);
}

static gboolean
wants_input (const OrfHttpConnection *connection)
{
  if (connection->broken || connection->ended || connection->closing || !connection->readable)
    return FALSE;
  if (orf_http_connection_get_phase (connection) < ORF_HTTP_COMPLETE)
    return TRUE;
  /* only to see whether the client is still there */
  return connection->request != NULL && !orf_http_request_is_answered (connection->request) &&
         connection->ahead->len < AHEAD_BYTES;
}

/* A body that is more than small gives way where bodies and answers pile up. */
static void
check_room (OrfHttpConnection *connection)
{
  g_autoptr (GError) error = NULL;

  orf_http_connection_count_memory (connection);
  if (orf_http_connection_get_phase (connection) != ORF_HTTP_BODY || connection->closing ||
      orf_http_framing_get_size_bytes (connection->framing) <= ORF_MEMORY_SMALL_BYTES ||
      orf_memory_check_part (orf_http_connection_get_memory (connection), ORF_MEMORY_CONNECTIONS,
                             &error))
    return;
  orf_http_connection_refuse (connection, STATUS_UNAVAILABLE, error);
  orf_http_connection_count_memory (connection);
}

void
orf_http_connection_fill (OrfHttpConnection *connection)
{
  char buffer[TURN_BYTES];
  gsize share = 0;

  take_ahead (connection);
  shed (connection);
  while (wants_input (connection) && share < TURN_BYTES) {
    gssize n = recv (connection->fd, buffer, sizeof buffer, 0);

    if (n > 0) {
      share += (gsize) n;
      take (connection, buffer, (gsize) n);
      check_room (connection);
      shed (connection);
    } else if (n == 0) {
      connection->ended = TRUE;
    } else if (errno == EAGAIN) {
      connection->readable = FALSE;
    } else if (errno != EINTR) {
      connection->broken = TRUE;
    }
  }
  if (wants_input (connection))
    orf_watch_again (connection->watch, ORF_POLL_IN);
}
