/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/orf-probe-log.h"

#include <errno.h>
#include <unistd.h>

#include <glib-unix.h>

#include "core/orf-clock.h"

/* Enough for a driver's complaint with its stack; what repeats is not worth more. */
#define WINDOW_US      (10 * ORF_US_PER_S)
#define LINES_A_WINDOW 20
#define BYTES_A_WINDOW (1024 * 1024)
#define MAX_LINE_BYTES 1024 /* the rest of a longer line is cut */

struct _OrfProbeLog {
  char *backend;
  int fd;
  GSource *source;
  void (*flooded) (gpointer user_data);
  gpointer user_data;
  GString *line;
  gint64 window_us; /* its start, monotonic */
  guint lines;      /* passed on in this window */
  guint dropped;
  gsize bytes;
};

static void
tell_dropped (OrfProbeLog *log)
{
  if (log->dropped > 0)
    g_message ("%s probe: %u further lines left out", log->backend, log->dropped);
  log->dropped = 0;
}

static void
turn_window (OrfProbeLog *log)
{
  gint64 now_us = orf_clock_monotonic_us ();

  if (now_us - log->window_us < WINDOW_US)
    return;

  tell_dropped (log);
  log->window_us = now_us;
  log->lines = 0;
  log->bytes = 0;
}

static void
pass_line (OrfProbeLog *log)
{
  g_autofree char *text = NULL;

  if (log->line->len == 0)
    return;

  if (log->lines >= LINES_A_WINDOW) {
    log->dropped++;
  } else {
    text = g_utf8_make_valid (log->line->str, (gssize) log->line->len);
    g_message ("%s probe: %s", log->backend, text);
    log->lines++;
  }
  g_string_truncate (log->line, 0);
}

static void
take (OrfProbeLog *log, const char *data, gsize length)
{
  for (gsize i = 0; i < length; i++) {
    char c = data[i];

    if (c == '\n')
      pass_line (log);
    else if (log->line->len < MAX_LINE_BYTES)
      g_string_append_c (log->line, g_ascii_iscntrl (c) ? ' ' : c); /* no escapes on terminals */
  }
}

/* FALSE: the end. */
static gboolean
read_some (OrfProbeLog *log)
{
  char buffer[4096];
  gssize n = read (log->fd, buffer, sizeof buffer);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return TRUE;
  if (n <= 0)
    return FALSE;

  turn_window (log);
  take (log, buffer, (gsize) n);
  log->bytes += (gsize) n;
  return TRUE;
}

static gboolean
readable_cb (gint fd, GIOCondition condition, gpointer user_data)
{
  OrfProbeLog *log = user_data;

  if (!read_some (log))
    return G_SOURCE_REMOVE;
  if (log->bytes <= BYTES_A_WINDOW)
    return G_SOURCE_CONTINUE;

  log->flooded (log->user_data);
  return G_SOURCE_REMOVE;
}

OrfProbeLog *
orf_probe_log_new (const char *backend,
                   int fd,
                   GMainContext *context,
                   void (*flooded) (gpointer user_data),
                   gpointer user_data)
{
  OrfProbeLog *log = g_new0 (OrfProbeLog, 1);

  log->backend = g_strdup (backend);
  log->fd = fd;
  log->flooded = flooded;
  log->user_data = user_data;
  log->line = g_string_new (NULL);
  log->window_us = orf_clock_monotonic_us ();
  log->source = g_unix_fd_source_new (fd, G_IO_IN | G_IO_HUP | G_IO_ERR);
  g_source_set_priority (log->source, G_PRIORITY_LOW);
  g_source_set_callback (log->source, G_SOURCE_FUNC (readable_cb), log, NULL);
  g_source_attach (log->source, context);
  return log;
}

void
orf_probe_log_free (OrfProbeLog *log)
{
  if (!log)
    return;

  /* The last words are the ones that matter; a pipe holds no more than 64 KiB of them. */
  for (guint i = 0; i < 16 && read_some (log); i++)
    continue;
  pass_line (log);
  tell_dropped (log);
  g_source_destroy (log->source);
  g_source_unref (log->source);
  close (log->fd);
  g_string_free (log->line, TRUE);
  g_free (log->backend);
  g_free (log);
}
