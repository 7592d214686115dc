/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Nothing here opens the wal-index: to close it again would drop SQLite's locks on it, which are
 * the process'. */
#include "store/orf-wal-watch.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/orf-clock.h"

/* Longer than any reader of the daemon's own takes ([store] read_us, [sql] max_us by default). */
#define HELD_US (10 * ORF_US_PER_S)
/* Where SQLite has the locks of readers in the wal-index (its wal.c: WAL_READ_LOCK). */
#define FIRST_LOCK 123
#define LAST_LOCK  127

struct _OrfWalWatch {
  char *index_path;
  gint64 cut_since_us; /* monotonic; 0: it is not */
  gboolean told;
};

OrfWalWatch *
orf_wal_watch_new (const char *path)
{
  OrfWalWatch *watch = g_new0 (OrfWalWatch, 1);

  watch->index_path = g_strconcat (path, "-shm", NULL);
  return watch;
}

void
orf_wal_watch_free (OrfWalWatch *watch)
{
  if (watch == NULL)
    return;
  g_free (watch->index_path);
  g_free (watch);
}

/* A line: "1: POSIX  ADVISORY  READ 4711 fe:01:131082 124 124".  By the inode alone: of file
 * systems that lie on others, stat() and this list name different devices. */
static gint64
read_line (const char *line, guint64 inode)
{
  long long pid;
  unsigned long long found;
  long first;

  if (sscanf (line, "%*d: POSIX %*15s READ %lld %*x:%*x:%llu %ld", &pid, &found, &first) != 3 ||
      found != inode || first < FIRST_LOCK || first > LAST_LOCK)
    return -1;
  return pid;
}

gint64
orf_wal_locks_find (const char *locks, guint64 inode, gint64 own)
{
  for (const char *line = locks; line != NULL; line = strchr (line, '\n')) {
    gint64 pid;

    line += *line == '\n';
    pid = read_line (line, inode);
    if (pid > 0 && pid != own)
      return pid;
  }
  return -1;
}

static void
find_reader (OrfWalWatch *watch, OrfWalReader *reader)
{
  g_autofree char *locks = NULL;
  g_autofree char *path = NULL;
  g_autofree char *name = NULL;
  struct stat state;

  reader->pid = -1;
  if (stat (watch->index_path, &state) != 0 ||
      !g_file_get_contents ("/proc/locks", &locks, NULL, NULL))
    return;
  reader->pid = orf_wal_locks_find (locks, state.st_ino, getpid ());
  path = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/comm", reader->pid);
  if (reader->pid > 0 && g_file_get_contents (path, &name, NULL, NULL))
    g_strlcpy (reader->program, g_strchomp (name), sizeof reader->program);
}

static void
tell (OrfWalWatch *watch, const OrfWalReader *reader)
{
  gboolean held = reader->since_us > 0;

  if (held && !watch->told && reader->pid > 0)
    g_warning ("process %" G_GINT64_FORMAT " (%s) has been reading the file for %" G_GINT64_FORMAT
               " s: its write-ahead log grows until it ends",
               reader->pid, reader->program, reader->held_us / ORF_US_PER_S);
  else if (held && !watch->told)
    g_warning ("somebody has been reading the file for %" G_GINT64_FORMAT
               " s: its write-ahead log grows until he ends",
               reader->held_us / ORF_US_PER_S);
  else if (!held && watch->told)
    g_message ("the write-ahead log is written back again");
  watch->told = held;
}

void
orf_wal_watch_look (OrfWalWatch *watch, gboolean cut, OrfWalReader *reader)
{
  gint64 now_us = orf_clock_monotonic_us ();

  *reader = (OrfWalReader){ .pid = -1 };
  if (!cut)
    watch->cut_since_us = 0;
  else if (watch->cut_since_us == 0)
    watch->cut_since_us = now_us;
  if (cut && now_us - watch->cut_since_us >= HELD_US) {
    find_reader (watch, reader);
    reader->held_us = now_us - watch->cut_since_us;
    reader->since_us = orf_clock_now_us () - reader->held_us;
  }
  tell (watch, reader);
}
