/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cleanup/orf-cleanup-history.h"

#include "cleanup/orf-cleanup-verdict.h"
#include "core/orf-names.h"

/* Turns that are read at start: of ten workers the last hundred each. */
#define MAX_TURNS 1000
/* Names are chosen outside: one that is new when there are so many begins anew for all. */
#define MAX_NAMES 4096

struct _OrfCleanupHistory {
  GHashTable *names; /* name -> OrfHonesty */
};

OrfHonesty
orf_cleanup_history_get (OrfCleanupHistory *history, const char *name)
{
  const OrfHonesty *honesty = g_hash_table_lookup (history->names, name);

  return honesty != NULL ? *honesty : (OrfHonesty){ 0 };
}

/* Less was measured than it claims, and its own reports explain why: it is no broken promise, and
 * no kept one. */
static gboolean
is_unseen (const OrfCleanupWorkerRow *row, gint64 freed_bytes)
{
  return row->verdict != ORF_CLEANUP_WORKER_VERDICT_OVERCLAIMED &&
         freed_bytes + orf_verdict_get_tolerance_bytes (row->measured_by, row->claimed.bytes) <
           row->claimed.bytes;
}

void
orf_cleanup_history_add (OrfCleanupHistory *history, const OrfCleanupWorkerRow *row)
{
  OrfHonesty *honesty = g_hash_table_lookup (history->names, row->name);
  gint64 freed_bytes = -1;

  /* That a process died is nothing that it promised otherwise. */
  if (row->verdict == ORF_CLEANUP_WORKER_VERDICT_LOST)
    return;
  if (honesty == NULL) {
    if (g_hash_table_size (history->names) >= MAX_NAMES)
      g_hash_table_remove_all (history->names);
    honesty = g_new0 (OrfHonesty, 1);
    g_hash_table_insert (history->names, g_strdup (row->name), honesty);
  }
  /* released is new: before, what was measured was what was there at the end */
  if (row->released.known)
    freed_bytes = row->released.bytes;
  else if (row->freed.known)
    freed_bytes = MAX (row->freed.bytes, 0);
  orf_honesty_add (honesty,
                   row->verdict != ORF_CLEANUP_WORKER_VERDICT_TIMED_OUT &&
                     row->verdict != ORF_CLEANUP_WORKER_VERDICT_REFUSED,
                   row->claimed.known && !is_unseen (row, freed_bytes) ? row->claimed.bytes : -1,
                   freed_bytes);
}

OrfCleanupHistory *
orf_cleanup_history_new (OrfStore *store, GError **error)
{
  g_autoptr (GPtrArray) rows = orf_store_load_cleanup_workers (store, MAX_TURNS, error);
  OrfCleanupHistory *history;

  if (rows == NULL)
    return NULL;
  history = g_new0 (OrfCleanupHistory, 1);
  history->names = orf_names_table_new (g_free, g_free);
  for (guint i = 0; i < rows->len; i++)
    orf_cleanup_history_add (history, rows->pdata[i]);
  return history;
}

void
orf_cleanup_history_free (OrfCleanupHistory *history)
{
  if (history == NULL)
    return;
  g_hash_table_unref (history->names);
  g_free (history);
}
