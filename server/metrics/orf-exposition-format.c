/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-exposition-format.h"

#include <string.h>

/* One entry of an Accept header. */
typedef struct {
  char *type;    /* small letters */
  char *version; /* NULL: none told */
  double weight;
} Range;

static void
clear_range (Range *range)
{
  g_free (range->type);
  g_free (range->version);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Range, clear_range)

static char *
strip_quotes (char *value)
{
  gsize length = strlen (value);

  if (length >= 2 && value[0] == '"' && value[length - 1] == '"') {
    value[length - 1] = '\0';
    return value + 1;
  }
  return value;
}

static void
read_parameter (Range *range, char *parameter)
{
  char *equals = strchr (parameter, '=');
  const char *key, *value;

  if (equals == NULL)
    return;
  *equals = '\0';
  key = g_strstrip (parameter);
  value = strip_quotes (g_strstrip (equals + 1));
  if (g_ascii_strcasecmp (key, "q") == 0) {
    range->weight = CLAMP (g_ascii_strtod (value, NULL), 0, 1);
  } else if (g_ascii_strcasecmp (key, "version") == 0) {
    g_free (range->version);
    range->version = g_strdup (value);
  }
}

static void
read_range (Range *range, const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ";", -1);

  *range = (Range){ g_ascii_strdown (parts[0] != NULL ? g_strstrip (parts[0]) : "", -1), NULL, 1 };
  for (guint i = 1; parts[0] != NULL && parts[i] != NULL; i++)
    read_parameter (range, parts[i]);
}

static gboolean
is_version (const Range *range, const char *version)
{
  return range->version == NULL || strcmp (range->version, version) == 0;
}

OrfExpositionFormat
orf_exposition_format_choose (const char *accept)
{
  g_auto (GStrv) ranges = g_strsplit (accept != NULL ? accept : "", ",", -1);
  double openmetrics = 0, text = 0;

  for (guint i = 0; ranges[i] != NULL; i++) {
    g_auto (Range) range;

    read_range (&range, ranges[i]);
    if (g_str_equal (range.type, "application/openmetrics-text") && is_version (&range, "1.0.0"))
      openmetrics = MAX (openmetrics, range.weight);
    else if (g_str_equal (range.type, "text/plain") && is_version (&range, "0.0.4"))
      text = MAX (text, range.weight);
  }
  return openmetrics > 0 && openmetrics >= text ? ORF_EXPOSITION_OPENMETRICS : ORF_EXPOSITION_TEXT;
}

const char *
orf_exposition_format_get_type (OrfExpositionFormat format)
{
  return format == ORF_EXPOSITION_OPENMETRICS
           ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
           : "text/plain; version=0.0.4; charset=utf-8";
}
