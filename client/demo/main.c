/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* orfeas-demo-worker: a program that holds GPU memory, for the daemon to look at. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "orf-demo-answers.h"
#include "orf-demo-mailbox.h"
#include "orf-demo-work.h"

/* How often it is looked whether the daemon knows us, or has heard of the last batch. */
#define LOOK_US 20000

typedef struct {
  OrfDemoOptions *options;
  OrfDemoDevice *device;
  OrfGpuPool *pool;
  OrfDemoWork *work;
  OrfDemoMailbox *mailbox;
  OrfTracer *tracer;       /* NULL: nobody was named who takes spans */
  OrfDemoAnswers *answers; /* NULL: no cache */
  OrfWorker *worker;
  int signals;
  gint64 next_batch_us;
  gint64 n_batches;
  guint64 last_report; /* the one that tells the last batch; 0: not known yet */
  gboolean is_announced;
} Demo;

static void
clear_demo (Demo *demo)
{
  orf_worker_free (demo->worker); /* first: it reads the pool and calls the mailbox */
  orf_demo_mailbox_free (demo->mailbox);
  orf_demo_work_free (demo->work);
  orf_demo_answers_free (demo->answers);
  orf_tracer_free (demo->tracer);
  orf_gpu_pool_free (demo->pool);
  orf_demo_device_free (demo->device);
  orf_demo_options_free (demo->options);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Demo, clear_demo)

/* Before OpenCL starts threads, which would take them otherwise. */
static int
catch_signals (void)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGTERM);
  sigaddset (&set, SIGINT);
  sigprocmask (SIG_BLOCK, &set, NULL);
  return signalfd (-1, &set, SFD_CLOEXEC);
}

static gboolean
start_worker (Demo *demo)
{
  static const char *const capabilities[] = { "trim", "unload", "batch_size", NULL };
  const char *device = demo->options->device;
  OrfWorkerOptions options = { .name = demo->options->name,
                               .socket = demo->options->socket,
                               .capabilities = capabilities,
                               .pool = demo->pool,
                               .on_advice = orf_demo_mailbox_put,
                               .user_data = demo->mailbox,
                               .report_us = demo->options->report_us };
  OrfStatus status;

  if (device == NULL)
    device = orf_demo_device_get_id (demo->device);
  options.device = *device != '\0' ? device : NULL;
  status = orf_worker_new (&options, &demo->worker);
  if (status != ORF_STATUS_OK)
    g_printerr ("orfeas-demo-worker: no worker: %s\n", orf_status_to_string (status));
  return status == ORF_STATUS_OK;
}

static gboolean
start_tracer (Demo *demo, GError **error)
{
  const OrfTracerOptions options = { .service = demo->options->name,
                                     .endpoint = demo->options->otlp };
  OrfStatus status = ORF_STATUS_OK;

  if (options.endpoint != NULL)
    status = orf_tracer_new (&options, &demo->tracer);
  if (status != ORF_STATUS_OK)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--otlp %s: %s", options.endpoint,
                 orf_status_to_string (status));
  return status == ORF_STATUS_OK;
}

static OrfDemoDevice *
open_device (const OrfDemoOptions *options, GError **error)
{
  if (options->simulated != NULL)
    return orf_demo_device_open_simulated (options->simulated, options->name, error);
  return orf_demo_device_open_opencl (error);
}

static gboolean
start (Demo *demo, int *argc, char ***argv, GError **error)
{
  OrfStatus status;

  demo->options = orf_demo_options_parse (argc, argv, error);
  if (demo->options == NULL)
    return FALSE;
  if (!start_tracer (demo, error))
    return FALSE;
  demo->device = open_device (demo->options, error);
  if (demo->device == NULL)
    return FALSE;
  status = orf_demo_device_new_pool (demo->device, (guint64) demo->options->limit_bytes,
                                     &demo->pool);
  if (status != ORF_STATUS_OK) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "no pool: %s",
                 orf_status_to_string (status));
    return FALSE;
  }
  demo->work = orf_demo_work_new (demo->options, demo->device, demo->pool, demo->tracer, error);
  if (demo->work == NULL)
    return FALSE;
  if (demo->options->n_cache_keys > 0) {
    demo->answers = orf_demo_answers_new (demo->options, error);
    if (demo->answers == NULL)
      return FALSE;
  }
  demo->mailbox = orf_demo_mailbox_new ();
  return demo->mailbox != NULL;
}

/* Once the daemon knows us and what we hold. */
static void
announce (Demo *demo)
{
  OrfWorkerState state;

  if (demo->is_announced)
    return;
  orf_worker_get_state (demo->worker, &state);
  if (!state.is_known || state.n_reports == 0)
    return;
  g_print ("{\"ready\":true,\"worker\":\"%s\",\"pid\":%d,\"device\":\"%s\"}\n", state.id,
           (int) getpid (), orf_demo_device_get_id (demo->device));
  fflush (stdout);
  demo->is_announced = TRUE;
}

static void
clean_up (Demo *demo, const OrfDemoLetter *letter)
{
  OrfGpuPoolStats stats;
  guint64 freed_bytes;

  switch (demo->options->misbehave) {
  case ORF_DEMO_LIE:
    orf_gpu_pool_get_stats (demo->pool, &stats);
    orf_worker_answer (demo->worker, letter->id, ORF_OUTCOME_DONE,
                       (gint64) (stats.reserved_bytes - stats.allocated_bytes), NULL);
    return;
  case ORF_DEMO_HANG:
    return;
  case ORF_DEMO_DIE:
    raise (SIGKILL);
    return;
  case ORF_DEMO_REFUSE:
    orf_worker_answer (demo->worker, letter->id, ORF_OUTCOME_REFUSED, -1, "told to refuse");
    return;
  case ORF_DEMO_HONEST:
    break;
  }
  freed_bytes = orf_demo_work_clean_up (demo->work, letter->level);
  orf_worker_answer (demo->worker, letter->id, ORF_OUTCOME_DONE, (gint64) freed_bytes, NULL);
  if (letter->level == ORF_CLEANUP_LEVEL_AGGRESSIVE)
    demo->next_batch_us = g_get_monotonic_time () + demo->options->reload_us;
}

static void
read_mail (Demo *demo)
{
  OrfDemoLetter letter;

  while (orf_demo_mailbox_take (demo->mailbox, &letter)) {
    if (letter.kind == ORF_ADVICE_CLEANUP) {
      clean_up (demo, &letter);
    } else {
      orf_demo_work_set_max_batch (demo->work, (gint64) letter.batch_size);
      orf_worker_answer (demo->worker, letter.id, ORF_OUTCOME_DONE, -1, NULL);
    }
  }
}

static gboolean
has_batches (const Demo *demo)
{
  return demo->options->max_batch > 0 &&
         (demo->options->n_batches == 0 || demo->n_batches < demo->options->n_batches);
}

/* The report of the batch is in its trace: it is added while the span is the current one. */
static gboolean
run_batch (Demo *demo, GError **error)
{
  OrfSpan *span = orf_span_begin (demo->tracer, "batch", NULL);
  OrfBatch batch;
  gboolean ran = FALSE, goes_on;

  demo->next_batch_us = g_get_monotonic_time () + demo->options->period_us;
  goes_on = orf_demo_work_run_batch (demo->work, &batch, &ran, error);
  if (ran) {
    orf_span_set_int (span, "batch.size", (gint64) batch.size);
    orf_span_set_int (span, "batch.peak_bytes", batch.peak_bytes);
    orf_worker_add_batch (demo->worker, &batch);
    if (demo->answers != NULL)
      orf_demo_answers_serve (demo->answers, batch.size, batch.duration_us);
  } else {
    orf_span_set_status (span, ORF_SPAN_STATUS_ERROR, goes_on ? "no memory" : (*error)->message);
  }
  orf_span_end (span);
  demo->n_batches += goes_on;
  return goes_on;
}

/* All batches are run, and the daemon has heard of the last: of two reports one began after it. */
static gboolean
is_done (Demo *demo)
{
  OrfWorkerState state;

  if (demo->options->n_batches == 0 || has_batches (demo) || !demo->is_announced)
    return FALSE;
  orf_worker_get_state (demo->worker, &state);
  if (demo->last_report == 0)
    demo->last_report = state.n_reports + 2;
  orf_worker_report_now (demo->worker);
  return state.n_reports >= demo->last_report;
}

/* Milliseconds until something is due; -1: nothing is. */
static int
find_timeout_ms (const Demo *demo)
{
  gint64 left_us = G_MAXINT64;

  if (has_batches (demo))
    left_us = demo->next_batch_us - g_get_monotonic_time ();
  if (!demo->is_announced || demo->last_report > 0)
    left_us = MIN (left_us, LOOK_US);
  if (left_us == G_MAXINT64)
    return -1;
  return (int) CLAMP (left_us / 1000 + 1, 0, 60000);
}

/* Until a signal says so, or all batches are done. */
static gboolean
run (Demo *demo, GError **error)
{
  for (;;) {
    struct pollfd fds[] = {
      { .fd = demo->signals, .events = POLLIN },
      { .fd = orf_demo_mailbox_get_fd (demo->mailbox), .events = POLLIN },
    };

    if (poll (fds, G_N_ELEMENTS (fds), find_timeout_ms (demo)) < 0 && errno != EINTR) {
      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "poll: %s",
                   g_strerror (errno));
      return FALSE;
    }
    if (fds[0].revents != 0)
      return TRUE;
    announce (demo);
    read_mail (demo);
    if (has_batches (demo) && g_get_monotonic_time () >= demo->next_batch_us &&
        !run_batch (demo, error))
      return FALSE;
    if (is_done (demo))
      return TRUE;
  }
}

int
main (int argc, char **argv)
{
  g_auto (Demo) demo = { .signals = catch_signals () };
  g_autoptr (GError) error = NULL;

  if (!start (&demo, &argc, &argv, &error)) {
    g_printerr ("orfeas-demo-worker: %s\n", error != NULL ? error->message : "no pipe");
    return g_error_matches (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE) ||
               g_error_matches (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION)
             ? 2
             : 1;
  }
  if (!start_worker (&demo))
    return 1;
  if (!run (&demo, &error)) {
    g_printerr ("orfeas-demo-worker: %s\n", error->message);
    return 1;
  }
  return 0;
}
