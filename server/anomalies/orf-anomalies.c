/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - The thread sees jobs and the desk that they name, nothing else; the desk is looked at here
 *   before the first job and after the thread has ended only.
 * - A series that is watched has a tap number of its own that is never used again, or LEFT_OUT, or
 *   NOT_MEANT.
 */
#include "anomalies/orf-anomalies.h"

#include <math.h>
#include <pthread.h>

#include "anomalies/orf-anomaly-choice.h"
#include "anomalies/orf-anomaly-entity.h"
#include "anomalies/orf-anomaly-info.h"
#include "anomalies/orf-anomaly-job.h"
#include "anomalies/orf-anomaly-open.h"
#include "anomalies/orf-anomaly-quiets.h"
#include "anomalies/orf-anomaly-rates.h"
#include "anomalies/orf-anomaly-writer.h"
#include "core/orf-clock.h"
#include "core/orf-thread.h"
#include "orf-encode.h"

#define NOT_MEANT G_MAXUINT
#define LEFT_OUT  (G_MAXUINT - 1)
/* Frames that wait for the thread: what comes while it has so many waits here. */
#define MAX_JOBS 8
/* Samples noted between two frames. */
#define MAX_SAMPLES 500000
#define SAY_US      (60 * ORF_US_PER_S)
/* Frames come each second.  What is longer was no time in which anything could come: the machine
 * slept, or this process was stopped. */
#define MAX_AWAKE_US (3 * ORF_US_PER_S)
/* Values kept for who reads slowly. */
#define DEPTH 64

/* What is needed of a series when something is found in it, which may be gone by then. */
typedef struct {
  OrfSeries *series; /* NULL: it has gone */
  gint64 id;
  char *text;
  gboolean chosen; /* for discords */
} Watched;

struct _OrfAnomalies {
  OrfAnomaliesParts parts;
  GHashTable *watched; /* Watched by number */
  OrfAnomalyChoice *choice;
  guint last_number, n_left_out;
  guint n_series;                        /* of those watched, that have not gone */
  GArray *openings, *samples, *closings; /* of the next job */
  OrfAnomalyDesk *desk;
  OrfAnomalyQuiets *quiets;
  OrfAnomalyRates *rates;
  OrfAnomalyOpen *open;
  OrfAnomalyWriter *writer;
  OrfQueue *jobs, *replies;
  pthread_t thread;
  gboolean has_thread, stopped;
  guint64 n_dropped;
  double promised;          /* what the desk was told last */
  gint64 last_us, awake_us; /* monotonic: of the last frame; since the start */
  gint64 said_us;           /* monotonic: that series are left out */
  OrfAnomalyDeskFigures figures;
  gint64 tick_us;
  OrfChannel *channels[ORF_SEVERITY_N]; /* by the least severity; NULL: nobody watches */
};

static const OrfConfig *
get_config (const OrfAnomalies *anomalies)
{
  return anomalies->parts.metrics->config;
}

/* ---- series ---------------------------------------------------------------------------------- */

static void
watched_free (gpointer data)
{
  Watched *watched = data;

  g_free (watched->text);
  g_free (watched);
}

static Watched *
find (const OrfAnomalies *anomalies, guint number)
{
  return g_hash_table_lookup (anomalies->watched, GUINT_TO_POINTER (number));
}

static gboolean
has_room (const OrfAnomalies *anomalies)
{
  OrfMemory *memory = anomalies->parts.metrics->memory;
  OrfMemoryUse use = { 0, 1 };

  if (memory != NULL)
    use = orf_memory_get_use (memory, ORF_MEMORY_ANOMALIES);
  return anomalies->n_series < get_config (anomalies)->anomaly.max_series &&
         use.used_bytes < use.budget_bytes;
}

static guint
leave_out (OrfAnomalies *anomalies)
{
  gint64 now_us = orf_clock_monotonic_us ();

  if (anomalies->said_us == 0 || now_us - anomalies->said_us > SAY_US) {
    anomalies->said_us = now_us;
    g_warning ("no room to watch more series for anomalies: %u are ([anomaly] max_series, [memory] "
               "anomalies_bytes)",
               anomalies->n_series);
  }
  return LEFT_OUT;
}

static guint
choose (OrfAnomalies *anomalies, OrfSeries *series)
{
  OrfAnomalyOpening opening = { 0 };
  Watched *watched;

  if (!orf_anomaly_entity_is_watched (series))
    return NOT_MEANT;
  if (!has_room (anomalies))
    return leave_out (anomalies);
  watched = g_new0 (Watched, 1);
  watched->series = series;
  watched->text = g_strdup (series->text);
  watched->chosen = orf_anomaly_choice_take (anomalies->choice, series);
  opening = (OrfAnomalyOpening){
    .number = ++anomalies->last_number,
    .text = g_strdup (series->text),
    .entity = orf_anomaly_entity_make (series),
    .counter = series->family->kind == ORF_SERIES_KIND_COUNTER,
    .departs = orf_anomaly_entity_departs (series),
    .shape_us = watched->chosen ? get_config (anomalies)->anomaly.discord_us : 0,
  };
  g_hash_table_insert (anomalies->watched, GUINT_TO_POINTER (opening.number), watched);
  g_array_append_val (anomalies->openings, opening);
  anomalies->n_series++;
  return opening.number;
}

static void
sample_cb (gpointer user_data, OrfSeries *series, gint64 t_us, double value)
{
  OrfAnomalies *anomalies = user_data;
  guint *number = &series->tap_numbers[ORF_TAP_ANOMALIES];

  if (*number == NOT_MEANT)
    return;
  if (*number == 0) {
    *number = choose (anomalies, series);
    anomalies->n_left_out += *number == LEFT_OUT;
  } else if (*number == LEFT_OUT && has_room (anomalies)) {
    *number = choose (anomalies, series);
    anomalies->n_left_out -= *number != LEFT_OUT;
  }
  if (*number >= LEFT_OUT)
    return;
  if (anomalies->samples->len < MAX_SAMPLES) {
    const OrfAnomalySample sample = { *number, t_us, value };

    g_array_append_val (anomalies->samples, sample);
  } else {
    anomalies->n_dropped++;
  }
}

static void
gone_cb (gpointer user_data, OrfSeries *series)
{
  OrfAnomalies *anomalies = user_data;
  guint number = series->tap_numbers[ORF_TAP_ANOMALIES];
  Watched *watched;

  series->tap_numbers[ORF_TAP_ANOMALIES] = 0;
  anomalies->n_left_out -= number == LEFT_OUT;
  if (number == 0 || number >= LEFT_OUT)
    return;
  watched = find (anomalies, number);
  watched->id = series->id;
  watched->series = NULL;
  if (watched->chosen)
    orf_anomaly_choice_release (anomalies->choice);
  anomalies->n_series--;
  g_array_append_val (anomalies->closings, number);
}

/* ---- who watches ----------------------------------------------------------------------------- */

static void
publish (OrfAnomalies *anomalies, const OrfAnomalyRecord *row, const char *series)
{
  g_autoptr (OrfAnomalyInfo) info = orf_anomaly_info_make (row, series);
  g_autoptr (GString) json = g_string_new (NULL);

  if (!orf_encode (&orf_anomaly_info_desc, info, json, NULL))
    return;
  for (OrfSeverity least = ORF_SEVERITY_INFO; least <= row->severity; least++)
    if (anomalies->channels[least] != NULL)
      orf_channel_publish (anomalies->channels[least], json->str, json->len);
}

OrfChannel *
orf_anomalies_watch (OrfAnomalies *anomalies, OrfSeverity severity)
{
  /* what is quiet is told to who asks for it alone */
  OrfSeverity least = severity != ORF_SEVERITY_UNSET ? severity : ORF_SEVERITY_WARNING;

  if (anomalies->channels[least] == NULL)
    anomalies->channels[least] = orf_channel_new (orf_router_get_streams (anomalies->parts.router),
                                                  DEPTH, NULL, NULL);
  return anomalies->channels[least];
}

/* It is in the file. */
static void
told_cb (gpointer user_data, const OrfAnomalyRecord *row)
{
  OrfAnomalies *anomalies = user_data;
  const Watched *watched = find (anomalies, row->number);
  const char *series = watched != NULL ? watched->text : "(unknown)";
  g_autofree char *text = NULL;
  g_autofree char *title = NULL;

  publish (anomalies, row, series);
  if (row->severity != ORF_SEVERITY_CRITICAL || row->ended_us != 0)
    return;
  text = orf_anomaly_info_describe (row, series);
  title = g_strconcat ("anomaly of ", row->entity, NULL);
  orf_black_box_record (anomalies->parts.black_box, title, text, row->started_us);
}

/* ---- what comes back ------------------------------------------------------------------------- */

static gint64
get_id (const Watched *watched)
{
  if (watched == NULL)
    return 0;
  return watched->series != NULL ? watched->series->id : watched->id;
}

static OrfAnomalyLimits
get_limits (OrfAnomalies *anomalies)
{
  const OrfConfig *config = get_config (anomalies);
  gint64 now_us = orf_store_get_age_now_us (anomalies->parts.metrics->store);

  return (OrfAnomalyLimits){ now_us - config->anomaly.keep_us, config->anomaly.max_rows };
}

static void
done_cb (OrfJob *base)
{
  OrfAnomalyJob *job = (OrfAnomalyJob *) base;
  OrfAnomalies *anomalies = job->user_data;
  const OrfAnomalyLimits limits = get_limits (anomalies);

  anomalies->figures = job->figures;
  anomalies->tick_us = job->tick_us;
  for (guint i = 0; i < job->findings->len; i++) {
    OrfAnomalyFinding *finding = &g_array_index (job->findings, OrfAnomalyFinding, i);

    finding->row->series_id = get_id (find (anomalies, finding->row->number));
    orf_anomaly_rates_note (anomalies->rates, finding->row);
    orf_anomaly_open_note (anomalies->open, finding->row);
    orf_anomaly_writer_add (anomalies->writer, g_steal_pointer (&finding->row), finding->told);
  }
  if (job->finishes)
    orf_anomaly_writer_finish (anomalies->writer, job->states, &limits);
  else
    orf_anomaly_writer_write (anomalies->writer, job->states, &limits);
  for (guint i = 0; i < job->closings->len; i++)
    g_hash_table_remove (anomalies->watched,
                         GUINT_TO_POINTER (g_array_index (job->closings, guint, i)));
}

/* ---- handing over ---------------------------------------------------------------------------- */

static void
swap (GArray **mine, GArray **theirs)
{
  GArray *array = *mine;

  *mine = *theirs;
  *theirs = array;
}

static OrfAnomalyWishes
get_wishes (const OrfAnomalies *anomalies)
{
  const OrfConfig *config = get_config (anomalies);

  return (OrfAnomalyWishes){
    .alarms_per_day = config->anomaly.alarms_per_day * config->anomaly.sensitivity,
    .look_back_us = config->anomaly.lookback_us,
    .threshold_deviations = config->anomaly.threshold,
    .forests = (guint) config->anomaly.forests,
  };
}

static void
hand_over (OrfAnomalies *anomalies, gboolean finishes)
{
  OrfAnomalyJob *job;

  /* This side alone adds to the queue, so that what is not full now takes it. */
  if (orf_queue_get_length (anomalies->jobs, 0) >= MAX_JOBS && !finishes)
    return;
  job = orf_anomaly_job_new (anomalies->desk, anomalies->parts.metrics->memory);
  swap (&anomalies->openings, &job->openings);
  swap (&anomalies->samples, &job->samples);
  swap (&anomalies->closings, &job->closings);
  job->now_us = orf_clock_now_us ();
  job->awake_us = anomalies->awake_us;
  job->wishes = get_wishes (anomalies);
  job->quiets = orf_anomaly_quiets_take (anomalies->quiets);
  job->finishes = finishes;
  job->user_data = anomalies;
  job->base.reply = anomalies->replies;
  job->base.done = done_cb;
  if (!orf_queue_push (anomalies->jobs, 0, &job->base))
    job->base.free (&job->base);
}

void
orf_anomalies_tick (OrfAnomalies *anomalies)
{
  gint64 now_us = orf_clock_monotonic_us ();

  if (!anomalies->has_thread || anomalies->stopped)
    return;
  anomalies->awake_us += MIN (now_us - anomalies->last_us, MAX_AWAKE_US);
  anomalies->last_us = now_us;
  hand_over (anomalies, FALSE);
}

void
orf_anomalies_judged (OrfAnomalies *anomalies,
                      const OrfAnomalyRecord *row,
                      const char *series,
                      OrfAlertVerdict verdict)
{
  orf_anomaly_quiets_judge (anomalies->quiets, row, series, verdict);
}

guint
orf_anomalies_count_quiet (const OrfAnomalies *anomalies,
                           const OrfAnomalyRecord *row,
                           const char *series,
                           OrfAlertVerdict verdict)
{
  return orf_anomaly_quiets_count (anomalies->quiets, row, series, verdict);
}

gboolean
orf_anomalies_are_on (const OrfAnomalies *anomalies)
{
  return anomalies->has_thread && !anomalies->stopped;
}

guint
orf_anomalies_get_n_series (const OrfAnomalies *anomalies)
{
  return anomalies->n_series;
}

/* ---- its own series -------------------------------------------------------------------------- */

static void
fill_cb (gpointer self, OrfFrame *frame)
{
  OrfAnomalies *anomalies = self;
  const OrfAnomalyDeskFigures *figures = &anomalies->figures;

  orf_anomaly_rates_fill (anomalies->rates, frame, orf_clock_now_us ());
  orf_anomaly_open_fill (anomalies->open, frame);
  orf_frame_add (frame, ORF_METRIC_ORFEAS_ANOMALY_OPEN, NULL, figures->n_open);
  orf_frame_add (frame, ORF_METRIC_ORFEAS_ANOMALY_THRESHOLD, NULL, figures->threshold);
  orf_frame_add (frame, ORF_METRIC_ORFEAS_ANOMALY_SERIES, NULL, anomalies->n_series);
  orf_frame_add (frame, ORF_METRIC_ORFEAS_ANOMALY_LEFT_OUT, NULL, anomalies->n_left_out);
  orf_frame_add (frame, ORF_METRIC_ORFEAS_ANOMALY_DROPPED, NULL,
                 (double) (anomalies->n_dropped + figures->n_late));
  orf_frame_add (frame, ORF_METRIC_ORFEAS_ANOMALY_TICK_US, NULL, (double) anomalies->tick_us);
}

static gint64
get_period_us_cb (gpointer self)
{
  /* as the daemon's other own series */
  return MAX (get_config (self)->host.sample_us, ORF_US_PER_S);
}

static const OrfSamplerSource source = { .fill = fill_cb, .get_period_us = get_period_us_cb };

/* ---- life ------------------------------------------------------------------------------------ */

/* What went on when the daemon was killed is over: how it ended, nobody saw. */
static void
end_orphans (OrfAnomalies *anomalies, const GPtrArray *open)
{
  for (guint i = 0; i < open->len; i++) {
    OrfAnomalyRecord *row = orf_anomaly_record_copy (
      ((const OrfAnomalyEntry *) open->pdata[i])->row);

    row->ended_us = row->started_us;
    orf_anomaly_writer_add (anomalies->writer, row, FALSE);
  }
}

static gboolean
load (OrfAnomalies *anomalies, GError **error)
{
  const OrfMetricsParts *metrics = anomalies->parts.metrics;
  g_autoptr (OrfAnomalyMemory)
    memory = orf_store_load_anomalies (metrics->store, ORF_ANOMALY_QUIETS_MAX,
                                       (guint) metrics->config->anomaly.max_series + 1, error);
  OrfAnomalyDeskSetup setup;

  if (memory == NULL)
    return FALSE;
  setup = (OrfAnomalyDeskSetup){ memory->max_id + 1, get_wishes (anomalies) };
  anomalies->desk = orf_anomaly_desk_new (&setup, memory->states);
  orf_memory_add (metrics->memory, ORF_MEMORY_ANOMALIES,
                  (gint64) orf_anomaly_desk_get_figures (anomalies->desk).bytes);
  anomalies->quiets = orf_anomaly_quiets_load (memory->quiet);
  end_orphans (anomalies, memory->open);
  return TRUE;
}

static gboolean
start (OrfAnomalies *anomalies, GError **error)
{
  const OrfRegistryTap tap = { sample_cb, gone_cb, anomalies };

  if (!load (anomalies, error))
    return FALSE;
  anomalies->jobs = orf_queue_new (1, MAX_JOBS + 1);
  anomalies->replies = orf_queue_new (1, G_MAXUINT);
  orf_queue_attach (anomalies->replies, NULL);
  if (!orf_thread_start_worker (&anomalies->thread, "anomalies", anomalies->jobs, error))
    return FALSE;
  anomalies->has_thread = TRUE;
  anomalies->last_us = orf_clock_monotonic_us ();
  orf_registry_set_tap (anomalies->parts.metrics->registry, ORF_TAP_ANOMALIES, &tap);
  orf_sampler_add_source (anomalies->parts.sampler, &source, anomalies);
  return TRUE;
}

OrfAnomalies *
orf_anomalies_new (const OrfAnomaliesParts *parts, GError **error)
{
  g_autoptr (OrfAnomalies) anomalies = g_new0 (OrfAnomalies, 1);

  anomalies->parts = *parts;
  anomalies->watched = g_hash_table_new_full (NULL, NULL, NULL, watched_free);
  anomalies->openings = orf_anomaly_openings_new ();
  anomalies->samples = g_array_new (FALSE, FALSE, sizeof (OrfAnomalySample));
  anomalies->closings = g_array_new (FALSE, FALSE, sizeof (guint));
  anomalies->rates = orf_anomaly_rates_new (orf_clock_now_us ());
  anomalies->open = orf_anomaly_open_new ();
  anomalies->writer = orf_anomaly_writer_new (parts->metrics->store, told_cb, anomalies);
  anomalies->choice = orf_anomaly_choice_new (parts->metrics->config, error);
  if (anomalies->choice == NULL ||
      (get_config (anomalies)->anomaly.enabled && !start (anomalies, error)))
    return NULL;
  return g_steal_pointer (&anomalies);
}

void
orf_anomalies_stop (OrfAnomalies *anomalies)
{
  if (anomalies->stopped)
    return;
  anomalies->stopped = TRUE;
  for (OrfSeverity least = 0; least < ORF_SEVERITY_N; least++)
    g_clear_pointer (&anomalies->channels[least], orf_channel_free);
  if (!anomalies->has_thread)
    return;
  orf_registry_set_tap (anomalies->parts.metrics->registry, ORF_TAP_ANOMALIES, NULL);
  hand_over (anomalies, TRUE);
  orf_queue_close (anomalies->jobs);
  pthread_join (anomalies->thread, NULL);
  orf_queue_dispatch (anomalies->replies);
  orf_memory_add (anomalies->parts.metrics->memory, ORF_MEMORY_ANOMALIES,
                  -(gint64) orf_anomaly_desk_get_figures (anomalies->desk).bytes);
  g_clear_pointer (&anomalies->desk, orf_anomaly_desk_free);
}

void
orf_anomalies_free (OrfAnomalies *anomalies)
{
  if (anomalies == NULL)
    return;
  orf_anomalies_stop (anomalies);
  orf_anomaly_desk_free (anomalies->desk);
  orf_anomaly_quiets_free (anomalies->quiets);
  orf_anomaly_choice_free (anomalies->choice);
  orf_anomaly_rates_free (anomalies->rates);
  orf_anomaly_open_free (anomalies->open);
  orf_anomaly_writer_free (anomalies->writer);
  g_hash_table_unref (anomalies->watched);
  g_array_unref (anomalies->openings);
  g_array_unref (anomalies->samples);
  g_array_unref (anomalies->closings);
  g_clear_pointer (&anomalies->jobs, orf_queue_unref);
  g_clear_pointer (&anomalies->replies, orf_queue_unref);
  g_free (anomalies);
}
