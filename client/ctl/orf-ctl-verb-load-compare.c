/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "orf-error.h"
#include "orf-load-compare.h"

#include "orf-ctl-cells.h"
#include "orf-ctl-load-joined.h"

/* Of five measures of equal runs one would be called different in a fifth of all comparisons at 5
 * %, and in a twentieth at this. */
#define SIGNIFICANT 0.01

/* Of a file, or of a run that was recorded, by its id. */
static OrfCtlExit
read_report (OrfCtl *ctl, const char *name, json_t **report, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (json_t) joined = NULL;
  gsize length;
  OrfCtlExit verdict;

  if (g_file_test (name, G_FILE_TEST_EXISTS)) {
    *report = g_file_get_contents (name, &text, &length, error)
                ? orf_json_parse (text, length, ORF_JSON_MAX_DEPTH, error)
                : NULL;
    if (*report == NULL)
      g_prefix_error (error, "%s: ", name);
    return *report != NULL ? ORF_CTL_DONE : ORF_CTL_USAGE;
  }
  verdict = orf_ctl_load_fetch (ctl, name, &text, &joined, error);
  if (verdict != ORF_CTL_DONE) {
    g_prefix_error (error, "%s is no file, and as a run: ", name);
    return verdict;
  }
  *report = orf_ctl_load_make_report (joined);
  if (*report != NULL)
    return ORF_CTL_DONE;
  g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION,
               "%s was recorded without a report: there is nothing to compare", name);
  return ORF_CTL_SERVER_ERROR;
}

static gboolean
is_significant (const OrfLoadDifference *difference)
{
  return difference->p < SIGNIFICANT;
}

static void
add_difference (const OrfCtl *ctl, OrfCtlTable *table, const OrfLoadDifference *difference)
{
  const double values[] = { difference->before, difference->after };
  gboolean plain = !is_significant (difference) || difference->is_neutral;
  OrfCtlStyle style = plain ? ORF_CTL_PLAIN : difference->is_worse ? ORF_CTL_BAD : ORF_CTL_GOOD;

  orf_ctl_table_add (table, ORF_CTL_PLAIN, difference->name);
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    orf_ctl_cells_take_metric (ctl, table, ORF_CTL_PLAIN, difference->name, values[i]);
  orf_ctl_cells_take_percent (ctl, table, style,
                              difference->before > 0
                                ? round (1000 * (difference->after / difference->before - 1)) / 10
                                : NAN);
  orf_ctl_table_take (table, ORF_CTL_FAINT,
                      isnan (difference->p) ? NULL : g_strdup_printf ("%.2g", difference->p));
  orf_ctl_table_add (table, style,
                     isnan (difference->p)          ? "not known"
                     : !is_significant (difference) ? "by chance"
                     : difference->is_neutral       ? "differs"
                     : difference->is_worse         ? "worse"
                                                    : "better");
}

/* Whether one is worse, and not by chance. */
static gboolean
append (const OrfCtl *ctl, GString *out, const char *title, const GArray *differences)
{
  static const char *const titles[] = { "A", "B", "CHANGE", "P" };
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (orf_ctl_get_terminal (ctl));
  gboolean worse = FALSE;

  if (differences->len == 0)
    return FALSE;
  orf_ctl_table_add_column (table, title, 0);
  for (guint i = 0; i < G_N_ELEMENTS (titles); i++)
    orf_ctl_table_add_column (table, titles[i], ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "VERDICT", 0);
  for (guint i = 0; i < differences->len; i++) {
    const OrfLoadDifference *one = &g_array_index (differences, OrfLoadDifference, i);

    add_difference (ctl, table, one);
    worse |= one->is_worse && is_significant (one);
  }
  orf_ctl_table_append_to (table, out);
  return worse;
}

OrfCtlExit
orf_ctl_verb_load_compare (OrfCtl *ctl, GError **error)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (json_t) before = NULL;
  g_autoptr (json_t) after = NULL;
  g_autoptr (GArray) differences = NULL;
  g_autoptr (GArray) of_servers = NULL;
  OrfCtlExit verdict = read_report (ctl, orf_ctl_get_argument (ctl, 0), &before, error);
  gboolean worse;

  if (verdict == ORF_CTL_DONE)
    verdict = read_report (ctl, orf_ctl_get_argument (ctl, 1), &after, error);
  if (verdict != ORF_CTL_DONE)
    return verdict;
  differences = orf_load_compare (before, after, error);
  if (differences == NULL)
    return ORF_CTL_USAGE;
  worse = append (ctl, out, "MEASURE", differences);
  of_servers = orf_load_compare_servers (before, after);
  if (of_servers->len > 0)
    g_string_append_c (out, '\n');
  /* samples a second apart depend on each other: what they say counts for nobody's exit status */
  append (ctl, out, "THE DAEMON'S SIDE", of_servers);
  orf_ctl_print (out->str);
  return worse ? ORF_CTL_CHECK_FAILED : ORF_CTL_DONE;
}
