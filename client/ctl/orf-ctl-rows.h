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

/* Of the daemon, or of the file with --db: the mean of each step_us of the one series that select
 * means.  INVALID_ARGUMENT: it means none, or several. */
GArray *orf_ctl_rows_fetch (OrfCtl *ctl,
                            const char *select,
                            gint64 from_us,
                            gint64 to_us,
                            gint64 step_us,
                            OrfCtlExit *verdict,
                            GError **error);

G_END_DECLS
