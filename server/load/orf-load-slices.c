/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "load/orf-load-slices.h"

#include <math.h>
#include <string.h>

#include "core/orf-clock.h"
#include "orf-json.h"

/* Nothing is sampled more often than once a second. */
#define MIN_STEP_US ORF_US_PER_S

static double
get_number (json_t *object, const char *name)
{
  json_t *value = json_object_get (object, name);

  return json_is_number (value) && json_number_value (value) >= 0 ? json_number_value (value) : NAN;
}

/* FALSE: it is not known. */
static gboolean
get_integer (json_t *object, const char *name, gint64 *value)
{
  return orf_json_get_integer (json_object_get (object, name), value) && *value >= 0;
}

/* Levels by time, each looked at once: a report may have a million. */
typedef struct {
  json_t *levels;
  gsize next;
  double planned_per_s; /* of the one before; NAN: not known */
} Levels;

/* Of the level that the time lies in; times rise. */
static double
find_planned (Levels *levels, gint64 at_us)
{
  gint64 from_us;

  for (; levels->next < json_array_size (levels->levels); levels->next++) {
    json_t *level = json_array_get (levels->levels, levels->next);

    if (!get_integer (level, "from_us", &from_us) || from_us > at_us)
      break;
    levels->planned_per_s = get_number (level, "planned_per_s");
  }
  return levels->planned_per_s;
}

static OrfLoadSlice *
make_slice (json_t *told, Levels *levels, gint64 at_us)
{
  OrfLoadSlice *slice = orf_load_slice_new ();

  slice->at_us = at_us;
  slice->planned_per_s = find_planned (levels, at_us);
  slice->rate_per_s = get_number (told, "rate_per_s");
  slice->has_failed = get_integer (told, "failed", &slice->failed);
  slice->has_p50_us = get_integer (told, "p50_us", &slice->p50_us);
  slice->has_p95_us = get_integer (told, "p95_us", &slice->p95_us);
  slice->has_p99_us = get_integer (told, "p99_us", &slice->p99_us);
  return slice;
}

GPtrArray *
orf_load_slices_parse (const char *report)
{
  GPtrArray *slices = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_load_slice_free);
  g_autoptr (json_t)
    document = report != NULL ? orf_json_parse (report, strlen (report), ORF_JSON_MAX_DEPTH, NULL)
                              : NULL;
  json_t *measured = json_object_get (document, "orfeas");
  Levels levels = { json_object_get (measured, "levels"), 0, NAN };
  gint64 at_us, last_us = -1;
  gsize i;
  json_t *told;

  json_array_foreach (json_object_get (measured, "slices"), i, told)
  {
    if (slices->len == ORF_LOAD_MAX_SLICES || !get_integer (told, "from_us", &at_us) ||
        at_us <= last_us)
      break;
    g_ptr_array_add (slices, make_slice (told, &levels, at_us));
    last_us = at_us;
  }
  return slices;
}

gint64
orf_load_slices_get_step (const GPtrArray *slices, gint64 took_us)
{
  gint64 usual_us = (took_us / ORF_LOAD_MAX_SLICES / MIN_STEP_US + 1) * MIN_STEP_US;
  gint64 step_us;

  if (slices->len < 2)
    return usual_us;
  step_us = ((const OrfLoadSlice *) slices->pdata[1])->at_us -
            ((const OrfLoadSlice *) slices->pdata[0])->at_us;
  /* the last answers may come after the last slice */
  return step_us >= MIN_STEP_US && step_us >= usual_us / 2 ? step_us : usual_us;
}
