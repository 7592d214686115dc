/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two pipes of pointers, each an owned thing that goes over with it: news from the thread, alerts
 * to acknowledge to it.  The end of the second one ends the thread.  All else is the one's or the
 * other's: the connection, and what is due are the thread's.
 */
#include "orf-ctl-feeder.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "orf-decode.h"
#include "orf-error.h"
#include "orf-json.h"

/* A read takes milliseconds; past this the daemon hangs, and that is what is shown. */
#define PATIENCE_US (2 * (gint64) G_USEC_PER_SEC)
/* How often a daemon that is gone is looked for. */
#define RETRY_US ((gint64) G_USEC_PER_SEC)

enum { READ, WRITE };

struct _OrfCtlFeeder {
  OrfCtlTarget target;
  int news[2];
  int commands[2];
  pthread_t thread;
  /* the thread's */
  OrfCtlConnection *connection;
  gint64 due_us[ORF_CTL_N_FEEDS]; /* monotonic */
};

void
orf_ctl_news_free (OrfCtlNews *news)
{
  if (news == NULL)
    return;
  if (news->result != NULL)
    orf_struct_free (orf_methods[orf_ctl_feeds[news->feed].method].result, news->result);
  g_free (news->text);
  g_free (news);
}

/* ---- the pipes ------------------------------------------------------------------------------- */

/* Eight bytes are written whole, or not. */
static gboolean
send_pointer (int fd, gpointer pointer)
{
  ssize_t n;

  do
    n = write (fd, &pointer, sizeof pointer);
  while (n < 0 && errno == EINTR);
  return n == sizeof pointer;
}

/* FALSE: there is none; *ended: and never will be. */
static gboolean
receive_pointer (int fd, gpointer *pointer, gboolean *ended)
{
  ssize_t n;

  do
    n = read (fd, pointer, sizeof *pointer);
  while (n < 0 && errno == EINTR);
  *ended = n == 0;
  return n == sizeof *pointer;
}

/* Takes result and text. */
static void
tell (OrfCtlFeeder *feeder, OrfCtlNewsKind kind, OrfCtlFeed feed, gpointer result, char *text)
{
  OrfCtlNews *news = g_new0 (OrfCtlNews, 1);

  *news = (OrfCtlNews){ kind, feed, result, text };
  if (!send_pointer (feeder->news[WRITE], news))
    orf_ctl_news_free (news);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static char *
make_params (const OrfCtlFeedRow *row)
{
  if (row->last_us == 0)
    return g_strdup (row->params);
  return g_strdup_printf ("{\"from_us\":%" G_GINT64_FORMAT "}", g_get_real_time () - row->last_us);
}

static gboolean
is_loss (OrfCtlExit verdict)
{
  return verdict == ORF_CTL_NO_CONNECTION || verdict == ORF_CTL_DEADLINE;
}

/* FALSE: the connection is lost. */
static gboolean
call (OrfCtlFeeder *feeder, OrfMethodId method, const char *params, char **text, GError **error)
{
  OrfCtlAsk ask = { .method = orf_methods[method].name,
                    .params = params,
                    .deadline_us = g_get_monotonic_time () + PATIENCE_US };
  OrfCtlExit verdict = orf_ctl_connection_call (feeder->connection, &ask, text, error);

  if (!is_loss (verdict))
    return TRUE;
  g_clear_pointer (&feeder->connection, orf_ctl_connection_close);
  tell (feeder, ORF_CTL_NEWS_LOST, 0, NULL, g_strdup ((*error)->message));
  return FALSE;
}

/* FALSE: the connection is lost. */
static gboolean
ask_feed (OrfCtlFeeder *feeder, OrfCtlFeed feed)
{
  const OrfCtlFeedRow *row = &orf_ctl_feeds[feed];
  g_autofree char *params = make_params (row);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  gpointer result = NULL;

  if (!call (feeder, row->method, params, &text, &error))
    return FALSE;
  if (text != NULL)
    result = orf_decode_text (orf_methods[row->method].result, text, strlen (text),
                              ORF_DECODE_LENIENT, &error);
  if (result != NULL)
    tell (feeder, ORF_CTL_NEWS_RESULT, feed, result, NULL);
  else
    tell (feeder, ORF_CTL_NEWS_REFUSED, feed, NULL, g_strdup (error->message));
  return TRUE;
}

static gboolean
acknowledge (OrfCtlFeeder *feeder, const char *alert)
{
  g_autoptr (json_t) params = json_pack ("{s:s}", "id", alert);
  g_autofree char *params_text = orf_json_dump (params);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  if (!call (feeder, ORF_METHOD_ALERTS_ACKNOWLEDGE, params_text, &text, &error))
    return FALSE;
  tell (feeder, ORF_CTL_NEWS_DONE, 0, NULL,
        error != NULL ? g_strdup (error->message) : g_strconcat (alert, ": acknowledged", NULL));
  return ask_feed (feeder, ORF_CTL_FEED_ALERTS);
}

/* ---- the thread ------------------------------------------------------------------------------ */

static gboolean
connect_once (OrfCtlFeeder *feeder)
{
  g_autoptr (GError) error = NULL;

  if (feeder->connection != NULL)
    return TRUE;
  if (orf_ctl_connection_open (&feeder->target, g_get_monotonic_time () + PATIENCE_US,
                               &feeder->connection, &error) == ORF_CTL_DONE) {
    memset (feeder->due_us, 0, sizeof feeder->due_us); /* all of it may have changed */
    return TRUE;
  }
  tell (feeder, ORF_CTL_NEWS_LOST, 0, NULL, g_strdup (error->message));
  return FALSE;
}

/* What is due; returns when the next is. */
static gint64
ask_what_is_due (OrfCtlFeeder *feeder)
{
  gint64 next_us = G_MAXINT64;

  if (!connect_once (feeder))
    return g_get_monotonic_time () + RETRY_US;
  for (guint i = 0; i < ORF_CTL_N_FEEDS; i++) {
    gint64 now_us = g_get_monotonic_time ();

    if (now_us >= feeder->due_us[i]) {
      feeder->due_us[i] = now_us + orf_ctl_feeds[i].every_us;
      if (!ask_feed (feeder, i))
        return now_us + RETRY_US;
    }
    next_us = MIN (next_us, feeder->due_us[i]);
  }
  return next_us;
}

/* Until then, or a command; FALSE: the end. */
static gboolean
wait_until (OrfCtlFeeder *feeder, gint64 until_us)
{
  struct pollfd wait = { .fd = feeder->commands[READ], .events = POLLIN };
  gboolean ended = FALSE;
  gpointer alert;

  if (poll (&wait, 1, orf_ctl_poll_timeout_ms (until_us)) <= 0)
    return TRUE;
  if (receive_pointer (feeder->commands[READ], &alert, &ended)) {
    if (feeder->connection != NULL)
      acknowledge (feeder, alert);
    else
      tell (feeder, ORF_CTL_NEWS_DONE, 0, NULL, g_strdup ("not acknowledged: no connection"));
    g_free (alert);
  }
  return !ended;
}

static void *
run_thread_cb (void *data)
{
  OrfCtlFeeder *feeder = data;

  while (wait_until (feeder, ask_what_is_due (feeder)))
    ;
  orf_ctl_connection_close (feeder->connection);
  return NULL;
}

/* ---- the other side -------------------------------------------------------------------------- */

static void
close_pipes (OrfCtlFeeder *feeder)
{
  close (feeder->news[READ]);
  close (feeder->news[WRITE]);
  close (feeder->commands[READ]);
}

OrfCtlFeeder *
orf_ctl_feeder_new (const OrfCtlTarget *target, GError **error)
{
  g_autofree OrfCtlFeeder *feeder = g_new0 (OrfCtlFeeder, 1);
  int code;

  feeder->target = *target;
  if (!g_unix_open_pipe (feeder->news, FD_CLOEXEC, error))
    return NULL;
  if (!g_unix_open_pipe (feeder->commands, FD_CLOEXEC, error)) {
    close (feeder->news[READ]);
    close (feeder->news[WRITE]);
    return NULL;
  }
  fcntl (feeder->news[READ], F_SETFL, O_NONBLOCK);
  code = pthread_create (&feeder->thread, NULL, run_thread_cb, feeder);
  if (code != 0) {
    close_pipes (feeder);
    close (feeder->commands[WRITE]);
    g_set_error (error, ORF_ERROR, ORF_ERROR_INTERNAL, "no thread: %s", g_strerror (code));
    return NULL;
  }
  return g_steal_pointer (&feeder);
}

void
orf_ctl_feeder_free (OrfCtlFeeder *feeder)
{
  OrfCtlNews *news;

  if (feeder == NULL)
    return;
  close (feeder->commands[WRITE]);
  pthread_join (feeder->thread, NULL);
  while ((news = orf_ctl_feeder_read (feeder)) != NULL)
    orf_ctl_news_free (news);
  close_pipes (feeder);
  g_free (feeder);
}

int
orf_ctl_feeder_get_fd (const OrfCtlFeeder *feeder)
{
  return feeder->news[READ];
}

OrfCtlNews *
orf_ctl_feeder_read (OrfCtlFeeder *feeder)
{
  gpointer news = NULL;
  gboolean ended;

  return receive_pointer (feeder->news[READ], &news, &ended) ? news : NULL;
}

void
orf_ctl_feeder_acknowledge (OrfCtlFeeder *feeder, const char *alert)
{
  char *owned = g_strdup (alert);

  if (!send_pointer (feeder->commands[WRITE], owned))
    g_free (owned);
}
