/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl.h"

G_BEGIN_DECLS

/* Rows of one series for a replay, by time: an array of OrfPoint, NAN where a row has no value. */

/* A CSV with a head, packed by gzip or not: t_us, and the column "value", or else the second.
 * UNAVAILABLE: it cannot be read; PARSE_ERROR names the line. */
GArray *orf_ctl_rows_read_file (const char *path, GError **error);

/* All columns of such a file. */
typedef struct {
  guint n_columns; /* but the time */
  char **names;
  GArray *t_us;   /* gint64 */
  GArray *values; /* double, n_columns a row; NAN: none */
} OrfCtlTableRows;

OrfCtlTableRows *orf_ctl_rows_read_columns (const char *path, GError **error);
void orf_ctl_table_rows_free (OrfCtlTableRows *rows);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCtlTableRows, orf_ctl_table_rows_free)
/* Of one that has one column alone. */
GArray *orf_ctl_table_rows_make_points (const OrfCtlTableRows *table);

/* ---- of the daemon, or of the file with --db ---------------------------------------------------
 */

typedef struct {
  const char *select;
  gint64 from_us, to_us;
  gint64 step_us; /* a row for each; 0: yet to be chosen */
} OrfCtlStretch;

/* --select, --from and --to: the default is default_span_us up to now.  *stretch has no step.
 * INVALID_ARGUMENT. */
gboolean orf_ctl_rows_get_stretch (const OrfCtl *ctl,
                                   gint64 default_span_us,
                                   OrfCtlStretch *stretch,
                                   GError **error);
/* A column for each series that is meant, by name: the means of gauges, the last values of
 * counters. INVALID_ARGUMENT: it means none, or more than max_columns. */
OrfCtlTableRows *orf_ctl_rows_fetch_columns (OrfCtl *ctl,
                                             const OrfCtlStretch *stretch,
                                             guint max_columns,
                                             OrfCtlExit *verdict,
                                             GError **error);
/* The one series that is meant, whatever its kind. */
GArray *
orf_ctl_rows_fetch (OrfCtl *ctl, const OrfCtlStretch *stretch, OrfCtlExit *verdict, GError **error);
/* Sets the bit of each column that only counts up; of at most 64. */
OrfCtlExit orf_ctl_rows_find_counters (
  OrfCtl *ctl, const char *select, const OrfCtlTableRows *rows, guint64 *counters, GError **error);

G_END_DECLS
