/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-prometheus-unit.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  const char *spelling;
  OrfPrometheusUnit unit;
  gboolean in_names; /* nobody would mean anything else by it */
} Row;

/* By strcmp().  Decimal where the word is: a MB is 10^6 bytes, a MiB 2^20. */
static const Row rows[] = {
  { "%", { "ratio", 1, 100 }, FALSE },
  { "A", { "amperes", 1, 1 }, FALSE },
  { "B", { "bytes", 1, 1 }, FALSE },
  { "By", { "bytes", 1, 1 }, FALSE },
  { "C", { "celsius", 1, 1 }, FALSE },
  { "Cel", { "celsius", 1, 1 }, FALSE },
  { "GB", { "bytes", 1e9, 1 }, FALSE },
  { "GBy", { "bytes", 1e9, 1 }, FALSE },
  { "GHz", { "hertz", 1e9, 1 }, FALSE },
  { "GiB", { "bytes", 1073741824.0, 1 }, FALSE },
  { "GiBy", { "bytes", 1073741824.0, 1 }, FALSE },
  { "Hz", { "hertz", 1, 1 }, FALSE },
  { "J", { "joules", 1, 1 }, FALSE },
  { "K", { "kelvin", 1, 1 }, FALSE },
  { "KB", { "bytes", 1e3, 1 }, FALSE },
  { "KBy", { "bytes", 1e3, 1 }, FALSE },
  { "KiB", { "bytes", 1024, 1 }, FALSE },
  { "KiBy", { "bytes", 1024, 1 }, FALSE },
  { "MB", { "bytes", 1e6, 1 }, FALSE },
  { "MBy", { "bytes", 1e6, 1 }, FALSE },
  { "MHz", { "hertz", 1e6, 1 }, FALSE },
  { "MiB", { "bytes", 1048576, 1 }, FALSE },
  { "MiBy", { "bytes", 1048576, 1 }, FALSE },
  { "TB", { "bytes", 1e12, 1 }, FALSE },
  { "TBy", { "bytes", 1e12, 1 }, FALSE },
  { "TiB", { "bytes", 1099511627776.0, 1 }, FALSE },
  { "TiBy", { "bytes", 1099511627776.0, 1 }, FALSE },
  { "V", { "volts", 1, 1 }, FALSE },
  { "W", { "watts", 1, 1 }, FALSE },
  { "Wh", { "joules", 3600, 1 }, FALSE },
  { "ampere", { "amperes", 1, 1 }, FALSE },
  { "amperes", { "amperes", 1, 1 }, TRUE },
  { "amps", { "amperes", 1, 1 }, FALSE },
  { "bit", { "bytes", 1, 8 }, FALSE },
  { "bits", { "bytes", 1, 8 }, TRUE },
  { "byte", { "bytes", 1, 1 }, FALSE },
  { "bytes", { "bytes", 1, 1 }, TRUE },
  { "celsius", { "celsius", 1, 1 }, TRUE },
  { "d", { "seconds", 86400, 1 }, FALSE },
  { "day", { "seconds", 86400, 1 }, FALSE },
  { "days", { "seconds", 86400, 1 }, TRUE },
  { "degC", { "celsius", 1, 1 }, FALSE },
  { "degc", { "celsius", 1, 1 }, FALSE },
  { "fraction", { "ratio", 1, 1 }, FALSE },
  { "g", { "grams", 1, 1 }, FALSE },
  { "gb", { "bytes", 1e9, 1 }, FALSE },
  { "ghz", { "hertz", 1e9, 1 }, TRUE },
  { "gib", { "bytes", 1073741824.0, 1 }, TRUE },
  { "gibibyte", { "bytes", 1073741824.0, 1 }, FALSE },
  { "gibibytes", { "bytes", 1073741824.0, 1 }, TRUE },
  { "gigabyte", { "bytes", 1e9, 1 }, FALSE },
  { "gigabytes", { "bytes", 1e9, 1 }, TRUE },
  { "gigahertz", { "hertz", 1e9, 1 }, TRUE },
  { "gram", { "grams", 1, 1 }, FALSE },
  { "grams", { "grams", 1, 1 }, TRUE },
  { "h", { "seconds", 3600, 1 }, FALSE },
  { "hertz", { "hertz", 1, 1 }, TRUE },
  { "hour", { "seconds", 3600, 1 }, FALSE },
  { "hours", { "seconds", 3600, 1 }, TRUE },
  { "hz", { "hertz", 1, 1 }, TRUE },
  { "joule", { "joules", 1, 1 }, FALSE },
  { "joules", { "joules", 1, 1 }, TRUE },
  { "kB", { "bytes", 1e3, 1 }, FALSE },
  { "kBy", { "bytes", 1e3, 1 }, FALSE },
  { "kHz", { "hertz", 1e3, 1 }, FALSE },
  { "kJ", { "joules", 1e3, 1 }, FALSE },
  { "kW", { "watts", 1e3, 1 }, FALSE },
  { "kWh", { "joules", 3.6e6, 1 }, FALSE },
  { "kb", { "bytes", 1e3, 1 }, FALSE },
  { "kelvin", { "kelvin", 1, 1 }, TRUE },
  { "kelvins", { "kelvin", 1, 1 }, FALSE },
  { "kg", { "grams", 1e3, 1 }, FALSE },
  { "khz", { "hertz", 1e3, 1 }, TRUE },
  { "kib", { "bytes", 1024, 1 }, TRUE },
  { "kibibyte", { "bytes", 1024, 1 }, FALSE },
  { "kibibytes", { "bytes", 1024, 1 }, TRUE },
  { "kilobyte", { "bytes", 1e3, 1 }, FALSE },
  { "kilobytes", { "bytes", 1e3, 1 }, TRUE },
  { "kilogram", { "grams", 1e3, 1 }, FALSE },
  { "kilograms", { "grams", 1e3, 1 }, TRUE },
  { "kilohertz", { "hertz", 1e3, 1 }, TRUE },
  { "kilometer", { "meters", 1e3, 1 }, FALSE },
  { "kilometers", { "meters", 1e3, 1 }, TRUE },
  { "kilowatt", { "watts", 1e3, 1 }, FALSE },
  { "kilowatts", { "watts", 1e3, 1 }, TRUE },
  { "km", { "meters", 1e3, 1 }, FALSE },
  { "m", { "meters", 1, 1 }, FALSE },
  { "mA", { "amperes", 1, 1e3 }, FALSE },
  { "mJ", { "joules", 1, 1e3 }, FALSE },
  { "mV", { "volts", 1, 1e3 }, FALSE },
  { "mW", { "watts", 1, 1e3 }, FALSE },
  { "mb", { "bytes", 1e6, 1 }, FALSE },
  { "mebibyte", { "bytes", 1048576, 1 }, FALSE },
  { "mebibytes", { "bytes", 1048576, 1 }, TRUE },
  { "megabyte", { "bytes", 1e6, 1 }, FALSE },
  { "megabytes", { "bytes", 1e6, 1 }, TRUE },
  { "megahertz", { "hertz", 1e6, 1 }, TRUE },
  { "meter", { "meters", 1, 1 }, FALSE },
  { "meters", { "meters", 1, 1 }, TRUE },
  { "metre", { "meters", 1, 1 }, FALSE },
  { "metres", { "meters", 1, 1 }, FALSE },
  { "mhz", { "hertz", 1e6, 1 }, TRUE },
  { "mib", { "bytes", 1048576, 1 }, TRUE },
  { "micros", { "seconds", 1, 1e6 }, TRUE },
  { "microsecond", { "seconds", 1, 1e6 }, FALSE },
  { "microseconds", { "seconds", 1, 1e6 }, TRUE },
  { "milliampere", { "amperes", 1, 1e3 }, FALSE },
  { "milliamperes", { "amperes", 1, 1e3 }, TRUE },
  { "millijoule", { "joules", 1, 1e3 }, FALSE },
  { "millijoules", { "joules", 1, 1e3 }, TRUE },
  { "millimeter", { "meters", 1, 1e3 }, FALSE },
  { "millimeters", { "meters", 1, 1e3 }, TRUE },
  { "millis", { "seconds", 1, 1e3 }, TRUE },
  { "millisecond", { "seconds", 1, 1e3 }, FALSE },
  { "milliseconds", { "seconds", 1, 1e3 }, TRUE },
  { "millivolt", { "volts", 1, 1e3 }, FALSE },
  { "millivolts", { "volts", 1, 1e3 }, TRUE },
  { "milliwatt", { "watts", 1, 1e3 }, FALSE },
  { "milliwatts", { "watts", 1, 1e3 }, TRUE },
  { "min", { "seconds", 60, 1 }, FALSE },
  { "minute", { "seconds", 60, 1 }, FALSE },
  { "minutes", { "seconds", 60, 1 }, TRUE },
  { "mm", { "meters", 1, 1e3 }, FALSE },
  { "ms", { "seconds", 1, 1e3 }, TRUE },
  { "msec", { "seconds", 1, 1e3 }, TRUE },
  { "nanos", { "seconds", 1, 1e9 }, TRUE },
  { "nanosecond", { "seconds", 1, 1e9 }, FALSE },
  { "nanoseconds", { "seconds", 1, 1e9 }, TRUE },
  { "ns", { "seconds", 1, 1e9 }, TRUE },
  { "nsec", { "seconds", 1, 1e9 }, TRUE },
  { "pct", { "ratio", 1, 100 }, TRUE },
  { "percent", { "ratio", 1, 100 }, TRUE },
  { "ratio", { "ratio", 1, 1 }, TRUE },
  { "s", { "seconds", 1, 1 }, TRUE },
  { "sec", { "seconds", 1, 1 }, TRUE },
  { "second", { "seconds", 1, 1 }, FALSE },
  { "seconds", { "seconds", 1, 1 }, TRUE },
  { "secs", { "seconds", 1, 1 }, TRUE },
  { "tb", { "bytes", 1e12, 1 }, FALSE },
  { "tebibyte", { "bytes", 1099511627776.0, 1 }, FALSE },
  { "tebibytes", { "bytes", 1099511627776.0, 1 }, TRUE },
  { "terabyte", { "bytes", 1e12, 1 }, FALSE },
  { "terabytes", { "bytes", 1e12, 1 }, TRUE },
  { "tib", { "bytes", 1099511627776.0, 1 }, TRUE },
  { "us", { "seconds", 1, 1e6 }, TRUE },
  { "usec", { "seconds", 1, 1e6 }, TRUE },
  { "volt", { "volts", 1, 1 }, FALSE },
  { "volts", { "volts", 1, 1 }, TRUE },
  { "watt", { "watts", 1, 1 }, FALSE },
  { "watts", { "watts", 1, 1 }, TRUE },
  { "week", { "seconds", 604800, 1 }, FALSE },
  { "weeks", { "seconds", 604800, 1 }, TRUE },
  { "°C", { "celsius", 1, 1 }, FALSE },
  { "µs", { "seconds", 1, 1e6 }, FALSE },
  { "μs", { "seconds", 1, 1e6 }, FALSE },
};

static int
compare_row (gconstpointer key, gconstpointer row)
{
  return strcmp (key, ((const Row *) row)->spelling);
}

static const Row *
find (const char *text)
{
  return bsearch (text, rows, G_N_ELEMENTS (rows), sizeof (Row), compare_row);
}

/* ---- what is told ---------------------------------------------------------------------------- */

/* Rates by the second alone: others would scale by their denominator, and nobody counts in them. */
static const struct {
  const char *base, *rate;
} rates[] = {
  { "bytes", "bytes_per_second" },
  { "joules", "joules_per_second" },
  { "meters", "meters_per_second" },
};

static gboolean
parse_rate (const char *text, const char *slash, OrfPrometheusUnit *unit)
{
  g_autofree char *numerator = g_strndup (text, (gsize) (slash - text));
  const Row *above = find (numerator), *below = find (slash + 1);

  if (above == NULL || below == NULL || strcmp (below->unit.base, "seconds") != 0 ||
      below->unit.multiply != below->unit.divide)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (rates); i++)
    if (strcmp (rates[i].base, above->unit.base) == 0) {
      *unit = above->unit;
      unit->base = rates[i].rate;
      return TRUE;
    }
  return FALSE;
}

gboolean
orf_prometheus_unit_parse (const char *text, OrfPrometheusUnit *unit)
{
  const char *slash = strchr (text, '/');
  g_autofree char *low = NULL;
  const Row *row;

  if (slash != NULL)
    return parse_rate (text, slash, unit);
  row = find (text);
  /* "Seconds" is a word; "Mb" and "mB" would not be what they say */
  if (row == NULL && strlen (text) > 3) {
    low = g_ascii_strdown (text, -1);
    row = find (low);
  }
  if (row == NULL)
    return FALSE;
  *unit = row->unit;
  return TRUE;
}

gboolean
orf_prometheus_unit_parse_word (const char *word, OrfPrometheusUnit *unit)
{
  const Row *row = find (word);

  if (row == NULL || !row->in_names)
    return FALSE;
  *unit = row->unit;
  return TRUE;
}

gboolean
orf_prometheus_unit_has_base (const char *word, const char *base)
{
  const char letter[] = { g_ascii_toupper (word[0]), '\0' };
  const Row *row = find (word);

  if (row != NULL && strcmp (row->unit.base, base) == 0)
    return TRUE;
  /* a name's words are small: the c of temperature_c is C */
  row = word[0] != '\0' && word[1] == '\0' ? find (letter) : NULL;
  return row != NULL && strcmp (row->unit.base, base) == 0;
}

/* ---- what the linter refuses ----------------------------------------------------------------- */

static const char *const abbreviations[] = { "s",  "ms", "us", "ns", "sec", "b", "kb",
                                             "mb", "gb", "tb", "pb", "m",   "h", "d" };
static const char *const prefixes[] = { "pico", "nano",  "micro", "milli", "centi", "deci",
                                        "deca", "hecto", "kilo",  "kibi",  "mega",  "mibi",
                                        "giga", "gibi",  "tera",  "tebi",  "peta",  "pebi" };
static const char *const bases[] = { "amperes", "bytes",  "celsius", "grams",   "joules",
                                     "kelvin",  "meters", "metres",  "seconds", "volts" };
static const char *const others[] = { "minutes",    "hours",    "days",   "weeks", "kelvins",
                                      "fahrenheit", "rankine",  "inches", "yards", "miles",
                                      "bits",       "calories", "pounds", "ounces" };

static gboolean
is_one_of (const char *word, const char *const *words, guint n)
{
  for (guint i = 0; i < n; i++)
    if (strcmp (word, words[i]) == 0)
      return TRUE;
  return FALSE;
}

gboolean
orf_prometheus_unit_is_refused (const char *word, gboolean first)
{
  if (!first && is_one_of (word, abbreviations, G_N_ELEMENTS (abbreviations)))
    return TRUE;
  if (is_one_of (word, others, G_N_ELEMENTS (others)))
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++)
    if (g_str_has_prefix (word, prefixes[i])) {
      const char *rest = word + strlen (prefixes[i]);

      if (is_one_of (rest, bases, G_N_ELEMENTS (bases)) ||
          is_one_of (rest, others, G_N_ELEMENTS (others)))
        return TRUE;
    }
  return FALSE;
}
