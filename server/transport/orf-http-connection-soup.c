/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libsoup reads and writes.  It gets the head of a request only when the request is whole, and
 * the next one only when it has written the answer and waits again.
 */
#include "transport/orf-http-connection-private.h"

#include <errno.h>
#include <string.h>

#include "core/orf-clock.h"

static const char farewell[] = "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n";

gboolean
orf_http_connection_has_input (const OrfHttpConnection *connection)
{
  gsize length;

  if (orf_http_connection_is_over (connection) || connection->parking)
    return TRUE;
  orf_http_framing_get_head (connection->framing, &length);
  return orf_http_connection_get_phase (connection) == ORF_HTTP_COMPLETE &&
         connection->head_given < length;
}

static gssize
give (const char *text, gsize text_length, gsize *given, void *buffer, gsize length)
{
  gsize n = MIN (length, text_length - *given);

  memcpy (buffer, text + *given, n);
  *given += n;
  return (gssize) n;
}

static gssize
read_cb (gpointer owner, void *buffer, gsize length)
{
  OrfHttpConnection *connection = owner;
  const char *head;
  gsize head_length;

  if (orf_http_connection_get_phase (connection) < ORF_HTTP_COMPLETE)
    orf_http_connection_fill (connection);
  if (orf_http_connection_is_over (connection) || connection->parking)
    return give (farewell, sizeof farewell - 1, &connection->farewell_given, buffer, length);
  if (!orf_http_connection_has_input (connection)) {
    errno = EAGAIN;
    return -1;
  }
  head = orf_http_framing_get_head (connection->framing, &head_length);
  return give (head, head_length, &connection->head_given, buffer, length);
}

/* An answer begins with its head, whole.  The guards go in behind its first line: six headers more
 * in libsoup's tables cost 6 % of the rate, a copy of their text nothing, and none of its own
 * answers goes without. */
static void
add_head (OrfHttpConnection *connection, const char *head, gsize length)
{
  const char *end = memchr (head, '\n', length);
  gsize line = end != NULL ? (gsize) (end + 1 - head) : length;

  orf_http_outbox_add (connection->out, head, line);
  orf_http_outbox_add (connection->out, orf_http_policy_guards, orf_http_policy_guards_length);
  orf_http_outbox_add (connection->out, head + line, length - line);
  connection->guarded = TRUE;
}

static gssize
write_cb (gpointer owner, const void *data, gsize length)
{
  OrfHttpConnection *connection = owner;
  gsize n;

  if (orf_http_connection_get_backlog (connection) >= ORF_HTTP_BACKLOG_BYTES)
    orf_http_connection_flush (connection);
  if (connection->broken || connection->farewell_given > 0) {
    errno = EPIPE;
    return -1;
  }
  if (orf_http_connection_get_backlog (connection) >= ORF_HTTP_BACKLOG_BYTES) {
    errno = EAGAIN;
    return -1;
  }
  if (!connection->guarded) {
    add_head (connection, data, length);
    return (gssize) length;
  }
  n = MIN (length, ORF_HTTP_BACKLOG_BYTES - orf_http_connection_get_backlog (connection));
  orf_http_outbox_add (connection->out, data, n);
  orf_http_connection_count_memory (connection);
  return (gssize) n;
}

void
orf_http_connection_finish_request (OrfHttpConnection *connection)
{
  g_clear_pointer (&connection->request, orf_http_request_free);
  orf_http_framing_next (connection->framing);
  connection->head_given = connection->unsent_bytes = 0;
  connection->fresh = connection->guarded = FALSE;
  connection->since_us = orf_clock_monotonic_us ();
  orf_http_connection_count_memory (connection);
  if (connection->host->service->draining && connection->ahead->len == 0)
    connection->closing = TRUE;
}

static gboolean
await_input_cb (gpointer owner)
{
  OrfHttpConnection *connection = owner;
  gboolean next = orf_http_connection_get_phase (connection) == ORF_HTTP_COMPLETE &&
                  !orf_http_connection_has_input (connection);

  if (next)
    orf_http_connection_finish_request (connection);
  orf_http_connection_flush (connection);
  if (next && connection->ahead->len > 0) { /* others first, who have asked for nothing yet */
    orf_watch_yield (connection->watch, ORF_POLL_IN);
    return FALSE;
  }
  orf_http_connection_fill (connection);
  return orf_http_connection_has_input (connection);
}

static gboolean
await_output_cb (gpointer owner)
{
  OrfHttpConnection *connection = owner;

  orf_http_connection_flush (connection);
  return connection->broken ||
         orf_http_connection_get_backlog (connection) < ORF_HTTP_BACKLOG_BYTES;
}

/* libsoup is through with the connection. */
static void
close_cb (gpointer owner)
{
  OrfHttpConnection *connection = owner;

  g_clear_object (&connection->stream);
  g_clear_pointer (&connection->request, orf_http_request_free);
  if (!connection->parking || orf_http_connection_is_over (connection)) {
    orf_http_connection_begin_to_linger (connection);
    return;
  }
  connection->parking = FALSE;
  connection->farewell_given = 0;
  orf_http_connection_count_memory (connection);
  /* what came meanwhile is looked at in a later turn: libsoup is above us on the stack */
  orf_watch_again (connection->watch, ORF_POLL_IN);
}

const OrfHttpStreamOps orf_http_connection_stream_ops = {
  .read = read_cb,
  .write = write_cb,
  .await_input = await_input_cb,
  .await_output = await_output_cb,
  .close = close_cb,
};
