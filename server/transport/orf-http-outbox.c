/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-http-outbox.h"

#include <errno.h>
#include <sys/socket.h>

#include "core/orf-clock.h"

/* An idle connection keeps no larger buffer. */
#define KEPT_BYTES 65536

struct _OrfHttpOutbox {
  GString *bytes;
  gint64 waiting_us;
  guint64 sent_bytes; /* since then */
};

OrfHttpOutbox *
orf_http_outbox_new (void)
{
  OrfHttpOutbox *outbox = g_new0 (OrfHttpOutbox, 1);

  outbox->bytes = g_string_new (NULL);
  return outbox;
}

void
orf_http_outbox_free (OrfHttpOutbox *outbox)
{
  g_string_free (outbox->bytes, TRUE);
  g_free (outbox);
}

void
orf_http_outbox_add (OrfHttpOutbox *outbox, const char *data, gsize length)
{
  g_string_append_len (outbox->bytes, data, (gssize) length);
}

gsize
orf_http_outbox_get_length (const OrfHttpOutbox *outbox)
{
  return outbox->bytes->len;
}

gsize
orf_http_outbox_get_size_bytes (const OrfHttpOutbox *outbox)
{
  return outbox->bytes->allocated_len;
}

gint64
orf_http_outbox_get_waiting_us (const OrfHttpOutbox *outbox, guint64 *sent_bytes)
{
  *sent_bytes = outbox->sent_bytes;
  return outbox->waiting_us;
}

static void
empty (OrfHttpOutbox *outbox)
{
  outbox->waiting_us = 0;
  outbox->sent_bytes = 0;
  if (outbox->bytes->allocated_len > KEPT_BYTES) {
    g_string_free (outbox->bytes, TRUE);
    outbox->bytes = g_string_new (NULL);
  } else {
    g_string_truncate (outbox->bytes, 0);
  }
}

GString *
orf_http_outbox_steal (OrfHttpOutbox *outbox)
{
  GString *bytes = outbox->bytes;

  outbox->bytes = g_string_new (NULL);
  empty (outbox);
  return bytes;
}

gboolean
orf_http_outbox_flush (OrfHttpOutbox *outbox, int fd)
{
  gsize sent = 0;

  while (sent < outbox->bytes->len) {
    gssize n = send (fd, outbox->bytes->str + sent, outbox->bytes->len - sent, MSG_NOSIGNAL);

    if (n >= 0) {
      sent += (gsize) n;
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      empty (outbox);
      return FALSE;
    }
  }
  if (sent == outbox->bytes->len) {
    empty (outbox);
    return TRUE;
  }
  if (outbox->waiting_us == 0)
    outbox->waiting_us = orf_clock_monotonic_us ();
  else
    outbox->sent_bytes += sent;
  g_string_erase (outbox->bytes, 0, (gssize) sent);
  return TRUE;
}
