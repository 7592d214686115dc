/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-prometheus-name.h"

#include <string.h>

#include "metrics/orf-prometheus-unit.h"

/* ---- words ----------------------------------------------------------------------------------- */

static gboolean
is_boundary (const char *text, const char *at)
{
  return at > text && g_ascii_isupper (*at) && g_ascii_islower (at[-1]);
}

static void
end_word (GPtrArray *words, GString *word)
{
  if (word->len > 0)
    g_ptr_array_add (words, g_strdup (word->str));
  g_string_truncate (word, 0);
}

/* "studio.renderTime_us" -> studio, render, time, us */
static GPtrArray *
split (const char *text)
{
  GPtrArray *words = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GString) word = g_string_new (NULL);

  for (const char *at = text; *at != '\0'; at++) {
    if (!g_ascii_isalnum (*at) || is_boundary (text, at))
      end_word (words, word);
    if (g_ascii_isalnum (*at))
      g_string_append_c (word, g_ascii_tolower (*at));
  }
  end_word (words, word);
  return words;
}

static char *
join (GPtrArray *words)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < words->len; i++) {
    if (i > 0)
      g_string_append_c (text, '_');
    g_string_append (text, words->pdata[i]);
  }
  if (g_ascii_isdigit (text->str[0]))
    g_string_prepend_c (text, '_');
  return g_string_free (text, FALSE);
}

static gboolean
is_word (GPtrArray *words, guint index, const char *const *list)
{
  return g_strv_contains (list, words->pdata[index]);
}

static gboolean
ends_with (GPtrArray *words, const char *const *list)
{
  return words->len > 0 && is_word (words, words->len - 1, list);
}

/* ---- units ----------------------------------------------------------------------------------- */

static gboolean
choose_unit (GPtrArray *words, const char *unit, OrfSeriesKind kind, OrfPrometheusUnit *chosen)
{
  if (unit != NULL && unit[0] != '\0') {
    /* a share; of a counter it says that there is no unit */
    if (strcmp (unit, "1") == 0 && kind == ORF_SERIES_KIND_GAUGE) {
      *chosen = (OrfPrometheusUnit){ "ratio", 1, 1 };
      return TRUE;
    }
    return orf_prometheus_unit_parse (unit, chosen);
  }
  /* "bytes_per_ms" says another */
  if (words->len == 0 || (words->len > 1 && strcmp (words->pdata[words->len - 2], "per") == 0))
    return FALSE;
  return orf_prometheus_unit_parse_word (words->pdata[words->len - 1], chosen);
}

/* Takes the unit out of the words, which it will follow. */
static void
drop_unit (GPtrArray *words, const char *unit, const char *base)
{
  g_autoptr (GPtrArray) own = split (base);
  g_autofree char *low = unit != NULL ? g_ascii_strdown (unit, -1) : NULL;
  guint n = own->len;

  for (guint i = words->len; i-- > 0;)
    if (strcmp (words->pdata[i], base) != 0 &&
        (orf_prometheus_unit_has_base (words->pdata[i], base) ||
         g_strcmp0 (words->pdata[i], low) == 0))
      g_ptr_array_remove_index (words, i);
  if (words->len < n)
    return;
  for (guint i = 0; i < n; i++)
    if (strcmp (words->pdata[words->len - n + i], own->pdata[i]) != 0)
      return;
  g_ptr_array_set_size (words, (int) (words->len - n));
}

static gboolean
has_word (GPtrArray *words, const char *word)
{
  return g_ptr_array_find_with_equal_func (words, word, g_str_equal, NULL);
}

/* ---- what the linter objects to -------------------------------------------------------------- */

static void
drop_kinds (GPtrArray *words)
{
  static const char *const kinds[] = { "counter", "gauge", "histogram", "summary", NULL };

  for (guint i = words->len; i-- > 1;)
    if (is_word (words, i, kinds))
      g_ptr_array_remove_index (words, i);
}

/* The second of two words becomes part of the first. */
static void
merge (GPtrArray *words, guint second)
{
  char *merged = g_strconcat (words->pdata[second - 1], words->pdata[second], NULL);

  g_free (words->pdata[second - 1]);
  words->pdata[second - 1] = merged;
  g_ptr_array_remove_index (words, second);
}

static gboolean
hide_one (GPtrArray *words)
{
  for (guint i = 0; i < words->len; i++) {
    if (!orf_prometheus_unit_is_refused (words->pdata[i], i == 0))
      continue;
    if (words->len == 1)
      g_ptr_array_insert (words, 0, g_strdup ("value"));
    merge (words, MAX (i, 1));
    return TRUE;
  }
  return FALSE;
}

/* A word that looks like a unit, and is not told as one: "disk.b.reads" -> diskb_reads. */
static void
hide_units (GPtrArray *words)
{
  while (hide_one (words)) {
    /* each time there is a word less, or a last one that is none of a unit */
  }
}

/* ---- the name -------------------------------------------------------------------------------- */

OrfPrometheusName *
orf_prometheus_name_new (const char *name, const char *unit, OrfSeriesKind kind)
{
  /* endings of what another kind has */
  static const char *const reserved[] = { "bucket", "count", "created", "gcount", "gsum",
                                          "info",   "sum",   "total",   NULL };
  static const char *const total[] = { "total", NULL };
  OrfPrometheusName *made = g_new0 (OrfPrometheusName, 1);
  g_autoptr (GPtrArray) words = split (name);
  OrfPrometheusUnit known = { "", 1, 1 };

  if (kind == ORF_SERIES_KIND_COUNTER && ends_with (words, total))
    g_ptr_array_set_size (words, (int) words->len - 1);
  drop_kinds (words);
  if (choose_unit (words, unit, kind, &known)) {
    drop_unit (words, unit, known.base);
    if (known.multiply == known.divide && has_word (words, known.base))
      known.base = ""; /* it is told by a word of the middle */
  }
  hide_units (words);
  if (words->len == 0)
    g_ptr_array_add (words, g_strdup ("value"));
  if (kind != ORF_SERIES_KIND_COUNTER && known.base[0] == '\0' && ends_with (words, reserved))
    g_ptr_array_add (words, g_strdup ("value"));
  made->stem = join (words);
  made->unit = known.base;
  made->multiply = known.multiply;
  made->divide = known.divide;
  return made;
}

void
orf_prometheus_name_free (OrfPrometheusName *name)
{
  g_free (name->stem);
  g_free (name);
}

char *
orf_prometheus_name_dup_family (const OrfPrometheusName *name, const char *tag)
{
  return g_strconcat (name->stem, tag != NULL ? "_" : "", tag != NULL ? tag : "",
                      name->unit[0] != '\0' ? "_" : "", name->unit, NULL);
}

/* ---- labels ---------------------------------------------------------------------------------- */

/* Prometheus uses these itself. */
static gboolean
is_reserved_key (const char *key)
{
  return strcmp (key, "le") == 0 || strcmp (key, "quantile") == 0;
}

gboolean
orf_prometheus_name_is_plain_key (const char *key)
{
  if ((key[0] == '_' && !g_ascii_isalpha (key[1])) || is_reserved_key (key))
    return FALSE;
  for (const char *at = key; *at != '\0'; at++)
    if (is_boundary (key, at))
      return FALSE;
  return TRUE;
}

char *
orf_prometheus_name_dup_key (const char *key)
{
  g_autoptr (GPtrArray) words = NULL;

  if (orf_prometheus_name_is_plain_key (key))
    return g_strdup (key);
  if (is_reserved_key (key))
    return g_strconcat ("label_", key, NULL);
  words = split (key);
  if (words->len == 0 || g_ascii_isdigit (((const char *) words->pdata[0])[0]))
    g_ptr_array_insert (words, 0, g_strdup ("label"));
  return join (words);
}
