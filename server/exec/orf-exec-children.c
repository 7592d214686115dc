/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exec/orf-exec-children.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* One that forks as fast as it can is outrun well before. */
#define MAX_ROUNDS 10000
#define TASKS      "/proc/self/task"

void
orf_exec_children_adopt (void)
{
  if (prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
    g_printerr ("what commands leave behind stays: %s\n", g_strerror (errno));
}

static void
kill_children_of (const char *thread)
{
  g_autofree char *path = g_build_filename (TASKS, thread, "children", NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) pids = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return;
  pids = g_strsplit (g_strstrip (text), " ", -1);
  for (char **pid = pids; *pid != NULL; pid++)
    if (**pid != '\0')
      kill ((pid_t) g_ascii_strtoll (*pid, NULL, 10), SIGKILL);
}

static void
kill_children (void)
{
  g_autoptr (GDir) threads = g_dir_open (TASKS, 0, NULL);
  const char *thread;

  while (threads != NULL && (thread = g_dir_read_name (threads)) != NULL)
    kill_children_of (thread);
}

/* The end of one makes us its children's parent: until there is none. */
void
orf_exec_children_end (void)
{
  for (guint round = 0; round < MAX_ROUNDS; round++) {
    kill_children ();
    if (waitpid (-1, NULL, WNOHANG) < 0 && errno == ECHILD)
      return;
    g_usleep (100);
  }
  g_printerr ("some of what the command left behind could not be ended\n");
}
