/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-value.h"

#include <math.h>

const char *
orf_value_get_text (json_t *object, const char *name)
{
  return json_string_value (json_object_get (object, name));
}

static double
get_number (json_t *value)
{
  return json_is_number (value) ? json_number_value (value) : NAN;
}

double
orf_value_get_number (json_t *object, const char *name)
{
  return get_number (json_object_get (object, name));
}

gboolean
orf_value_get_integer (json_t *object, const char *name, gint64 *value)
{
  return orf_json_get_integer (json_object_get (object, name), value);
}

gint64
orf_value_get_count (json_t *object, const char *name)
{
  gint64 count = 0;

  orf_value_get_integer (object, name, &count);
  return count;
}

gboolean
orf_value_is_true (json_t *object, const char *name)
{
  return json_is_true (json_object_get (object, name));
}

json_t *
orf_value_get_array (json_t *object, const char *name)
{
  json_t *value = json_object_get (object, name);

  return json_is_array (value) ? value : NULL;
}

static int
compare_points (gconstpointer one, gconstpointer other)
{
  gint64 a = ((const OrfPoint *) one)->t_us, b = ((const OrfPoint *) other)->t_us;

  return (a > b) - (a < b);
}

GArray *
orf_value_dup_points (json_t *object, const char *name)
{
  json_t *pairs = orf_value_get_array (object, name);
  GArray *points = g_array_new (FALSE, FALSE, sizeof (OrfPoint));

  for (gsize i = 0; i < json_array_size (pairs); i++) {
    json_t *pair = json_array_get (pairs, i);
    OrfPoint point = { .value = get_number (json_array_get (pair, 1)) };

    if (orf_json_get_integer (json_array_get (pair, 0), &point.t_us))
      g_array_append_val (points, point);
  }
  g_array_sort (points, compare_points);
  return points;
}
