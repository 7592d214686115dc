/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "orf-error.h"

#include "orf-ctl-connection.h"
#include "orf-ctl.h"

/*
 * Whether rules are right is for orfeasd to say, which has the code that reads them: it is given a
 * folder with links to the files in the place of alerts.d, and asked to check its config.
 */

typedef struct {
  char *folder;
  GPtrArray *links; /* in the folder, by the order of the arguments */
} Folder;

static void
folder_clear (Folder *folder)
{
  for (guint i = 0; i < folder->links->len; i++)
    g_unlink (folder->links->pdata[i]);
  g_ptr_array_unref (folder->links);
  if (folder->folder != NULL)
    g_rmdir (folder->folder);
  g_free (folder->folder);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Folder, folder_clear)

static gboolean
fail (GError **error, const char *what)
{
  g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s: %s", what, g_strerror (errno));
  return FALSE;
}

/* Files may have one name in several folders; a name that alerts.d would pass over is read too. */
static gboolean
add_link (Folder *folder, const char *path, GError **error)
{
  g_autofree char *target = g_canonicalize_filename (path, NULL);
  g_autofree char *name = g_strdup_printf ("%05u.conf", folder->links->len);
  char *link = g_build_filename (folder->folder, name, NULL);

  if (access (target, R_OK) != 0 || symlink (target, link) != 0) {
    g_free (link);
    return fail (error, path);
  }
  g_ptr_array_add (folder->links, link);
  return TRUE;
}

static gboolean
fill_folder (const OrfCtl *ctl, Folder *folder, GError **error)
{
  const char *const *paths = orf_ctl_options_get_arguments (orf_ctl_get_options (ctl));

  folder->folder = g_dir_make_tmp ("orfeasctl-rules-XXXXXX", NULL);
  if (folder->folder == NULL)
    return fail (error, "a temporary folder");
  for (; *paths != NULL; paths++)
    if (!add_link (folder, *paths, error))
      return FALSE;
  return TRUE;
}

/* What orfeasd says, of the files as they were named here. */
static char *
reword (const OrfCtl *ctl, const Folder *folder, const char *said)
{
  const char *const *paths = orf_ctl_options_get_arguments (orf_ctl_get_options (ctl));
  g_autoptr (GString)
    text = g_string_new (g_str_has_prefix (said, "orfeasd: ") ? said + strlen ("orfeasd: ") : said);

  for (guint i = 0; i < folder->links->len; i++)
    g_string_replace (text, folder->links->pdata[i], paths[i], 0);
  g_strchomp (text->str);
  return orf_ctl_terminal_clean (orf_ctl_get_terminal (ctl), text->str);
}

/* *said: its standard error.  FALSE: it could not be asked. */
static gboolean
ask_daemon (const OrfCtl *ctl, const Folder *folder, gboolean *good, char **said, GError **error)
{
  const char *config = orf_ctl_options_get (orf_ctl_get_options (ctl), "config");
  g_autofree char *daemon = orf_ctl_find_daemon ();
  g_autofree char *rules_dir = g_strconcat ("alerts.rules_dir=", folder->folder, NULL);
  const char *argv[] = {
    daemon, "--check-config", "--set", rules_dir, config != NULL ? "--config" : NULL, config, NULL
  };
  g_autoptr (GError) problem = NULL;
  int status = 0;

  if (daemon == NULL) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE,
                         "orfeasd: not found beside orfeasctl; $ORFEAS_ORFEASD names it");
    return FALSE;
  }
  if (!g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, said,
                     &status, &problem)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s: %s", daemon, problem->message);
    return FALSE;
  }
  *good = g_spawn_check_wait_status (status, NULL);
  return TRUE;
}

OrfCtlExit
orf_ctl_verb_alerts_rules_check (OrfCtl *ctl, GError **error)
{
  g_auto (Folder) folder = { NULL, g_ptr_array_new_with_free_func (g_free) };
  g_autofree char *said = NULL;
  g_autofree char *text = NULL;
  gboolean good = FALSE;

  if (!fill_folder (ctl, &folder, error))
    return ORF_CTL_USAGE;
  if (!ask_daemon (ctl, &folder, &good, &said, error))
    return ORF_CTL_NO_CONNECTION;
  text = good ? g_strdup ("ok") : reword (ctl, &folder, said);
  orf_ctl_print_line (text);
  return good ? ORF_CTL_DONE : ORF_CTL_CHECK_FAILED;
}
