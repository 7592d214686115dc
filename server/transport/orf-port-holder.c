/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-port-holder.h"

#include <string.h>

/* In /proc/net/tcp: "sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode …" */
#define FIELD_LOCAL  1
#define FIELD_STATE  3
#define FIELD_INODE  9
#define STATE_LISTEN 0x0a

/* The fields of one line; blanks in a row count once. */
static GPtrArray *
split_fields (char *line)
{
  GPtrArray *fields = g_ptr_array_new ();
  char *rest = NULL;

  for (char *field = strtok_r (line, " ", &rest); field != NULL;
       field = strtok_r (NULL, " ", &rest))
    g_ptr_array_add (fields, field);
  return fields;
}

/* The socket's inode that listens at port, 0: none here. */
static guint64
find_inode (const char *table, guint16 port)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (table, &text, NULL, NULL))
    return 0;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 1; lines[0] != NULL && lines[i] != NULL; i++) {
    g_autoptr (GPtrArray) fields = split_fields (lines[i]);
    const char *colon = fields->len > FIELD_INODE ? strchr (fields->pdata[FIELD_LOCAL], ':') : NULL;

    if (colon != NULL && g_ascii_strtoull (colon + 1, NULL, 16) == port &&
        g_ascii_strtoull (fields->pdata[FIELD_STATE], NULL, 16) == STATE_LISTEN)
      return g_ascii_strtoull (fields->pdata[FIELD_INODE], NULL, 10);
  }
  return 0;
}

static gboolean
has_socket (const char *pid, const char *wanted)
{
  g_autofree char *path = g_build_filename ("/proc", pid, "fd", NULL);
  g_autoptr (GDir) fds = g_dir_open (path, 0, NULL);
  const char *fd;

  while (fds != NULL && (fd = g_dir_read_name (fds)) != NULL) {
    g_autofree char *link = g_build_filename (path, fd, NULL);
    g_autofree char *target = g_file_read_link (link, NULL);

    if (g_strcmp0 (target, wanted) == 0)
      return TRUE;
  }
  return FALSE;
}

static char *
dup_name (const char *pid)
{
  g_autofree char *path = g_build_filename ("/proc", pid, "comm", NULL);
  g_autofree char *name = NULL;

  if (!g_file_get_contents (path, &name, NULL, NULL))
    return g_strdup_printf ("pid %s", pid);
  return g_strdup_printf ("%s (pid %s)", g_strchomp (name), pid);
}

char *
orf_port_holder_find (guint16 port)
{
  guint64 inode = find_inode ("/proc/net/tcp", port);
  g_autoptr (GDir) processes = g_dir_open ("/proc", 0, NULL);
  g_autofree char *wanted = NULL;
  const char *pid;

  if (inode == 0)
    inode = find_inode ("/proc/net/tcp6", port);
  if (inode == 0)
    return NULL;
  wanted = g_strdup_printf ("socket:[%" G_GUINT64_FORMAT "]", inode);
  while (processes != NULL && (pid = g_dir_read_name (processes)) != NULL)
    if (g_ascii_isdigit (pid[0]) && has_socket (pid, wanted))
      return dup_name (pid);
  return NULL;
}
