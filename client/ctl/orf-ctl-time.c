/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "orf-error.h"

#include "orf-ctl-time.h"

/* The range that JSON carries exactly; 285 years in microseconds. */
#define MAX_US 9007199254740992.0
/* Epoch numbers: seconds stay below 1e11 until the year 5138, microseconds were above 1e14 from
 * 1973 on.  What is between can only be milliseconds, which nothing here takes: better asked than
 * guessed. */
#define MAX_EPOCH_SECONDS 1e11
#define MIN_EPOCH_US      1e14

typedef struct {
  const char *name;
  double us;
} DurationUnit;

/* Where one name begins another the longer comes first. */
static const DurationUnit duration_units[] = {
  { "us", 1 },  { "µs", 1 },     { "ms", 1e3 },    { "m", 60e6 },
  { "s", 1e6 }, { "h", 3600e6 }, { "d", 86400e6 }, { "w", 604800e6 },
};

static gboolean
fail_duration (const char *text, GError **error)
{
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
               "\"%s\" is no duration: write 90s, 5m, 2h, 1d, 1h30m or 250ms", text);
  return FALSE;
}

static gboolean
fail_time (const char *text, const char *why, GError **error)
{
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
               "\"%s\" is no time%s: write 2026-11-21T01:42:17Z, epoch seconds or microseconds, "
               "now or -10m",
               text, why);
  return FALSE;
}

/* A plain decimal: no sign, exponent, hex, "inf", which strtod would take. */
static gboolean
parse_decimal (const char **at, double *value)
{
  gsize length = strspn (*at, "0123456789.");
  g_autofree char *digits = g_strndup (*at, length);
  char *end;

  if (length == 0 || g_str_equal (digits, "."))
    return FALSE;
  *value = g_ascii_strtod (digits, &end);
  if (*end != '\0')
    return FALSE;
  *at += length;
  return TRUE;
}

static double
parse_unit (const char **at)
{
  for (guint i = 0; i < G_N_ELEMENTS (duration_units); i++) {
    if (g_str_has_prefix (*at, duration_units[i].name)) {
      *at += strlen (duration_units[i].name);
      return duration_units[i].us;
    }
  }
  return 0;
}

gboolean
orf_ctl_parse_duration (const char *text, gint64 *duration_us, GError **error)
{
  const char *at = text;
  double sum = 0;

  do {
    gboolean first = at == text;
    double value;
    double unit;

    if (!parse_decimal (&at, &value))
      return fail_duration (text, error);
    unit = parse_unit (&at);
    if (unit == 0 && first && *at == '\0')
      unit = 1e6;
    if (unit == 0)
      return fail_duration (text, error);
    sum += value * unit;
  } while (*at != '\0');

  if (!(sum >= 1 && sum <= MAX_US))
    return fail_duration (text, error);
  *duration_us = (gint64) (sum + 0.5);
  return TRUE;
}

static gboolean
parse_epoch (const char *text, double value, gint64 *time_us, GError **error)
{
  if (value < MAX_EPOCH_SECONDS && value * 1e6 <= MAX_US) {
    *time_us = (gint64) round (value * 1e6);
    return TRUE;
  }
  if (value >= MIN_EPOCH_US && value <= MAX_US) {
    *time_us = (gint64) value;
    return TRUE;
  }
  return fail_time (text, " (seconds are too many, microseconds too few)", error);
}

static gboolean
parse_date (const char *text, gint64 *time_us, GError **error)
{
  g_autoptr (GTimeZone) local = g_time_zone_new_local ();
  g_autofree char *midnight = g_strconcat (text, "T00:00:00", NULL);
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (text, local);

  if (time == NULL && strlen (text) == strlen ("2026-11-21"))
    time = g_date_time_new_from_iso8601 (midnight, local);
  if (time == NULL)
    return fail_time (text, "", error);
  if (g_date_time_to_unix (time) < 0)
    return fail_time (text, " from 1970 on", error);
  *time_us = g_date_time_to_unix (time) * G_USEC_PER_SEC + g_date_time_get_microsecond (time);
  return TRUE;
}

gboolean
orf_ctl_parse_time (const char *text, gint64 now_us, gint64 *time_us, GError **error)
{
  const char *at = text;
  gint64 span_us;
  double value;

  if (g_str_equal (text, "now")) {
    *time_us = now_us;
    return TRUE;
  }
  if (*text == '-') {
    if (!orf_ctl_parse_duration (text + 1, &span_us, NULL))
      return fail_time (text, "", error);
    *time_us = MAX (now_us - span_us, 0);
    return TRUE;
  }
  if (parse_decimal (&at, &value) && *at == '\0')
    return parse_epoch (text, value, time_us, error);
  return parse_date (text, time_us, error);
}
