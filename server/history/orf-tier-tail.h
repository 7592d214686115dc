/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "history/orf-sqlite.h"
#include "orf-desc.h" /* OrfPoint */

G_BEGIN_DECLS

/*
 * Samples of sample_raw, in memory by series: those that are not packed yet, which the tier reader
 * puts behind the chunks; and those that are packed next.
 */
typedef struct _OrfTierTail OrfTierTail;

/* How far sample_raw is packed: the table `packing`, or nothing of it in a file without tiers. */
typedef struct {
  gint64 from_rowid, to_rowid;
  gint64 next_series_id;
} OrfTierMark;

OrfTierTail *orf_tier_tail_new (sqlite3 *db);
void orf_tier_tail_free (OrfTierTail *tail);

/* Forgets what it has, and reads from_us <= t_us < to_us of the series with these ids.  FALSE: ask
 * SQLite why. */
gboolean orf_tier_tail_read (OrfTierTail *tail,
                             const OrfTierMark *mark,
                             const gint64 *ids,
                             guint n_ids,
                             gint64 from_us,
                             gint64 to_us);
/* The same of the rows from first_rowid to last_rowid, of all series from min_series_id on. */
gboolean orf_tier_tail_read_rows (OrfTierTail *tail,
                                  gint64 first_rowid,
                                  gint64 last_rowid,
                                  gint64 min_series_id);
/* The same, but for rows on damaged pages; n_unread: how many these are. */
gboolean orf_tier_tail_read_readable (
  OrfTierTail *tail, gint64 first_rowid, gint64 last_rowid, gint64 min_series_id, guint *n_unread);
/* Keeps what was read, and lets go of the database, which may then be closed. */
void orf_tier_tail_detach (OrfTierTail *tail);
/* The series that have rows: gint64, rising. */
GArray *orf_tier_tail_list_series (OrfTierTail *tail);
/* OrfPoint by time, one a time; NULL: none. */
const GArray *orf_tier_tail_get (OrfTierTail *tail, gint64 series_id);
/* Rows that are not packed, whatever their series and time. -1: ask SQLite why. */
gint64 orf_tier_tail_count (OrfTierTail *tail, const OrfTierMark *mark);

/* Points by time, one a time: of equal times the last.  In place. */
void orf_tier_points_settle (GArray *points);
/* The same as columns: gint64 and double. */
void orf_tier_points_split (const GArray *points, GArray *times_us, GArray *values);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfTierTail, orf_tier_tail_free)

G_END_DECLS
