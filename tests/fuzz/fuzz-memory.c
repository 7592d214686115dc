/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any texts as the files that say how much memory there is, form feeds between them: /proc/meminfo,
 * /proc/self/cgroup and mountinfo, a cgroup's limit, usage and stat, and the ledger of a simulated
 * device.  What is said of it adds up.
 */
#include <stdlib.h>
#include <string.h>

#include <glib/gstdio.h>

#include "probe/orf-simulated-ledger.h"
#include "probe/orf-system-memory.h"

#include "fuzz-file.h"

#define ROOT_DIR "/tmp/fuzz-memory-XXXXXX"

/* Where each text is found, by both generations of cgroups. */
static const struct {
  const char *path;
  guint text;
} files[] = {
  { "proc/meminfo", 0 },
  { "proc/self/cgroup", 1 },
  { "proc/self/mountinfo", 2 },
  { "cg/memory.max", 3 },
  { "cg/memory.current", 4 },
  { "cg/memory.stat", 5 },
  { "cg/a/memory.max", 4 },
  { "cg/a/memory.current", 3 },
  { "cg/a/memory.stat", 5 },
  { "cg/memory.limit_in_bytes", 3 },
  { "cg/memory.usage_in_bytes", 4 },
};
static const char *const folders[] = { "proc/self", "proc", "cg/a", "cg", "ledger" };

#define N_TEXTS 7
#define LEDGER  6

static char root[] = ROOT_DIR;
static char *ledger_path; /* of this process, which lives */

static void
remove_cb (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *path = g_build_filename (root, files[i].path, NULL);

    g_unlink (path);
  }
  g_unlink (ledger_path);
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++) {
    g_autofree char *path = g_build_filename (root, folders[i], NULL);

    g_rmdir (path);
  }
  g_rmdir (root);
}

static void
link_file (const char *name, const char *target)
{
  g_autofree char *path = g_build_filename (root, name, NULL);

  if (symlink (target, path) != 0)
    g_error ("no tree of files: %s", path);
}

static void
make_tree (char paths[N_TEXTS][64])
{
  g_autofree char *name = g_strdup_printf ("ledger/%d", getpid ());

  if (g_mkdtemp (root) == NULL)
    g_error ("no folder");
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++) {
    g_autofree char *path = g_build_filename (root, folders[i], NULL);

    g_mkdir_with_parents (path, 0700);
  }
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    link_file (files[i].path, paths[files[i].text]);
  link_file (name, paths[LEDGER]);
  ledger_path = g_build_filename (root, name, NULL);
  atexit (remove_cb);
}

static void
write_texts (const uint8_t *data, size_t size)
{
  static char paths[N_TEXTS][64];
  static int fds[N_TEXTS] = { -1, -1, -1, -1, -1, -1, -1 };

  for (guint i = 0; i < N_TEXTS; i++) {
    const uint8_t *end = size > 0 ? memchr (data, '\f', size) : NULL;
    size_t length = end != NULL ? (size_t) (end - data) : size;

    fuzz_write_file_at (&fds[i], paths[i], data, length);
    length += end != NULL;
    data += length;
    size -= length;
  }
  if (ledger_path == NULL)
    make_tree (paths);
}

static void
read_memory (void)
{
  g_autoptr (GError) error = NULL;
  OrfSystemMemory memory;
  OrfDeviceMemory device;

  if (!orf_system_memory_read (root, &memory, &error)) {
    if (error == NULL)
      g_error ("refused without a word");
    return;
  }
  if (memory.total_bytes <= 0 || memory.used_bytes < 0 || memory.used_bytes > memory.total_bytes ||
      memory.available_bytes < 0 || memory.available_bytes > memory.total_bytes ||
      memory.limit_bytes < 0 || memory.limit_bytes > memory.total_bytes)
    g_error ("%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " bytes, of which %" G_GINT64_FORMAT
             " may be used",
             memory.used_bytes, memory.total_bytes, memory.limit_bytes);
  if (orf_system_memory_of_device (&memory, 1 << 30, &device) &&
      (device.used_bytes < 0 || device.used_bytes > device.total_bytes))
    g_error ("a device uses more than it has");
}

static void
read_ledger (void)
{
  g_autofree char *folder = g_build_filename (root, "ledger", NULL);
  g_autoptr (GPtrArray) holders = orf_simulated_ledger_read (folder);

  for (guint i = 0; i < holders->len; i++) {
    const OrfSimulatedHolder *holder = holders->pdata[i];

    if (holder->pid != getpid () || holder->used_bytes < 0 || holder->busy_us < 0)
      g_error ("process %" G_GINT64_FORMAT " holds %" G_GINT64_FORMAT " bytes", holder->pid,
               holder->used_bytes);
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  write_texts (data, size);
  read_memory ();
  read_ledger ();
  return 0;
}
