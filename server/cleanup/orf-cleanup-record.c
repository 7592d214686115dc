/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cleanup/orf-cleanup-record.h"

#include "cleanup/orf-cleanup-verdict.h"
#include "core/orf-format.h"
#include "core/orf-id.h"
#include "core/orf-sum.h"

/* Of whom the sentences tell: the rest is in `workers`. */
#define MAX_TOLD 4

/* ---- in words -------------------------------------------------------------------------------- */

static char *
format_bytes (OrfMaybeBytes value)
{
  return value.known ? orf_format_bytes ((double) value.bytes) : g_strdup ("an unknown amount");
}

static OrfMaybeBytes
sum_idle (const OrfCleanupRow *row)
{
  OrfMaybeBytes sum = { 0 };

  for (guint i = 0; i < row->workers->len; i++) {
    const OrfCleanupWorkerRow *worker = row->workers->pdata[i];

    sum.known |= worker->idle.known;
    sum.bytes = orf_sum_add (sum.bytes, worker->idle.known ? worker->idle.bytes : 0);
  }
  return sum;
}

static void
append_outcome (const OrfCleanupRow *row, GString *text)
{
  OrfMaybeBytes idle_sum = sum_idle (row);
  g_autofree char *freed = format_bytes (row->freed);
  g_autofree char *idle = format_bytes (idle_sum);

  switch (row->verdict) {
  case ORF_CLEANUP_VERDICT_FREED:
    g_string_append_printf (text, "%s freed.", freed);
    break;
  case ORF_CLEANUP_VERDICT_PARTIAL:
    g_string_append_printf (text, "%s freed", freed);
    if (idle_sum.known)
      g_string_append_printf (text, " of %s held idle", idle);
    g_string_append_c (text, '.');
    break;
  case ORF_CLEANUP_VERDICT_NOTHING_FREED:
    g_string_append (text, "Nothing was freed");
    if (idle_sum.known)
      g_string_append_printf (text, " of %s held idle", idle);
    g_string_append_c (text, '.');
    break;
  case ORF_CLEANUP_VERDICT_TIMED_OUT:
    g_string_append (text, "Nothing was freed in time.");
    break;
  case ORF_CLEANUP_VERDICT_NO_WORKERS:
    g_string_append (text, "There is no worker to ask.");
    break;
  case ORF_CLEANUP_VERDICT_UNMEASURED:
    g_string_append (text, "What came of it cannot be measured.");
    break;
  case ORF_CLEANUP_VERDICT_UNSET:
  case ORF_CLEANUP_VERDICT_N:
  default:
    g_string_append (text, "It has not ended.");
    break;
  }
}

/* Something that one should know of it. */
static gboolean
append_worker (const OrfCleanupWorkerRow *worker, GString *text)
{
  g_autofree char *claimed = format_bytes (worker->claimed);
  g_autofree char *freed = format_bytes (worker->freed);
  g_autofree char *released = format_bytes (worker->released);
  gboolean nothing = worker->released.known && worker->released.bytes <= 0;

  switch (worker->verdict) {
  case ORF_CLEANUP_WORKER_VERDICT_OVERCLAIMED:
    g_string_append_printf (text, " %s claims %s, and %s was measured.", worker->name, claimed,
                            nothing ? "nothing" : released);
    return TRUE;
  case ORF_CLEANUP_WORKER_VERDICT_TIMED_OUT:
    g_string_append_printf (text, " %s did not answer in time.", worker->name);
    return TRUE;
  case ORF_CLEANUP_WORKER_VERDICT_REFUSED:
    g_string_append_printf (text, " %s refused.", worker->name);
    return TRUE;
  case ORF_CLEANUP_WORKER_VERDICT_LOST:
    g_string_append_printf (text, " %s went away; %s came back.", worker->name, freed);
    return TRUE;
  case ORF_CLEANUP_WORKER_VERDICT_UNSET:
  case ORF_CLEANUP_WORKER_VERDICT_FREED:
  case ORF_CLEANUP_WORKER_VERDICT_PARTIAL:
  case ORF_CLEANUP_WORKER_VERDICT_NOTHING_FREED:
  case ORF_CLEANUP_WORKER_VERDICT_UNMEASURED:
  case ORF_CLEANUP_WORKER_VERDICT_N:
  default:
    return FALSE;
  }
}

/* Of what was seen to be given back in the workers' turns. */
static void
append_taken_again (const OrfCleanupRow *row, GString *text)
{
  gint64 taken_bytes = row->released.bytes - MAX (row->freed.bytes, 0);
  g_autofree char *released = format_bytes (row->released);
  g_autofree char *taken = orf_format_bytes ((double) taken_bytes);

  if (!row->released.known || !row->freed.known || row->others.bytes > 0 ||
      taken_bytes <= orf_verdict_get_tolerance_bytes (row->measured_by, row->released.bytes))
    return;
  if (taken_bytes >= row->released.bytes)
    g_string_append_printf (text, " %s was given back, and taken again at once.", released);
  else
    g_string_append_printf (text, " %s was given back, and %s of it taken again at once.", released,
                            taken);
}

char *
orf_cleanup_summarize (const OrfCleanupRow *row)
{
  GString *text = g_string_new (NULL);
  guint n_told = 0;

  append_outcome (row, text);
  for (guint i = 0; i < row->workers->len && n_told < MAX_TOLD; i++)
    n_told += append_worker (row->workers->pdata[i], text);
  append_taken_again (row, text);
  if (row->others.known && row->others.bytes != 0) {
    g_autofree char *others = orf_format_bytes ((double) ABS (row->others.bytes));

    g_string_append_printf (text, " Others %s %s meanwhile.",
                            row->others.bytes > 0 ? "took" : "gave back", others);
  }
  return g_string_free (text, FALSE);
}

/* ---- as answers ------------------------------------------------------------------------------ */

#define SET_BYTES(object, member, value)                                                           \
  G_STMT_START                                                                                     \
  {                                                                                                \
    (object)->has_##member = (value).known;                                                        \
    (object)->member = (value).bytes;                                                              \
  }                                                                                                \
  G_STMT_END

static OrfGpuCleanupWorker *
make_worker (const OrfCleanupWorkerRow *row)
{
  OrfGpuCleanupWorker *worker = orf_gpu_cleanup_worker_new ();

  worker->worker = orf_id_format (ORF_ID_WORKER, row->worker_no);
  worker->name = g_strdup (row->name);
  worker->verdict = row->verdict;
  SET_BYTES (worker, idle_bytes, row->idle);
  SET_BYTES (worker, claimed_bytes, row->claimed);
  SET_BYTES (worker, expected_bytes, row->expected);
  SET_BYTES (worker, freed_bytes, row->freed);
  SET_BYTES (worker, released_bytes, row->released);
  SET_BYTES (worker, regained_bytes, row->regained);
  worker->measured_by = row->measured_by;
  worker->took_us = row->took_us;
  worker->text = g_strdup (row->text);
  worker->reason = g_strdup (row->reason);
  return worker;
}

static GPtrArray *
make_workers (const OrfCleanupRow *row)
{
  GPtrArray *workers = g_ptr_array_new_with_free_func (
    (GDestroyNotify) orf_gpu_cleanup_worker_free);

  for (guint i = 0; i < row->workers->len; i++)
    g_ptr_array_add (workers, make_worker (row->workers->pdata[i]));
  return workers;
}

static GPtrArray *
make_left_out (const OrfCleanupRow *row)
{
  GPtrArray *left_out = g_ptr_array_new_with_free_func (
    (GDestroyNotify) orf_gpu_cleanup_left_out_free);

  for (guint i = 0; i < row->left_out->len; i++) {
    const OrfCleanupLeftOutRow *from = row->left_out->pdata[i];
    OrfGpuCleanupLeftOut *one = orf_gpu_cleanup_left_out_new ();

    one->worker = orf_id_format (ORF_ID_WORKER, from->worker_no);
    one->name = g_strdup (from->name);
    one->reason = g_strdup (from->reason);
    g_ptr_array_add (left_out, one);
  }
  return left_out;
}

OrfGpuCleanupRecord *
orf_cleanup_record_new (const OrfCleanupRow *row)
{
  OrfGpuCleanupRecord *record = orf_gpu_cleanup_record_new ();

  record->cleanup_id = orf_id_format (ORF_ID_CLEANUP, row->id);
  record->device = g_strdup (row->device);
  record->level = row->level;
  record->verdict = row->verdict;
  record->started_us = row->started_us;
  record->has_took_us = row->verdict != ORF_CLEANUP_VERDICT_UNSET;
  record->took_us = row->took_us;
  record->measured_by = row->measured_by;
  SET_BYTES (record, before_bytes, row->before);
  SET_BYTES (record, after_bytes, row->after);
  SET_BYTES (record, freed_bytes, row->freed);
  SET_BYTES (record, released_bytes, row->released);
  SET_BYTES (record, others_bytes, row->others);
  SET_BYTES (record, retained_bytes, row->retained);
  SET_BYTES (record, regained_bytes, row->regained);
  record->trigger = row->trigger;
  record->actor = g_strdup (row->actor);
  record->reason = g_strdup (row->reason);
  record->workers = make_workers (row);
  record->left_out = make_left_out (row);
  return record;
}

OrfGpuCleanupResult *
orf_cleanup_result_new (const OrfCleanupRow *row)
{
  OrfGpuCleanupResult *result = orf_gpu_cleanup_result_new ();

  result->cleanup_id = orf_id_format (ORF_ID_CLEANUP, row->id);
  result->device = g_strdup (row->device);
  result->level = row->level;
  result->verdict = row->verdict;
  result->measured_by = row->measured_by;
  SET_BYTES (result, before_bytes, row->before);
  SET_BYTES (result, after_bytes, row->after);
  SET_BYTES (result, freed_bytes, row->freed);
  SET_BYTES (result, released_bytes, row->released);
  SET_BYTES (result, others_bytes, row->others);
  SET_BYTES (result, retained_bytes, row->retained);
  result->took_us = row->took_us;
  result->text = orf_cleanup_summarize (row);
  result->workers = make_workers (row);
  result->left_out = make_left_out (row);
  return result;
}
