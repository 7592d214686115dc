/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/orf-nvml-processes.h"

#include <string.h>

/*
 * The interface changed its row twice, and some drivers of the 535 line changed it a third time
 * under the old name, by a member at its end.  So the room is for the largest row, it is filled
 * with a mark first, and what has been written over tells the size.
 */
#define ROW_BYTES_1   16
#define ROW_BYTES_2   24
#define ROW_BYTES_535 32
#define MARK          0xaa
/* Enough for most; the driver says when it wants more. */
#define FIRST_ROWS 64
/* Of the probe's message. */
#define MAX_ROWS 4096

/* The same at the start of each kind of row. */
typedef struct {
  guint32 pid;
  guint64 used_bytes;
} Row;

typedef struct {
  guint8 *bytes;
  guint32 n;
  gsize row_bytes;
} Rows;

static gsize
find_row_bytes (const guint8 *bytes, guint32 n)
{
  for (gsize i = (gsize) n * ROW_BYTES_2; i < (gsize) n * ROW_BYTES_535; i++) {
    if (bytes[i] != MARK)
      return ROW_BYTES_535;
  }

  return ROW_BYTES_2;
}

/* rows->bytes is to be freed. */
static int
ask (OrfNvmlProcessCall function, OrfNvmlHandle device, gboolean first_version, Rows *rows)
{
  guint32 room = FIRST_ROWS;

  for (;;) {
    g_autofree guint8 *bytes = g_malloc ((gsize) room * ROW_BYTES_535);
    guint32 n = room;
    int rc = 0;

    memset (bytes, MARK, (gsize) room * ROW_BYTES_535);
    rc = function (device, &n, bytes);
    if (rc == ORF_NVML_INSUFFICIENT_SIZE && room < MAX_ROWS) {
      room = MIN (MAX (n, room) + FIRST_ROWS, MAX_ROWS); /* more may come meanwhile */
      continue;
    }
    if (rc != ORF_NVML_OK)
      return rc;

    rows->n = MIN (n, room);
    rows->row_bytes = first_version ? ROW_BYTES_1 : find_row_bytes (bytes, rows->n);
    rows->bytes = g_steal_pointer (&bytes);
    return ORF_NVML_OK;
  }
}

/* The newest version that works. */
static int
ask_any (const OrfNvmlProcessCalls *calls, OrfNvmlHandle device, Rows *rows)
{
  const OrfNvmlProcessCall versions[] = { calls->v3, calls->v2, calls->v1 };
  int rc = ORF_NVML_NO_FUNCTION;

  for (guint i = 0; i < G_N_ELEMENTS (versions) && rc == ORF_NVML_NO_FUNCTION; i++) {
    if (versions[i])
      rc = ask (versions[i], device, versions[i] == calls->v1, rows);
  }

  return rc;
}

/* The short name that the kernel keeps: command lines carry tokens and paths. */
static char *
dup_name (OrfNvml *nvml, guint32 pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%u/comm", pid);
  g_autofree char *comm = NULL;
  char text[256] = { 0 };

  if (g_file_get_contents (path, &comm, NULL, NULL))
    return g_utf8_make_valid (g_strchomp (comm), -1);
  /* of another pid namespace, where only the driver can look */
  if (!nvml->process_name || nvml->process_name (pid, text, sizeof text - 1) != ORF_NVML_OK)
    return NULL;

  text[strcspn (text, " ")] = '\0';
  return g_utf8_make_valid (strrchr (text, '/') ? strrchr (text, '/') + 1 : text, -1);
}

static OrfProbeProcess *
find (GPtrArray *processes, guint32 pid)
{
  for (guint i = 0; i < processes->len; i++) {
    OrfProbeProcess *process = g_ptr_array_index (processes, i);

    if (process->pid == pid)
      return process;
  }

  return NULL;
}

/* A process that computes and draws is in both lists, with all of its memory in each. */
static void
add_row (OrfNvml *nvml, const Row *row, GPtrArray *processes)
{
  OrfProbeProcess *process = find (processes, row->pid);

  if (!process && processes->len < MAX_ROWS) {
    process = orf_probe_process_new ();
    process->pid = row->pid;
    process->name = dup_name (nvml, row->pid);
    g_ptr_array_add (processes, process);
  }
  if (!process || row->used_bytes > ORF_NVML_MAX_VALUE) /* also ORF_NVML_NOT_AVAILABLE */
    return;

  process->used_bytes = MAX (process->used_bytes, (gint64) row->used_bytes);
  process->has_used_bytes = TRUE;
}

static int
add_all (OrfNvml *nvml,
         const OrfNvmlProcessCalls *calls,
         OrfNvmlHandle device,
         GPtrArray *processes)
{
  Rows rows = { 0 };
  int rc = ask_any (calls, device, &rows);

  for (guint32 i = 0; i < rows.n; i++) {
    Row row = { 0 };

    memcpy (&row, rows.bytes + i * rows.row_bytes, sizeof row);
    add_row (nvml, &row, processes);
  }
  g_free (rows.bytes);
  return rc;
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  const OrfProbeProcess *left = *(const OrfProbeProcess *const *) a;
  const OrfProbeProcess *right = *(const OrfProbeProcess *const *) b;

  return (left->pid > right->pid) - (left->pid < right->pid);
}

GPtrArray *
orf_nvml_processes_read (OrfNvml *nvml, OrfNvmlHandle device, int *rc)
{
  g_autoptr (GPtrArray)
    processes = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_probe_process_free);

  *rc = add_all (nvml, &nvml->compute, device, processes);
  if (*rc != ORF_NVML_OK)
    return NULL;

  /* Without these two the list is still true of what computes. */
  add_all (nvml, &nvml->graphics, device, processes);
  add_all (nvml, &nvml->mps, device, processes);
  g_ptr_array_sort (processes, compare);
  return g_steal_pointer (&processes);
}

/* ---- how busy they are ----------------------------------------------------------------------- */

/* Of OrfNvmlProcessUse; NULL: nothing new. */
static GArray *
ask_use (OrfNvml *nvml, OrfNvmlHandle device, guint64 since_us)
{
  guint32 room = FIRST_ROWS;

  for (;;) {
    g_autoptr (GArray) rows = g_array_sized_new (FALSE, TRUE, sizeof (OrfNvmlProcessUse), room);
    guint32 n = room;
    int rc = 0;

    g_array_set_size (rows, room);
    rc = nvml->process_use (device, (OrfNvmlProcessUse *) (gpointer) rows->data, &n, since_us);
    if (rc == ORF_NVML_INSUFFICIENT_SIZE && room < MAX_ROWS) {
      room = MIN (MAX (n, room) + FIRST_ROWS, MAX_ROWS);
      continue;
    }
    if (rc != ORF_NVML_OK)
      return NULL;
    g_array_set_size (rows, MIN (n, room));
    return g_steal_pointer (&rows);
  }
}

void
orf_nvml_processes_read_use (OrfNvml *nvml,
                             OrfNvmlHandle device,
                             guint64 *seen_us,
                             GPtrArray *processes)
{
  g_autoptr (GArray) rows = nvml->process_use ? ask_use (nvml, device, *seen_us) : NULL;

  if (!rows || rows->len == 0)
    return;
  for (guint i = 0; i < processes->len; i++)
    ((OrfProbeProcess *) g_ptr_array_index (processes, i))->utilization_percent = 0;
  for (guint i = 0; i < rows->len; i++) {
    const OrfNvmlProcessUse *row = &g_array_index (rows, OrfNvmlProcessUse, i);
    OrfProbeProcess *process = find (processes, row->pid);

    *seen_us = MAX (*seen_us, row->t_us);
    if (process)
      process->utilization_percent = MIN (row->sm_percent, 100u);
  }
}
