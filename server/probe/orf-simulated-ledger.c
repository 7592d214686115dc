/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/orf-simulated-ledger.h"

#include <errno.h>
#include <signal.h>

static void
free_holder (gpointer data)
{
  OrfSimulatedHolder *holder = data;

  g_free (holder->name);
  g_free (holder);
}

static gint
compare_pids (gconstpointer a, gconstpointer b)
{
  const OrfSimulatedHolder *const *first = a, *const *second = b;

  return (*first)->pid < (*second)->pid ? -1 : (*first)->pid > (*second)->pid;
}

/* It may be another user's, which EPERM says. */
static gboolean
is_alive (guint64 pid)
{
  return kill ((pid_t) pid, 0) == 0 || errno != ESRCH;
}

/* NULL: no line of a living process. */
static OrfSimulatedHolder *
read_holder (const char *folder, const char *file)
{
  g_autofree char *path = g_build_filename (folder, file, NULL);
  g_autofree char *line = NULL;
  g_auto (GStrv) words = NULL;
  OrfSimulatedHolder *holder;
  guint64 pid, used_bytes, busy_us;

  /* one that went meanwhile holds nothing */
  if (!g_ascii_string_to_unsigned (file, 10, 1, G_MAXINT, &pid, NULL) || !is_alive (pid) ||
      !g_file_get_contents (path, &line, NULL, NULL))
    return NULL;
  words = g_strsplit (g_strstrip (line), " ", 3);
  if (g_strv_length (words) != 3 ||
      !g_ascii_string_to_unsigned (words[0], 10, 0, G_MAXINT64 >> 16, &used_bytes, NULL) ||
      !g_ascii_string_to_unsigned (words[1], 10, 0, G_MAXINT64 >> 16, &busy_us, NULL))
    return NULL;
  holder = g_new0 (OrfSimulatedHolder, 1);
  *holder = (OrfSimulatedHolder){ .pid = (gint64) pid,
                                  .used_bytes = (gint64) used_bytes,
                                  .busy_us = (gint64) busy_us,
                                  .name = g_strdup (words[2]) };
  return holder;
}

GPtrArray *
orf_simulated_ledger_read (const char *folder)
{
  GPtrArray *holders = g_ptr_array_new_with_free_func (free_holder);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *file;

  while (dir && (file = g_dir_read_name (dir))) {
    OrfSimulatedHolder *holder = read_holder (folder, file);

    if (holder)
      g_ptr_array_add (holders, holder);
  }
  g_ptr_array_sort (holders, compare_pids);
  return holders;
}
