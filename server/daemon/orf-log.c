/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/orf-log.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "core/orf-clock.h"

#define N_LEVELS 4
/* Of one message: what quotes a caller may be long.  With what stands before it a line is no more
 * than a pipe takes as a whole. */
#define MAX_MESSAGE_BYTES 4000
G_STATIC_ASSERT (MAX_MESSAGE_BYTES + 64 <= PIPE_BUF);

/* Every thread logs; lock protects the window and both settings. */
static struct {
  pthread_mutex_t lock;
  int level; /* index of [log] level's values */
  gint64 max_per_s;
  gint64 window_us; /* monotonic begin of the current second */
  gint64 n_in_window[N_LEVELS];
  gint64 n_left_out;
} state = { .lock = PTHREAD_MUTEX_INITIALIZER, .level = 2, .max_per_s = 20 };

/* lock: one line at a time, so that who has room for one is not before another. */
static struct {
  pthread_mutex_t lock;
  guint n_unread; /* lines that there was no room for */
} out = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int
to_level (GLogLevelFlags flags)
{
  if (flags & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
    return 0;
  if (flags & G_LOG_LEVEL_WARNING)
    return 1;
  return flags & (G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO) ? 2 : 3;
}

/* FALSE: not to be written.  *n_left_out: what the second before kept back, to be told now. */
static gboolean
admit (GLogLevelFlags flags, gint64 *n_left_out)
{
  gint64 now_us = orf_clock_monotonic_us ();
  gboolean admitted = FALSE;
  int level = to_level (flags);

  *n_left_out = 0;
  pthread_mutex_lock (&state.lock);
  if (level <= state.level) {
    if (now_us - state.window_us >= ORF_US_PER_S) {
      *n_left_out = state.n_left_out;
      state.window_us = now_us;
      memset (state.n_in_window, 0, sizeof state.n_in_window);
      state.n_left_out = 0;
    }
    /* what ends the process is told in any case */
    admitted = state.n_in_window[level]++ < state.max_per_s || (flags & G_LOG_LEVEL_ERROR) != 0;
    state.n_left_out += !admitted;
  }
  pthread_mutex_unlock (&state.lock);
  return admitted;
}

static const char *
find_field (const GLogField *fields, gsize n_fields, const char *key)
{
  for (gsize i = 0; i < n_fields; i++)
    if (strcmp (fields[i].key, key) == 0 && fields[i].length < 0)
      return fields[i].value;
  return NULL;
}

/* On one line and bounded, whatever a message quotes; UTF-8, else journalctl would not show it. */
static char *
dup_plain (const char *message)
{
  char *plain = g_utf8_make_valid (message, (gssize) strnlen (message, MAX_MESSAGE_BYTES));

  /* each byte that is none was made three */
  if (strlen (plain) > MAX_MESSAGE_BYTES)
    *g_utf8_find_prev_char (plain, plain + MAX_MESSAGE_BYTES + 1) = '\0';
  for (char *at = plain; *at != '\0'; at++)
    if (g_ascii_iscntrl (*at))
      *at = ' ';
  return plain;
}

static void
write_now (GLogLevelFlags flags, const char *plain)
{
  static const char *const names[N_LEVELS] = { "error", "warning", "info", "debug" };
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%Y-%m-%dT%H:%M:%S");
  g_autofree char *line = g_strdup_printf ("%s.%03dZ %s: %s\n", time,
                                           g_date_time_get_microsecond (now) / 1000,
                                           names[to_level (flags)], plain);

  /* nobody to tell if it fails */
  if (write (STDERR_FILENO, line, strlen (line)) < 0)
    return;
}

/* A pipe or a terminal that nobody reads holds nobody up.  But what ends the process is waited for.
 */
static gboolean
may_write (GLogLevelFlags flags)
{
  struct pollfd at = { .fd = STDERR_FILENO, .events = POLLOUT };

  return (flags & G_LOG_LEVEL_ERROR) != 0 || poll (&at, 1, 0) != 0;
}

/* What there is no room for is counted, and told once there is. */
static void
write_line (GLogLevelFlags flags, const char *plain)
{
  pthread_mutex_lock (&out.lock);
  if (out.n_unread > 0 && may_write (flags)) {
    g_autofree char *text = g_strdup_printf ("%u messages lost: nobody read them", out.n_unread);

    out.n_unread = 0;
    write_now (G_LOG_LEVEL_WARNING, text);
  }
  if (may_write (flags))
    write_now (flags, plain);
  else
    out.n_unread++;
  pthread_mutex_unlock (&out.lock);
}

/* FALSE: standard error does not lead to the journal. */
static gboolean
write_entry (GLogLevelFlags flags, const GLogField *fields, gsize n_fields, const char *plain)
{
  g_autofree GLogField *told = NULL;

  if (!g_log_writer_is_journald (STDERR_FILENO))
    return FALSE;
  told = g_new (GLogField, n_fields);
  for (gsize i = 0; i < n_fields; i++)
    told[i] = strcmp (fields[i].key, "MESSAGE") == 0 ? (GLogField){ "MESSAGE", plain, -1 }
                                                     : fields[i];
  return g_log_writer_journald (flags, told, n_fields, NULL) == G_LOG_WRITER_HANDLED;
}

static GLogWriterOutput
write_log_cb (GLogLevelFlags flags, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  gint64 n_left_out;
  const char *message = find_field (fields, n_fields, "MESSAGE");
  g_autofree char *plain = NULL;

  if (!admit (flags, &n_left_out))
    return G_LOG_WRITER_HANDLED;
  if (n_left_out > 0) {
    g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT
                                             " messages of a second left out ([log] max_per_s)",
                                             n_left_out);

    write_line (G_LOG_LEVEL_WARNING, text);
  }
  plain = dup_plain (message != NULL ? message : "(no message)");
  if (!write_entry (flags, fields, n_fields, plain))
    write_line (flags, plain);
  return G_LOG_WRITER_HANDLED;
}

void
orf_log_install (void)
{
  g_log_set_writer_func (write_log_cb, NULL, NULL);
}

void
orf_log_configure (const OrfConfig *config)
{
  pthread_mutex_lock (&state.lock);
  state.level = (int) config->log.level;
  state.max_per_s = config->log.max_per_s;
  pthread_mutex_unlock (&state.lock);
}
