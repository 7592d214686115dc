/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpu/orf-probe-child.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib-unix.h>

#include "core/orf-clock.h"
#include "gpu/orf-probe-log.h"
#include "core/orf-process.h"
#include "orf-decode.h"

/*
 * Invariants, all in one main context:
 * - pid >= 0 until we were told of the process's end; a new one is never started before, so one
 * that hangs in the kernel, where even SIGKILL waits, is not joined by a second.
 * - fd >= 0 exactly while we listen to it; give_up() ends that, and nothing is read after it.
 * - pending only while OPERATIONAL; each ask that was taken ends in exactly one `settled`.
 * - one timer, for whatever is waited for: hello, an answer, or the next start.
 */
#define DEFAULT_MAX_LINE_BYTES (1024 * 1024)
#define DEFAULT_MAX_RSS_BYTES  (G_GINT64_CONSTANT (1) << 30)
/* A call that fails that often in a row is cured, if by anything, by loading the driver anew. */
#define MAX_ERRORS  5
#define READ_BYTES  (16 * 1024)
#define ASK         "sample\n"
#define BACKOFF_MIN 0.75 /* of the wait, so that probes of many daemons do not start in step */
#define BACKOFF_MAX 1.25

struct _OrfProbeChild {
  char **argv;
  OrfProbeOptions options; /* its strings are not kept: see argv */
  OrfProbeChildEvents events;
  gpointer user_data;
  GMainContext *context;

  OrfProbeState state;
  char *reason;
  char *cause;       /* why it was given up; NULL: as its end tells */
  char *said;        /* the error that it told before hello */
  char *told;        /* what was last wrong, as it stands in the log */
  gboolean declined; /* its last end was in order, with an error before hello */
  guint restarts;
  guint errors;      /* in a row */
  gint64 backoff_us; /* the next wait */
  gint64 hello_us;   /* monotonic; 0: none in this life */
  gboolean pending;

  pid_t pid;
  int fd;
  GSource *io;
  GSource *watch;
  GSource *timer;
  OrfProbeLog *log;
  GString *line;
  GPtrArray *devices; /* ids that hello named */
};

static void start (OrfProbeChild *child);

static void
clear_source (GSource **source)
{
  if (!*source)
    return;

  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
set_timer (OrfProbeChild *child, gint64 wait_us, GSourceFunc callback)
{
  clear_source (&child->timer);
  child->timer = g_timeout_source_new ((guint) MIN ((wait_us + 999) / 1000, G_MAXINT));
  g_source_set_callback (child->timer, callback, child, NULL);
  g_source_attach (child->timer, child->context);
}

static void
set_state (OrfProbeChild *child, OrfProbeState state, char *reason)
{
  child->state = state;
  g_free (child->reason);
  child->reason = reason;
}

static void
settle (OrfProbeChild *child)
{
  if (!child->pending)
    return;

  child->pending = FALSE;
  clear_source (&child->timer);
  child->events.settled (child->user_data);
}

static void
stop_listening (OrfProbeChild *child)
{
  clear_source (&child->io);
  clear_source (&child->timer);
  g_clear_pointer (&child->log, orf_probe_log_free);
  g_string_truncate (child->line, 0);
  if (child->fd >= 0)
    close (child->fd);
  child->fd = -1;
}

/* Takes cause; NULL leaves it to how the process ends. */
static void
give_up (OrfProbeChild *child, char *cause)
{
  gboolean was_operational = child->state == ORF_PROBE_OPERATIONAL;

  stop_listening (child);
  g_free (child->cause);
  child->cause = cause;
  set_state (child, ORF_PROBE_UNAVAILABLE,
             g_strdup_printf ("the %s probe %s; waiting for it to end", child->options.backend,
                              cause ? cause : "closed its output"));
  if (child->pid >= 0)
    kill (-child->pid, SIGKILL);
  if (was_operational)
    child->events.lost (child->user_data);
  settle (child);
}

static gboolean
start_cb (gpointer user_data)
{
  OrfProbeChild *child = user_data;

  child->restarts++;
  set_state (child, ORF_PROBE_UNAVAILABLE,
             g_strdup_printf ("the %s probe %s; it is being started again", child->options.backend,
                              child->told));
  start (child);
  return G_SOURCE_REMOVE;
}

/* A backend that has told in order why it cannot work will not be able to a second later. */
static gint64
next_wait_us (OrfProbeChild *child)
{
  gint64 wait_us = child->backoff_us;
  gint64 max_us = child->options.backoff_max_us;

  if (child->said && !child->hello_us)
    wait_us = max_us;
  else if (child->hello_us && orf_clock_monotonic_us () - child->hello_us >= max_us)
    wait_us = child->options.backoff_us;
  child->backoff_us = MIN (wait_us * 2, max_us);

  return (gint64) ((double) wait_us * g_random_double_range (BACKOFF_MIN, BACKOFF_MAX));
}

/* cause: "did not answer within 2 s and was killed" */
static void
wait_for_start (OrfProbeChild *child, const char *cause)
{
  gint64 wait_us = next_wait_us (child);

  set_state (child, ORF_PROBE_UNAVAILABLE,
             g_strdup_printf ("the %s probe %s; next try in %.3g s", child->options.backend, cause,
                              (double) wait_us / ORF_US_PER_S));
  if (g_strcmp0 (cause, child->told) != 0) { /* else each try would fill the log */
    g_message ("%s", child->reason);
    g_free (child->told);
    child->told = g_strdup (cause);
  }
  set_timer (child, wait_us, start_cb);
}

static void
ended_cb (GPid pid, gint wait_status, gpointer user_data)
{
  OrfProbeChild *child = user_data;
  g_autofree char *end = orf_process_describe_end (wait_status);

  child->pid = -1;
  clear_source (&child->watch);
  if (child->fd >= 0)
    give_up (child, NULL);

  child->declined = child->said && !child->cause && !child->hello_us;
  if (child->cause)
    wait_for_start (child, child->cause);
  else if (child->said)
    wait_for_start (child, child->said);
  else
    wait_for_start (child, end);
}

static gboolean
silent_cb (gpointer user_data)
{
  OrfProbeChild *child = user_data;
  gboolean started = child->state == ORF_PROBE_OPERATIONAL;
  gint64 limit_us = started ? child->options.timeout_us : child->options.start_timeout_us;

  give_up (child,
           g_strdup_printf ("did not %s within %.3g s and was killed",
                            started ? "answer" : "come up", (double) limit_us / ORF_US_PER_S));
  return G_SOURCE_REMOVE;
}

static gboolean
is_device (OrfProbeChild *child, const char *device)
{
  for (guint i = 0; i < child->devices->len; i++) {
    if (g_str_equal (g_ptr_array_index (child->devices, i), device))
      return TRUE;
  }

  return FALSE;
}

static void
take_hello (OrfProbeChild *child, const OrfProbeHello *hello)
{
  if (child->state == ORF_PROBE_OPERATIONAL) {
    give_up (child, g_strdup ("said hello twice and was killed"));
    return;
  }

  g_ptr_array_set_size (child->devices, 0);
  for (guint i = 0; i < hello->devices->len; i++) {
    const OrfProbeDevice *device = g_ptr_array_index (hello->devices, i);

    if (is_device (child, device->device)) {
      give_up (child, g_strdup_printf ("named device %s twice and was killed", device->device));
      return;
    }
    g_ptr_array_add (child->devices, g_strdup (device->device));
  }

  clear_source (&child->timer);
  child->declined = FALSE;
  child->hello_us = orf_clock_monotonic_us ();
  child->errors = 0;
  if (child->told)
    g_message ("the %s probe is back", child->options.backend);
  g_clear_pointer (&child->told, g_free);
  set_state (child, ORF_PROBE_OPERATIONAL, NULL);
  child->events.hello (child->user_data, hello);
}

static gboolean
is_sound (OrfProbeChild *child, const OrfProbeSample *sample)
{
  gint64 rss_bytes = orf_probe_child_get_rss_bytes (child);

  for (guint i = 0; i < sample->devices->len; i++) {
    const OrfProbeDeviceSample *device = g_ptr_array_index (sample->devices, i);

    if (!is_device (child, device->device)) {
      give_up (child, g_strdup_printf ("told of a device %s that it had not named and was killed",
                                       device->device));
      return FALSE;
    }
  }

  if (rss_bytes > child->options.max_rss_bytes) {
    give_up (child, g_strdup_printf ("grew to %" G_GINT64_FORMAT " MiB of memory and was killed",
                                     rss_bytes >> 20));
    return FALSE;
  }

  return TRUE;
}

static void
take_sample (OrfProbeChild *child, const OrfProbeSample *sample)
{
  if (!child->pending) {
    give_up (child, g_strdup ("spoke without being asked and was killed"));
    return;
  }
  if (!is_sound (child, sample))
    return;

  child->errors = 0;
  child->events.sample (child->user_data, sample);
  settle (child);
}

static void
take_error (OrfProbeChild *child, const char *text)
{
  if (child->state != ORF_PROBE_OPERATIONAL) {
    g_free (child->said);
    child->said = g_strdup_printf ("cannot work: %s", text);
    return;
  }
  if (!child->pending) {
    give_up (child, g_strdup ("spoke without being asked and was killed"));
    return;
  }
  if (++child->errors >= MAX_ERRORS) {
    give_up (child,
             g_strdup_printf ("failed %u times in a row (%s) and was killed", child->errors, text));
    return;
  }

  /* The first of a row; the last of it is in the reason above. */
  if (child->errors == 1)
    g_message ("%s probe: %s", child->options.backend, text);
  settle (child);
}

static void
take_line (OrfProbeChild *child)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfProbeMessage)
    message = orf_decode_text (&orf_probe_message_desc, child->line->str, child->line->len,
                               ORF_DECODE_STRICT, &error);

  g_string_truncate (child->line, 0);
  if (!message) {
    give_up (child, g_strdup_printf ("wrote what is not its protocol (%s) and was killed",
                                     error->message));
  } else if (!!message->hello + !!message->sample + !!message->error != 1) {
    give_up (child, g_strdup ("wrote a message that says nothing and was killed"));
  } else if (message->hello) {
    take_hello (child, message->hello);
  } else if (message->sample) {
    take_sample (child, message->sample);
  } else {
    take_error (child, message->error);
  }
}

/* Whole lines out of what has come; stops where a line made us give up. */
static void
take_bytes (OrfProbeChild *child, const char *data, gsize length)
{
  while (length > 0 && child->fd >= 0) {
    const char *newline = memchr (data, '\n', length);
    gsize part = newline ? (gsize) (newline - data) : length;

    if (child->line->len + part > child->options.max_line_bytes) {
      give_up (child, g_strdup_printf ("wrote a line of more than %" G_GSIZE_FORMAT
                                       " bytes and was killed",
                                       child->options.max_line_bytes));
      return;
    }
    g_string_append_len (child->line, data, (gssize) part);
    if (!newline)
      return;

    take_line (child);
    data += part + 1;
    length -= part + 1;
  }
}

static gboolean
readable_cb (gint fd, GIOCondition condition, gpointer user_data)
{
  OrfProbeChild *child = user_data;
  char buffer[READ_BYTES];
  gssize n = read (fd, buffer, sizeof buffer);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (n <= 0)
    give_up (child, NULL); /* its end, which comes next, tells why */
  else
    take_bytes (child, buffer, (gsize) n);

  return child->fd >= 0 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
flooded_cb (gpointer user_data)
{
  give_up (user_data, g_strdup ("flooded its log and was killed"));
}

static void
listen_to (OrfProbeChild *child, const OrfProcess *process)
{
  child->pid = process->pid;
  child->fd = process->fd;
  child->log = orf_probe_log_new (child->options.backend, process->log_fd, child->context,
                                  flooded_cb, child);
  child->io = g_unix_fd_source_new (child->fd, G_IO_IN | G_IO_HUP | G_IO_ERR);
  g_source_set_callback (child->io, G_SOURCE_FUNC (readable_cb), child, NULL);
  g_source_attach (child->io, child->context);
  child->watch = g_child_watch_source_new (child->pid);
  g_source_set_callback (child->watch, G_SOURCE_FUNC (ended_cb), child, NULL);
  g_source_attach (child->watch, child->context);
}

static void
start (OrfProbeChild *child)
{
  OrfProcess process = { -1, -1, -1 };
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&child->cause, g_free);
  g_clear_pointer (&child->said, g_free);
  child->hello_us = 0;
  if (!orf_process_spawn ((const char *const *) child->argv, NULL, &process, &error)) {
    g_autofree char *cause = g_strdup_printf ("did not start: %s", error->message);

    wait_for_start (child, cause);
    return;
  }

  listen_to (child, &process);
  set_timer (child, child->options.start_timeout_us, silent_cb);
}

static char **
make_argv (const OrfProbeOptions *options)
{
  g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();

  g_strv_builder_add (argv, options->program);
  g_strv_builder_add (argv, options->backend);
  for (guint i = 0; options->arguments && options->arguments[i]; i++)
    g_strv_builder_add (argv, options->arguments[i]);

  return g_strv_builder_end (argv);
}

OrfProbeChild *
orf_probe_child_new (const OrfProbeOptions *options,
                     const OrfProbeChildEvents *events,
                     gpointer user_data,
                     GMainContext *context)
{
  OrfProbeChild *child = g_new0 (OrfProbeChild, 1);

  child->argv = make_argv (options);
  child->options = *options;
  child->options.program = child->argv[0];
  child->options.backend = child->argv[1];
  child->options.arguments = NULL;
  if (child->options.max_line_bytes == 0)
    child->options.max_line_bytes = DEFAULT_MAX_LINE_BYTES;
  if (child->options.max_rss_bytes == 0)
    child->options.max_rss_bytes = DEFAULT_MAX_RSS_BYTES;
  child->events = *events;
  child->user_data = user_data;
  child->context = g_main_context_ref (context ? context : g_main_context_default ());
  child->backoff_us = options->backoff_us;
  child->pid = -1;
  child->fd = -1;
  child->line = g_string_new (NULL);
  child->devices = g_ptr_array_new_with_free_func (g_free);
  set_state (child, ORF_PROBE_STARTING,
             g_strdup_printf ("the %s probe is starting", child->options.backend));
  start (child);
  return child;
}

static void
reaped_cb (GPid pid, gint wait_status, gpointer user_data)
{
  /* Nobody waits for it any more; reaping it was all. */
}

void
orf_probe_child_free (OrfProbeChild *child)
{
  if (!child)
    return;

  child->pending = FALSE;
  stop_listening (child);
  if (child->pid >= 0) {
    kill (-child->pid, SIGKILL);
    g_source_set_callback (child->watch, G_SOURCE_FUNC (reaped_cb), NULL, NULL);
    g_source_unref (child->watch);
  }
  g_strfreev (child->argv);
  g_free (child->reason);
  g_free (child->cause);
  g_free (child->said);
  g_free (child->told);
  g_string_free (child->line, TRUE);
  g_ptr_array_unref (child->devices);
  g_main_context_unref (child->context);
  g_free (child);
}

gboolean
orf_probe_child_ask (OrfProbeChild *child)
{
  gssize length = (gssize) strlen (ASK);

  if (child->state != ORF_PROBE_OPERATIONAL || child->pending)
    return FALSE;

  /* It cannot be full: a probe that has not read the ask before is still pending.  A reader that is
   * gone shows on the same descriptor as its end. */
  if (send (child->fd, ASK, (gsize) length, MSG_NOSIGNAL) != length)
    return FALSE;

  child->pending = TRUE;
  set_timer (child, child->options.timeout_us, silent_cb);
  return TRUE;
}

gboolean
orf_probe_child_is_pending (OrfProbeChild *child)
{
  return child->pending;
}

OrfProbeState
orf_probe_child_get_state (OrfProbeChild *child)
{
  return child->state;
}

const char *
orf_probe_child_get_reason (OrfProbeChild *child)
{
  return child->reason;
}

gboolean
orf_probe_child_has_declined (OrfProbeChild *child)
{
  return child->declined;
}

guint
orf_probe_child_get_restarts (OrfProbeChild *child)
{
  return child->restarts;
}

pid_t
orf_probe_child_get_pid (OrfProbeChild *child)
{
  return child->pid;
}

gint64
orf_probe_child_get_rss_bytes (OrfProbeChild *child)
{
  return child->pid >= 0 ? orf_process_read_rss_bytes (child->pid) : -1;
}
