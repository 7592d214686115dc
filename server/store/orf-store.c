/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The facade's life: opening, the way of a job there and back, figures, closing. */
#include "store/orf-store.h"

#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "core/orf-clock.h"
#include "orf-error.h"
#include "store/orf-age-clock.h"
#include "store/orf-store-error.h"
#include "store/orf-store-open.h"
#include "store/orf-store-private.h"

/* ---- jobs ------------------------------------------------------------------------------------ */

/* What may be given to the writer or a reader: NULL, or why not. */
static GError *
dup_refusal (OrfStore *store, gboolean writes)
{
  if (orf_cancel_is_set (store->closing))
    return g_error_new (ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s is being closed",
                        store->options.path);
  if (writes && store->writer == NULL)
    return g_error_new (ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION, "%s is opened read-only",
                        store->options.path);
  return NULL;
}

void
orf_store_submit (
  OrfStore *store, OrfQueue *queue, guint lane, gboolean writes, OrfJob *job, GError **error)
{
  store->in_flight++;
  job->reply = store->replies;
  if (*error == NULL)
    *error = dup_refusal (store, writes);
  if (*error != NULL) {
    orf_job_reply (job);
    return;
  }
  if (orf_queue_push (queue, lane, job))
    return;
  *error = orf_error_new_retry (ORF_ERROR_RESOURCE_EXHAUSTED, ORF_STORE_RETRY_MS,
                                "too many %s wait already", writes ? "writes" : "reads");
  orf_job_reply (job);
}

void
orf_store_landed (OrfStore *store)
{
  g_assert (store->in_flight > 0);
  store->in_flight--;
}

/* ---- figures -----------------------------------------------------------------------------------
 */

void
orf_store_stats_clear (OrfStoreStats *stats)
{
  g_free (stats->fault);
  g_free (stats->wal_fault);
  g_free (stats->damage);
  *stats = (OrfStoreStats){ 0 };
}

void
orf_store_stats_copy (OrfStoreStats *to, const OrfStoreStats *from)
{
  orf_store_stats_clear (to);
  *to = *from;
  to->fault = g_strdup (from->fault);
  to->wal_fault = g_strdup (from->wal_fault);
  to->damage = g_strdup (from->damage);
}

static void
log_changes (const OrfStoreStats *before, const OrfStoreStats *now, const char *path)
{
  if (now->fault != NULL && before->fault == NULL)
    g_warning ("writing stopped: %s", now->fault);
  else if (now->disk_full && !before->disk_full)
    g_warning ("writing stopped: the disk that holds %s is full", path);
  else if ((before->fault != NULL && now->fault == NULL) || (before->disk_full && !now->disk_full))
    g_message ("writing to %s goes on", path);
  if (now->wal_fault != NULL && before->wal_fault == NULL)
    g_warning ("%s", now->wal_fault);
  else if (now->wal_fault == NULL && before->wal_fault != NULL)
    g_message ("the write-ahead log is written back again");
  if (now->damage != NULL && before->damage == NULL)
    g_warning ("%s", now->damage);
}

static void
take_stats_cb (OrfStore *store, const OrfStoreStats *stats)
{
  log_changes (&store->told, stats, store->options.path);
  orf_store_stats_copy (&store->told, stats);
}

const OrfStoreStats *
orf_store_get_stats (OrfStore *store)
{
  struct stat state;

  store->stats = store->told;
  store->stats.frames_dropped += store->frames_refused;
  /* Nobody tells where there is no writer. */
  if (store->writer == NULL && stat (store->options.path, &state) == 0)
    store->stats.size_bytes = state.st_size;
  return &store->stats;
}

const char *
orf_store_get_trouble (OrfStore *store)
{
  if (store->told.wal_fault != NULL)
    return store->told.wal_fault;
  if (store->told.damage != NULL)
    return store->told.damage;
  return store->packing != NULL ? orf_store_packing_get_fault (store->packing) : NULL;
}

/* By what the writer told last, which a jump since then does not change; a clock that was set back
 * is followed at once. */
gint64
orf_store_get_age_now_us (OrfStore *store)
{
  return MIN (orf_age_clock_get_boot_us () + store->told.age_offset_us, orf_clock_now_us ());
}

const char *
orf_store_get_path (OrfStore *store)
{
  return store->options.path;
}

gboolean
orf_store_is_immutable (OrfStore *store)
{
  return store->read_mode == ORF_CONNECTION_IMMUTABLE;
}

gint64
orf_store_get_memory_bytes (void)
{
  return sqlite3_memory_used ();
}

/* ---- life
 * ------------------------------------------------------------------------------------------ */

static void
store_free (OrfStore *store)
{
  g_clear_pointer (&store->writes, orf_queue_unref);
  g_clear_pointer (&store->reads, orf_queue_unref);
  g_clear_pointer (&store->replies, orf_queue_unref);
  g_clear_pointer (&store->closing, orf_cancel_unref);
  g_clear_pointer (&store->readers, g_ptr_array_unref);
  g_clear_pointer (&store->orphans, g_ptr_array_unref);
  orf_store_stats_clear (&store->told);
  g_free ((char *) store->options.path);
  g_free (store);
}

static gboolean
start_readers (OrfStore *store, GError **error)
{
  for (guint i = 0; i < MAX (store->options.readers, 1); i++) {
    OrfStoreReader *reader = orf_store_reader_start (store->options.path, store->read_mode,
                                                     store->options.read_us, store->reads,
                                                     store->closing, error);

    if (reader == NULL)
      return FALSE;
    g_ptr_array_add (store->readers, reader);
  }
  return TRUE;
}

static gboolean
start_writer (OrfStore *store, GError **error)
{
  static const OrfQueueSteps write_steps = { "store.wait_writer", "store.write", "loop.wait" };
  OrfConnection *connection = orf_store_open_writer (store->options.path,
                                                     store->options.min_free_bytes, error);

  if (connection == NULL)
    return FALSE;
  store->writes = orf_queue_new (ORF_N_WRITE_LANES, store->options.max_write_jobs);
  orf_queue_set_steps (store->writes, &write_steps);
  store->writer = orf_store_writer_start (store, &store->options, connection, store->writes,
                                          store->replies, take_stats_cb, error);
  return store->writer != NULL;
}

static gboolean
start_packing (OrfStore *store, GError **error)
{
  if (store->options.read_only || store->options.pack_us == 0)
    return TRUE;
  store->packing = orf_store_packing_start (store, error);
  return store->packing != NULL;
}

/* The locks first: then nobody writes while the look reads. */
static gboolean
open_locked (OrfStore *store, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (store->options.path);

  if (g_mkdir_with_parents (directory, 0750) != 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "cannot make %s", directory);
    return FALSE;
  }
  store->lock = orf_store_lock_take (store->options.path, error);
  return store->lock != NULL && orf_store_open_make (store->options.path, error) &&
         orf_store_lock_hold_file (store->lock, store->options.path, error) &&
         orf_store_open_look (store->options.path, error) && start_writer (store, error);
}

/* Absolute, and of a symbolic link what it means: SQLite names the WAL after that, and the lock and
 * the ballast are to lie beside it. */
static char *
dup_file_path (const char *path)
{
  char *absolute = g_canonicalize_filename (path, NULL);
  char *target = g_file_test (absolute, G_FILE_TEST_IS_SYMLINK) ? realpath (absolute, NULL) : NULL;

  if (target == NULL) /* also of a link to nothing */
    return absolute;
  g_free (absolute);
  return target; /* g_free() is free() */
}

/* Writes are drained, reads are told to stop. */
static void
stop_threads (OrfStore *store)
{
  orf_cancel_trigger (store->closing);
  if (store->packing != NULL)
    orf_store_packing_stop (store->packing);
  orf_queue_close (store->reads);
  if (store->writes != NULL)
    orf_queue_close (store->writes);
  if (store->writer != NULL)
    orf_store_writer_join (store->writer);
  g_ptr_array_set_size (store->readers, 0);
  g_clear_pointer (&store->checker, orf_store_reader_join);
  g_clear_pointer (&store->checks, orf_queue_unref);
}

OrfStore *
orf_store_open (const OrfStoreOptions *options, GError **error)
{
  static const OrfQueueSteps read_steps = { "store.wait_reader", "store.read", "loop.wait" };
  OrfStore *store = g_new0 (OrfStore, 1);

  store->options = *options;
  store->options.path = dup_file_path (options->path);
  store->read_mode = ORF_CONNECTION_READ;
  store->reads = orf_queue_new (1, options->max_read_jobs);
  orf_queue_set_steps (store->reads, &read_steps);
  store->replies = orf_queue_new (1, G_MAXUINT);
  store->closing = orf_cancel_new (0);
  store->readers = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_store_reader_join);
  store->orphans = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_series_row_free);
  store->told.written_bytes_per_s = NAN;
  store->told.age_offset_us = orf_clock_now_us () - orf_age_clock_get_boot_us ();
  orf_queue_attach (store->replies, NULL);
  if (options->memory_bytes > 0)
    sqlite3_soft_heap_limit64 (options->memory_bytes);
  if ((options->read_only
         ? orf_store_open_choose_mode (store->options.path, &store->read_mode, error)
         : open_locked (store, error)) &&
      start_readers (store, error) && start_packing (store, error))
    return store;
  stop_threads (store);
  orf_queue_dispatch (store->replies);
  orf_store_lock_release (store->lock, TRUE);
  store_free (store);
  return NULL;
}

void
orf_store_keep_wal (OrfStore *store)
{
  if (store->writer != NULL)
    orf_store_writer_keep_wal (store->writer);
}

void
orf_store_close (OrfStore *store)
{
  if (store == NULL)
    return;
  stop_threads (store);
  /* Nothing is with a thread any more: all that is in flight has arrived, and so has at once what
   * callbacks submit now, refused. */
  do
    orf_queue_dispatch (store->replies);
  while (store->in_flight > 0);
  g_clear_pointer (&store->packing, orf_store_packing_free);
  orf_store_lock_release (store->lock, FALSE);
  store_free (store);
}
