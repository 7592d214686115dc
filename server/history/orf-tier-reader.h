/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "history/orf-rollup.h"
#include "history/orf-sqlite.h"

G_BEGIN_DECLS

/*
 * Samples of the file, packed and raw alike, by series and time.  Stands on a bare sqlite3 handle,
 * so that the daemon's readers and the loadable extension read the same way.  One thread at a time;
 * all calls of one scan belong in one read transaction of the caller's.
 */
typedef struct _OrfTierReader OrfTierReader;
typedef struct _OrfTierScan OrfTierScan;

/* The id of a chunk. */
#define ORF_TIER_CHUNK_ID(block, series_id) ((block) << 32 | (series_id))

/* db outlives it. */
OrfTierReader *orf_tier_reader_new (sqlite3 *db);
void orf_tier_reader_free (OrfTierReader *reader);
/* Gives back what large chunks needed, runs too; the end of a scan does so. */
void orf_tier_reader_relax (OrfTierReader *reader);

/* Some points of one series, by time, one a time. */
typedef struct {
  gint64 series_id;
  const gint64 *times_us;
  const double *values;
  gsize count; /* at least 1 */
} OrfTierRun;

/* To points of OrfPoint. */
void orf_tier_run_append (const OrfTierRun *run, GArray *points);

/* from_us <= t_us < to_us.  ids is copied; n_ids 0: every series.  Each series' runs come one after
 * the other, by time; series by rising id.  A file older than the tiers has raw samples only. */
OrfTierScan *orf_tier_scan_new (OrfTierReader *reader,
                                const gint64 *ids,
                                guint n_ids,
                                gint64 from_us,
                                gint64 to_us,
                                GError **error);
/* The same of what is in chunks alone. */
OrfTierScan *orf_tier_scan_new_packed (
  OrfTierReader *reader, gint64 series_id, gint64 from_us, gint64 to_us, GError **error);
/* Goes to one of the scan's series, and ends after it; rising ids share what is read of rows that
 * are not packed.  FALSE: it is none of them, and the scan is as it was. */
gboolean orf_tier_scan_seek (OrfTierScan *scan, gint64 series_id);
void orf_tier_scan_free (OrfTierScan *scan);
/* The next run, valid until the next call; *run NULL at the end.  DATA_LOSS names the chunk. */
gboolean orf_tier_scan_next (OrfTierScan *scan, const OrfTierRun **run, GError **error);

/* One chunk's points; count 0 where there is no such chunk.  Valid until the reader is used again.
 */
gboolean orf_tier_reader_read_chunk (OrfTierReader *reader,
                                     gint64 chunk_id,
                                     OrfTierRun *run,
                                     GError **error);

/* Which columns are wanted beside t_us and count: each costs time.  The others are 0. */
typedef enum {
  ORF_ROLLUP_COUNT,
  ORF_ROLLUP_SUM,
  ORF_ROLLUP_MIN,
  ORF_ROLLUP_MAX,
  ORF_ROLLUP_LAST,
  ORF_ROLLUP_ALL, /* but the sketch */
  ORF_ROLLUP_SKETCH,
  ORF_N_ROLLUP_PARTS,
} OrfRollupPart;

/* Appends the rows of rollup_1m or (step_us ORF_HOUR_US) rollup_1h with from_us <= t_us < to_us to
 * rows (orf_rollup_array_new()).  DATA_LOSS names a row whose sketch is none. */
gboolean orf_tier_reader_read_rollups (OrfTierReader *reader,
                                       gint64 step_us,
                                       OrfRollupPart part,
                                       gint64 series_id,
                                       gint64 from_us,
                                       gint64 to_us,
                                       GArray *rows,
                                       GError **error);
/* Appends the minutes of from_us <= t_us < to_us in which the counter may have fallen, to minutes
 * (of gint64). */
gboolean orf_tier_reader_read_falls (OrfTierReader *reader,
                                     gint64 series_id,
                                     gint64 from_us,
                                     gint64 to_us,
                                     GArray *minutes,
                                     GError **error);
/* The time of each series' first sample of from_us <= t_us < to_us that is not packed, and so in no
 * rollup; G_MAXINT64: none, G_MININT64: the file has no tiers.  first_us has room for n_ids. */
gboolean orf_tier_reader_find_unpacked (OrfTierReader *reader,
                                        const gint64 *ids,
                                        guint n_ids,
                                        gint64 from_us,
                                        gint64 to_us,
                                        gint64 *first_us,
                                        GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfTierReader, orf_tier_reader_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfTierScan, orf_tier_scan_free)

G_END_DECLS
