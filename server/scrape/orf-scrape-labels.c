/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scrape/orf-scrape-labels.h"

#include <string.h>

#include "metrics/orf-series-name.h"

/* How often exported_ is put before a name: a longer one would be no legal label. */
#define MAX_PREFIXES 8

typedef struct {
  char *key, *value;
} Label;

static void
clear_label (gpointer data)
{
  Label *label = data;

  g_free (label->key);
  g_free (label->value);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (((const Label *) a)->key, ((const Label *) b)->key);
}

/* No more than tell that they are too many: a line may have a million. */
static GArray *
read_labels (OrfExpositionSlice text)
{
  OrfExpositionCursor left = { text.start, text.start + text.length };
  GArray *labels = g_array_new (FALSE, FALSE, sizeof (Label));
  OrfExpositionSlice key, value;

  g_array_set_clear_func (labels, clear_label);
  while (labels->len <= ORF_SCRAPE_MAX_LABELS && orf_exposition_next_label (&left, &key, &value)) {
    const Label label = { g_strndup (key.start, key.length),
                          orf_exposition_unescape (value, TRUE) };

    if (value.length > 0)
      g_array_append_val (labels, label);
    else
      clear_label ((gpointer) &label);
  }
  return labels;
}

static Label *
find (GArray *labels, const char *key)
{
  for (guint i = 0; i < labels->len; i++)
    if (g_str_equal (g_array_index (labels, Label, i).key, key))
      return &g_array_index (labels, Label, i);
  return NULL;
}

/* What is in the way of a name gets another: exported_target, exported_exported_target, …. */
static void
make_way (GArray *labels, const char *key, guint depth)
{
  g_autofree char *other = g_strconcat ("exported_", key, NULL);
  Label *label = find (labels, key);

  if (label == NULL || depth > MAX_PREFIXES)
    return;
  make_way (labels, other, depth + 1);
  g_free (label->key);
  label->key = g_steal_pointer (&other);
}

static char **
to_strings (GArray *labels)
{
  char **strings = g_new0 (char *, 2 * labels->len + 1);

  for (guint i = 0; i < labels->len; i++) {
    Label *label = &g_array_index (labels, Label, i);

    strings[2 * i] = g_steal_pointer (&label->key);
    strings[2 * i + 1] = g_steal_pointer (&label->value);
  }
  return strings;
}

char **
orf_scrape_labels_new (OrfExpositionSlice text, const char *target, GError **error)
{
  g_autoptr (GArray) labels = read_labels (text);
  const Label own = { g_strdup ("target"), g_strdup (target) };
  g_auto (GStrv) strings = NULL;

  make_way (labels, "target", 0);
  g_array_append_val (labels, own);
  g_array_sort (labels, compare);
  strings = to_strings (labels);
  if (!orf_series_name_check_labels (strings, ORF_SCRAPE_MAX_LABELS, "labels", error))
    return NULL;
  return g_steal_pointer (&strings);
}
