/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/orf-system-memory.h"

#include <string.h>

#include "orf-error.h"

/* Of which bytes are still a number: a container may be told anything as its /proc/meminfo. */
#define MAX_KIB (G_MAXINT64 / 1024)

/* How the two generations of cgroups name the same things. */
typedef struct {
  const char *fs_type;
  const char *limit;
  const char *usage;
  const char *idle_cache; /* key in memory.stat */
} CgroupDialect;

static const CgroupDialect dialect_v1 = {
  .fs_type = "cgroup",
  .limit = "memory.limit_in_bytes",
  .usage = "memory.usage_in_bytes",
  .idle_cache = "total_inactive_file",
};

static const CgroupDialect dialect_v2 = {
  .fs_type = "cgroup2",
  .limit = "memory.max",
  .usage = "memory.current",
  .idle_cache = "inactive_file",
};

static char *
read_file (const char *root, const char *directory, const char *name)
{
  g_autofree char *path = g_build_filename (root, directory, name, NULL);
  char *text = NULL;

  /* Absent files are what tells the kinds of systems apart, so the reason does not matter. */
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;

  return text;
}

/* The number after `key` at the start of a line, -1 when there is none. */
static gint64
find_number (const char *text, const char *key)
{
  gsize length = strlen (key);

  for (const char *line = text; line; line = strchr (line, '\n')) {
    line += *line == '\n';
    if (strncmp (line, key, length) == 0 && (line[length] == ' ' || line[length] == ':'))
      return g_ascii_strtoll (line + length + 1, NULL, 10);
  }

  return -1;
}

/* "max" and v1's "no limit" (2^63 rounded down to a page) both come out as G_MAXINT64 or nearly. */
static gint64
read_bytes (const char *root, const char *directory, const char *name)
{
  g_autofree char *text = read_file (root, directory, name);
  guint64 value = 0;

  if (!text)
    return -1;
  g_strchomp (text);
  if (g_str_equal (text, "max"))
    return G_MAXINT64;
  if (!g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, &value, NULL))
    return -1;

  return (gint64) MIN (value, (guint64) G_MAXINT64);
}

static gboolean
list_has (const char *list, const char *item)
{
  g_auto (GStrv) items = g_strsplit (list, ",", -1);

  return g_strv_contains ((const char *const *) items, item);
}

/* This process's cgroup in the hierarchy that has the memory controller: v1's where it is mounted
 * there (also on hybrid systems), else v2's. */
static char *
find_cgroup (const char *root, const CgroupDialect **dialect)
{
  g_autofree char *text = read_file (root, "proc/self", "cgroup");
  g_auto (GStrv) lines = g_strsplit (text ? text : "", "\n", -1);
  char *unified = NULL;

  for (guint i = 0; lines[i]; i++) {
    g_auto (GStrv) fields = g_strsplit (lines[i], ":", 3);

    if (g_strv_length (fields) != 3)
      continue;
    if (list_has (fields[1], "memory")) {
      g_free (unified);
      *dialect = &dialect_v1;
      return g_steal_pointer (&fields[2]);
    }
    if (g_str_equal (fields[0], "0") && !unified)
      unified = g_steal_pointer (&fields[2]);
  }

  if (unified)
    *dialect = &dialect_v2;
  return unified;
}

/* Where that hierarchy is mounted, and which of its directories the mount shows. */
static gboolean
find_mount (const char *root, const CgroupDialect *dialect, char **mount_point, char **mount_root)
{
  g_autofree char *text = read_file (root, "proc/self", "mountinfo");
  g_auto (GStrv) lines = g_strsplit (text ? text : "", "\n", -1);

  for (guint i = 0; lines[i]; i++) {
    char *separator = strstr (lines[i], " - ");
    g_auto (GStrv) fields = NULL;
    g_auto (GStrv) type = NULL;

    if (!separator)
      continue;
    *separator = '\0';
    fields = g_strsplit (lines[i], " ", 6);
    type = g_strsplit (separator + 3, " ", 3);
    if (g_strv_length (fields) < 5 || g_strv_length (type) < 3)
      continue;
    if (!g_str_equal (type[0], dialect->fs_type))
      continue;
    if (dialect == &dialect_v1 && !list_has (type[2], "memory"))
      continue;

    *mount_root = g_strcompress (fields[3]); /* octal escapes */
    *mount_point = g_strcompress (fields[4]);
    return TRUE;
  }

  return FALSE;
}

/* The part of a cgroup's path that lies below what is mounted; a path that leads out of it (another
 * namespace's) is the mounted directory itself. */
static const char *
path_below (const char *cgroup, const char *mount_root)
{
  gsize length = strlen (mount_root);

  if (strstr (cgroup, "/.."))
    return "";
  if (g_str_equal (mount_root, "/"))
    return cgroup;
  if (strncmp (cgroup, mount_root, length) == 0 && (cgroup[length] == '/' || !cgroup[length]))
    return cgroup + length;

  return "";
}

/* What a directory's limit leaves, when it is one and the tightest so far. */
static void
take_limit (const char *root,
            const char *directory,
            const CgroupDialect *dialect,
            OrfSystemMemory *memory)
{
  gint64 limit_bytes = read_bytes (root, directory, dialect->limit);
  gint64 usage_bytes = read_bytes (root, directory, dialect->usage);
  g_autofree char *stat = NULL;
  gint64 used_bytes = 0;

  if (limit_bytes <= 0 || limit_bytes >= memory->total_bytes || usage_bytes < 0)
    return;

  /* As MemAvailable does, leave out the cache that is given up first. */
  stat = read_file (root, directory, "memory.stat");
  used_bytes = usage_bytes - MAX (find_number (stat, dialect->idle_cache), 0);
  used_bytes = CLAMP (used_bytes, 0, limit_bytes);
  if (memory->limit_bytes > 0 && memory->available_bytes <= limit_bytes - used_bytes)
    return;

  memory->limit_bytes = limit_bytes;
  memory->used_bytes = used_bytes;
  memory->available_bytes = limit_bytes - used_bytes;
}

/* A limit may sit on any ancestor; the one that leaves least is the one that will be met. */
static void
apply_cgroup (const char *root, OrfSystemMemory *memory)
{
  const CgroupDialect *dialect = NULL;
  g_autofree char *cgroup = find_cgroup (root, &dialect);
  g_autofree char *mount_point = NULL;
  g_autofree char *mount_root = NULL;
  g_autofree char *directory = NULL;
  gsize top = 0;

  if (!cgroup || !find_mount (root, dialect, &mount_point, &mount_root))
    return;

  top = strlen (mount_point);
  directory = g_strconcat (mount_point, path_below (cgroup, mount_root), NULL);
  while (strlen (directory) >= top) {
    char *slash = NULL;

    take_limit (root, directory, dialect, memory);
    slash = strrchr (directory, '/');
    if (!slash || (gsize) (slash - directory) < top)
      return;
    *slash = '\0';
  }
}

gboolean
orf_system_memory_read (const char *root, OrfSystemMemory *memory, GError **error)
{
  g_autofree char *text = read_file (root, "proc", "meminfo");
  gint64 total_kib = MIN (find_number (text, "MemTotal"), MAX_KIB);
  gint64 available_kib = find_number (text, "MemAvailable");
  OrfSystemMemory found = { 0 };

  if (total_kib <= 0 || available_kib < 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE,
                 "/proc/meminfo has no MemTotal or no MemAvailable");
    return FALSE;
  }

  found.total_bytes = total_kib * 1024;
  found.available_bytes = MIN (available_kib, total_kib) * 1024;
  found.used_bytes = found.total_bytes - found.available_bytes;
  apply_cgroup (root, &found);
  *memory = found;
  return TRUE;
}

gboolean
orf_system_memory_of_device (const OrfSystemMemory *memory,
                             gint64 size_bytes,
                             OrfDeviceMemory *device)
{
  gint64 total_bytes = size_bytes;

  if (memory->limit_bytes > 0)
    total_bytes = MIN (total_bytes, memory->limit_bytes);
  if (memory->used_bytes > total_bytes && memory->available_bytes >= total_bytes)
    return FALSE;

  device->total_bytes = total_bytes;
  device->used_bytes = MIN (memory->used_bytes, total_bytes);
  return TRUE;
}
