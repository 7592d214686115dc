/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - The thread sees jobs and the bench that they name, never the judge; the bench is looked at here
 *   before the first job and after the thread has ended only.
 * - A subject's number is its own from `subjects` until the job that closes it is back, so that no
 *   sample of one is taken for another's.
 * - A series that is forecast has a tap number: its subject's number, LEFT_OUT or NOT_MEANT.
 */
#include "judge/orf-judge.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#include "core/orf-clock.h"
#include "core/orf-format.h"
#include "core/orf-thread.h"
#include "judge/orf-judge-job.h"
#include "judge/orf-judge-opening.h"
#include "judge/orf-judge-unwritten.h"

#define NOT_MEANT G_MAXUINT
#define LEFT_OUT  (G_MAXUINT - 1)
/* Frames that wait for the thread: what comes while it has so many waits here. */
#define MAX_JOBS 8
/* Samples noted between two frames, and in all subjects that are not open yet. */
#define MAX_SAMPLES 500000
/* Subjects whose past is read from the file at once: others read as well. */
#define MAX_OPENINGS 4
#define SAY_US       (60 * ORF_US_PER_S)

typedef enum {
  SUBJECT_WAITS, /* for its id, or for others that are being opened */
  SUBJECT_READS, /* the file is asked */
  SUBJECT_OPEN,
  SUBJECT_CLOSES,
  SUBJECT_REFUSED, /* it could not be opened; its number is taken until it is removed */
} SubjectState;

typedef struct {
  guint number; /* its place in `subjects` and 1 */
  SubjectState state;
  OrfSeries *series; /* NULL: it is none, or has gone */
  OrfJudgeSpec spec; /* its strings are ours */
  gboolean is_series;
  char *metric;      /* of [forecast]; NULL: it is no series */
  gint64 reaches_us; /* when it is expected to reach its threshold; 0: nothing is said */
  GArray *early;     /* OrfJudgeSample before it is open; NULL afterwards */
} Subject;

typedef struct {
  OrfJudgeRowTold told;
  gpointer user_data;
} Listener;

struct _OrfJudge {
  OrfJudgeParts parts;
  OrfJudgeMetrics *metrics;
  GPtrArray *subjects; /* Subject by number - 1; NULL: free */
  GQueue waiting;      /* Subject */
  guint n_subjects, n_reading, n_left_out;
  guint n_series;                        /* of the subjects: the others have as much room again */
  guint n_early;                         /* samples of all that are not open */
  GArray *openings, *samples, *closings; /* of the next job */
  OrfJudgeBench *bench;
  OrfQueue *jobs, *replies;
  pthread_t thread;
  gboolean has_thread, stopped;
  guint64 n_dropped;
  gint64 said_us;   /* monotonic: when it was said that series are left out */
  gint64 failed_us; /* and that something could not be written */
  OrfJudgeUnwritten *unwritten;
  OrfJudgeFigures figures;
  OrfJudgeWarned warned;
  gpointer warned_data;
  GArray *listeners; /* Listener */
};

/* ---- subjects -------------------------------------------------------------------------------- */

/* Of a number that has one. */
static Subject *
get_subject (OrfJudge *judge, guint number)
{
  return g_ptr_array_index (judge->subjects, number - 1);
}

/* NULL: it has none, or none any more. */
static Subject *
find_subject (OrfJudge *judge, guint number)
{
  return number >= 1 && number <= judge->subjects->len ? judge->subjects->pdata[number - 1] : NULL;
}

static void
drop_early (OrfJudge *judge, Subject *subject)
{
  if (subject->early == NULL)
    return;
  judge->n_early -= subject->early->len;
  g_clear_pointer (&subject->early, g_array_unref);
}

static void
free_subject (OrfJudge *judge, Subject *subject)
{
  drop_early (judge, subject);
  judge->subjects->pdata[subject->number - 1] = NULL;
  judge->n_subjects--;
  judge->n_series -= subject->is_series;
  g_free ((char *) subject->spec.subject);
  g_free ((char *) subject->spec.device);
  g_free (subject->metric);
  g_free (subject);
}

static gboolean
has_room (OrfJudge *judge, gboolean for_series)
{
  guint n = for_series ? judge->n_series : judge->n_subjects - judge->n_series;
  OrfMemoryUse use = { 0, 1 };

  if (judge->parts.memory != NULL)
    use = orf_memory_get_use (judge->parts.memory, ORF_MEMORY_FORECASTS);
  return n < judge->parts.config->forecast.max_series && use.used_bytes < use.budget_bytes;
}

static Subject *
add_subject (OrfJudge *judge, const OrfJudgeSpec *spec, gboolean is_series)
{
  Subject *subject = g_new0 (Subject, 1);
  guint i = 0;

  /* a free place: rare, so that looking for one costs nothing in the long run */
  if (judge->n_subjects == judge->subjects->len)
    g_ptr_array_add (judge->subjects, NULL);
  while (judge->subjects->pdata[judge->subjects->len - 1 - i] != NULL)
    i++;
  subject->number = judge->subjects->len - i;
  judge->subjects->pdata[subject->number - 1] = subject;
  judge->n_subjects++;
  subject->spec = *spec;
  subject->spec.number = subject->number;
  subject->spec.subject = g_strdup (spec->subject);
  subject->spec.device = g_strdup (spec->device);
  subject->is_series = is_series;
  judge->n_series += is_series;
  subject->early = orf_judge_samples_new ();
  g_queue_push_tail (&judge->waiting, subject);
  return subject;
}

static void
close_subject (OrfJudge *judge, Subject *subject)
{
  SubjectState was = subject->state;

  subject->series = NULL;
  subject->state = SUBJECT_CLOSES;
  if (was == SUBJECT_WAITS)
    g_queue_remove (&judge->waiting, subject);
  if (was == SUBJECT_WAITS || was == SUBJECT_REFUSED)
    free_subject (judge, subject);
  else if (was == SUBJECT_OPEN)
    g_array_append_val (judge->closings, subject->number);
}

/* ---- samples --------------------------------------------------------------------------------- */

static void
note (OrfJudge *judge, Subject *subject, gint64 t_us, double value)
{
  const OrfJudgeSample sample = { subject->number, t_us, value };

  if (judge->samples->len + judge->n_early >= MAX_SAMPLES) {
    judge->n_dropped++;
    return;
  }
  if (subject->early != NULL) {
    g_array_append_val (subject->early, sample);
    judge->n_early++;
  } else {
    g_array_append_val (judge->samples, sample);
  }
}

static guint
leave_out (OrfJudge *judge)
{
  gint64 now_us = orf_clock_monotonic_us ();

  if (judge->said_us == 0 || now_us - judge->said_us > SAY_US) {
    judge->said_us = now_us;
    g_warning ("no room to forecast more series: %u are ([forecast] max_series, [memory] "
               "forecasts_bytes)",
               judge->n_series);
  }
  return LEFT_OUT;
}

/* Memory of a device: what a cleanup can do something for. */
static const char *
get_device (const OrfSeries *series)
{
  return g_str_has_prefix (series->family->name, "gpu.memory.")
           ? orf_series_name_get_label (series->labels, "device")
           : NULL;
}

static guint
choose (OrfJudge *judge, OrfSeries *series)
{
  const OrfJudgeMetric *metric;
  OrfJudgeSpec spec;
  Subject *subject;

  /* what only rises, or is a bucket's count, is not worth a forecast */
  if (series->family->kind != ORF_SERIES_KIND_GAUGE)
    return NOT_MEANT;
  metric = orf_judge_metrics_find (judge->metrics, series->family->name, series->labels);
  if (metric == NULL)
    return NOT_MEANT;
  if (!has_room (judge, TRUE))
    return leave_out (judge);
  spec = (OrfJudgeSpec){ .subject = series->text,
                         .device = get_device (series),
                         .setup = metric->setup,
                         .every_rows = metric->every_rows,
                         .lead_us = metric->lead_us };
  subject = add_subject (judge, &spec, TRUE);
  subject->metric = g_strdup (metric->name);
  subject->series = series;
  return subject->number;
}

static void
sample_cb (gpointer user_data, OrfSeries *series, gint64 t_us, double value)
{
  OrfJudge *judge = user_data;
  guint *number = &series->tap_numbers[ORF_TAP_FORECASTS];

  if (*number == NOT_MEANT)
    return;
  if (*number == 0) {
    *number = choose (judge, series);
    judge->n_left_out += *number == LEFT_OUT;
  } else if (*number == LEFT_OUT && has_room (judge, TRUE)) {
    *number = choose (judge, series);
    judge->n_left_out -= *number != LEFT_OUT;
  }
  if (*number < LEFT_OUT)
    note (judge, get_subject (judge, *number), t_us, value);
}

static void
gone_cb (gpointer user_data, OrfSeries *series)
{
  OrfJudge *judge = user_data;
  guint *number = &series->tap_numbers[ORF_TAP_FORECASTS];

  judge->n_left_out -= *number == LEFT_OUT;
  if (*number > 0 && *number < LEFT_OUT)
    close_subject (judge, get_subject (judge, *number));
  *number = 0;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* Who added what is no series goes on naming it by its number, which must not become another's. */
static void
refuse (OrfJudge *judge, Subject *subject)
{
  if (subject->series != NULL && !judge->stopped)
    subject->series->tap_numbers[ORF_TAP_FORECASTS] = NOT_MEANT;
  if (subject->is_series || subject->state == SUBJECT_CLOSES || judge->stopped) {
    free_subject (judge, subject);
    return;
  }
  drop_early (judge, subject);
  subject->state = SUBJECT_REFUSED;
}

static void
opened_cb (
  gpointer user_data, guint number, OrfJudgeSeries *series, GArray *history, const GError *error)
{
  OrfJudge *judge = user_data;
  Subject *subject = get_subject (judge, number);
  const OrfJudgeOpening opening = { number, series, g_array_ref (history) };

  judge->n_reading--;
  if (judge->stopped || subject->state == SUBJECT_CLOSES || series == NULL) {
    if (error != NULL && !judge->stopped)
      g_warning ("%s is not forecast: %s", subject->spec.subject, error->message);
    orf_judge_series_free (series, NULL);
    g_array_unref (history);
    refuse (judge, subject);
    return;
  }
  g_array_append_val (judge->openings, opening);
  g_array_append_vals (judge->samples, subject->early->data, subject->early->len);
  drop_early (judge, subject);
  subject->state = SUBJECT_OPEN;
}

/* A series' id is told by the file a moment after its first sample; what has no id yet is passed
 * over. */
static void
open_some (OrfJudge *judge)
{
  guint n = judge->waiting.length;

  for (guint i = 0; i < n && judge->n_reading < MAX_OPENINGS; i++) {
    Subject *subject = g_queue_pop_head (&judge->waiting);

    if ((subject->series != NULL && subject->series->id == 0) || subject->early->len == 0) {
      g_queue_push_tail (&judge->waiting, subject);
      continue;
    }
    if (subject->series != NULL)
      subject->spec.series_id = subject->series->id;
    subject->state = SUBJECT_READS;
    judge->n_reading++;
    orf_judge_open (judge->parts.store, judge->parts.config, &subject->spec,
                    g_array_index (subject->early, OrfJudgeSample, 0).t_us, opened_cb, judge);
  }
}

/* ---- what comes back ------------------------------------------------------------------------- */

static char *
describe_warning (const Subject *subject, const OrfForecastWarningRow *row)
{
  g_autofree char *value = orf_format_span (row->expected_us - row->made_us);
  g_autofree char *lower = orf_format_span (row->expected_lower_us - row->made_us);
  g_autofree char *upper = orf_format_span (row->expected_upper_us - row->made_us);

  return g_strdup_printf ("%s is %.4g and expected to reach %.4g in %s (%s to %s; %s)",
                          subject != NULL ? subject->spec.subject : "a series", row->value,
                          row->threshold, value, lower, upper, row->regime);
}

static void
tell_warnings (OrfJudge *judge, GArray *warnings)
{
  for (guint i = 0; i < warnings->len; i++) {
    OrfForecastWarningRow *row = &g_array_index (warnings, OrfForecastWarningRow, i);
    g_autofree char *text = NULL;

    if (!row->begun || row->made_us < 0)
      continue;
    text = describe_warning (find_subject (judge, row->subject), row);
    if (judge->warned != NULL && !judge->stopped)
      judge->warned (judge->warned_data, row, text);
  }
}

/* A change while it is being written: what must not be lost of it. */
typedef struct {
  OrfJudge *judge;
  GArray *verdicts, *warnings;
} Written;

static void
written_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  Written *written = user_data;
  OrfJudge *judge = written->judge;
  gint64 now_us = orf_clock_monotonic_us ();

  if (error != NULL) {
    orf_judge_unwritten_keep (judge->unwritten, written->verdicts, written->warnings);
    /* a disk that is full refuses each of them */
    if (judge->failed_us == 0 || now_us - judge->failed_us >= SAY_US) {
      judge->failed_us = now_us;
      g_warning ("forecasts are not in the file: %s", error->message);
    }
  }
  g_array_unref (written->verdicts);
  g_array_unref (written->warnings);
  g_free (written);
}

static void
write_change (OrfJudge *judge, OrfJudgeJob *job)
{
  const OrfConfig *config = judge->parts.config;
  OrfForecastChange *change = g_steal_pointer (&job->change);
  Written *written;

  if (orf_forecast_change_is_empty (change)) {
    orf_forecast_change_free (change);
    return;
  }
  change->before_us = orf_store_get_age_now_us (judge->parts.store) - config->forecast.keep_us;
  change->reach_us = ORF_FORECASTER_MAX_ROWS * config->forecast.row_us;
  change->max_rows = config->forecast.max_rows;
  orf_judge_unwritten_join (judge->unwritten, change);
  written = g_new (Written, 1);
  *written = (Written){ judge, g_array_ref (change->verdicts), g_array_ref (change->warnings) };
  orf_store_write_forecasts (judge->parts.store, change, written_cb, written);
}

/* The time is worth telling of quiet series alone (doc/forecasts.md). */
static void
note_times (OrfJudge *judge, const GArray *predictions)
{
  for (guint i = 0; i < predictions->len; i++) {
    const OrfPredictionRow *row = &g_array_index (predictions, OrfPredictionRow, i);
    Subject *subject = isfinite (row->threshold) ? find_subject (judge, row->subject) : NULL;
    gboolean told = row->threshold_us >= 0 &&
                    g_str_equal (row->regime, orf_regime_get_word (ORF_REGIME_QUIET));

    if (subject != NULL && subject->is_series)
      subject->reaches_us = told ? row->made_us + row->threshold_us : 0;
  }
}

static void
done_cb (OrfJob *base)
{
  OrfJudgeJob *job = (OrfJudgeJob *) base;
  OrfJudge *judge = job->user_data;

  judge->figures = job->figures;
  tell_warnings (judge, job->change->warnings);
  note_times (judge, job->change->predictions);
  for (guint i = 0; i < job->told->len; i++)
    for (guint j = 0; j < judge->listeners->len; j++) {
      const Listener *listener = &g_array_index (judge->listeners, Listener, j);

      listener->told (listener->user_data, &g_array_index (job->told, OrfJudgeRow, i));
    }
  write_change (judge, job);
  for (guint i = 0; i < job->closings->len; i++)
    free_subject (judge, get_subject (judge, g_array_index (job->closings, guint, i)));
}

/* ---- handing over ---------------------------------------------------------------------------- */

static void
hand_over (OrfJudge *judge, gboolean ends)
{
  OrfJudgeJob *job;

  /* This side alone adds to the queue, so that what is not full now takes it. */
  if (orf_queue_get_length (judge->jobs, 0) >= MAX_JOBS && !ends)
    return;
  job = orf_judge_job_new (judge->bench, judge->openings, judge->samples, judge->closings);
  judge->openings = orf_judge_openings_new ();
  /* the next frame has about as many */
  judge->samples = g_array_sized_new (FALSE, FALSE, sizeof (OrfJudgeSample), job->samples->len);
  judge->closings = g_array_new (FALSE, FALSE, sizeof (guint));
  job->now_us = orf_clock_now_us ();
  job->lead_us = judge->parts.config->forecast.lead_us;
  job->ends = ends;
  job->user_data = judge;
  job->base.reply = judge->replies;
  job->base.done = done_cb;
  if (!orf_queue_push (judge->jobs, 0, &job->base)) {
    judge->n_dropped += job->samples->len;
    job->base.free (&job->base);
  }
}

void
orf_judge_tick (OrfJudge *judge)
{
  if (!judge->has_thread || judge->stopped)
    return;
  open_some (judge);
  if (judge->openings->len + judge->samples->len + judge->closings->len > 0)
    hand_over (judge, FALSE);
}

/* ---- what is no series ----------------------------------------------------------------------- */

void
orf_judge_add_listener (OrfJudge *judge, OrfJudgeRowTold told, gpointer user_data)
{
  const Listener listener = { told, user_data };

  g_array_append_val (judge->listeners, listener);
}

guint
orf_judge_add_subject (OrfJudge *judge, const OrfJudgeSpec *spec)
{
  OrfJudgeSpec own = *spec;

  if (!judge->has_thread || judge->stopped)
    return 0;
  if (!has_room (judge, FALSE)) {
    leave_out (judge);
    return 0;
  }
  own.series_id = 0;
  own.told = TRUE;
  return add_subject (judge, &own, FALSE)->number;
}

void
orf_judge_feed (OrfJudge *judge, guint number, gint64 t_us, double value)
{
  Subject *subject = find_subject (judge, number);

  if (subject != NULL && subject->state < SUBJECT_CLOSES && isfinite (value))
    note (judge, subject, t_us, value);
}

void
orf_judge_remove_subject (OrfJudge *judge, guint number)
{
  Subject *subject = find_subject (judge, number);

  if (subject != NULL && subject->state != SUBJECT_CLOSES)
    close_subject (judge, subject);
}

void
orf_judge_set_warned (OrfJudge *judge, OrfJudgeWarned warned, gpointer user_data)
{
  judge->warned = warned;
  judge->warned_data = user_data;
}

/* ---- its own series -------------------------------------------------------------------------- */

static void
fill_times (OrfJudge *judge, OrfFrame *frame)
{
  gint64 now_us = orf_clock_now_us ();

  for (guint i = 0; i < judge->subjects->len; i++) {
    const Subject *subject = judge->subjects->pdata[i];

    if (subject != NULL && subject->reaches_us > 0) {
      const char *const labels[] = { subject->metric, subject->spec.subject, NULL };

      orf_frame_add (frame, ORF_METRIC_FORECAST_TIME_TO_THRESHOLD_US, labels,
                     (double) MAX (subject->reaches_us - now_us, 0));
    }
  }
}

static void
fill_cb (gpointer self, OrfFrame *frame)
{
  OrfJudge *judge = self;
  const OrfJudgeFigures *figures = &judge->figures;

  if (!judge->has_thread)
    return;
  orf_frame_add (frame, ORF_METRIC_ORFEAS_FORECAST_SERIES, NULL, judge->n_series);
  orf_frame_add (frame, ORF_METRIC_ORFEAS_FORECAST_LEFT_OUT, NULL, judge->n_left_out);
  orf_frame_add (frame, ORF_METRIC_ORFEAS_FORECAST_OPEN, NULL, figures->n_open);
  orf_frame_add (frame, ORF_METRIC_ORFEAS_FORECAST_MADE, NULL, (double) figures->n_made);
  orf_frame_add (frame, ORF_METRIC_ORFEAS_FORECAST_JUDGED, NULL, (double) figures->n_judged);
  orf_frame_add (frame, ORF_METRIC_ORFEAS_FORECAST_INSIDE, NULL, (double) figures->n_inside);
  orf_frame_add (frame, ORF_METRIC_ORFEAS_FORECAST_DROPPED, NULL,
                 (double) (judge->n_dropped + figures->n_late));
  fill_times (judge, frame);
  orf_frame_add (frame, ORF_METRIC_ORFEAS_FORECAST_TICK_US, NULL, (double) figures->tick_us);
  for (guint i = 0; i < ORF_N_WARNING_FATES; i++) {
    const char *const labels[] = { orf_warning_fate_get_word (i), NULL };

    if (figures->n_warnings[i] > 0)
      orf_frame_add (frame, ORF_METRIC_ORFEAS_FORECAST_WARNINGS, labels,
                     (double) figures->n_warnings[i]);
  }
}

static gint64
get_period_us_cb (gpointer self)
{
  /* as its other own series */
  return MAX (((OrfJudge *) self)->parts.config->host.sample_us, ORF_US_PER_S);
}

static const OrfSamplerSource source = { .fill = fill_cb, .get_period_us = get_period_us_cb };

/* ---- life ------------------------------------------------------------------------------------ */

static gboolean
start (OrfJudge *judge, GError **error)
{
  const OrfRegistryTap tap = { sample_cb, gone_cb, judge };
  OrfJudgeBenchSetup setup = {
    .max_open = (guint) judge->parts.config->forecast.max_open,
    .memory = judge->parts.memory,
  };

  if (!orf_store_load_max_forecast_ids (judge->parts.store, &setup.next_prediction_id,
                                        &setup.next_warning_id, error))
    return FALSE;
  setup.next_prediction_id++;
  setup.next_warning_id++;
  judge->bench = orf_judge_bench_new (&setup);
  judge->jobs = orf_queue_new (1, MAX_JOBS + 1);
  judge->replies = orf_queue_new (1, G_MAXUINT);
  orf_queue_attach (judge->replies, NULL);
  if (!orf_thread_start_worker (&judge->thread, "judge", judge->jobs, error))
    return FALSE;
  judge->has_thread = TRUE;
  orf_registry_set_tap (judge->parts.registry, ORF_TAP_FORECASTS, &tap);
  orf_sampler_add_source (judge->parts.sampler, &source, judge);
  return TRUE;
}

OrfJudge *
orf_judge_new (const OrfJudgeParts *parts, GError **error)
{
  g_autoptr (OrfJudge) judge = g_new0 (OrfJudge, 1);

  judge->parts = *parts;
  judge->subjects = g_ptr_array_new ();
  judge->openings = orf_judge_openings_new ();
  judge->samples = orf_judge_samples_new ();
  judge->closings = g_array_new (FALSE, FALSE, sizeof (guint));
  judge->listeners = g_array_new (FALSE, FALSE, sizeof (Listener));
  judge->unwritten = orf_judge_unwritten_new ();
  g_queue_init (&judge->waiting);
  judge->metrics = orf_judge_metrics_new (parts->config, error);
  if (judge->metrics == NULL || (parts->config->forecast.enabled && !start (judge, error)))
    return NULL;
  return g_steal_pointer (&judge);
}

void
orf_judge_stop (OrfJudge *judge)
{
  if (!judge->has_thread || judge->stopped)
    return;
  orf_registry_set_tap (judge->parts.registry, ORF_TAP_FORECASTS, NULL);
  hand_over (judge, TRUE);
  orf_queue_close (judge->jobs);
  pthread_join (judge->thread, NULL);
  judge->stopped = TRUE;
  orf_queue_dispatch (judge->replies);
  g_clear_pointer (&judge->bench, orf_judge_bench_free); /* counts where the memory outlives it */
}

void
orf_judge_free (OrfJudge *judge)
{
  if (judge == NULL)
    return;
  if (judge->has_thread)
    orf_judge_stop (judge);
  for (guint i = 0; i < judge->subjects->len; i++)
    if (judge->subjects->pdata[i] != NULL)
      free_subject (judge, judge->subjects->pdata[i]);
  g_queue_clear (&judge->waiting);
  orf_judge_bench_free (judge->bench);
  g_clear_pointer (&judge->jobs, orf_queue_unref);
  g_clear_pointer (&judge->replies, orf_queue_unref);
  g_ptr_array_unref (judge->subjects);
  g_array_unref (judge->openings);
  g_array_unref (judge->samples);
  g_array_unref (judge->closings);
  g_array_unref (judge->listeners);
  orf_judge_unwritten_free (judge->unwritten);
  orf_judge_metrics_free (judge->metrics);
  g_free (judge);
}
