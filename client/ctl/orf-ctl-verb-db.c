/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "orf-ctl.h"
#include "orf-ctl-format.h"
#include "orf-ctl-list.h"
#include "orf-ctl-params.h"
#include "orf-ctl-table.h"

/* A line for who watches; NULL: it goes. */
static void
note_wait (const char *text)
{
  if (isatty (STDERR_FILENO))
    g_printerr ("\r\033[K%s", text != NULL ? text : "");
}

static char *
format_took (const OrfCtl *ctl, gint64 took_us)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);

  return orf_ctl_format_duration_us ((double) took_us, terminal->utf8 || !terminal->is_terminal);
}

static void
show_check (const OrfCtl *ctl, const OrfDbCheckResult *result)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *took = format_took (ctl, result->took_us);

  if (result->ok) {
    orf_ctl_terminal_append (terminal, out, ORF_CTL_GOOD, "ok");
    g_string_append_printf (out, "  no damage found, in %s\n", took);
  } else {
    orf_ctl_terminal_append (terminal, out, ORF_CTL_BAD, "damaged");
    g_string_append_printf (out, "  what was found, in %s:\n", took);
  }
  for (char **problem = result->problems; problem != NULL && *problem != NULL; problem++) {
    g_autofree char *clean = orf_ctl_terminal_clean (terminal, *problem);

    g_string_append_printf (out, "  %s\n", clean);
  }
  orf_ctl_print (out->str);
}

OrfCtlExit
orf_ctl_verb_db_check (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfDbCheckResult) result = NULL;
  OrfCtlExit verdict;

  note_wait ("reading the whole file …");
  verdict = orf_ctl_fetch (ctl, ORF_METHOD_DB_CHECK, NULL, (gpointer *) &result, error);
  note_wait (NULL);

  if (verdict != ORF_CTL_DONE)
    return verdict;
  if (!orf_ctl_wants_json (ctl))
    show_check (ctl, result);
  return result->ok ? ORF_CTL_DONE : ORF_CTL_CHECK_FAILED;
}

OrfCtlExit
orf_ctl_verb_db_backup (OrfCtl *ctl, GError **error)
{
  /* the daemon has another working directory than we */
  g_autofree char *path = g_canonicalize_filename (orf_ctl_get_argument (ctl, 0), NULL);
  g_autoptr (OrfDbBackupResult) result = NULL;
  g_autofree char *size = NULL;
  g_autofree char *took = NULL;
  g_autofree char *clean = NULL;
  g_autofree char *line = NULL;
  OrfCtlExit verdict = orf_ctl_fetch (ctl, ORF_METHOD_DB_BACKUP, json_pack ("{s:s}", "path", path),
                                      (gpointer *) &result, error);

  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  clean = orf_ctl_terminal_clean (orf_ctl_get_terminal (ctl), result->path);
  size = orf_ctl_format_bytes ((double) result->size_bytes);
  took = format_took (ctl, result->took_us);
  line = g_strdup_printf ("%s  %s in %s", clean, size, took);
  orf_ctl_print_line (line);
  return ORF_CTL_DONE;
}

/* ---- db stats ----------------------------------------------------------------------------------
 */

static void
take_number (OrfCtlTable *table, gint64 number)
{
  orf_ctl_table_take (table, ORF_CTL_PLAIN, g_strdup_printf ("%" G_GINT64_FORMAT, number));
}

/* For people on a terminal, to the byte for programs. */
static void
take_bytes (const OrfCtl *ctl, OrfCtlTable *table, gint64 bytes)
{
  if (orf_ctl_get_terminal (ctl)->is_terminal)
    orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_format_bytes ((double) bytes));
  else
    take_number (table, bytes);
}

static void
take_share (OrfCtlTable *table, gint64 bytes, gint64 samples)
{
  orf_ctl_table_take (table, ORF_CTL_PLAIN,
                      samples > 0 ? g_strdup_printf ("%.2f", (double) bytes / (double) samples)
                                  : NULL);
}

static void
append_tiers (const OrfCtl *ctl, const OrfDbStatsResult *result, GString *out)
{
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (orf_ctl_get_terminal (ctl));

  orf_ctl_table_add_column (table, "TIER", 0);
  orf_ctl_table_add_column (table, "ROWS", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "SAMPLES", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, result->exact ? "BYTES" : "ABOUT", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "B/SAMPLE", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "FROM", 0);
  orf_ctl_table_add_column (table, "TO", 0);
  for (guint i = 0; i < result->tiers->len; i++) {
    const OrfDbTier *tier = result->tiers->pdata[i];

    orf_ctl_table_add (table, ORF_CTL_PLAIN, tier->name);
    take_number (table, tier->rows);
    take_number (table, tier->samples);
    take_bytes (ctl, table, tier->bytes);
    take_share (table, tier->bytes, tier->samples);
    orf_ctl_table_take (table, ORF_CTL_PLAIN,
                        tier->has_from_us ? orf_ctl_list_format_time (ctl, tier->from_us) : NULL);
    orf_ctl_table_take (table, ORF_CTL_PLAIN,
                        tier->has_to_us ? orf_ctl_list_format_time (ctl, tier->to_us) : NULL);
  }
  orf_ctl_table_append_to (table, out);
}

static void
append_series (const OrfCtl *ctl, const OrfDbStatsResult *result, GString *out)
{
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (orf_ctl_get_terminal (ctl));

  orf_ctl_table_add_column (table, "SERIES", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "SAMPLES", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "BYTES", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "B/SAMPLE", ORF_CTL_COLUMN_RIGHT);
  for (guint i = 0; i < result->series->len; i++) {
    const OrfDbSeries *series = result->series->pdata[i];

    orf_ctl_table_add (table, ORF_CTL_PLAIN, series->series);
    take_number (table, series->samples);
    take_bytes (ctl, table, series->bytes);
    take_share (table, series->bytes, series->samples);
  }
  g_string_append_c (out, '\n');
  orf_ctl_table_append_to (table, out);
}

static void
show_stats (const OrfCtl *ctl, const OrfDbStatsResult *result)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *size = orf_ctl_format_bytes ((double) result->size_bytes);
  g_autofree char *unused = orf_ctl_format_bytes ((double) result->free_bytes);

  append_tiers (ctl, result, out);
  if (orf_ctl_options_has (orf_ctl_get_options (ctl), "series"))
    append_series (ctl, result, out);
  if (orf_ctl_get_terminal (ctl)->is_terminal)
    g_string_append_printf (out, "\nthe file: %s, of which %s is free\n", size, unused);
  orf_ctl_print (out->str);
}

OrfCtlExit
orf_ctl_verb_db_stats (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfDbStatsResult) result = NULL;
  const OrfCtlOptions *options = orf_ctl_get_options (ctl);
  gboolean wants_series = orf_ctl_options_has (options, "series");
  gboolean quick = orf_ctl_options_has (options, "quick");
  guint64 limit;
  OrfCtlExit verdict;

  if (!orf_ctl_params_parse_limit (ctl, &limit, error))
    return ORF_CTL_USAGE;
  if (!wants_series)
    limit = 0;
  else if (orf_ctl_options_get (options, "limit") == NULL)
    limit = 20;
  note_wait (quick ? "reading rows …" : "reading the whole file …");
  verdict = orf_ctl_fetch (ctl, ORF_METHOD_DB_STATS,
                           json_pack ("{s:I, s:b}", "series", (json_int_t) limit, "quick", quick),
                           (gpointer *) &result, error);
  note_wait (NULL);
  if (verdict == ORF_CTL_DONE && !orf_ctl_wants_json (ctl))
    show_stats (ctl, result);
  return verdict;
}
