/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-recommendations.h"

#include "orf-ctl-cells.h"

/* Between words, at most so wide; what follows the first line is indented. */
#define MAX_WIDTH 100
#define INDENT    4

/* ---- for a pipe: a line a recommendation -------------------------------------------------------
 */

void
orf_ctl_append_plain_recommendations (const OrfCtlTerminal *terminal,
                                      GString *out,
                                      const GPtrArray *recommendations)
{
  static const char *const titles[] = { "SEVERITY", "TITLE", "EVIDENCE", "ACTION" };
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (terminal);

  for (guint i = 0; i < G_N_ELEMENTS (titles); i++)
    orf_ctl_table_add_column (table, titles[i], 0);
  for (guint i = 0; i < recommendations->len; i++) {
    const OrfGpuRecommendation *one = recommendations->pdata[i];

    orf_ctl_table_add (table, ORF_CTL_PLAIN, orf_severity_to_string (one->severity));
    orf_ctl_table_add (table, ORF_CTL_PLAIN, one->title);
    orf_ctl_table_add (table, ORF_CTL_PLAIN, one->evidence);
    orf_ctl_table_add (table, ORF_CTL_PLAIN, one->action);
  }
  orf_ctl_table_append_to (table, out);
}

/* ---- for eyes ----------------------------------------------------------------------------------
 */

void
orf_ctl_append_wrapped (const OrfCtlTerminal *terminal,
                        GString *out,
                        guint indent,
                        const char *text)
{
  guint width = MIN (terminal->width, MAX_WIDTH);
  g_autofree char *clean = orf_ctl_terminal_clean (terminal, text);
  g_auto (GStrv) words = g_strsplit (clean, " ", -1);
  guint at = 0;

  for (guint i = 0; words[i] != NULL; i++) {
    guint length = orf_ctl_text_width (words[i]);

    if (at > 0 && at + 1 + length > width) {
      g_string_append_c (out, '\n');
      at = 0;
    }
    g_string_append_printf (out, "%*s%s", at == 0 ? (int) indent : 1, "", words[i]);
    at += length + (at == 0 ? indent : 1);
  }
  g_string_append_c (out, '\n');
}

static void
append_recommendation (const OrfCtlTerminal *terminal,
                       GString *out,
                       const OrfGpuRecommendation *one)
{
  g_autofree char *title = orf_ctl_terminal_clean (terminal, one->title);
  g_autofree char *action = orf_ctl_terminal_clean (terminal, one->action);

  g_string_append_c (out, '\n');
  orf_ctl_terminal_append (terminal, out, orf_ctl_cells_get_severity_style (one->severity),
                           orf_severity_to_string (one->severity));
  g_string_append (out, "  ");
  orf_ctl_terminal_append (terminal, out, ORF_CTL_STRONG, title);
  g_string_append_c (out, '\n');
  orf_ctl_append_wrapped (terminal, out, INDENT, one->evidence);
  /* never broken: it is copied */
  g_string_append_printf (out, "%*s$ %s\n", INDENT, "", action);
}

void
orf_ctl_append_recommendations (const OrfCtlTerminal *terminal,
                                GString *out,
                                const GPtrArray *recommendations)
{
  for (guint i = 0; i < recommendations->len; i++)
    append_recommendation (terminal, out, recommendations->pdata[i]);
}
