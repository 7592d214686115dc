/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-recover.h"

#include "orf-ctl-file.h"
#include "orf-ctl-format.h"
#include "orf-ctl-new-file.h"
#include "orf-ctl-table.h"
#include "orf-ctl.h"

typedef struct {
  const char *path;
  sqlite3 *source;
  OrfRecovery *recovery;
} Work;

static gboolean
fill_cb (sqlite3 *db, gpointer data, GError **error)
{
  Work *work = data;

  work->recovery = orf_recover_make (db, work->source, work->path, error);
  return work->recovery != NULL;
}

static json_t *
pack (const OrfRecovery *recovery, const char *path, gint64 size_bytes)
{
  json_t *tables = json_array ();
  json_t *mended = json_array ();

  for (guint i = 0; i < recovery->tables->len; i++) {
    const OrfRecoveredTable *table = recovery->tables->pdata[i];

    json_array_append_new (tables,
                           json_pack ("{s:s, s:I, s:I, s:I}", "name", table->name, "rows",
                                      (json_int_t) table->rows, "gaps", (json_int_t) table->n_gaps,
                                      "refused", (json_int_t) table->n_refused));
  }
  for (char **line = recovery->mended; *line != NULL; line++)
    json_array_append_new (mended, json_string (*line));
  return json_pack ("{s:s, s:I, s:b, s:o, s:o}", "path", path, "size_bytes",
                    (json_int_t) size_bytes, "whole", !orf_recovery_is_partial (recovery), "tables",
                    tables, "mended", mended);
}

static void
take_number (OrfCtlTable *table, gint64 number)
{
  orf_ctl_table_take (table, ORF_CTL_PLAIN, g_strdup_printf ("%" G_GINT64_FORMAT, number));
}

/* Of the tables that lost something. */
static void
append_losses (const OrfCtl *ctl, const OrfRecovery *recovery, GString *out)
{
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (orf_ctl_get_terminal (ctl));

  orf_ctl_table_add_column (table, "LOST ROWS", 0);
  orf_ctl_table_add_column (table, "SAVED", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "GAPS", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "REFUSED", ORF_CTL_COLUMN_RIGHT);
  for (guint i = 0; i < recovery->tables->len; i++) {
    const OrfRecoveredTable *of = recovery->tables->pdata[i];

    if (of->n_gaps == 0 && of->n_refused == 0)
      continue;
    orf_ctl_table_add (table, ORF_CTL_BAD, of->name);
    take_number (table, of->rows);
    take_number (table, of->n_gaps);
    take_number (table, of->n_refused);
  }
  orf_ctl_table_append_to (table, out);
}

static void
show (const OrfCtl *ctl, const OrfRecovery *recovery, const char *path, gint64 size_bytes)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *clean = orf_ctl_terminal_clean (terminal, path);
  g_autofree char *size = orf_ctl_format_bytes ((double) size_bytes);
  gint64 rows = 0;

  for (guint i = 0; i < recovery->tables->len; i++)
    rows += ((const OrfRecoveredTable *) recovery->tables->pdata[i])->rows;
  if (orf_recovery_is_partial (recovery))
    append_losses (ctl, recovery, out);
  for (char **line = recovery->mended; *line != NULL; line++)
    g_string_append_printf (out, "mended: %s\n", *line);
  if (out->len > 0)
    g_string_append_c (out, '\n');
  g_string_append_printf (out, "%s  %s, %" G_GINT64_FORMAT " rows of %u tables: ", clean, size,
                          rows, recovery->tables->len);
  if (orf_recovery_is_partial (recovery))
    orf_ctl_terminal_append (terminal, out, ORF_CTL_BAD, "some could not be saved");
  else
    orf_ctl_terminal_append (terminal, out, ORF_CTL_GOOD, "all that there were");
  g_string_append_c (out, '\n');
  orf_ctl_print (out->str);
}

OrfCtlExit
orf_ctl_verb_db_recover (OrfCtl *ctl, GError **error)
{
  const char *path = orf_ctl_get_argument (ctl, 1);
  g_autoptr (OrfRecovery) recovery = NULL;
  Work work = { .path = orf_ctl_get_argument (ctl, 0) };
  gint64 size_bytes;
  gboolean done;

  work.source = orf_ctl_file_open_damaged (work.path, error);
  if (work.source == NULL)
    return ORF_CTL_SERVER_ERROR;
  done = orf_ctl_new_file_write (path, fill_cb, &work, &size_bytes, error);
  sqlite3_close (work.source);
  recovery = work.recovery;
  if (!done)
    return ORF_CTL_SERVER_ERROR;
  if (orf_ctl_wants_json (ctl)) {
    g_autoptr (json_t) document = pack (recovery, path, size_bytes);
    g_autofree char *text = orf_json_dump (document);

    orf_ctl_print_line (text);
  } else {
    show (ctl, recovery, path, size_bytes);
  }
  return orf_recovery_is_partial (recovery) ? ORF_CTL_CHECK_FAILED : ORF_CTL_DONE;
}
