/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "orf-ctl-cells.h"
#include "orf-ctl-format.h"
#include "orf-ctl-recommendations.h"

/* NULL: not known. */
static char *
format_score (double score)
{
  return isnan (score) ? NULL : g_strdup_printf ("%.0f", score);
}

static void
append_parts (const OrfCtlTerminal *terminal, GString *out, const OrfPredictionHealth *health)
{
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "PART", 0);
  orf_ctl_table_add_column (table, "SCORE", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "WEIGHT", ORF_CTL_COLUMN_RIGHT);
  for (guint i = 0; i < health->parts->len; i++) {
    const OrfPredictionHealthPart *part = health->parts->pdata[i];

    orf_ctl_table_add (table, ORF_CTL_PLAIN, part->part);
    orf_ctl_table_take (table, orf_ctl_cells_get_score_style (part->score),
                        format_score (part->score));
    orf_ctl_table_take (table, ORF_CTL_FAINT, format_score (part->weight));
  }
  orf_ctl_table_append_to (table, out);
}

static void
append_reasons (const OrfCtlTerminal *terminal, GString *out, const OrfPredictionHealth *health)
{
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "LOST", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "BY", 0);
  orf_ctl_table_add_column (table, "REASON", ORF_CTL_COLUMN_GIVES_WAY);
  for (guint i = 0; i < health->reasons->len; i++) {
    const OrfPredictionHealthReason *reason = health->reasons->pdata[i];

    orf_ctl_table_take (table, ORF_CTL_WARNING, g_strdup_printf ("%.1f", reason->deduction));
    orf_ctl_table_add (table, ORF_CTL_PLAIN, reason->part);
    orf_ctl_table_add (table, ORF_CTL_PLAIN, reason->reason);
  }
  orf_ctl_table_append_to (table, out);
}

static void
append_health (const OrfCtlTerminal *terminal, GString *out, const OrfPredictionsListResult *result)
{
  g_autofree char *score = format_score (result->health->score);

  if (terminal->is_terminal) {
    orf_ctl_terminal_append (terminal, out, orf_ctl_cells_get_score_style (result->health->score),
                             score != NULL ? score : "not known");
    g_string_append (out, score != NULL ? " of 100\n\n" : ": nothing is measured yet\n\n");
  }
  append_parts (terminal, out, result->health);
  if (result->health->reasons->len > 0) {
    g_string_append_c (out, '\n');
    append_reasons (terminal, out, result->health);
  }
  if (terminal->is_terminal)
    orf_ctl_append_recommendations (terminal, out, result->recommendations);
}

OrfCtlExit
orf_ctl_verb_health (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfPredictionsListResult) result = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  OrfCtlExit verdict = orf_ctl_fetch (ctl, ORF_METHOD_PREDICTIONS_LIST,
                                      json_pack ("{s:i}", "limit", 1), (gpointer *) &result, error);

  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  append_health (orf_ctl_get_terminal (ctl), out, result);
  orf_ctl_print (out->str);
  return ORF_CTL_DONE;
}
