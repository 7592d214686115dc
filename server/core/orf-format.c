/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-format.h"

#include <math.h>

char *
orf_format_bytes (double bytes)
{
  static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB" };
  double value = bytes / 1024;
  guint unit = 0;

  /* from where it would be rounded to 1024 of a unit on, it is one of the next */
  if (fabs (bytes) < 1023.5)
    return g_strdup_printf ("%.0f B", bytes);
  while (fabs (value) >= 1023.95 && unit + 1 < G_N_ELEMENTS (units)) {
    value /= 1024;
    unit++;
  }
  return g_strdup_printf ("%.1f %s", value, units[unit]);
}

char *
orf_format_span (gint64 us)
{
  static const struct {
    double seconds;
    const char *format;
  } units[] = { { 86400, "%.1f d" }, { 3600, "%.1f h" }, { 60, "%.0f min" } };
  double seconds = (double) us / 1e6;

  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    if (seconds >= 2 * units[i].seconds)
      return g_strdup_printf (units[i].format, seconds / units[i].seconds);
  return g_strdup_printf ("%.0f s", seconds);
}

char *
orf_format_number (double value)
{
  if (fabs (value) >= 999.5) /* %g makes 1e+03 of it */
    return g_strdup_printf ("%.0f", value);
  /* below, %g has an exponent only where nothing else is short */
  return g_strdup_printf ("%.3g", value);
}
