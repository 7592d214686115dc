/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - A frame is open from its tick until every source that said "later" has settled, or WAIT_US is
 * over; no other tick begins meanwhile.
 * - The wall clock says when a tick is due, and may jump.  The next tick is always computed from
 * now, so that a suspended machine does not catch up, and never lies at or before the last frame,
 * so that no series gets two samples of one time.
 */
#include "metrics/orf-sampler.h"

#include "core/orf-clock.h"

/* A frame does not wait longer for a source: its values go with the next one. */
#define WAIT_US (100 * ORF_US_PER_MS)
/* loop_stall_us is the largest of this many seconds. */
#define STALL_SECONDS 60
/* The clock is looked at again after so long, however far away the next tick is. */
#define MAX_SLEEP_US (60 * ORF_US_PER_S)
/* A tick that comes later than this is left out: its values would carry a time at which nobody
 * looked. */
#define MAX_LATE_US ORF_US_PER_S

typedef struct {
  const OrfSamplerSource *ops;
  gpointer self;
  gboolean due;     /* takes part in the open frame */
  gboolean waiting; /* has not settled yet */
} Source;

struct _OrfSampler {
  OrfRegistry *registry;
  OrfStore *store;
  const OrfConfig *config;
  GPtrArray *sources;
  GSource *timer;
  gint64 due_us;      /* wall clock of the next tick */
  gint64 due_mono_us; /* and the same by the monotonic clock */
  OrfFrame *frame;
  gboolean open;         /* a frame waits for sources */
  gint64 opened_us;      /* monotonic */
  OrfSampleBatch *batch; /* not yet given to the store */
  gint64 batch_since_us; /* monotonic */
  OrfSamplerStats stats;
  gint64 stall_us[STALL_SECONDS]; /* a ring by monotonic second */
  gint64 stall_second;
};

/* ---- stalls ---------------------------------------------------------------------------------- */

static void
note_stall (OrfSampler *sampler, gint64 now_us, gint64 late_us)
{
  gint64 second = now_us / ORF_US_PER_S;
  gint64 n_new = MIN (second - sampler->stall_second, STALL_SECONDS);

  for (gint64 i = 0; i < n_new; i++)
    sampler->stall_us[(second - i) % STALL_SECONDS] = 0;
  sampler->stall_second = second;
  if (late_us > sampler->stall_us[second % STALL_SECONDS])
    sampler->stall_us[second % STALL_SECONDS] = late_us;
}

OrfSamplerStats
orf_sampler_get_stats (OrfSampler *sampler)
{
  OrfSamplerStats stats = sampler->stats;

  stats.loop_stall_us = 0;
  for (guint i = 0; i < STALL_SECONDS; i++)
    stats.loop_stall_us = MAX (stats.loop_stall_us, sampler->stall_us[i]);
  return stats;
}

/* ---- the end of a frame ---------------------------------------------------------------------- */

static void
hand_to_store (OrfSampler *sampler)
{
  if (sampler->batch != NULL)
    orf_store_write_frame (sampler->store, g_steal_pointer (&sampler->batch));
}

static void
add_to_batch (OrfSampler *sampler, OrfSeries *series, gint64 t_us, double value)
{
  if (sampler->batch == NULL) {
    sampler->batch = orf_sample_batch_new (sampler->frame->values->len);
    sampler->batch_since_us = orf_clock_monotonic_us ();
  }
  orf_registry_declare (sampler->registry, series, sampler->batch);
  orf_sample_batch_add (sampler->batch, t_us, series->id, value);
}

/* The points that came while the file was asked for its id. */
static void
resolved_cb (gpointer user_data, OrfSeries *series)
{
  OrfSampler *sampler = user_data;
  g_autoptr (GArray) points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));

  orf_open_chunk_read (&series->chunk, G_MININT64, G_MAXINT64, points);
  for (guint i = 0; i < points->len; i++) {
    const OrfPoint *point = &g_array_index (points, OrfPoint, i);

    add_to_batch (sampler, series, point->t_us, point->value);
  }
}

static void
send_on (OrfSampler *sampler)
{
  const OrfFrame *frame = sampler->frame;

  for (guint i = 0; i < frame->values->len; i++) {
    const OrfFrameValue *one = &g_array_index (frame->values, OrfFrameValue, i);

    if (one->series->id > 0)
      add_to_batch (sampler, one->series, frame->t_us, one->value);
    orf_registry_append (sampler->registry, one->series, frame->t_us, one->value);
  }
  if (sampler->batch != NULL && orf_clock_monotonic_us () + WAIT_US - sampler->batch_since_us >=
                                  sampler->config->store.commit_us)
    hand_to_store (sampler);
}

static void plan (OrfSampler *sampler);

static void
close_frame (OrfSampler *sampler)
{
  gint64 now_us = orf_clock_monotonic_us ();

  for (guint i = 0; i < sampler->sources->len; i++) {
    Source *source = sampler->sources->pdata[i];

    if (source->due)
      source->ops->fill (source->self, sampler->frame);
    source->due = source->waiting = FALSE;
  }
  send_on (sampler);
  orf_registry_tick (sampler->registry, orf_clock_now_us ());
  sampler->open = FALSE;
  sampler->stats.t_us = sampler->frame->t_us;
  sampler->stats.n_values = sampler->frame->values->len;
  sampler->stats.frame_us = now_us - sampler->opened_us;
  plan (sampler);
}

/* ---- ticks ----------------------------------------------------------------------------------- */

static gint64
get_period_us (const Source *source)
{
  return MAX (source->ops->get_period_us (source->self), 10 * ORF_US_PER_MS);
}

/* The first multiple of the period after both times. */
static gint64
next_multiple (gint64 period_us, gint64 after_us)
{
  return (after_us / period_us + 1) * period_us;
}

static void
plan (OrfSampler *sampler)
{
  gint64 now_us = orf_clock_now_us ();
  gint64 last_us = sampler->stats.t_us;
  gint64 due_us = now_us + MAX_SLEEP_US;

  /* The clock was set back by more than jitter: go on with it, at times told already. */
  if (last_us > now_us + ORF_US_PER_S)
    last_us = 0;
  for (guint i = 0; i < sampler->sources->len; i++)
    due_us = MIN (due_us, next_multiple (get_period_us (sampler->sources->pdata[i]),
                                         MAX (now_us, last_us)));
  sampler->due_us = due_us;
  sampler->due_mono_us = orf_clock_monotonic_us () + (due_us - now_us);
  g_source_set_ready_time (sampler->timer, sampler->due_mono_us);
}

static void
tick (OrfSampler *sampler, gint64 t_us)
{
  guint n_waiting = 0;

  sampler->opened_us = orf_clock_monotonic_us ();
  orf_frame_begin (sampler->frame, t_us);
  sampler->open = TRUE;
  for (guint i = 0; i < sampler->sources->len; i++) {
    Source *source = sampler->sources->pdata[i];

    source->due = t_us % get_period_us (source) == 0;
    source->waiting = source->due && source->ops->begin != NULL &&
                      source->ops->begin (source->self);
    n_waiting += source->waiting;
  }
  if (n_waiting == 0)
    close_frame (sampler);
  else
    g_source_set_ready_time (sampler->timer, sampler->opened_us + WAIT_US);
}

static gboolean
timer_cb (gpointer user_data)
{
  OrfSampler *sampler = user_data;
  gint64 now_us = orf_clock_now_us ();

  gint64 mono_us = orf_clock_monotonic_us ();

  g_source_set_ready_time (sampler->timer, -1);
  if (sampler->open) {
    close_frame (sampler);
    return G_SOURCE_CONTINUE;
  }
  note_stall (sampler, mono_us, mono_us - sampler->due_mono_us);
  if (now_us < sampler->due_us - ORF_US_PER_MS || now_us > sampler->due_us + MAX_LATE_US)
    plan (sampler); /* the clock was set, or the machine slept */
  else
    tick (sampler, sampler->due_us);
  return G_SOURCE_CONTINUE;
}

void
orf_sampler_settle (OrfSampler *sampler, gpointer self)
{
  gboolean waiting = FALSE;

  if (!sampler->open)
    return;
  for (guint i = 0; i < sampler->sources->len; i++) {
    Source *source = sampler->sources->pdata[i];

    if (source->self == self)
      source->waiting = FALSE;
    waiting = waiting || source->waiting;
  }
  if (!waiting)
    g_source_set_ready_time (sampler->timer, 0);
}

/* ---- life ------------------------------------------------------------------------------------ */

/* The source only ever has a ready time. */
static gboolean
timer_dispatch_cb (GSource *timer, GSourceFunc callback, gpointer user_data)
{
  return callback (user_data);
}

static GSourceFuncs timer_funcs = { .dispatch = timer_dispatch_cb };

OrfSampler *
orf_sampler_new (OrfRegistry *registry, OrfStore *store, const OrfConfig *config)
{
  OrfSampler *sampler = g_new0 (OrfSampler, 1);

  sampler->registry = registry;
  sampler->store = store;
  sampler->config = config;
  sampler->sources = g_ptr_array_new_with_free_func (g_free);
  sampler->frame = orf_frame_new (registry);
  sampler->stall_second = orf_clock_monotonic_us () / ORF_US_PER_S;
  sampler->timer = g_source_new (&timer_funcs, sizeof (GSource));
  g_source_set_static_name (sampler->timer, "orf-sampler");
  g_source_set_callback (sampler->timer, timer_cb, sampler, NULL);
  g_source_attach (sampler->timer, NULL);
  orf_registry_set_resolved (registry, resolved_cb, sampler);
  return sampler;
}

void
orf_sampler_free (OrfSampler *sampler)
{
  orf_registry_set_resolved (sampler->registry, NULL, NULL);
  hand_to_store (sampler);
  g_source_destroy (sampler->timer);
  g_source_unref (sampler->timer);
  orf_frame_free (sampler->frame);
  g_ptr_array_unref (sampler->sources);
  g_free (sampler);
}

void
orf_sampler_add_source (OrfSampler *sampler, const OrfSamplerSource *ops, gpointer self)
{
  Source *source = g_new0 (Source, 1);

  source->ops = ops;
  source->self = self;
  g_ptr_array_add (sampler->sources, source);
}

void
orf_sampler_start (OrfSampler *sampler)
{
  plan (sampler);
}
