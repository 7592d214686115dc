/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-open-chunk.h"

#include <string.h>

#define MIN_CAPACITY 16
/* Longest span that offsets can tell; limits keep well below. */
#define MAX_SPAN_US ((gint64) G_MAXUINT32)

void
orf_open_chunk_init (OrfOpenChunk *chunk, gint64 complete_from_us)
{
  *chunk = (OrfOpenChunk){ .complete_from_us = complete_from_us };
}

void
orf_open_chunk_clear (OrfOpenChunk *chunk)
{
  g_clear_pointer (&chunk->offsets_us, g_free);
  g_clear_pointer (&chunk->values, g_free);
  chunk->first = chunk->count = chunk->capacity = 0;
}

/* The place in the arrays of the index-th point. */
static guint32
place (const OrfOpenChunk *chunk, guint32 index)
{
  guint32 at = chunk->first + index;

  return at < chunk->capacity ? at : at - chunk->capacity;
}

static gint64
time_at (const OrfOpenChunk *chunk, guint32 index)
{
  return chunk->base_us + chunk->offsets_us[place (chunk, index)];
}

/* The first point at or after t_us; count if there is none. */
static guint32
lower_bound (const OrfOpenChunk *chunk, gint64 t_us)
{
  guint32 low = 0, high = chunk->count;

  while (low < high) {
    guint32 middle = low + (high - low) / 2;

    if (time_at (chunk, middle) < t_us)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Moves all into arrays of this capacity, in order from 0, with offsets from the first point. */
static void
rearrange (OrfOpenChunk *chunk, guint32 capacity)
{
  guint32 *offsets_us = g_new (guint32, capacity);
  double *values = g_new (double, capacity);
  gint64 base_us = chunk->count > 0 ? time_at (chunk, 0) : chunk->base_us;

  for (guint32 i = 0; i < chunk->count; i++) {
    offsets_us[i] = (guint32) (time_at (chunk, i) - base_us);
    values[i] = chunk->values[place (chunk, i)];
  }
  g_free (chunk->offsets_us);
  g_free (chunk->values);
  chunk->offsets_us = offsets_us;
  chunk->values = values;
  chunk->base_us = base_us;
  chunk->first = 0;
  chunk->capacity = capacity;
}

static void
drop_first (OrfOpenChunk *chunk)
{
  chunk->complete_from_us = MAX (chunk->complete_from_us, time_at (chunk, 0) + 1);
  chunk->first = place (chunk, 1);
  chunk->count--;
}

void
orf_open_chunk_trim (OrfOpenChunk *chunk, gint64 before_us)
{
  while (chunk->count > 0 && time_at (chunk, 0) < before_us)
    drop_first (chunk);
  if (chunk->count == 0)
    orf_open_chunk_clear (chunk);
  else if (chunk->capacity > MIN_CAPACITY && chunk->count <= chunk->capacity / 4)
    rearrange (chunk, chunk->capacity / 2);
}

/* Room for one more point at t_us, which is not before the first one. */
static void
make_room (OrfOpenChunk *chunk, const OrfOpenLimits *limits, gint64 t_us)
{
  while (chunk->count > 0 &&
         (time_at (chunk, 0) < t_us - limits->open_us || chunk->count >= limits->max_points))
    drop_first (chunk);
  if (chunk->count == 0)
    chunk->base_us = t_us;
  if (chunk->count == chunk->capacity)
    rearrange (chunk, MIN (MAX (chunk->capacity * 2, MIN_CAPACITY),
                           MAX (limits->max_points, MIN_CAPACITY)));
  else if (t_us - chunk->base_us > MAX_SPAN_US)
    rearrange (chunk, chunk->capacity);
}

static void
append (OrfOpenChunk *chunk, const OrfOpenLimits *limits, gint64 t_us, double value)
{
  guint32 at;

  make_room (chunk, limits, t_us);
  at = place (chunk, chunk->count++);
  chunk->offsets_us[at] = (guint32) (t_us - chunk->base_us);
  chunk->values[at] = value;
}

/* Out of order: rare, so all later points are moved. */
static void
insert (OrfOpenChunk *chunk, const OrfOpenLimits *limits, guint32 index, gint64 t_us, double value)
{
  gint64 last_us = time_at (chunk, chunk->count - 1);
  double last = chunk->values[place (chunk, chunk->count - 1)];
  guint32 count = chunk->count, n_dropped;

  /* The last point once more makes the room; what make_room() dropped shifts the index. */
  append (chunk, limits, last_us, last);
  n_dropped = count + 1 - chunk->count;
  if (index < n_dropped) {
    chunk->count--; /* full of newer ones: the file alone has it */
    return;
  }
  index -= n_dropped;
  if (t_us < chunk->base_us) {
    /* before the first of an unmoved base: offsets are made anew from it */
    guint32 shift = (guint32) (chunk->base_us - t_us);

    for (guint32 i = 0; i < chunk->count; i++)
      chunk->offsets_us[place (chunk, i)] += shift;
    chunk->base_us = t_us;
  }
  for (guint32 i = chunk->count - 1; i > index; i--) {
    chunk->offsets_us[place (chunk, i)] = chunk->offsets_us[place (chunk, i - 1)];
    chunk->values[place (chunk, i)] = chunk->values[place (chunk, i - 1)];
  }
  chunk->offsets_us[place (chunk, index)] = (guint32) (t_us - chunk->base_us);
  chunk->values[place (chunk, index)] = value;
}

void
orf_open_chunk_add (OrfOpenChunk *chunk, const OrfOpenLimits *limits, gint64 t_us, double value)
{
  guint32 index;
  gint64 last_us;

  if (chunk->count == 0) {
    append (chunk, limits, t_us, value);
    return;
  }
  last_us = time_at (chunk, chunk->count - 1);
  if (t_us > last_us) {
    append (chunk, limits, t_us, value);
    return;
  }
  if (t_us < last_us - limits->open_us) {
    chunk->complete_from_us = MAX (chunk->complete_from_us, t_us + 1);
    return;
  }
  index = lower_bound (chunk, t_us);
  if (time_at (chunk, index) == t_us)
    chunk->values[place (chunk, index)] = value;
  else
    insert (chunk, limits, index, t_us, value);
}

void
orf_open_chunk_prepend (OrfOpenChunk *chunk,
                        const OrfOpenLimits *limits,
                        const OrfPoint *points,
                        guint n_points,
                        gint64 from_us,
                        gint64 to_us)
{
  OrfOpenChunk merged;
  /* What is too old for the newest point would only be added to be dropped. */
  gint64 oldest_us = chunk->count > 0 ? time_at (chunk, chunk->count - 1) - limits->open_us
                                      : G_MININT64;

  /* Where it has dropped points since, they would stand behind a hole. */
  if (from_us >= chunk->complete_from_us || chunk->complete_from_us > to_us ||
      chunk->count >= limits->max_points)
    return;
  /* nor does the file's answer tell of one that came meanwhile and was too old to be kept */
  orf_open_chunk_init (&merged, MAX (from_us, oldest_us));
  for (guint i = 0; i < n_points; i++)
    if (points[i].t_us >= oldest_us)
      orf_open_chunk_add (&merged, limits, points[i].t_us, points[i].value);
  for (guint32 i = 0; i < chunk->count; i++)
    orf_open_chunk_add (&merged, limits, time_at (chunk, i), chunk->values[place (chunk, i)]);
  orf_open_chunk_clear (chunk);
  *chunk = merged;
}

void
orf_open_chunk_read (const OrfOpenChunk *chunk, gint64 from_us, gint64 to_us, GArray *points)
{
  guint32 index = lower_bound (chunk, from_us);
  guint32 end = lower_bound (chunk, to_us);
  guint n_before = points->len;

  if (end <= index)
    return;
  g_array_set_size (points, n_before + (end - index));
  for (OrfPoint *point = &g_array_index (points, OrfPoint, n_before); index < end;
       index++, point++) {
    guint32 at = place (chunk, index);

    *point = (OrfPoint){ chunk->base_us + chunk->offsets_us[at], chunk->values[at] };
  }
}

gboolean
orf_open_chunk_get_last (const OrfOpenChunk *chunk, OrfPoint *point)
{
  if (chunk->count == 0)
    return FALSE;
  point->t_us = time_at (chunk, chunk->count - 1);
  point->value = chunk->values[place (chunk, chunk->count - 1)];
  return TRUE;
}

gsize
orf_open_chunk_get_size_bytes (const OrfOpenChunk *chunk)
{
  return chunk->capacity * (sizeof (guint32) + sizeof (double));
}
