/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "orf-ctl-format.h"

typedef struct {
  const char *suffix;
  char *(*format) (double value, gboolean utf8);
} UnitRow;

/* printf's %.*f follows LC_NUMERIC, which the program leaves at C (main.c sets LC_CTYPE alone). */
static char *
format_three (double value, const char *unit)
{
  double size = fabs (value);
  int digits = size >= 99.95 || size == 0 ? 0 : size >= 9.995 ? 1 : 2;

  return g_strdup_printf ("%.*f%s", digits, value, unit);
}

static const char *const byte_units[] = { " B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB" };

/* The unit whose rounded figure stays below 1000. */
static guint
choose_byte_unit (double bytes)
{
  guint unit = 0;

  for (double size = fabs (bytes); size >= 999.5 && unit + 1 < G_N_ELEMENTS (byte_units);
       size /= 1024)
    unit++;
  return unit;
}

char *
orf_ctl_format_bytes (double bytes)
{
  guint unit;

  if (isnan (bytes))
    return NULL;
  unit = choose_byte_unit (bytes);
  if (unit == 0)
    return g_strdup_printf ("%.0f B", bytes);
  return format_three (bytes / pow (1024, unit), byte_units[unit]);
}

char *
orf_ctl_format_bytes_pair (double used_bytes, double total_bytes)
{
  guint unit;
  g_autofree char *used = NULL;
  g_autofree char *total = NULL;

  if (isnan (total_bytes))
    return orf_ctl_format_bytes (used_bytes);
  unit = choose_byte_unit (total_bytes);
  if (isnan (used_bytes))
    used = g_strdup ("?");
  else
    used = format_three (used_bytes / pow (1024, unit), "");
  total = format_three (total_bytes / pow (1024, unit), byte_units[unit]);
  return g_strdup_printf ("%s of %s", used, total);
}

static char *
format_long_duration (gint64 seconds)
{
  if (seconds < 3600 && seconds % 60 == 0)
    return g_strdup_printf ("%" G_GINT64_FORMAT "m", seconds / 60);
  if (seconds < 3600)
    return g_strdup_printf ("%" G_GINT64_FORMAT "m %02" G_GINT64_FORMAT "s", seconds / 60,
                            seconds % 60);
  if (seconds < 86400 && seconds / 60 % 60 == 0)
    return g_strdup_printf ("%" G_GINT64_FORMAT "h", seconds / 3600);
  if (seconds < 86400)
    return g_strdup_printf ("%" G_GINT64_FORMAT "h %02" G_GINT64_FORMAT "m", seconds / 3600,
                            seconds / 60 % 60);
  if (seconds / 3600 % 24 == 0)
    return g_strdup_printf ("%" G_GINT64_FORMAT "d", seconds / 86400);
  return g_strdup_printf ("%" G_GINT64_FORMAT "d %02" G_GINT64_FORMAT "h", seconds / 86400,
                          seconds / 3600 % 24);
}

char *
orf_ctl_format_duration_us (double duration_us, gboolean utf8)
{
  if (isnan (duration_us))
    return NULL;
  if (fabs (duration_us) < 999.5)
    return format_three (duration_us, utf8 ? " µs" : " us");
  if (fabs (duration_us) < 999.5e3)
    return format_three (duration_us / 1e3, " ms");
  /* beyond what 64 bits of microseconds hold, and below zero, seconds are the honest answer */
  if (duration_us < 60e6 || duration_us > 9e18)
    return format_three (duration_us / 1e6, " s");
  return format_long_duration ((gint64) (duration_us / 1e6));
}

char *
orf_ctl_format_age_us (double age_us, gboolean utf8)
{
  g_autofree char *span = NULL;

  if (isnan (age_us))
    return NULL;
  if (age_us < 50e3)
    return g_strdup ("just now");
  /* that it was 413 and not 400 ms ago tells nobody anything */
  if (age_us < 9.95e6)
    return g_strdup_printf ("%.1f s ago", age_us / 1e6);
  if (age_us < 60e6)
    return g_strdup_printf ("%.0f s ago", age_us / 1e6);
  span = orf_ctl_format_duration_us (age_us, utf8);
  return g_strconcat (span, " ago", NULL);
}

char *
orf_ctl_format_percent (double percent)
{
  if (isnan (percent))
    return NULL;
  return g_strdup_printf ("%.*f %%", fabs (percent) < 9.95 && percent != 0 ? 1 : 0, percent);
}

char *
orf_ctl_format_number (double value)
{
  double size = fabs (value);

  if (isnan (value))
    return NULL;
  if (isinf (value) || size >= 999.5e12)
    return g_strdup_printf ("%.3g", value);
  if (size >= 999.5e9)
    return format_three (value / 1e12, "T");
  if (size >= 999.5e6)
    return format_three (value / 1e9, "G");
  if (size >= 999.5e3)
    return format_three (value / 1e6, "M");
  if (value == floor (value) && size < 1e6)
    return g_strdup_printf ("%.0f", value);
  if (size >= 999.5)
    return format_three (value / 1e3, "k");
  if (size < 0.01)
    return g_strdup_printf ("%.3g", value);
  return format_three (value, "");
}

char *
orf_ctl_format_exact (double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  if (isnan (value))
    return NULL;
  if (value == floor (value) && fabs (value) < 9007199254740992.0)
    return g_strdup_printf ("%.0f", value);
  for (int digits = 15; digits <= 17; digits++) {
    char format[8];

    g_snprintf (format, sizeof format, "%%.%dg", digits);
    g_ascii_formatd (text, sizeof text, format, value);
    if (g_ascii_strtod (text, NULL) == value)
      break;
  }
  return g_strdup (text);
}

static char *
format_unit_bytes (double value, G_GNUC_UNUSED gboolean utf8)
{
  return orf_ctl_format_bytes (value);
}

static char *
format_unit_percent (double value, G_GNUC_UNUSED gboolean utf8)
{
  return orf_ctl_format_percent (value);
}

static char *
format_unit_celsius (double value, gboolean utf8)
{
  return format_three (value, utf8 ? " °C" : " C");
}

static char *
format_unit_watts (double value, G_GNUC_UNUSED gboolean utf8)
{
  return format_three (value, " W");
}

static char *
format_unit_bytes_per_s (double value, G_GNUC_UNUSED gboolean utf8)
{
  g_autofree char *bytes = orf_ctl_format_bytes (value);

  return g_strconcat (bytes, "/s", NULL);
}

static const UnitRow units[] = {
  { "_bytes", format_unit_bytes },       { "_bytes_per_s", format_unit_bytes_per_s },
  { "_us", orf_ctl_format_duration_us }, { "_percent", format_unit_percent },
  { "_c", format_unit_celsius },         { "_w", format_unit_watts },
};

char *
orf_ctl_format_metric (const char *name, double value, gboolean utf8)
{
  if (isnan (value))
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (units); i++) {
    if (g_str_has_suffix (name, units[i].suffix))
      return units[i].format (value, utf8);
  }
  return orf_ctl_format_number (value);
}

static GDateTime *
new_time (gint64 time_us, gboolean utc)
{
  gint64 seconds = time_us / G_USEC_PER_SEC - (time_us % G_USEC_PER_SEC < 0);

  return utc ? g_date_time_new_from_unix_utc (seconds) : g_date_time_new_from_unix_local (seconds);
}

static char *
format_time (gint64 time_us, gboolean utc, const char *format)
{
  g_autoptr (GDateTime) time = new_time (time_us, utc);

  /* outside the years 1 to 9999 there is no date, but there is a number */
  if (time == NULL)
    return g_strdup_printf ("%" G_GINT64_FORMAT, time_us);
  return g_date_time_format (time, format);
}

static int
microsecond_of (gint64 time_us)
{
  int rest = (int) (time_us % G_USEC_PER_SEC);

  return rest < 0 ? rest + G_USEC_PER_SEC : rest;
}

char *
orf_ctl_format_time_utc (gint64 time_us)
{
  g_autofree char *format = g_strdup_printf ("%%Y-%%m-%%dT%%H:%%M:%%S.%06dZ",
                                             microsecond_of (time_us));

  return format_time (time_us, TRUE, format);
}

char *
orf_ctl_format_time (gint64 time_us, gboolean utc)
{
  int milliseconds = microsecond_of (time_us) / 1000;
  g_autofree char *fraction = g_strdup_printf (".%03d", milliseconds);
  g_autofree char *format = g_strconcat ("%Y-%m-%d %H:%M:%S", milliseconds != 0 ? fraction : "",
                                         utc ? "Z" : "", NULL);

  return format_time (time_us, utc, format);
}

char *
orf_ctl_format_clock (gint64 time_us, gboolean utc)
{
  return format_time (time_us, utc, utc ? "%H:%M:%SZ" : "%H:%M:%S");
}

char *
orf_ctl_format_csv_cell (const char *text)
{
  g_auto (GStrv) parts = NULL;
  g_autofree char *doubled = NULL;

  if (strpbrk (text, ",\"\r\n") == NULL)
    return g_strdup (text);
  parts = g_strsplit (text, "\"", -1);
  doubled = g_strjoinv ("\"\"", parts);
  return g_strdup_printf ("\"%s\"", doubled);
}

/* Whether a spreadsheet takes it for a formula; a number with a sign stays one. */
static gboolean
is_formula (const char *text)
{
  char *end = NULL;

  if (text[0] == '\0' || strchr ("=+-@\t\r", text[0]) == NULL)
    return FALSE;
  g_ascii_strtod (text, &end);
  return end == text || *end != '\0' || g_ascii_isspace (text[0]);
}

char *
orf_ctl_format_csv_text (const char *text)
{
  g_autofree char *quoted = is_formula (text) ? g_strconcat ("'", text, NULL) : NULL;

  return orf_ctl_format_csv_cell (quoted != NULL ? quoted : text);
}
