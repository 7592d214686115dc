/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as what is done with the newest points of a series, beside a model that keeps all: what
 * is read is in order, is what was added last, and from complete_from_us on it is all that was
 * added.
 */
#include "metrics/orf-open-chunk.h"

#include "fuzz-take.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define START_US   G_GINT64_CONSTANT (1700000000000000)
#define MAX_POINTS 24
#define MAX_MODEL  1000
#define MAX_ADDED  8

static const OrfOpenLimits limits = { 60 * (gint64) G_USEC_PER_SEC, MAX_POINTS };

typedef struct {
  OrfOpenChunk chunk;
  gint64 t_us;   /* of the next point */
  GArray *known; /* OrfPoint by time */
} Model;

static guint
find_place (const GArray *points, gint64 t_us)
{
  guint i = 0;

  while (i < points->len && g_array_index (points, OrfPoint, i).t_us < t_us)
    i++;
  return i;
}

/* anew: it goes before what is known of that time. */
static void
learn (Model *model, const OrfPoint *point, gboolean anew)
{
  guint at = find_place (model->known, point->t_us);

  if (at < model->known->len && g_array_index (model->known, OrfPoint, at).t_us == point->t_us) {
    if (anew)
      g_array_index (model->known, OrfPoint, at) = *point;
  } else if (model->known->len < MAX_MODEL) {
    g_array_insert_val (model->known, at, *point);
  }
}

static gint64
take_time (Model *model, FuzzInput *input)
{
  static const gint64 steps_us[] = { 1, 1000, 250000, 1000000, 7000000, 61000000, 4300000000 };
  guint8 byte = fuzz_take_byte (input);
  gint64 step_us = steps_us[byte % G_N_ELEMENTS (steps_us)] * (byte / 16 + 1);

  return model->t_us + (byte & 8 ? -step_us : step_us);
}

static void
add (Model *model, FuzzInput *input)
{
  const OrfPoint point = { take_time (model, input), fuzz_take_byte (input) };

  orf_open_chunk_add (&model->chunk, &limits, point.t_us, point.value);
  learn (model, &point, TRUE);
  model->t_us = MAX (model->t_us, point.t_us);
}

/* What the file has of a while before, up to where memory has all; what was added then it has too.
 */
static void
prepend (Model *model, FuzzInput *input)
{
  g_autoptr (GArray) points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  gint64 to_us = model->chunk.complete_from_us;
  gint64 from_us = to_us - 1 - fuzz_take_byte (input) * G_GINT64_CONSTANT (500000);

  for (guint n = fuzz_take_byte (input) % MAX_ADDED, i = 0; i < n && to_us > 0; i++) {
    const OrfPoint point = { from_us +
                               (gint64) (fuzz_take_number (input) % (guint64) (to_us - from_us)),
                             fuzz_take_byte (input) };

    learn (model, &point, FALSE);
  }
  for (guint i = find_place (model->known, from_us); i < find_place (model->known, to_us); i++)
    g_array_append_val (points, g_array_index (model->known, OrfPoint, i));
  orf_open_chunk_prepend (&model->chunk, &limits, (const OrfPoint *) (gconstpointer) points->data,
                          points->len, from_us, to_us);
}

static void
check (const Model *model, gint64 from_us, gint64 to_us)
{
  g_autoptr (GArray) points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));
  guint at = find_place (model->known, MAX (from_us, model->chunk.complete_from_us)), next = 0;

  orf_open_chunk_read (&model->chunk, from_us, to_us, points);
  for (guint i = 0; i < points->len; i++) {
    const OrfPoint *point = &g_array_index (points, OrfPoint, i);
    guint place = find_place (model->known, point->t_us);

    if (point->t_us < from_us || point->t_us >= to_us ||
        (i > 0 && point->t_us <= g_array_index (points, OrfPoint, i - 1).t_us))
      g_error ("out of order: %" G_GINT64_FORMAT, point->t_us);
    if (place == model->known->len ||
        g_array_index (model->known, OrfPoint, place).t_us != point->t_us ||
        g_array_index (model->known, OrfPoint, place).value != point->value)
      g_error ("at %" G_GINT64_FORMAT " nothing is %g", point->t_us, point->value);
  }
  for (; at < model->known->len && model->known->len < MAX_MODEL; at++) {
    gint64 t_us = g_array_index (model->known, OrfPoint, at).t_us;

    if (t_us >= to_us)
      break;
    while (next < points->len && g_array_index (points, OrfPoint, next).t_us < t_us)
      next++;
    if (next == points->len || g_array_index (points, OrfPoint, next).t_us != t_us)
      g_error ("%" G_GINT64_FORMAT " is missing, and complete is said from %" G_GINT64_FORMAT, t_us,
               model->chunk.complete_from_us);
  }
  if (points->len > MAX_POINTS)
    g_error ("%u points", points->len);
}

static void
operate (Model *model, FuzzInput *input)
{
  OrfPoint last;

  switch (fuzz_take_byte (input) % 8) {
  case 0:
    orf_open_chunk_trim (&model->chunk, take_time (model, input));
    break;
  case 1:
    prepend (model, input);
    break;
  case 2:
    check (model, take_time (model, input), take_time (model, input));
    break;
  default:
    add (model, input);
  }
  check (model, 0, G_MAXINT64);
  if (orf_open_chunk_get_last (&model->chunk, &last) && last.t_us > model->t_us)
    g_error ("the last is later than any");
  orf_open_chunk_get_size_bytes (&model->chunk);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzInput input = { data, size };
  Model model = { .t_us = START_US, .known = g_array_new (FALSE, FALSE, sizeof (OrfPoint)) };

  orf_open_chunk_init (&model.chunk, fuzz_take_byte (&input) % 2 == 0 ? 0 : START_US);
  for (guint i = 0; i < 300 && input.size > 0; i++)
    operate (&model, &input);
  orf_open_chunk_clear (&model.chunk);
  g_array_unref (model.known);
  return 0;
}
