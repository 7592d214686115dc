/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-live-series.h"

#include <math.h>
#include <string.h>

#include "metrics/orf-series-name.h"

/* Rings that are smaller are not worth a move. */
#define LEAST_TO_SHRINK 64

/* About what small pieces of memory take beside what is in them, and where the series is listed. */
#define MORE_BYTES 512

/* Points come one a tick to all series: in one of so many ticks what is needed no more of a series
 * is dropped, and of other series in others. */
#define FORGET_EVERY 8

typedef struct {
  OrfLiveWindow *window;
  guint n_users;
} Use;

/* What each tick needs stands first, in one line of the cache. */
struct _OrfLiveSeries {
  OrfPointRing ring;
  gint64 lost_us;   /* of the newest point that there was no room for; 0: none */
  guint turn;       /* of series, to forget */
  OrfLiveNeed need; /* of all that */
  GArray *needs;    /* OrfLiveNeed */
  GArray *uses;     /* Use */
  guint n_refs;
  guint max_points;
  OrfLiveBudget *budget;
  gsize bytes; /* of names */
  char *name, *text;
  char **labels;
};

OrfLiveSeries *
orf_live_series_new (const char *name, char *const *labels, guint max_points, OrfLiveBudget *budget)
{
  OrfLiveSeries *self = g_new0 (OrfLiveSeries, 1);

  self->n_refs = 1;
  self->turn = (guint) (budget->n_series++ % FORGET_EVERY);
  self->max_points = max_points;
  self->needs = g_array_new (FALSE, FALSE, sizeof (OrfLiveNeed));
  self->uses = g_array_new (FALSE, FALSE, sizeof (Use));
  self->budget = budget;
  self->name = g_strdup (name);
  self->labels = g_strdupv ((char **) labels);
  self->text = orf_series_name_to_text (name, labels);
  /* the text, and what it is made of */
  self->bytes = sizeof *self + MORE_BYTES + 2 * strlen (self->text);
  budget->bytes += self->bytes;
  return self;
}

OrfLiveSeries *
orf_live_series_ref (OrfLiveSeries *self)
{
  self->n_refs++;
  return self;
}

static void
set_room (OrfLiveSeries *self, guint n_room)
{
  self->budget->bytes -= sizeof (OrfPoint) * self->ring.n_room;
  if (n_room > 0)
    orf_point_ring_set_room (&self->ring, n_room);
  else
    orf_point_ring_clear (&self->ring);
  self->budget->bytes += sizeof (OrfPoint) * n_room;
}

void
orf_live_series_unref (OrfLiveSeries *self)
{
  if (--self->n_refs > 0)
    return;
  set_room (self, 0);
  self->budget->bytes -= self->bytes;
  g_array_unref (self->needs);
  g_array_unref (self->uses);
  g_free (self->name);
  g_free (self->text);
  g_strfreev (self->labels);
  g_free (self);
}

const char *
orf_live_series_get_name (const OrfLiveSeries *self)
{
  return self->name;
}

char *const *
orf_live_series_get_labels (const OrfLiveSeries *self)
{
  return self->labels;
}

const char *
orf_live_series_get_text (const OrfLiveSeries *self)
{
  return self->text;
}

/* ---- points ---------------------------------------------------------------------------------- */

gint64
orf_live_series_get_reach_us (const OrfLiveSeries *self)
{
  return MAX (self->need.reach_us, self->need.newest_us);
}

static void
add_need (OrfLiveSeries *self, OrfLiveNeed need)
{
  self->need.reach_us = MAX (self->need.reach_us, need.reach_us);
  self->need.newest_us = MAX (self->need.newest_us, need.newest_us);
}

void
orf_live_series_hold (OrfLiveSeries *self, OrfLiveNeed need)
{
  g_array_append_val (self->needs, need);
  add_need (self, need);
}

static guint
find_need (const OrfLiveSeries *self, OrfLiveNeed need)
{
  guint i = 0;

  while (memcmp (&g_array_index (self->needs, OrfLiveNeed, i), &need, sizeof need) != 0)
    i++;
  return i;
}

void
orf_live_series_let_go (OrfLiveSeries *self, OrfLiveNeed need)
{
  g_array_remove_index_fast (self->needs, find_need (self, need));
  self->need = (OrfLiveNeed){ 0 };
  for (guint i = 0; i < self->needs->len; i++)
    add_need (self, g_array_index (self->needs, OrfLiveNeed, i));
  if (self->needs->len > 0)
    return;
  set_room (self, 0);
  self->lost_us = 0;
}

static gboolean
is_needed (const OrfLiveSeries *self, guint64 number, gint64 now_us)
{
  gint64 t_us = orf_point_ring_get (&self->ring, number)->t_us;
  gboolean is_newest = number + 1 == orf_point_ring_get_end (&self->ring) ||
                       orf_point_ring_get (&self->ring, number + 1)->t_us > now_us;

  return t_us > now_us - self->need.reach_us || (is_newest && t_us > now_us - self->need.newest_us);
}

static void
forget (OrfLiveSeries *self, gint64 now_us)
{
  OrfPointRing *ring = &self->ring;

  for (guint i = 0; i < 2 * FORGET_EVERY && ring->n > 0; i++) {
    if (is_needed (self, ring->first, now_us))
      break;
    orf_point_ring_drop (ring, 1);
  }
  if (ring->n_room > LEAST_TO_SHRINK && ring->n < ring->n_room / 4)
    set_room (self, orf_point_ring_grow (ring->n));
}

static gboolean
make_room (OrfLiveSeries *self, gint64 now_us)
{
  OrfPointRing *ring = &self->ring;
  guint n_room;

  if (ring->n == ring->n_room || (ring->first + ring->n + self->turn) % FORGET_EVERY == 0)
    forget (self, now_us);
  if (ring->n < ring->n_room)
    return TRUE;
  n_room = MIN (orf_point_ring_grow (ring->n), self->max_points);
  if (n_room <= ring->n_room ||
      self->budget->bytes + sizeof (OrfPoint) * (n_room - ring->n_room) > self->budget->max_bytes)
    return FALSE;
  set_room (self, n_room);
  return TRUE;
}

/* FALSE: one was lost, it or the oldest. */
static gboolean
put_in (OrfLiveSeries *self, guint64 number, OrfPoint point, gint64 now_us)
{
  OrfPointRing *ring = &self->ring;
  gboolean is_room = make_room (self, now_us);

  number = MAX (number, ring->first);
  if (!is_room && number == ring->first) {
    self->lost_us = point.t_us;
    return FALSE;
  }
  if (!is_room) {
    self->lost_us = orf_point_ring_get (ring, ring->first)->t_us;
    orf_point_ring_drop (ring, 1);
  }
  orf_point_ring_insert (ring, number, point);
  return is_room;
}

gboolean
orf_live_series_push (OrfLiveSeries *self, OrfPoint point, gint64 now_us)
{
  OrfPointRing *ring = &self->ring;
  gboolean is_kept = TRUE;
  guint64 number;

  if (self->needs->len == 0 || !isfinite (point.value) ||
      point.t_us <= now_us - orf_live_series_get_reach_us (self))
    return TRUE;
  if (self->lost_us != 0 && point.t_us <= self->lost_us)
    return FALSE;
  number = orf_point_ring_find (ring, point.t_us);
  if (number < orf_point_ring_get_end (ring) &&
      orf_point_ring_get (ring, number)->t_us == point.t_us)
    *orf_point_ring_get (ring, number) = point;
  else
    is_kept = put_in (self, number, point, now_us);
  /* no window has looked at what is later */
  for (guint i = 0; point.t_us <= now_us && i < self->uses->len; i++)
    orf_live_window_note_change (g_array_index (self->uses, Use, i).window, number);
  return is_kept;
}

void
orf_live_series_turn_back (OrfLiveSeries *self, gint64 now_us)
{
  guint64 end = orf_point_ring_find (&self->ring, now_us + 1);

  self->ring.n = (guint) (end - self->ring.first);
  self->lost_us = MIN (self->lost_us, now_us);
  for (guint i = 0; i < self->uses->len; i++)
    orf_live_window_note_change (g_array_index (self->uses, Use, i).window, 0);
}

/* ---- windows --------------------------------------------------------------------------------- */

OrfLiveWindow *
orf_live_series_take (OrfLiveSeries *self, OrfMetricsAggregate aggregate, gint64 window_us)
{
  Use use = { NULL, 1 };

  for (guint i = 0; i < self->uses->len; i++) {
    Use *one = &g_array_index (self->uses, Use, i);

    if (orf_live_window_is (one->window, aggregate, window_us)) {
      one->n_users++;
      return one->window;
    }
  }
  use.window = orf_live_window_new (aggregate, window_us, self->budget);
  g_array_append_val (self->uses, use);
  return use.window;
}

void
orf_live_series_give_back (OrfLiveSeries *self, OrfLiveWindow *window)
{
  guint i = 0;

  while (g_array_index (self->uses, Use, i).window != window)
    i++;
  if (--g_array_index (self->uses, Use, i).n_users > 0)
    return;
  orf_live_window_free (window);
  g_array_remove_index_fast (self->uses, i);
}

void
orf_live_series_touch (const OrfLiveSeries *self, const OrfLiveWindow *window)
{
  const char *bytes = (const char *) window;

  __builtin_prefetch (self);
  for (guint i = 0; i < 3; i++)
    __builtin_prefetch (bytes + 64 * i);
}

void
orf_live_series_prefetch (const OrfLiveSeries *self, const OrfLiveWindow *window)
{
  orf_live_window_prefetch (window, &self->ring);
}

void
orf_live_series_prefetch_end (const OrfLiveSeries *self)
{
  if (self->ring.n > 0)
    __builtin_prefetch (orf_point_ring_get (&self->ring, orf_point_ring_get_end (&self->ring)), 1);
}

double
orf_live_series_ask (const OrfLiveSeries *self,
                     OrfLiveWindow *window,
                     gint64 now_us,
                     gboolean *is_short)
{
  return orf_live_window_ask (window, &self->ring, now_us, self->lost_us, is_short);
}
