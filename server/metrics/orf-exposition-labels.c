/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-exposition-labels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/orf-prometheus-name.h"
#include "metrics/orf-series-name.h"

typedef struct {
  char *key; /* as it is told */
  const char *value;
} Label;

gboolean
orf_exposition_labels_are_plain (char *const *labels)
{
  for (guint i = 0; labels[i] != NULL; i += 2)
    if (labels[i + 1][0] == '\0' || !orf_prometheus_name_is_plain_key (labels[i]))
      return FALSE;
  return TRUE;
}

static void
append_value (GString *text, const char *value)
{
  for (; *value != '\0'; value++)
    if (*value == '\n')
      g_string_append (text, "\\n");
    else if (*value == '\\' || *value == '"')
      g_string_append_printf (text, "\\%c", *value);
    else
      g_string_append_c (text, *value);
}

static void
begin_label (GString *text, const char *key)
{
  g_string_append_c (text, text->len == 0 ? '{' : ',');
  g_string_append (text, key);
  g_string_append (text, "=\"");
}

static char *
end (GString *text)
{
  if (text->len > 0)
    g_string_append_c (text, '}');
  return g_string_free (text, FALSE);
}

static void
clear_label (gpointer label)
{
  g_free (((Label *) label)->key);
}

/* Labels come sorted by their own key: those that are told by one stay in that order. */
static int
compare_labels (gconstpointer a, gconstpointer b)
{
  return strcmp (((const Label *) a)->key, ((const Label *) b)->key);
}

/* Values of keys that become one are joined, as OpenTelemetry does it with attributes. */
static char **
join_labels (const GArray *sorted)
{
  GPtrArray *told = g_ptr_array_new ();

  for (guint i = 0; i < sorted->len; i++) {
    const Label *label = &g_array_index (sorted, Label, i);
    GString *value = g_string_new (label->value);

    for (; i + 1 < sorted->len && g_str_equal (label->key, (label + 1)->key); i++, label++)
      g_string_append_printf (value, ";%s", (label + 1)->value);
    g_ptr_array_add (told, g_strdup (label->key));
    g_ptr_array_add (told, g_string_free (value, FALSE));
  }
  g_ptr_array_add (told, NULL);
  return (char **) g_ptr_array_free (told, FALSE);
}

char **
orf_exposition_labels_dup_told (char *const *labels, gboolean without_le)
{
  g_autoptr (GArray) sorted = g_array_new (FALSE, FALSE, sizeof (Label));

  g_array_set_clear_func (sorted, clear_label);
  for (guint i = 0; labels[i] != NULL; i += 2) {
    Label label = { NULL, labels[i + 1] };

    if (label.value[0] == '\0' || (without_le && g_str_equal (labels[i], "le")))
      continue;
    label.key = orf_prometheus_name_dup_key (labels[i]);
    g_array_append_val (sorted, label);
  }
  g_array_sort (sorted, compare_labels); /* stable: GLib sorts by merging */
  return join_labels (sorted);
}

char **
orf_exposition_labels_dup_exported (const char *const *export_labels, char *const *labels)
{
  GPtrArray *told = g_ptr_array_new ();

  for (guint i = 0; export_labels[i] != NULL; i += 2) {
    const char *value = export_labels[i + 1];

    if (value[0] == '$')
      value = orf_series_name_get_label (labels, value + 1);
    if (value == NULL || value[0] == '\0')
      continue;
    g_ptr_array_add (told, g_strdup (export_labels[i]));
    g_ptr_array_add (told, g_strdup (value));
  }
  g_ptr_array_add (told, NULL);
  return (char **) g_ptr_array_free (told, FALSE);
}

static void
append_labels (GString *text, char *const *told)
{
  for (guint i = 0; told[i] != NULL; i += 2) {
    begin_label (text, told[i]);
    append_value (text, told[i + 1]);
    g_string_append_c (text, '"');
  }
}

char *
orf_exposition_labels_write (char *const *told)
{
  GString *text = g_string_new (NULL);

  append_labels (text, told);
  return end (text);
}

char *
orf_exposition_labels_to_text (char *const *labels, const char *le)
{
  GString *text = g_string_new (NULL);
  g_auto (GStrv) told = orf_exposition_labels_dup_told (labels, le != NULL);

  append_labels (text, told);
  if (le != NULL) {
    begin_label (text, "le");
    g_string_append_printf (text, "%s\"", le);
  }
  return end (text);
}

char *
orf_exposition_labels_export (const char *const *export_labels, char *const *labels)
{
  g_auto (GStrv) told = orf_exposition_labels_dup_exported (export_labels, labels);

  return orf_exposition_labels_write (told);
}

/* The fewest digits that read back as the same; returns them as -d.ddde+XX. */
static void
format_shortest (char *buffer, gsize size, double value)
{
  for (int digits = 0; digits < 17; digits++) {
    g_snprintf (buffer, size, "%.*e", digits, value);
    if (g_ascii_strtod (buffer, NULL) == value)
      return;
  }
}

/* As Go writes it, whose clients are the most: with an exponent below 1e-4 and from 1e6 on. */
char *
orf_exposition_labels_dup_le (double bound)
{
  char text[64];
  char *mark;
  int exponent, digits;

  if (isinf (bound))
    return g_strdup (bound > 0 ? "+Inf" : "-Inf");
  format_shortest (text, sizeof text, bound);
  mark = strchr (text, 'e');
  exponent = (int) strtol (mark + 1, NULL, 10);
  if (exponent < -4 || exponent >= 6)
    return g_strdup (text);
  digits = (int) (mark - text) - (bound < 0) - (strchr (text, '.') != NULL);
  return g_strdup_printf ("%.*f", MAX (digits - 1 - exponent, 1), bound);
}
