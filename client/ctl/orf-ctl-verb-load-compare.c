/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "orf-load-compare.h"

#include "orf-ctl-cells.h"
#include "orf-ctl-format.h"

/* Of five measures of equal runs one would be called different in a fifth of all comparisons at 5
 * %, and in a twentieth at this. */
#define SIGNIFICANT 0.01

static json_t *
read_report (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  gsize length;
  json_t *report;

  if (!g_file_get_contents (path, &text, &length, error))
    return NULL;
  report = orf_json_parse (text, length, ORF_JSON_MAX_DEPTH, error);
  if (report == NULL)
    g_prefix_error (error, "%s: ", path);
  return report;
}

static gboolean
is_significant (const OrfLoadDifference *difference)
{
  return difference->p < SIGNIFICANT;
}

static void
add_difference (const OrfCtl *ctl, OrfCtlTable *table, const OrfLoadDifference *difference)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  const double values[] = { difference->before, difference->after };
  OrfCtlStyle style = !is_significant (difference) ? ORF_CTL_PLAIN
                      : difference->is_worse       ? ORF_CTL_BAD
                                                   : ORF_CTL_GOOD;

  orf_ctl_table_add (table, ORF_CTL_PLAIN, difference->name);
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    orf_ctl_table_take (table, ORF_CTL_PLAIN,
                        terminal->is_terminal
                          ? orf_ctl_format_metric (difference->name, values[i], terminal->utf8)
                          : orf_ctl_format_exact (values[i]));
  orf_ctl_cells_take_percent (ctl, table, style,
                              difference->before > 0
                                ? 100 * (difference->after / difference->before - 1)
                                : NAN);
  orf_ctl_table_take (table, ORF_CTL_FAINT,
                      isnan (difference->p) ? NULL : g_strdup_printf ("%.2g", difference->p));
  orf_ctl_table_add (table, style,
                     isnan (difference->p)          ? "not known"
                     : !is_significant (difference) ? "by chance"
                     : difference->is_worse         ? "worse"
                                                    : "better");
}

static gboolean
show (const OrfCtl *ctl, const GArray *differences)
{
  static const char *const titles[] = { "A", "B", "CHANGE", "P" };
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (orf_ctl_get_terminal (ctl));
  g_autoptr (GString) out = g_string_new (NULL);
  gboolean worse = FALSE;

  orf_ctl_table_add_column (table, "MEASURE", 0);
  for (guint i = 0; i < G_N_ELEMENTS (titles); i++)
    orf_ctl_table_add_column (table, titles[i], ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "VERDICT", 0);
  for (guint i = 0; i < differences->len; i++) {
    const OrfLoadDifference *one = &g_array_index (differences, OrfLoadDifference, i);

    add_difference (ctl, table, one);
    worse |= one->is_worse && is_significant (one);
  }
  orf_ctl_table_append_to (table, out);
  orf_ctl_print (out->str);
  return worse;
}

OrfCtlExit
orf_ctl_verb_load_compare (OrfCtl *ctl, GError **error)
{
  g_autoptr (json_t) before = read_report (orf_ctl_get_argument (ctl, 0), error);
  g_autoptr (json_t) after = before != NULL ? read_report (orf_ctl_get_argument (ctl, 1), error)
                                            : NULL;
  g_autoptr (GArray) differences = NULL;

  if (after == NULL)
    return ORF_CTL_USAGE;
  differences = orf_load_compare (before, after, error);
  if (differences == NULL)
    return ORF_CTL_USAGE;
  return show (ctl, differences) ? ORF_CTL_CHECK_FAILED : ORF_CTL_DONE;
}
