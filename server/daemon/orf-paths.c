/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/orf-paths.h"

#include <string.h>
#include <unistd.h>

/* The first of several folders, as systemd joins them; NULL: not set. */
static char *
dup_systemd_dir (const char *variable)
{
  const char *value = g_getenv (variable);

  if (value == NULL || value[0] != '/')
    return NULL;
  return g_strndup (value, strcspn (value, ":"));
}

char *
orf_paths_dup_db (const OrfConfig *config)
{
  g_autofree char *dir = dup_systemd_dir ("STATE_DIRECTORY");

  if (config->store.path[0] != '\0')
    return g_canonicalize_filename (config->store.path, NULL);
  if (dir != NULL)
    return g_build_filename (dir, "orfeas.db", NULL);
  return g_build_filename (g_get_user_state_dir (), "orfeas", "orfeas.db", NULL);
}

char *
orf_paths_dup_socket (const OrfConfig *config)
{
  g_autofree char *dir = dup_systemd_dir ("RUNTIME_DIRECTORY");
  const char *user = g_getenv ("XDG_RUNTIME_DIR");

  if (config->listen.socket[0] != '\0')
    return g_canonicalize_filename (config->listen.socket, NULL);
  if (dir != NULL)
    return g_build_filename (dir, "orfeas.sock", NULL);
  /* Not g_get_user_runtime_dir(): without the variable it means the cache folder. */
  if (user != NULL && user[0] == '/')
    return g_build_filename (user, "orfeas", "orfeas.sock", NULL);
  return g_strdup_printf ("/tmp/orfeas-%u/orfeas.sock", (guint) getuid ());
}

char *
orf_paths_dup_cache_socket (const OrfConfig *config, const char *socket)
{
  g_autofree char *dir = g_path_get_dirname (socket);

  if (config->cache.socket[0] != '\0')
    return g_canonicalize_filename (config->cache.socket, NULL);
  return g_build_filename (dir, "cache.sock", NULL);
}

char *
orf_paths_dup_second_cache_socket (const char *socket)
{
  const char *stem_end = g_str_has_suffix (socket, ".sock") ? socket + strlen (socket) - 5
                                                            : socket + strlen (socket);

  return g_strdup_printf ("%.*s-cache.sock", (int) (stem_end - socket), socket);
}

char *
orf_paths_dup_cookie (const char *socket)
{
  g_autofree char *dir = g_path_get_dirname (socket);

  return g_build_filename (dir, "cookie", NULL);
}

/* A program of ours in the build tree that the daemon runs from, else the installed one. */
static char *
dup_program (const char *folder, const char *name)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *dir = self != NULL ? g_path_get_dirname (self) : g_strdup (".");
  g_autofree char *beside = g_build_filename (dir, folder, name, NULL);

  if (g_file_test (beside, G_FILE_TEST_IS_EXECUTABLE))
    return g_steal_pointer (&beside);
  return g_build_filename (ORF_LIBEXECDIR "/orfeas", name, NULL);
}

char *
orf_paths_dup_probe (void)
{
  return dup_program ("probe", "orfeas-probe");
}

char *
orf_paths_dup_exec (void)
{
  return dup_program (".", "orfeas-exec");
}

char *
orf_paths_dup_sql (void)
{
  return dup_program ("sql", "orfeas-sql");
}
