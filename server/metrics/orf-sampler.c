/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants:
 * - A frame is open from its tick until every source that said "later" has settled, or WAIT_US is
 *   over; no other tick begins meanwhile.
 * - What is in `batch` is with the store commit_us after its first sample, whether or not a frame
 *   ends then.
 * - The timer is set for the earliest of what is waited for, at the end of whatever changes that.
 */
#include "metrics/orf-sampler.h"

#include <math.h>

#include "core/orf-clock.h"
#include "core/orf-turn.h"
#include "metrics/orf-pace.h"

/* A frame does not wait longer for a source: its values go with the next one. */
#define WAIT_US (100 * ORF_US_PER_MS)
/* loop_stall_us is the largest of this many seconds. */
#define STALL_SECONDS 60
/* A shorter period is none: [gpu] burst_us, the shortest, is not below it. */
#define MIN_PERIOD_US (10 * ORF_US_PER_MS)

typedef struct {
  const OrfSamplerSource *ops;
  gpointer self;
  gboolean due;     /* takes part in the open frame */
  gboolean waiting; /* has not settled yet */
} Source;

typedef struct {
  void (*func) (gpointer user_data, gint64 t_us);
  gpointer user_data;
} Listener;

struct _OrfSampler {
  OrfRegistry *registry;
  OrfStore *store;
  const OrfConfig *config;
  GPtrArray *sources;
  GArray *listeners; /* Listener */
  GSource *timer;
  OrfPace pace;
  gint64 due_mono_us; /* pace.due_us by the monotonic clock */
  GArray *periods_us; /* gint64, of the sources: what plan() works with */
  gboolean started;
  OrfFrame *frame;
  gboolean open;         /* a frame waits for sources */
  gint64 opened_us;      /* monotonic */
  OrfSampleBatch *batch; /* not yet given to the store */
  gint64 batch_since_us; /* monotonic */
  OrfSamplerStats stats;
  gint64 stall_us[STALL_SECONDS]; /* a ring by monotonic second */
  gint64 stall_second;
  gint64 registry_second; /* monotonic: when the registry was last looked after */
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

  note_stall (sampler, orf_clock_monotonic_us (), 0); /* what is older than a minute is over */
  stats.loop_stall_us = 0;
  for (guint i = 0; i < STALL_SECONDS; i++)
    stats.loop_stall_us = MAX (stats.loop_stall_us, sampler->stall_us[i]);
  return stats;
}

/* ---- the timer ------------------------------------------------------------------------------- */

static gboolean
is_waiting (OrfSampler *sampler)
{
  for (guint i = 0; i < sampler->sources->len; i++)
    if (((Source *) sampler->sources->pdata[i])->waiting)
      return TRUE;
  return FALSE;
}

static void
arm (OrfSampler *sampler)
{
  gint64 ready_us = sampler->due_mono_us;

  if (!sampler->started)
    return;
  if (sampler->open)
    ready_us = is_waiting (sampler) ? sampler->opened_us + WAIT_US : 0;
  if (sampler->batch != NULL)
    ready_us = MIN (ready_us, sampler->batch_since_us + sampler->config->store.commit_us);
  g_source_set_ready_time (sampler->timer, ready_us);
}

static gint64
get_period_us (const Source *source)
{
  return MAX (source->ops->get_period_us (source->self), MIN_PERIOD_US);
}

static void
plan (OrfSampler *sampler)
{
  gint64 now_us = orf_clock_now_us (), mono_us = orf_clock_monotonic_us ();

  g_array_set_size (sampler->periods_us, sampler->sources->len);
  for (guint i = 0; i < sampler->sources->len; i++)
    g_array_index (sampler->periods_us, gint64, i) = get_period_us (sampler->sources->pdata[i]);
  orf_pace_plan (&sampler->pace, now_us, (const gint64 *) sampler->periods_us->data,
                 sampler->periods_us->len);
  sampler->due_mono_us = mono_us + (sampler->pace.due_us - now_us);
}

/* ---- the way to the store -------------------------------------------------------------------- */

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

void
orf_sampler_record (OrfSampler *sampler, OrfSeries *series, gint64 t_us, double value)
{
  gboolean first = sampler->batch == NULL;

  if (!isfinite (value))
    return;
  if (series->id > 0)
    add_to_batch (sampler, series, t_us, value);
  orf_registry_append (sampler->registry, series, t_us, value);
  if (first)
    arm (sampler);
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
  arm (sampler);
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
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* A round of some series a second is enough, however often sources are asked. */
static void
look_after_registry (OrfSampler *sampler)
{
  gint64 second = orf_clock_monotonic_us () / ORF_US_PER_S;

  if (second == sampler->registry_second)
    return;
  sampler->registry_second = second;
  orf_registry_tick (sampler->registry, orf_clock_now_us ());
}

static void
close_frame (OrfSampler *sampler)
{
  for (guint i = 0; i < sampler->sources->len; i++) {
    Source *source = sampler->sources->pdata[i];

    if (source->due)
      source->ops->fill (source->self, sampler->frame);
    source->due = source->waiting = FALSE;
  }
  send_on (sampler);
  look_after_registry (sampler);
  sampler->open = FALSE;
  plan (sampler);
  /* the next frame would come too late for what is gathered */
  if (sampler->batch != NULL &&
      sampler->due_mono_us + WAIT_US > sampler->batch_since_us + sampler->config->store.commit_us)
    hand_to_store (sampler);
  sampler->stats.t_us = sampler->frame->t_us;
  sampler->stats.n_values = sampler->frame->values->len;
  sampler->stats.frame_us = orf_clock_monotonic_us () - sampler->opened_us;
  for (guint i = 0; i < sampler->listeners->len; i++) {
    const Listener *listener = &g_array_index (sampler->listeners, Listener, i);

    listener->func (listener->user_data, sampler->frame->t_us);
  }
}

static gboolean
choose_due (OrfSampler *sampler)
{
  gboolean any = FALSE;

  for (guint i = 0; i < sampler->sources->len; i++) {
    Source *source = sampler->sources->pdata[i];

    source->due = orf_pace_is_turn (&sampler->pace, get_period_us (source));
    any = any || source->due;
  }
  return any;
}

static void
tick (OrfSampler *sampler)
{
  gboolean any = choose_due (sampler);

  orf_pace_pass (&sampler->pace);
  if (!any) {
    look_after_registry (sampler);
    plan (sampler);
    return;
  }
  sampler->opened_us = orf_clock_monotonic_us ();
  orf_frame_begin (sampler->frame, orf_pace_take_time (&sampler->pace));
  sampler->open = TRUE;
  for (guint i = 0; i < sampler->sources->len; i++) {
    Source *source = sampler->sources->pdata[i];

    source->waiting = source->due && source->ops->begin != NULL &&
                      source->ops->begin (source->self);
  }
  if (!is_waiting (sampler))
    close_frame (sampler);
}

static void
look (OrfSampler *sampler, gint64 mono_us)
{
  note_stall (sampler, mono_us, mono_us - sampler->due_mono_us);
  if (orf_pace_is_due (&sampler->pace, orf_clock_now_us ()))
    tick (sampler);
  else
    plan (sampler);
}

static gboolean
timer_cb (gpointer user_data)
{
  OrfSampler *sampler = user_data;
  gint64 mono_us = orf_clock_monotonic_us ();
  OrfTurn turn;

  orf_turn_begin (&turn, "frame", "sources");
  if (sampler->batch != NULL &&
      mono_us >= sampler->batch_since_us + sampler->config->store.commit_us)
    hand_to_store (sampler);
  if (sampler->open && (!is_waiting (sampler) || mono_us >= sampler->opened_us + WAIT_US))
    close_frame (sampler);
  else if (!sampler->open && mono_us >= sampler->due_mono_us)
    look (sampler, mono_us);
  arm (sampler);
  orf_turn_end (&turn);
  return G_SOURCE_CONTINUE;
}

void
orf_sampler_settle (OrfSampler *sampler, gpointer self)
{
  if (!sampler->open)
    return;
  for (guint i = 0; i < sampler->sources->len; i++) {
    Source *source = sampler->sources->pdata[i];

    if (source->self == self)
      source->waiting = FALSE;
  }
  arm (sampler); /* the frame ends in the next turn, not inside the source's own call */
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
  sampler->listeners = g_array_new (FALSE, FALSE, sizeof (Listener));
  sampler->frame = orf_frame_new (registry);
  sampler->periods_us = g_array_new (FALSE, FALSE, sizeof (gint64));
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
  g_array_unref (sampler->periods_us);
  g_ptr_array_unref (sampler->sources);
  g_array_unref (sampler->listeners);
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
orf_sampler_add_listener (OrfSampler *sampler,
                          void (*func) (gpointer user_data, gint64 t_us),
                          gpointer user_data)
{
  const Listener listener = { func, user_data };

  g_array_append_val (sampler->listeners, listener);
}

void
orf_sampler_start (OrfSampler *sampler)
{
  sampler->started = TRUE;
  plan (sampler);
  arm (sampler);
}
