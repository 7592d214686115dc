/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "core/orf-cancel.h"
#include "core/orf-memory.h"
#include "core/orf-queue.h"
#include "history/orf-tier-reader.h"
#include "orf-desc.h"
#include "store/orf-wal-watch.h"

G_BEGIN_DECLS

/*
 * The database file: one writer thread that does every write and every checkpoint, a few readers
 * that open it read-only, and the lock file that keeps a second daemon out.  All functions are
 * called in the main context; results arrive there.
 */
typedef struct _OrfStore OrfStore;

/* How long the tiers and traces are kept, and how large they and the file may be; 0: for ever, of
 * any size. */
typedef struct {
  gint64 packed_us;
  gint64 rollup_1m_us;
  gint64 rollup_1h_us;
  gint64 max_bytes;
  gint64 trace_us;
  gint64 trace_bytes; /* of spans */
  gint64 trace_exemplars;
} OrfHistoryLimits;

typedef struct {
  const char *path;
  gboolean read_only;   /* an inspected copy: no writer thread, no lock, no migration */
  guint readers;        /* threads */
  guint max_write_jobs; /* in each lane */
  guint max_read_jobs;
  gint64 batch_us; /* longest transaction (20 ms) */
  gint64 read_us;  /* longest read transaction (2 s): a long reader starves checkpoints */
  gint64 raw_us;   /* age at which sample_raw rows that are packed are dropped */
  gint64 raw_rows; /* as many of them are kept; 0: all */
  OrfHistoryLimits history;
  gint64 pack_us;        /* how often they are packed; 0: never */
  guint pack_rows;       /* and at once when there are so many */
  gint64 idempotency_us; /* how long keys are kept (10 min) */
  gint64 audit_us;       /* how long rows of `audit` are kept; 0: for ever */
  gint64 audit_rows;     /* how many of them; 0: all */
  gint64 event_rows;     /* rows of `event`; 0: all */
  gint64 load_rows;      /* rows of `load_run`; 0: all */
  gint64 min_free_bytes; /* below this the disk counts as full */
  gint64 ballast_bytes;  /* kept beside the file, released when the disk is full */
  /* How often free space is looked at, and a full disk or an i/o fault tried again; 0: 1 s. */
  gint64 check_us;
  /* What SQLite tries to keep to in the whole process; 0: no such limit. */
  gint64 memory_bytes;
  /* Where what waits for the writer, and what readers found, is counted; NULL: nowhere. */
  OrfMemory *memory;
} OrfStoreOptions;

/* Errors: FAILED_PRECONDITION (newer file, in use by another daemon, not ours), DATA_LOSS
 * (corrupt), UNAVAILABLE (cannot open).  The file is left untouched on each. */
OrfStore *orf_store_open (const OrfStoreOptions *options, GError **error);
/* Drains both lanes, checkpoints, closes.  Callbacks of what was in flight run inside. */
void orf_store_close (OrfStore *store);
/* No checkpoint when it is closed: of a start that failed, since the file may be damaged, and what
 * the WAL has may be all there is to mend it by. */
void orf_store_keep_wal (OrfStore *store);

typedef struct {
  gint64 size_bytes;
  gint64 wal_bytes;
  double written_bytes_per_s; /* WAL and checkpoint writes, over the last minute */
  guint64 rows_written;       /* since start */
  guint64 commits;
  guint64 frames_dropped; /* bulk batches refused (queue full, disk full) */
  gboolean disk_full;
  char *fault; /* NULL while writing works; else why not */
  /* What goes wrong though writing works; NULL while it does not: the write-ahead log cannot be
   * written back, and grows; a write met a damaged page in the last minutes. */
  char *wal_fault, *damage;
  OrfWalReader wal_reader;
  gint64 age_offset_us; /* of the time by which ages are judged, from the time since boot */
} OrfStoreStats;

/* For members that are owned. */
void orf_store_stats_copy (OrfStoreStats *to, const OrfStoreStats *from);
void orf_store_stats_clear (OrfStoreStats *stats);
/* Valid until the next main-loop turn. */
const OrfStoreStats *orf_store_get_stats (OrfStore *store);
/* What goes wrong though writing works, the gravest of it; NULL: nothing. */
const char *orf_store_get_trouble (OrfStore *store);
const char *orf_store_get_path (OrfStore *store);
/* Now, as ages are judged: see orf-age-clock.h. */
gint64 orf_store_get_age_now_us (OrfStore *store);
/* It is only looked at, where nothing can be made beside it: nobody writes it meanwhile. */
gboolean orf_store_is_immutable (OrfStore *store);
/* What SQLite holds in the whole process: page caches, statements. */
gint64 orf_store_get_memory_bytes (void);

/* ---- samples: see orf-sample-batch.h ------------------------------------------------------- */

typedef struct _OrfSampleBatch OrfSampleBatch;

typedef struct {
  /* The stored answer of an earlier write with this idempotency key, else NULL: then it was done.
   */
  const char *replayed_json;
} OrfWriteResult;

/* error NULL: durable.  Its codes: RESOURCE_EXHAUSTED (disk full, queue full; with retry_after_ms),
 * FAILED_PRECONDITION (key used for another request; opened read-only), UNAVAILABLE (i/o error;
 * being closed), DATA_LOSS (the write itself found the file damaged). */
typedef void (*OrfWriteDone) (gpointer user_data,
                              const OrfWriteResult *result,
                              const GError *error);

/* What makes a write repeatable: written in the same transaction as the rest. */
typedef struct {
  const char *key; /* NULL: not repeatable */
  const char *method;
  guint64 params_hash;
  const char *response_json; /* what a repetition is answered */
} OrfIdempotency;

/* One row of `audit`; NULL where nothing is to be noted. */
typedef struct {
  const char *actor;
  const char *method;
  const char *detail_json;
} OrfAudit;

/* The daemon's own samples: bulk lane, group-committed, synchronous=NORMAL.  Takes batch.  Never
 * fails towards the caller: what cannot be written is counted in frames_dropped.  An acknowledged
 * write that comes later may be in the file earlier. */
void orf_store_write_frame (OrfStore *store, OrfSampleBatch *batch);
/* Samples from outside: acknowledgement lane, synchronous=FULL.  Takes batch. */
void orf_store_write_samples (OrfStore *store,
                              OrfSampleBatch *batch,
                              const OrfIdempotency *idempotency,
                              OrfWriteDone done,
                              gpointer user_data);

/* A row of `audit` by itself, in the acknowledgement lane: it is in the file in the same commit as
 * what is submitted there after it, or in an earlier one. */
void orf_store_write_audit (OrfStore *store,
                            const OrfAudit *audit,
                            OrfWriteDone done,
                            gpointer user_data);

/* ---- series ------------------------------------------------------------------------------- */

typedef struct {
  gint64 id;
  char *name;
  char *labels_json; /* {"k":"v"}, sorted */
  int kind;          /* OrfSeriesKind of the schema */
  char *unit;        /* may be NULL */
  char *help;        /* may be NULL */
  char *extra_json;  /* bucket bounds of a histogram; may be NULL */
  gint64 created_us;
  gint64 last_us;
} OrfSeriesRow;

OrfSeriesRow *orf_series_row_new (void);
void orf_series_row_free (OrfSeriesRow *row);
/* What malloc holds for it. */
gsize orf_series_row_measure (const OrfSeriesRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfSeriesRow, orf_series_row_free)

/* Blocking, at start only: the rows with last_us >= since_us, newest first, at most max; the
 * largest id there is goes to *max_id. */
GPtrArray *
orf_store_load_series (OrfStore *store, gint64 since_us, guint max, gint64 *max_id, GError **error);

/* rows: of the kind that the call names; NULL on error. */
typedef void (*OrfRowsDone) (gpointer user_data, GPtrArray *rows, const GError *error);
/* rows: OrfSeriesRow, in no order; NULL on error. */
typedef void (*OrfSeriesDone) (gpointer user_data, GPtrArray *rows, const GError *error);
/* The rows with these (name, labels_json); those that do not exist are left out.  Takes keys: pairs
 * name, labels_json, name, …, NULL. */
void orf_store_find_series (
  OrfStore *store, char **keys, OrfCancel *cancel, OrfSeriesDone done, gpointer user_data);
/* All rows whose series had samples at or after since_us, of that name only where it is not NULL,
 * at most max, by id. */
void orf_store_list_series (OrfStore *store,
                            const char *name,
                            gint64 since_us,
                            guint max,
                            OrfCancel *cancel,
                            OrfSeriesDone done,
                            gpointer user_data);
/* Insert or update by id (definition, last_us).  Acknowledgement lane.  Takes rows. */
void orf_store_write_series (OrfStore *store,
                             GPtrArray *rows,
                             const OrfAudit *audit,
                             const OrfIdempotency *idempotency,
                             OrfWriteDone done,
                             gpointer user_data);

/* ---- reading samples ------------------------------------------------------------------------ */

typedef struct {
  gint64 series_id;
  GArray *points; /* OrfPoint, by t_us, one a t_us (the later row won) */
  /* What stands for all points of rolled_from_us <= t_us < rolled_to_us but those that are told
   * nevertheless: OrfRollup by t_us, each a minute or an hour; NULL: nothing. */
  GArray *rollups;
  gint64 rolled_from_us, rolled_to_us;
} OrfSeriesPoints;

/* series: OrfSeriesPoints*, those asked for that have points; borrowed during the call.
 * RESOURCE_EXHAUSTED when there are more than max_points, DEADLINE_EXCEEDED past read_us. */
typedef void (*OrfSamplesDone) (gpointer user_data, GPtrArray *series, const GError *error);
/* from_us <= t_us < to_us.  ids is copied; n_ids 0 means every series. */
void orf_store_read_samples (OrfStore *store,
                             const gint64 *ids,
                             guint n_ids,
                             gint64 from_us,
                             gint64 to_us,
                             guint max_points,
                             OrfCancel *cancel,
                             OrfSamplesDone done,
                             gpointer user_data);

typedef struct {
  const gint64 *ids; /* copied */
  guint n_ids;
  gint64 from_us, to_us;
  gint64 last_us;            /* the last window's end, and a point of it; the others' are */
  gint64 step_us, window_us; /* step_us before each other; window_us < step_us */
  guint max_points;
} OrfWindowedQuery;

/* The same, of windows that are far from each other: end - window_us < t_us <= end. */
void orf_store_read_windows (OrfStore *store,
                             const OrfWindowedQuery *query,
                             OrfCancel *cancel,
                             OrfSamplesDone done,
                             gpointer user_data);

typedef struct {
  const gint64 *ids; /* copied; each once */
  guint n_ids;
  gint64 from_us, to_us;
  guint max_points; /* and rollups */
  gint64 rollup_us; /* the longest rollups that may stand for points: ORF_MINUTE_US, ORF_HOUR_US */
  gint64 rolled_from_us, rolled_to_us; /* before and behind, points are wanted in any case */
  OrfRollupPart part;
  /* Increases are asked for, of counters: where one may have begun anew, points are told. */
  gboolean rising;
} OrfRolledQuery;

/* The same, with rollups where they tell as much. */
void orf_store_read_rolled (OrfStore *store,
                            const OrfRolledQuery *query,
                            OrfCancel *cancel,
                            OrfSamplesDone done,
                            gpointer user_data);

/* ---- GPU processes ----------------------------------------------------------------------------
 */

typedef struct {
  const char *device;
  gint64 pid;
  const char *name;
  gint64 used_bytes; /* -1: unknown */
} OrfGpuProcessRow;

/* Bulk lane; copied. */
void orf_store_write_gpu_processes (OrfStore *store,
                                    gint64 t_us,
                                    const OrfGpuProcessRow *rows,
                                    guint n_rows);

/* ---- events -------------------------------------------------------------------------------- */

typedef struct {
  gint64 id;
  gint64 t_us;
  char *kind;
  char *text;
  char *author; /* may be NULL */
} OrfEventRow;

OrfEventRow *orf_event_row_new (void);
void orf_event_row_free (OrfEventRow *row);
gsize orf_event_row_measure (const OrfEventRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfEventRow, orf_event_row_free)

typedef struct {
  gint64 from_us, to_us;       /* from_us <= t_us < to_us */
  const char *kind;            /* NULL: all */
  gint64 before_us, before_id; /* those that come after this one in the list's order */
  guint max;
} OrfEventFilter;

/* Acknowledgement lane.  Takes event. */
void orf_store_write_event (OrfStore *store,
                            OrfEventRow *event,
                            const OrfAudit *audit,
                            const OrfIdempotency *idempotency,
                            OrfWriteDone done,
                            gpointer user_data);
/* rows: OrfEventRow, newest first. */
void orf_store_read_events (OrfStore *store,
                            const OrfEventFilter *filter,
                            OrfCancel *cancel,
                            OrfRowsDone done,
                            gpointer user_data);
/* Blocking, at start only; 0: there is none. */
gboolean orf_store_load_max_event_id (OrfStore *store, gint64 *max_id, GError **error);

/* ---- what devices told --------------------------------------------------------------------- */

typedef struct {
  gint64 id;
  char *device;
  char *kind;
  char *severity;
  gboolean has_code;
  gint64 code; /* the driver's */
  char *text;
  gint64 raised_us;
  gboolean has_cleared_us; /* FALSE: it is still so */
  gint64 cleared_us;
} OrfGpuEventRow;

OrfGpuEventRow *orf_gpu_event_row_new (void);
void orf_gpu_event_row_free (OrfGpuEventRow *row);
OrfGpuEventRow *orf_gpu_event_row_copy (const OrfGpuEventRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfGpuEventRow, orf_gpu_event_row_free)

typedef struct {
  const char *device;          /* NULL: all; copied */
  gboolean known;              /* there is such a device, whatever the file says */
  gint64 from_us, to_us;       /* raised before to_us, and not over before from_us */
  gint64 before_us, before_id; /* those that come after this one in the list's order */
  guint max;
} OrfGpuEventFilter;

/* Acknowledgement lane.  Takes event; of one that is there only its end changes. */
void orf_store_write_gpu_event (OrfStore *store,
                                OrfGpuEventRow *event,
                                OrfWriteDone done,
                                gpointer user_data);
/* All that are open end at now_us. */
void
orf_store_clear_gpu_events (OrfStore *store, gint64 now_us, OrfWriteDone done, gpointer user_data);
/* rows: OrfGpuEventRow, newest first.  NOT_FOUND: no such device was ever seen. */
void orf_store_read_gpu_events (OrfStore *store,
                                const OrfGpuEventFilter *filter,
                                OrfCancel *cancel,
                                OrfRowsDone done,
                                gpointer user_data);
/* Blocking, at start only; 0: there is none. */
gboolean orf_store_load_max_gpu_event_id (OrfStore *store, gint64 *max_id, GError **error);

/* ---- incidents ----------------------------------------------------------------------------- */

/* Something that happened in a window. */
typedef struct {
  char *kind; /* event, gpu_event, cleanup, worker (one that was lost), audit */
  char *id;   /* as its own list tells it */
  gint64 t_us;
  char *title;
} OrfMemberRow;

OrfMemberRow *orf_member_row_new (void);
void orf_member_row_free (OrfMemberRow *row);
gsize orf_member_row_measure (const OrfMemberRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfMemberRow, orf_member_row_free)

/* Of from_us <= t_us < to_us; rows: OrfMemberRow, newest first. */
void orf_store_read_members (OrfStore *store,
                             gint64 from_us,
                             gint64 to_us,
                             guint max,
                             OrfCancel *cancel,
                             OrfRowsDone done,
                             gpointer user_data);

/* A window of time whose evidence retention leaves alone. */
typedef struct {
  gint64 id;
  gint64 from_us, to_us; /* from_us <= t_us < to_us */
  char *title;
  char *reason;
  char *author; /* may be NULL */
  gint64 created_us;
  GPtrArray *members; /* OrfMemberRow of the window, newest first; not written */
} OrfIncidentRow;

OrfIncidentRow *orf_incident_row_new (void);
void orf_incident_row_free (OrfIncidentRow *row);
gsize orf_incident_row_measure (const OrfIncidentRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfIncidentRow, orf_incident_row_free)

typedef struct {
  gint64 id;                   /* 0: all */
  gint64 from_us, to_us;       /* windows that have something of from_us <= t_us < to_us */
  gint64 before_us, before_id; /* by from_us: those that come after this one in the list's order */
  guint max;
  guint max_members; /* of each, the newest */
} OrfIncidentFilter;

/* Acknowledgement lane.  Takes incident, whose window is pinned from then on.  RESOURCE_EXHAUSTED
 * where max_pins are. */
void orf_store_write_incident (OrfStore *store,
                               OrfIncidentRow *incident,
                               guint max_pins,
                               const OrfIdempotency *idempotency,
                               OrfWriteDone done,
                               gpointer user_data);
/* What is recorded by itself has no caller: this is its author. */
#define ORF_BLACK_BOX_AUTHOR "black box"

typedef struct {
  guint max_boxes; /* the oldest go for the new one */
  guint max_pins;
  gint64 apart_us; /* one of the same title that begins less before this one is made longer */
} OrfBlackBoxLimits;

/* Acknowledgement lane.  Takes incident, whose author is ORF_BLACK_BOX_AUTHOR; its id is not used
 * where it becomes part of one that is there.  RESOURCE_EXHAUSTED as above. */
void orf_store_record_incident (OrfStore *store,
                                OrfIncidentRow *incident,
                                const OrfBlackBoxLimits *limits,
                                OrfWriteDone done,
                                gpointer user_data);
/* It goes, and so may its evidence.  NOT_FOUND. */
void orf_store_delete_incident (OrfStore *store,
                                gint64 id,
                                const OrfIdempotency *idempotency,
                                OrfWriteDone done,
                                gpointer user_data);
/* rows: OrfIncidentRow, newest first. */
void orf_store_read_incidents (OrfStore *store,
                               const OrfIncidentFilter *filter,
                               OrfCancel *cancel,
                               OrfRowsDone done,
                               gpointer user_data);
/* Blocking, at start only: the largest id that there ever was; 0: none. */
gboolean orf_store_load_max_incident_id (OrfStore *store, gint64 *max_id, GError **error);

/* ---- retention ----------------------------------------------------------------------------- */

/* Other limits from now on. */
void orf_store_set_history (OrfStore *store, const OrfHistoryLimits *history);

/* ---- outbox: see outbox/orf-outbox.h ------------------------------------------------------- */

typedef struct {
  gint64 id;
  char *destination;
  gint64 created_us;
  guint attempts; /* that failed */
  gint64 next_us;
  gint64 sample_rowid; /* the first row of sample_raw that it stands for; 0: it stands for none */
  char *last_error;    /* may be NULL */
  GBytes *body;        /* NULL where only its length was asked for */
  gint64 body_bytes;
} OrfOutboxRow;

OrfOutboxRow *orf_outbox_row_new (void);
void orf_outbox_row_free (OrfOutboxRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfOutboxRow, orf_outbox_row_free)

/* The rows of sample_raw before next_rowid are in entries; 0: the destination has no cursor. */
typedef struct {
  char *destination;
  gint64 next_rowid;
} OrfOutboxCursor;

/* What is written in one transaction. */
typedef struct {
  GPtrArray *added;       /* OrfOutboxRow */
  GPtrArray *tried;       /* OrfOutboxRow: attempts, next_us and last_error of these ids */
  GArray *removed;        /* gint64, ids */
  OrfOutboxCursor cursor; /* destination NULL: none is changed */
} OrfOutboxChange;

OrfOutboxChange *orf_outbox_change_new (void);
void orf_outbox_change_free (OrfOutboxChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfOutboxChange, orf_outbox_change_free)

/* Acknowledgement lane.  Takes change. */
void orf_store_write_outbox (OrfStore *store,
                             OrfOutboxChange *change,
                             OrfWriteDone done,
                             gpointer user_data);
/* Blocking, at start only: all entries without their bodies (OrfOutboxRow, by id), and cursors. */
gboolean
orf_store_load_outbox (OrfStore *store, GPtrArray **rows, GArray **cursors, GError **error);

/* ---- what is written by others ----------------------------------------------------------------
 */

typedef struct _OrfConnection OrfConnection;

/* In the writer's thread, in its transaction, which may be rolled back and begun anew: data stays
 * as it is.  The SQL is in this folder. */
typedef gboolean (*OrfWriteThreadCb) (gconstpointer data,
                                      OrfConnection *connection,
                                      GError **error);

typedef struct {
  OrfWriteThreadCb write_thread_cb;
  gpointer data;
  GDestroyNotify free; /* of data, in any thread; may be NULL */
  gsize bytes;         /* that data holds until then */
  gboolean moves_pins; /* what retention may drop is another afterwards */
  const OrfAudit *audit;
  const OrfIdempotency *idempotency;
} OrfStoreChange;

/* Acknowledgement lane.  Takes the change's data. */
void orf_store_write (OrfStore *store,
                      const OrfStoreChange *change,
                      OrfWriteDone done,
                      gpointer user_data);

/* ---- what is read by others -------------------------------------------------------------------
 */

/* In a reader's thread, in a read transaction; its SQL is in this folder.  What it makes goes into
 * data, which is its alone until done. */
typedef gboolean (*OrfReadThreadCb) (gpointer data, OrfConnection *connection, GError **error);
typedef void (*OrfReadDone) (gpointer user_data, const GError *error);
void orf_store_read (OrfStore *store,
                     OrfReadThreadCb read_thread_cb,
                     gpointer data,
                     OrfCancel *cancel,
                     OrfReadDone done,
                     gpointer user_data);
/* The same, blocking and here: at start only. */
gboolean
orf_store_load (OrfStore *store, OrfReadThreadCb read_thread_cb, gpointer data, GError **error);

/* ---- care of the file ------------------------------------------------------------------------ */

/* problems: NULL-terminated, empty when the file is sound. */
typedef void (*OrfCheckDone) (gpointer user_data,
                              char **problems,
                              gint64 took_us,
                              const GError *error);
/* Structure of the whole file (integrity_check) in a connection of its own. */
void orf_store_check (OrfStore *store, OrfCancel *cancel, OrfCheckDone done, gpointer user_data);

typedef struct {
  const char *name; /* the table */
  gint64 rows, samples;
  gint64 bytes;
  gboolean has_times;
  gint64 from_us, to_us; /* of the first and of the last sample */
} OrfTierStats;

typedef struct {
  gint64 series_id;
  char *name; /* canonical */
  gint64 samples, bytes;
} OrfSeriesStats;

typedef struct {
  gint64 size_bytes, free_bytes;
  gboolean exact;    /* bytes of tiers are those of their pages; else estimated */
  GArray *tiers;     /* OrfTierStats */
  GPtrArray *series; /* OrfSeriesStats of what is in chunks, the largest first */
} OrfFileStats;

void orf_file_stats_free (OrfFileStats *stats);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfFileStats, orf_file_stats_free)

/* stats: borrowed during the call; NULL on error. */
typedef void (*OrfMeasureDone) (gpointer user_data,
                                const OrfFileStats *stats,
                                gint64 took_us,
                                const GError *error);
/* What takes the room, in a connection of its own; RESOURCE_EXHAUSTED while a check or another of
 * these is under way. */
void orf_store_measure (OrfStore *store,
                        guint max_series,
                        gboolean quick,
                        OrfCancel *cancel,
                        OrfMeasureDone done,
                        gpointer user_data);

typedef void (*OrfBackupDone) (gpointer user_data,
                               gint64 size_bytes,
                               gint64 took_us,
                               const GError *error);
/* A consistent copy, made by the writer in steps of at most batch_us between other work; complete
 * and synced under its name, or not there at all.  ALREADY_EXISTS where dest exists. */
void orf_store_backup (
  OrfStore *store, const char *dest, OrfCancel *cancel, OrfBackupDone done, gpointer user_data);

G_END_DECLS
