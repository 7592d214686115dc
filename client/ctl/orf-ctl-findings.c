/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-findings.h"

#include <string.h>

#include <jansson.h>

#include "orf-ctl-recommendations.h"
#include "orf-ctl-table.h"

#define AREA_WIDTH  11
#define LEVEL_WIDTH 9

typedef struct {
  const char *area;
  OrfCtlFindingLevel level;
  char *text;
  char *advice; /* NULL: none */
} Finding;

struct _OrfCtlFindings {
  GPtrArray *list; /* Finding, as they were made */
};

static const struct {
  const char *name;
  OrfCtlStyle style;
} levels[] = {
  [ORF_CTL_FINDING_GOOD] = { "good", ORF_CTL_GOOD },
  [ORF_CTL_FINDING_NOTE] = { "note", ORF_CTL_FAINT },
  [ORF_CTL_FINDING_WARNING] = { "warning", ORF_CTL_WARNING },
  [ORF_CTL_FINDING_FAULT] = { "fault", ORF_CTL_BAD },
};

static void
finding_free (gpointer data)
{
  Finding *finding = data;

  g_free (finding->text);
  g_free (finding->advice);
  g_free (finding);
}

OrfCtlFindings *
orf_ctl_findings_new (void)
{
  OrfCtlFindings *findings = g_new0 (OrfCtlFindings, 1);

  findings->list = g_ptr_array_new_with_free_func (finding_free);
  return findings;
}

void
orf_ctl_findings_free (OrfCtlFindings *findings)
{
  g_ptr_array_unref (findings->list);
  g_free (findings);
}

void
orf_ctl_findings_add (
  OrfCtlFindings *findings, const char *area, OrfCtlFindingLevel level, const char *format, ...)
{
  Finding *finding = g_new0 (Finding, 1);
  va_list arguments;

  finding->area = area;
  finding->level = level;
  va_start (arguments, format);
  finding->text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_ptr_array_add (findings->list, finding);
}

void
orf_ctl_findings_advise (OrfCtlFindings *findings, const char *format, ...)
{
  Finding *finding = findings->list->pdata[findings->list->len - 1];
  va_list arguments;

  g_free (finding->advice);
  va_start (arguments, format);
  finding->advice = g_strdup_vprintf (format, arguments);
  va_end (arguments);
}

guint
orf_ctl_findings_count (const OrfCtlFindings *findings, OrfCtlFindingLevel level)
{
  guint n = 0;

  for (guint i = 0; i < findings->list->len; i++)
    n += ((const Finding *) findings->list->pdata[i])->level == level ? 1 : 0;
  return n;
}

/* ---- for a pipe: a line each ------------------------------------------------------------------
 */

static void
append_plain (const OrfCtlFindings *findings, const OrfCtlTerminal *terminal, GString *out)
{
  static const char *const titles[] = { "AREA", "LEVEL", "WHAT", "ADVICE" };
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (terminal);

  for (guint i = 0; i < G_N_ELEMENTS (titles); i++)
    orf_ctl_table_add_column (table, titles[i], 0);
  for (guint i = 0; i < findings->list->len; i++) {
    const Finding *finding = findings->list->pdata[i];

    orf_ctl_table_add (table, ORF_CTL_PLAIN, finding->area);
    orf_ctl_table_add (table, ORF_CTL_PLAIN, levels[finding->level].name);
    orf_ctl_table_add (table, ORF_CTL_PLAIN, finding->text);
    orf_ctl_table_add (table, ORF_CTL_PLAIN, finding->advice);
  }
  orf_ctl_table_append_to (table, out);
}

/* ---- for eyes: advice below what it is about ---------------------------------------------------
 */

static void
append_finding (const Finding *finding, const OrfCtlTerminal *terminal, GString *out)
{
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_append_printf (out, "%-*s", AREA_WIDTH, finding->area);
  orf_ctl_terminal_append (terminal, out, levels[finding->level].style,
                           levels[finding->level].name);
  g_string_append_printf (out, "%*s", LEVEL_WIDTH - (int) strlen (levels[finding->level].name), "");
  orf_ctl_append_wrapped (terminal, text, AREA_WIDTH + LEVEL_WIDTH, finding->text);
  /* its first line has begun; one that says nothing has no indent either */
  g_string_append (out, text->str + MIN (AREA_WIDTH + LEVEL_WIDTH, text->len - 1));
  if (finding->advice != NULL)
    orf_ctl_append_wrapped (terminal, out, AREA_WIDTH + LEVEL_WIDTH + 2, finding->advice);
}

void
orf_ctl_findings_append_to (const OrfCtlFindings *findings,
                            const OrfCtlTerminal *terminal,
                            GString *out)
{
  if (!terminal->is_terminal) {
    append_plain (findings, terminal, out);
    return;
  }
  for (guint i = 0; i < findings->list->len; i++)
    append_finding (findings->list->pdata[i], terminal, out);
}

char *
orf_ctl_findings_to_json (const OrfCtlFindings *findings)
{
  json_t *list = json_array ();
  json_t *root = json_pack ("{s:o}", "findings", list);
  char *text;

  for (guint i = 0; i < findings->list->len; i++) {
    const Finding *finding = findings->list->pdata[i];

    json_array_append_new (list, json_pack ("{s:s,s:s,s:s,s:s?}", "area", finding->area, "level",
                                            levels[finding->level].name, "text", finding->text,
                                            "advice", finding->advice));
  }
  text = json_dumps (root, JSON_COMPACT);
  json_decref (root);
  return text;
}
