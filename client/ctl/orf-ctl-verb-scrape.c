/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "orf-ctl.h"
#include "orf-ctl-format.h"
#include "orf-ctl-table.h"

/* Integers that may be null become doubles that may be NAN: every formatter of ours knows those. */
#define OPTIONAL(object, member) ((object)->has_##member ? (double) (object)->member : NAN)

static OrfCtlStyle
choose_style (OrfScrapeState state)
{
  switch (state) {
  case ORF_SCRAPE_STATE_UP:
    return ORF_CTL_GOOD;
  case ORF_SCRAPE_STATE_DOWN:
    return ORF_CTL_BAD;
  case ORF_SCRAPE_STATE_PENDING:
  case ORF_SCRAPE_STATE_UNSET:
  case ORF_SCRAPE_STATE_N:
  default:
    return ORF_CTL_FAINT;
  }
}

/* What there is to say of it; NULL: nothing. */
static const char *
get_remark (const OrfScrapeTargetInfo *target)
{
  return target->error != NULL ? target->error : target->left_out_reason;
}

/* ---- for a pipe: base units --------------------------------------------------------------------
 */

static OrfCtlTable *
make_plain (const OrfCtlTerminal *terminal, const OrfScrapeTargetsResult *result)
{
  static const char *const titles[] = { "TARGET",    "STATE",   "LAST_US",  "DURATION_US",
                                        "PERIOD_US", "SAMPLES", "LEFT_OUT", "BODY_BYTES",
                                        "SERIES",    "URL",     "REMARK" };
  OrfCtlTable *table = orf_ctl_table_new (terminal);

  for (guint i = 0; i < G_N_ELEMENTS (titles); i++)
    orf_ctl_table_add_column (table, titles[i], 0);
  for (guint i = 0; i < result->targets->len; i++) {
    const OrfScrapeTargetInfo *target = result->targets->pdata[i];
    const double numbers[] = {
      OPTIONAL (target, last_us), OPTIONAL (target, duration_us), (double) target->period_us,
      OPTIONAL (target, samples), OPTIONAL (target, left_out),    OPTIONAL (target, body_bytes),
      (double) target->series,
    };

    orf_ctl_table_add (table, ORF_CTL_PLAIN, target->target);
    orf_ctl_table_add (table, ORF_CTL_PLAIN, orf_scrape_state_to_string (target->state));
    for (guint j = 0; j < G_N_ELEMENTS (numbers); j++)
      orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_format_exact (numbers[j]));
    orf_ctl_table_add (table, ORF_CTL_PLAIN, target->url);
    orf_ctl_table_add (table, ORF_CTL_PLAIN, get_remark (target));
  }
  return table;
}

/* ---- for eyes ----------------------------------------------------------------------------------
 */

static void
add_row (const OrfCtlTerminal *terminal, OrfCtlTable *table, const OrfScrapeTargetInfo *target)
{
  double age_us = (double) g_get_real_time () - OPTIONAL (target, last_us);

  orf_ctl_table_add (table, ORF_CTL_STRONG, target->target);
  orf_ctl_table_add (table, choose_style (target->state),
                     orf_scrape_state_to_string (target->state));
  orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_format_age_us (age_us, terminal->utf8));
  orf_ctl_table_take (table, ORF_CTL_PLAIN,
                      orf_ctl_format_duration_us (OPTIONAL (target, duration_us), terminal->utf8));
  orf_ctl_table_take (table, ORF_CTL_PLAIN,
                      orf_ctl_format_duration_us ((double) target->period_us, terminal->utf8));
  orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_format_exact (OPTIONAL (target, samples)));
  orf_ctl_table_take (table, target->left_out > 0 ? ORF_CTL_WARNING : ORF_CTL_PLAIN,
                      orf_ctl_format_exact (OPTIONAL (target, left_out)));
  orf_ctl_table_add (table, ORF_CTL_FAINT, target->url);
  orf_ctl_table_add (table, ORF_CTL_PLAIN, get_remark (target) != NULL ? get_remark (target) : "");
}

static OrfCtlTable *
make_shown (const OrfCtlTerminal *terminal, const OrfScrapeTargetsResult *result)
{
  OrfCtlTable *table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "TARGET", 0);
  orf_ctl_table_add_column (table, "STATE", 0);
  orf_ctl_table_add_column (table, "LAST", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "TOOK", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "EACH", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "SAMPLES", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "LEFT OUT", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "URL", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "REMARK", ORF_CTL_COLUMN_GIVES_WAY);
  for (guint i = 0; i < result->targets->len; i++)
    add_row (terminal, table, result->targets->pdata[i]);
  return table;
}

OrfCtlExit
orf_ctl_verb_scrape (OrfCtl *ctl, GError **error)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  g_autoptr (OrfScrapeTargetsResult) result = NULL;
  g_autoptr (OrfCtlTable) table = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  OrfCtlExit verdict = orf_ctl_fetch (ctl, ORF_METHOD_SCRAPE_TARGETS, NULL, (gpointer *) &result,
                                      error);

  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  table = terminal->is_terminal ? make_shown (terminal, result) : make_plain (terminal, result);
  if (terminal->is_terminal && result->targets->len == 0)
    g_string_append (out, "no targets; [scrape] of the config has them\n");
  else
    orf_ctl_table_append_to (table, out);
  orf_ctl_print (out->str);
  return ORF_CTL_DONE;
}
