/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-error.h"

#include "orf-ctl-alerts.h"
#include "orf-ctl-cells.h"
#include "orf-ctl-list.h"
#include "orf-ctl-params.h"

/* ---- alerts silences ------------------------------------------------------------------------- */

static OrfCtlTable *
new_table (const OrfCtlTerminal *terminal)
{
  OrfCtlTable *table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "FROM", 0);
  orf_ctl_table_add_column (table, "UNTIL", 0);
  orf_ctl_table_add_column (table, "LEFT", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "MATCHERS", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "BY", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "NOTE", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "ID", 0);
  return table;
}

static void
add_cb (const OrfCtl *ctl, OrfCtlTable *table, gconstpointer row)
{
  const OrfAlertSilenceInfo *silence = row;
  gint64 now_us = g_get_real_time ();
  gboolean has_begun = silence->from_us <= now_us;

  orf_ctl_table_take (table, has_begun ? ORF_CTL_PLAIN : ORF_CTL_FAINT,
                      orf_ctl_list_format_time (ctl, silence->from_us));
  orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_list_format_time (ctl, silence->until_us));
  orf_ctl_cells_take_duration (ctl, table, ORF_CTL_PLAIN, TRUE,
                               MAX (silence->until_us - MAX (now_us, silence->from_us), 0));
  orf_ctl_table_add (table, ORF_CTL_PLAIN, silence->matchers);
  orf_ctl_table_add (table, ORF_CTL_PLAIN, silence->author);
  orf_ctl_table_add (table, ORF_CTL_PLAIN, silence->note);
  orf_ctl_table_add (table, ORF_CTL_FAINT, silence->id);
}

static const GPtrArray *
read_cb (gconstpointer page, const char **next_cursor)
{
  const OrfAlertsSilencesResult *result = page;

  *next_cursor = result->next_cursor;
  return result->silences;
}

static void
free_cb (gpointer page)
{
  orf_alerts_silences_result_free (page);
}

static const OrfCtlList list = {
  .method = ORF_METHOD_ALERTS_SILENCES,
  .nothing = "no silences\n",
  .read = read_cb,
  .free_page = free_cb,
  .add = add_cb,
};

OrfCtlExit
orf_ctl_verb_alerts_silences (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfCtlTable) table = new_table (orf_ctl_get_terminal (ctl));

  return orf_ctl_list_show (ctl, &list, table, json_object (), error);
}

/* ---- alerts silence, alerts unsilence -------------------------------------------------------- */

/* One end, by --for from its beginning on or by --until. */
static gboolean
add_span (const OrfCtl *ctl, json_t *params, GError **error)
{
  gint64 from_us = g_get_real_time ();
  gint64 duration_us = -1;
  gint64 until_us = -1;

  if (!orf_ctl_params_get_duration (ctl, "for", &duration_us, error) ||
      !orf_ctl_params_get_time (ctl, "until", from_us, &until_us, error) ||
      !orf_ctl_params_add_time (ctl, params, "from", "from_us", error))
    return FALSE;
  if ((duration_us < 0) == (until_us < 0)) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                         "until when? give --for 2h, or --until TIME");
    return FALSE;
  }
  if (json_object_get (params, "from_us") != NULL)
    from_us = json_integer_value (json_object_get (params, "from_us"));
  orf_ctl_params_set_time (params, "until_us", until_us >= 0 ? until_us : from_us + duration_us);
  return TRUE;
}

OrfCtlExit
orf_ctl_verb_alerts_silence (OrfCtl *ctl, GError **error)
{
  g_autoptr (json_t) params = orf_ctl_params_pack_argument (ctl, "matchers", error);
  g_autoptr (OrfAlertSilenceInfo) silence = NULL;
  g_autofree char *id = NULL;
  OrfCtlExit verdict;

  if (params == NULL || !add_span (ctl, params, error))
    return ORF_CTL_USAGE;
  orf_ctl_params_add_text (ctl, params, "note");
  orf_ctl_params_add_text (ctl, params, "author");
  verdict = orf_ctl_fetch (ctl, ORF_METHOD_ALERTS_SILENCE, g_steal_pointer (&params),
                           (gpointer *) &silence, error);
  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  id = orf_ctl_terminal_clean (orf_ctl_get_terminal (ctl), silence->id);
  orf_ctl_print_line (id);
  return ORF_CTL_DONE;
}

OrfCtlExit
orf_ctl_verb_alerts_unsilence (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfAlertsDeleteResult) result = NULL;
  json_t *params = orf_ctl_params_pack_argument (ctl, "id", error);

  return params == NULL
           ? ORF_CTL_USAGE
           : orf_ctl_fetch (ctl, ORF_METHOD_ALERTS_UNSILENCE, params, (gpointer *) &result, error);
}
