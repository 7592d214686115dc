/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "batch/orf-batch-study.h"

/* The newest so many: what was long ago was perhaps another model, and fits take time. */
#define MAX_BATCHES 1000

/* An operation with less than this share of the batches, and fewer than that, does not decide. */
#define MIN_SHARE   0.02
#define MIN_BATCHES 5

void
orf_batch_study_clear (OrfBatchStudy *study)
{
  g_clear_pointer (&study->operation, g_free);
}

/* A worker that is gone holds nothing; what its process has beside its allocator (its context)
 * stays in use, and counts as of others. */
static gint64
get_own_bytes (const OrfWorkerRow *worker)
{
  if (worker->lost_us > 0 || worker->left_us > 0)
    return 0;
  if (worker->reserved_bytes >= 0)
    return worker->reserved_bytes;

  return MAX (worker->allocated_bytes, 0);
}

gint64
orf_batch_get_budget_bytes (const OrfBatchDevice *device,
                            const OrfWorkerRow *worker,
                            double headroom_percent)
{
  double allowed = (double) device->total_bytes * (1 - headroom_percent / 100);
  gint64 others_bytes = MAX (device->used_bytes - get_own_bytes (worker), 0);

  return MAX ((gint64) allowed - others_bytes, 0);
}

/* char * (or "" for none) -> GArray of OrfBatch. */
static GHashTable *
group (const GPtrArray *rows)
{
  GHashTable *groups = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                              (GDestroyNotify) g_array_unref);

  for (guint i = 0; i < rows->len; i++) {
    const OrfWorkerBatchRow *row = rows->pdata[i];
    const char *operation = row->operation != NULL ? row->operation : "";
    const OrfBatch batch = { row->size, row->peak_bytes, row->duration_us };
    GArray *batches = g_hash_table_lookup (groups, operation);

    if (batches == NULL) {
      batches = g_array_new (FALSE, FALSE, sizeof (OrfBatch));
      g_hash_table_insert (groups, g_strdup (operation), batches);
    }
    g_array_append_val (batches, batch);
  }
  return groups;
}

/* Nothing recommended is less than anything; an advice from more batches is worth more. */
static gboolean
allows_less (const OrfBatchAdvice *a, const OrfBatchAdvice *b)
{
  gboolean a_known = a->reason != ORF_BATCH_REASON_TOO_LITTLE;
  gboolean b_known = b->reason != ORF_BATCH_REASON_TOO_LITTLE;

  if (a_known != b_known)
    return a_known;
  if (!a_known || a->recommended == b->recommended)
    return a->observations > b->observations;
  return a->recommended < b->recommended;
}

gboolean
orf_batch_study_run (OrfConnection *connection,
                     gint64 worker_id,
                     gint64 budget_bytes,
                     gint64 p99_us,
                     OrfBatchStudy *study,
                     GError **error)
{
  const OrfBatchBounds bounds = { budget_bytes, p99_us };
  g_autoptr (GPtrArray) rows = orf_worker_batches_read (connection, worker_id, MAX_BATCHES, error);
  g_autoptr (GHashTable) groups = NULL;
  g_autoptr (GList) operations = NULL;
  gboolean first = TRUE;

  if (rows == NULL)
    return FALSE;
  groups = group (rows);
  *study = (OrfBatchStudy){ .budget_bytes = budget_bytes };
  orf_batch_advise (NULL, 0, &bounds, &study->advice);

  /* by name: of equal ones always the same is told */
  operations = g_list_sort (g_hash_table_get_keys (groups), (GCompareFunc) g_strcmp0);
  for (GList *l = operations; l != NULL; l = l->next) {
    const GArray *batches = g_hash_table_lookup (groups, l->data);
    OrfBatchAdvice advice;

    if (operations->next != NULL && batches->len < MIN_BATCHES &&
        batches->len < MIN_SHARE * rows->len)
      continue;
    if (orf_connection_is_stopped (connection, error)) {
      orf_batch_study_clear (study);
      return FALSE;
    }
    orf_batch_advise ((const OrfBatch *) (void *) batches->data, batches->len, &bounds, &advice);
    if (!first && !allows_less (&advice, &study->advice))
      continue;
    first = FALSE;
    study->advice = advice;
    g_free (study->operation);
    study->operation = *(const char *) l->data != '\0' ? g_strdup (l->data) : NULL;
  }
  return TRUE;
}
