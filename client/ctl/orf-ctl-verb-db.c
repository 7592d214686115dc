/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl.h"
#include "orf-ctl-format.h"

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
  OrfCtlExit verdict = orf_ctl_fetch (ctl, ORF_METHOD_DB_CHECK, NULL, (gpointer *) &result, error);

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
