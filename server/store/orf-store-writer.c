/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariants.  No transaction outlives a turn, and none is longer than batch_us unless one
 * acknowledged write alone is: an acknowledgement so waits for at most one transaction of others,
 * or one checkpoint.
 */
#include "store/orf-store-writer-private.h"

#include <math.h>
#include <sys/stat.h>

#include "core/orf-clock.h"
#include "orf-error.h"
#include "store/orf-store-error.h"
#include "store/orf-store-open.h"
#include "store/orf-store-retain.h"
#include "store/orf-store-wal.h"
#include "core/orf-thread.h"

/* Unless check_us says otherwise. */
#define TICK_US ORF_US_PER_S
/* Between two looks for what is too old; at 10,000 series some 12 runs of samples have become so.
 */
#define RETAIN_US (10 * ORF_US_PER_S)
/* 4 MiB of WAL: written back in some 5 ms, when nobody waits. */
#define CHECKPOINT_PAGES 1000
/* And now, whoever waits. */
#define CHECKPOINT_MUST_PAGES 4000
/* Ticks in a row, each with a checkpoint that failed, after which it is told. */
#define FAILING_TICKS 10
/* Damage is told until it has not been met for this long. */
#define DAMAGE_TOLD_US (600 * ORF_US_PER_S)
/* Before a checkpoint that a reader cut short, or that failed, is tried again. */
#define CHECKPOINT_RETRY_US (100 * ORF_US_PER_MS)
/* Transactions of acknowledgements after which a bulk one has its turn, so that frames are not
 * refused because callers never pause. */
#define MAX_ACKS_IN_ROW 8
/* How long the last checkpoint waits for readers; what it cannot do, the next start does. */
#define LAST_CHECKPOINT_WAIT_MS 200

/* ---- news for the main context -------------------------------------------------------------- */

typedef struct {
  OrfJob base;
  OrfStore *store;
  OrfStoreStatsCb stats_cb;
  OrfStoreStats stats;
} News;

static void
news_done_cb (OrfJob *job)
{
  News *news = (News *) job;

  news->stats_cb (news->store, &news->stats);
}

static void
news_free_cb (OrfJob *job)
{
  News *news = (News *) job;

  orf_store_stats_clear (&news->stats);
  g_free (news);
}

/* Before the replies of a transaction, so that who is answered sees its figures. */
void
orf_store_writer_tell (OrfStoreWriter *self)
{
  News *news = g_new0 (News, 1);

  self->stats.disk_full = orf_store_disk_is_full (self->disk);
  self->stats.age_offset_us = self->age_clock.offset_us;
  news->base = (OrfJob){ .reply = self->replies, .done = news_done_cb, .free = news_free_cb };
  news->store = self->store;
  news->stats_cb = self->stats_cb;
  orf_store_stats_copy (&news->stats, &self->stats);
  orf_job_reply (&news->base);
}

static gint64
get_size (const char *path, const char *suffix)
{
  g_autofree char *name = g_strconcat (path, suffix, NULL);
  struct stat state;

  return stat (name, &state) == 0 ? state.st_size : 0;
}

static void
writer_measure (OrfStoreWriter *self)
{
  orf_store_meter_tick (self->meter, orf_clock_monotonic_us ());
  self->stats.written_bytes_per_s = orf_store_meter_get_rate (self->meter);
  self->stats.size_bytes = get_size (self->options.path, "");
  self->stats.wal_bytes = get_size (self->options.path, "-wal");
  orf_wal_watch_look (self->wal_watch, self->wal_cut, &self->stats.wal_reader);
}

/* ---- trouble ------------------------------------------------------------------------------------
 */

static gboolean writer_configure (OrfStoreWriter *self, GError **error);

void
orf_store_writer_note_damage (OrfStoreWriter *self, const GError *failure)
{
  /* what was only read wrongly may be whole the next time */
  orf_connection_forget_pages (self->connection);
  self->damage_us = orf_clock_monotonic_us ();
  if (self->stats.damage == NULL)
    self->stats.damage = g_strdup_printf ("what needs a damaged page is refused: %s",
                                          failure->message);
}

/* Once a tick; a checkpoint that failed is tried again in between. */
static void
writer_judge_troubles (OrfStoreWriter *self)
{
  self->n_failing_ticks = self->checkpoint_fault != NULL && self->stats.fault == NULL
                            ? self->n_failing_ticks + 1
                            : 0;
  if (self->checkpoint_fault == NULL)
    g_clear_pointer (&self->stats.wal_fault, g_free);
  else if (self->stats.wal_fault == NULL && self->n_failing_ticks >= FAILING_TICKS)
    self->stats.wal_fault = g_strdup_printf ("the write-ahead log is not written back, and grows: "
                                             "%s",
                                             self->checkpoint_fault);
  if (orf_clock_monotonic_us () - self->damage_us >= DAMAGE_TOLD_US)
    g_clear_pointer (&self->stats.damage, g_free);
}

/* An error that lasts is told: writes go on, into the log alone.  But what a failed sync was to
 * write is not tried again by the next one. */
static void
writer_checkpoint (OrfStoreWriter *self, int mode)
{
  sqlite3 *db = orf_connection_get_db (self->connection);
  int n_log = 0, n_done = 0;
  int code = sqlite3_wal_checkpoint_v2 (db, "main", mode, &n_log, &n_done);
  g_autoptr (GError) failure = NULL;

  g_clear_pointer (&self->checkpoint_fault, g_free);
  if (code == SQLITE_OK) {
    self->wal_cut = n_done < n_log;
  } else {
    failure = orf_store_error_new (code, sqlite3_errmsg (db), self->options.path);
    self->checkpoint_fault = g_strdup (failure->message);
    n_done = self->checkpointed_pages;
  }
  if (code == SQLITE_IOERR_FSYNC)
    orf_store_writer_note_trouble (self, code, failure);
  self->checkpointed_pages = MAX (n_done, 0);
  self->next_checkpoint_us = orf_clock_monotonic_us () +
                             (code != SQLITE_OK || n_done < n_log ? CHECKPOINT_RETRY_US : 0);
}

/* A WAL of which a part is on disk by hope alone is read as far as there after a power cut: what
 * was accepted since would be lost, and a file that has pages of what comes after it is damaged. */
static gboolean
writer_make_sure (OrfStoreWriter *self, GError **error)
{
  if (self->wal_is_unsure && !orf_store_wal_rewrite (self->options.path, error))
    return FALSE;
  self->wal_is_unsure = FALSE;
  return TRUE;
}

/* The run before may have ended after a sync had failed, and nothing tells.  Not sooner: a start
 * that finds damage leaves the WAL alone. */
void
orf_store_writer_begin (OrfStoreWriter *self)
{
  g_autoptr (GError) failure = NULL;

  if (self->has_begun)
    return;
  self->has_begun = TRUE;
  self->wal_is_unsure = TRUE;
  if (!writer_make_sure (self, &failure)) {
    g_free (self->stats.fault);
    self->stats.fault = g_strdup (failure->message);
  }
}

/* A new connection: the old one may hold what the fault left. */
static void
writer_reopen (OrfStoreWriter *self)
{
  g_autoptr (GError) failure = NULL;

  if (self->backup != NULL) {
    orf_backup_abort (self->backup);
    self->backup->error = g_error_new (ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s", self->stats.fault);
    orf_job_reply (&g_steal_pointer (&self->backup)->base);
  }
  g_clear_pointer (&self->connection, orf_connection_close);
  self->connection = orf_store_open_again (self->options.path, &failure);
  if (self->connection != NULL && writer_configure (self, &failure) &&
      writer_make_sure (self, &failure)) {
    g_clear_pointer (&self->stats.fault, g_free);
    return;
  }
  g_free (self->stats.fault);
  self->stats.fault = g_strdup (failure->message);
}

/* ---- backup
 * --------------------------------------------------------------------------------------- */

void
orf_store_writer_work_backup (OrfJob *job, gpointer state)
{
  OrfStoreWriter *self = state;
  OrfBackupJob *backup = (OrfBackupJob *) job;

  if (self->connection == NULL)
    backup->error = g_error_new (ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s", self->stats.fault);
  else if (self->backup != NULL)
    backup->error = orf_error_new_retry (ORF_ERROR_RESOURCE_EXHAUSTED, ORF_STORE_RETRY_MS,
                                         "a backup is under way already");
  else if (orf_backup_begin (backup, self->connection, self->options.min_free_bytes,
                             &backup->error))
    self->backup = backup;
  if (self->backup != backup)
    orf_job_reply (job);
}

static void
writer_step_backup (OrfStoreWriter *self)
{
  gint64 deadline_us = orf_clock_monotonic_us () + self->options.batch_us;
  gboolean finished = FALSE;

  if (orf_backup_step (self->backup, deadline_us, &finished, &self->backup->error) && !finished)
    return;
  orf_job_reply (&g_steal_pointer (&self->backup)->base);
}

/* ---- limits that change ------------------------------------------------------------------------
 */

void
orf_store_writer_retain_anew (OrfStoreWriter *self)
{
  orf_retainer_restart (self->retainer);
  self->next_retain_us = 0;
}

void
orf_store_writer_work_history (OrfJob *job, gpointer state)
{
  OrfStoreWriter *self = state;

  self->options.history = ((OrfHistoryJob *) job)->history;
  orf_store_writer_retain_anew (self);
  job->free (job);
}

/* ---- care
 * ------------------------------------------------------------------------------------------ */

static int
wal_hook_cb (void *data, sqlite3 *db G_GNUC_UNUSED, const char *name G_GNUC_UNUSED, int n_pages)
{
  OrfStoreWriter *self = data;

  self->wal_pages = n_pages;
  if (n_pages < self->checkpointed_pages)
    self->checkpointed_pages = 0; /* the WAL began anew */
  return SQLITE_OK;
}

/* Nobody waits to be answered. */
static gboolean
writer_is_calm (OrfStoreWriter *self)
{
  return orf_queue_get_length (self->jobs, ORF_WRITE_LANE_ACK) == 0;
}

/* What the last one left is little, perhaps, but that it was left is told until it is done. */
static void
writer_maybe_checkpoint (OrfStoreWriter *self)
{
  int pages = self->wal_pages - self->checkpointed_pages;
  gboolean calm = writer_is_calm (self);
  gboolean left = self->checkpoint_fault != NULL || self->wal_cut;

  if ((pages >= (calm ? CHECKPOINT_PAGES : CHECKPOINT_MUST_PAGES) || (calm && left)) &&
      orf_clock_monotonic_us () >= self->next_checkpoint_us)
    writer_checkpoint (self, SQLITE_CHECKPOINT_PASSIVE);
}

gint64
orf_store_writer_get_age_now (OrfStoreWriter *self)
{
  gint64 jumped_us;
  gint64 now_us = orf_age_clock_tell (&self->age_clock, orf_clock_now_us (),
                                      orf_age_clock_get_boot_us (), &jumped_us);

  if (jumped_us > 0)
    g_warning ("the clock jumped ahead by %" G_GINT64_FORMAT
               " s: nothing goes for its new age until it has been so for a day",
               jumped_us / ORF_US_PER_S);
  return now_us;
}

static gboolean
writer_retain_step (OrfStoreWriter *self, GError **error)
{
  gint64 now_us = orf_store_writer_get_age_now (self);
  OrfRetainLimits limits = {
    .now_us = now_us,
    .raw_before_us = now_us - self->options.raw_us,
    .raw_rows = self->options.raw_rows,
    .keys_before_us = now_us - self->options.idempotency_us,
    .audit_before_us = self->options.audit_us > 0 ? now_us - self->options.audit_us : 0,
    .audit_rows = self->options.audit_rows,
    .event_rows = self->options.event_rows,
    .load_rows = self->options.load_rows,
    .keep_rowid = self->open_block.first_rowid,
    .history = self->options.history,
  };
  gint64 deadline_us = orf_clock_monotonic_us () + self->options.batch_us / 2;

  if (self->retain_more)
    return orf_retainer_step (self->retainer, self->connection, &limits, deadline_us,
                              &self->retain_more, error);
  return orf_retain_shrink (self->connection, orf_store_disk_is_full (self->disk),
                            self->options.history.max_bytes, &self->shrink_more, error);
}

/* One step of what can wait.  It goes on while the disk counts as full, by the floor's reserve and
 * the ballast: that is what makes room again.  What meets damage is passed over, so that the rest
 * goes all the same. */
static void
writer_care (OrfStoreWriter *self)
{
  g_autoptr (GError) failure = NULL;
  int code;

  self->must_care_us = orf_clock_monotonic_us () + TICK_US;
  orf_store_writer_begin (self);
  orf_connection_take_last_code (self->connection);
  if (writer_retain_step (self, &failure))
    return;
  orf_store_writer_roll_back (self);
  code = orf_connection_take_last_code (self->connection);
  if (orf_store_error_classify (code) == ORF_STORE_TROUBLE_DAMAGE && self->stats.fault == NULL) {
    orf_store_writer_note_damage (self, failure);
    if (self->retain_more)
      self->retain_more = orf_retainer_pass_over (self->retainer);
    else
      self->shrink_more = FALSE;
    return;
  }
  self->retain_more = self->shrink_more = FALSE;
  orf_store_writer_note_trouble (self, code, failure);
}

static void
writer_tick (OrfStoreWriter *self)
{
  gint64 now_us = orf_clock_monotonic_us ();

  writer_judge_troubles (self);
  self->next_tick_us = now_us + (self->options.check_us > 0 ? self->options.check_us : TICK_US);
  orf_store_disk_look (self->disk);
  if (self->stats.fault != NULL)
    writer_reopen (self);
  if (self->connection != NULL && orf_store_disk_is_full (self->disk)) {
    writer_checkpoint (self, SQLITE_CHECKPOINT_PASSIVE);
    self->shrink_more = TRUE;
  }
  if (now_us >= self->next_retain_us) {
    self->next_retain_us = now_us + RETAIN_US;
    self->retain_more = self->shrink_more = TRUE;
  }
  orf_store_disk_make_ballast (self->disk);
  writer_measure (self);
  orf_store_writer_get_age_now (self); /* a jump is seen soon, and told */
  orf_store_writer_tell (self);
}

/* ---- the thread
 * -------------------------------------------------------------------------------------- */

static gboolean
writer_has_care (OrfStoreWriter *self)
{
  return self->stats.fault == NULL &&
         (self->backup != NULL || self->retain_more || self->shrink_more);
}

/* NULL: nothing to write now. */
static OrfJob *
writer_next_job (OrfStoreWriter *self)
{
  OrfJob *job = g_steal_pointer (&self->held);

  if (job == NULL && self->acks_in_row >= MAX_ACKS_IN_ROW) {
    self->acks_in_row = 0;
    job = self->partial != NULL ? &self->partial->base
                                : orf_queue_try_pop_lane (self->jobs, ORF_WRITE_LANE_BULK);
  }
  if (job == NULL)
    job = orf_queue_try_pop_lane (self->jobs, ORF_WRITE_LANE_ACK);
  if (job == NULL && self->partial != NULL)
    job = &self->partial->base;
  if (job == NULL)
    job = orf_queue_pop (self->jobs, writer_has_care (self) ? 0 : self->next_tick_us);
  return job;
}

static gboolean
writer_turn (OrfStoreWriter *self)
{
  gboolean closed = orf_queue_is_closed (self->jobs); /* before the look: then NULL means drained */
  OrfWriteJob *partial = self->partial;
  OrfJob *job = writer_next_job (self);

  if (job == NULL && closed)
    return FALSE;
  if (job != NULL) {
    job->work (job, self);
    /* An acknowledgement went before the rest of a frame. */
    if (partial != NULL && job != &partial->base)
      self->partial = partial;
  }
  if (orf_clock_monotonic_us () >= self->next_tick_us)
    writer_tick (self);
  if (self->stats.fault != NULL)
    return TRUE;
  writer_maybe_checkpoint (self);
  if (self->backup != NULL)
    writer_step_backup (self);
  else if (writer_has_care (self) &&
           (writer_is_calm (self) || orf_clock_monotonic_us () >= self->must_care_us))
    writer_care (self);
  return TRUE;
}

static void
writer_finish (OrfStoreWriter *self)
{
  if (self->backup != NULL) {
    orf_backup_abort (self->backup);
    self->backup->error = g_error_new (ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s is being closed",
                                       self->options.path);
    orf_job_reply (&g_steal_pointer (&self->backup)->base);
  }
  /* A file with a fault is left as it is, too. */
  if (self->connection != NULL && self->stats.fault == NULL && !self->keep_wal) {
    sqlite3_busy_timeout (orf_connection_get_db (self->connection), LAST_CHECKPOINT_WAIT_MS);
    writer_checkpoint (self, SQLITE_CHECKPOINT_TRUNCATE);
  }
  g_clear_pointer (&self->connection, orf_connection_close);
  writer_measure (self);
  orf_store_writer_tell (self);
}

static void *
writer_thread_cb (void *data)
{
  OrfStoreWriter *self = data;

  self->meter = orf_store_meter_new ();
  /* Who has opened the file looks at it first. */
  self->next_retain_us = orf_clock_monotonic_us () + TICK_US;
  writer_tick (self);
  while (writer_turn (self))
    ;
  writer_finish (self);
  return NULL;
}

static gboolean
writer_configure (OrfStoreWriter *self, GError **error)
{
  self->full_sync = TRUE;
  orf_retainer_restart (self->retainer);
  self->wal_pages = self->checkpointed_pages = 0;
  self->wal_cut = FALSE;
  g_clear_pointer (&self->checkpoint_fault, g_free);
  sqlite3_wal_hook (orf_connection_get_db (self->connection), wal_hook_cb, self);
  return orf_samples_load_block (self->connection, &self->open_block, error);
}

static void
writer_free (OrfStoreWriter *self)
{
  g_clear_pointer (&self->connection, orf_connection_close);
  orf_store_disk_free (self->disk);
  orf_store_meter_free (self->meter);
  orf_wal_watch_free (self->wal_watch);
  orf_retainer_free (self->retainer);
  g_ptr_array_unref (self->orphans);
  g_ptr_array_unref (self->group);
  orf_queue_unref (self->jobs);
  orf_queue_unref (self->replies);
  g_free (self->checkpoint_fault);
  orf_store_stats_clear (&self->stats);
  g_free ((char *) self->options.path);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfStoreWriter, writer_free)

OrfStoreWriter *
orf_store_writer_start (OrfStore *store,
                        const OrfStoreOptions *options,
                        OrfConnection *connection,
                        OrfQueue *jobs,
                        OrfQueue *replies,
                        OrfStoreStatsCb stats_cb,
                        GError **error)
{
  g_autoptr (OrfStoreWriter) self = g_new0 (OrfStoreWriter, 1);

  self->store = store;
  self->options = *options;
  self->options.path = g_strdup (options->path);
  self->jobs = orf_queue_ref (jobs);
  self->replies = orf_queue_ref (replies);
  self->stats_cb = stats_cb;
  self->connection = connection;
  self->disk = orf_store_disk_new (options->path, options->min_free_bytes, options->ballast_bytes);
  self->orphans = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_series_row_free);
  self->group = g_ptr_array_new ();
  self->retainer = orf_retainer_new ();
  orf_age_clock_init (&self->age_clock, orf_clock_now_us (), orf_age_clock_get_boot_us ());
  self->wal_watch = orf_wal_watch_new (options->path);
  self->stats.written_bytes_per_s = NAN;
  if (!writer_configure (self, error) ||
      !orf_thread_start (&self->thread, "store-writer", writer_thread_cb, self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
orf_store_writer_keep_wal (OrfStoreWriter *writer)
{
  writer->keep_wal = TRUE;
}

void
orf_store_writer_join (OrfStoreWriter *writer)
{
  pthread_join (writer->thread, NULL);
  writer_free (writer);
}
